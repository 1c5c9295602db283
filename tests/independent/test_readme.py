"""What the READMEs show is true: their events are accepted, their commands exist, and both say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from producers.replay.recording import Timed
from schemas import catalogue, topics
from schemas.events import QuoteReport, Receipt, StockReport
from staplewatch.cli import run_command
from streams.options import Options
from tests.independent.engine import Core

ROOT = Path(__file__).resolve().parents[2]
READMES = ["README.md", "README.zh-CN.md"]
KINDS = ((topics.SALES, Receipt), (topics.STOCK, StockReport), (topics.QUOTES, QuoteReport))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def events(name: str) -> Iterator[Timed]:
    blocks = re.findall(r"```json\n(.*?)```", text(name), re.DOTALL)
    for block, (topic, kind) in zip(blocks, KINDS, strict=True):
        yield Timed(0, topic, 540400, msgspec.json.decode(block, type=kind), 1)


def commands(name: str) -> set[str]:
    """Return the first words of commands, such as ``replay quotes``."""
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", text(name), re.DOTALL))
    found = re.findall(r"staplewatch ((?:replay |convert |dead-letters )?[a-z-]+)", shell)
    return set(found)


@pytest.mark.parametrize("name", READMES)
def test_the_events_shown_are_accepted(name: str) -> None:
    core = Core(catalogue.load(), Options())
    core.play(events(name), until="2024-08-09T02:00:00+08:00", inputs=topics.INPUTS)
    assert [len(core.tables[table]) for table in ("sales", "stock", "quotes")] == [1, 1, 1]


@pytest.mark.parametrize("command", sorted(commands(READMES[0])))
def test_the_commands_shown_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*command.split(), "--help"]) == 0, capsys.readouterr().err


def test_both_languages_show_the_same() -> None:
    first, second = (commands(name) for name in READMES)
    assert first == second
    assert [text(name).count("\n## ") for name in READMES] == [8, 8]
    assert text(READMES[0]).count("```") == text(READMES[1]).count("```")
