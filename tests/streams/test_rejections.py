"""Rejections in the log: never silent, never one line per record."""

from __future__ import annotations

import logging

import pytest

from schemas.letters import DeadLetter
from staplewatch.logs import FloodGate
from streams.rejections import RejectionLog


def letters(count: int, stage: str = "decode", topic: str = "pos.sales") -> list[DeadLetter]:
    return [DeadLetter(topic, 1, offset, stage, f"broken {offset}", "ValueError", b"") for offset in range(count)]


def test_one_line_a_minute_and_kind_with_every_record_in_a_number(caplog: pytest.LogCaptureFixture) -> None:
    now = [0]
    log = RejectionLog(lambda: now[0])
    gate = FloodGate(lambda: now[0])  # the log's own must let every one of these lines pass
    caplog.handler.addFilter(gate)
    log.note([*letters(3), *letters(1, "size"), *letters(1, "validate"), *letters(1, topic="market.quotes")])
    for now[0] in range(1, 121):
        log.note(letters(1000))
        log.tell()
    log.tell(everything=True)
    caplog.handler.removeFilter(gate)
    said = [record.getMessage() for record in caplog.records]
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [
        3,
        1,
        1,
        1,
        60_000,
        60_000,
    ]
    assert said[0].startswith("rejected from pos.sales at stage decode / 拒收: 3 records, for example pos.sales/1/2: ")
    assert said[-1].endswith("broken 999 (see staplewatch dead-letters show pos.sales/1/999)")


def test_what_came_last_is_told_a_minute_later_though_nothing_more_comes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = [0]
    log = RejectionLog(lambda: now[0])
    log.note(letters(1))
    log.note(letters(2))
    for now[0] in (59, 60, 61):
        log.tell()
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == [1, 2]
