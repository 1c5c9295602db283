"""Floods are cut short, and told."""

from __future__ import annotations

import logging

from staplewatch.logs import BURST, WHILE_SECONDS, FloodGate


def record(text: str, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", logging.WARNING, "file.py", line, text, (), None)


def test_a_flood_of_one_kind_is_counted_instead() -> None:
    now = [0.0]
    gate = FloodGate(lambda: now[0])
    assert sum(gate.filter(record("broker is away")) for _ in range(700)) == BURST
    assert gate.filter(record("something else", line=2))
    now[0] = WHILE_SECONDS
    late = record("broker is away")
    assert gate.filter(late)
    assert late.getMessage() == f"broker is away (and {700 - BURST} more like this in 60 s)"
