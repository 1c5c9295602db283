"""Showing how far a replay is."""

from __future__ import annotations

import io

from rich.console import Console

from producers.progress import Bar, Silent, reporter


def test_a_terminal_gets_a_bar_with_event_time_lines_and_speed() -> None:
    screen = io.StringIO()
    bar = Bar(Console(file=screen, force_terminal=True, width=120))
    bar.begin("sales", 2000)
    for _ in range(20):
        bar.advance(100, 1_483_286_400)
    bar.end()
    text = screen.getvalue()
    assert "sales" in text
    assert "2017-01-02 00:00" in text
    assert "2000/2000" in text
    assert "lines/s" in text


def test_elsewhere_nothing_is_shown() -> None:
    screen = io.StringIO()
    shown = reporter(Console(file=screen))
    assert isinstance(shown, Silent)
    shown.begin("sales", None)
    shown.advance(1, 0)
    shown.end()
    assert screen.getvalue() == ""
    assert isinstance(reporter(Console(file=screen, force_terminal=True)), Bar)
