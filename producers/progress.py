"""Showing how far a replay is: lines, lines per second, time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from producers import pace

#: The bar is drawn ten times a second; telling it more often only costs time.
REDRAW: Final = 0.1


class Reporter(Protocol):
    """What a replay tells while it runs."""

    def begin(self, title: str, lines: int | None) -> None:
        """Say what starts and how many lines there are, if known."""

    def advance(self, lines: int, at: int) -> None:
        """Say that ``lines`` more were sent and event time is now ``at`` (epoch seconds)."""

    def end(self) -> None:
        """Say that it is over, well or not."""


class Silent:
    """Shows nothing."""

    def begin(self, title: str, lines: int | None) -> None:
        """Ignore it."""

    def advance(self, lines: int, at: int) -> None:
        """Ignore it."""

    def end(self) -> None:
        """Ignore it."""


class _PerSecond(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        number = "–" if speed is None else f"{speed:,.0f}"
        return Text(f"{number} {self._unit}/s", style="progress.data.speed")


class Bar:
    """A progress bar on a terminal: title, event time, lines, lines/s and time left."""

    def __init__(
        self,
        console: Console,
        *,
        clock: Callable[[], float] = time.monotonic,
        zone: str = pace.DEFAULT_ZONE,
        unit: str = "lines",
    ) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            TextColumn("{task.fields[moment]}"),
            BarColumn(),
            MofNCompleteColumn(),
            _PerSecond(unit),
            TimeRemainingColumn(),
            console=console,
            transient=False,
        )
        self._clock = clock
        self._zone = zone
        self._lines = 0
        self._drawn = 0.0
        self._at = 0

    def begin(self, title: str, lines: int | None) -> None:
        """Draw the bar."""
        self._task = self._progress.add_task(title, total=lines, moment="")
        self._progress.start()

    def advance(self, lines: int, at: int) -> None:
        """Count, and redraw at most every ``REDRAW`` seconds."""
        self._lines += lines
        self._at = at
        if self._clock() - self._drawn >= REDRAW:
            self._draw()

    def end(self) -> None:
        """Draw the last state and leave it on the screen."""
        self._draw()
        self._progress.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def _draw(self) -> None:
        moment = pace.text_of(self._at, self._zone)[:16].replace("T", " ") if self._at else ""
        self._progress.update(self._task, completed=self._lines, moment=moment)
        self._drawn = self._clock()


def reporter(console: Console, zone: str = pace.DEFAULT_ZONE, unit: str = "lines") -> Reporter:
    """Return a bar (event time in ``zone``) on a terminal, silence elsewhere."""
    return Bar(console, zone=zone, unit=unit) if console.is_terminal else Silent()
