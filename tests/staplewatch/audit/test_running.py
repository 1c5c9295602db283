"""What the checks are given: punctuation as the workers take it."""

from __future__ import annotations

from typing import Any

from schemas import topics
from staplewatch.audit.running import punctuation
from streams.reader import Bounds
from tests.staplewatch.audit.worlds import PARTITION, Answers, Log, scope
from tests.streams.records import PARTITIONS, PREFECTURE, chunk, clock, moment

MORNING = moment("11-02 09:00")


def test_what_workers_refuse_is_no_punctuation() -> None:
    ahead = b'{"time": "2100-01-01T00:00:00+08:00", "sender": "x"}'
    log: Any = Log(chunk(topics.CLOCK, [ahead, clock(MORNING, sales=7).values[0], b"{", None]))
    bounds = {(topics.CLOCK, number): Bounds(0, 4 * (number == PARTITION)) for number in range(PARTITIONS)}
    found = punctuation(scope(Answers()), log, bounds)
    assert [(each.at, each.offsets) for each in found] == [(MORNING, {topics.SALES: 7})]
    assert PREFECTURE in found[0].prefectures
