"""What is measured of many prefectures at once is what each would have measured alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from producers.simulate import Simulation, load, run
from schemas import topics
from schemas.events import Clock
from streams import lockstep
from streams.chunk import Chunk
from streams.engine import Engine
from streams.options import Options
from streams.queues import NEVER
from tests.streams import records

#: 2026-01-01T00:00+08:00.
START = 1_767_196_800
LATER = float(START + 90 * 86_400)
#: Three of different size; the other four of the partition never send anything.
PREFECTURES = (540100, 540400, 542500)
HOURS = 40


class Log:
    """Stands in for the producer: chunks of one partition that holds all prefectures, a clock between them."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self._waiting: dict[str, list[bytes]] = {}
        self._next: dict[str, int] = {}

    def send(self, topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        assert prefecture in PREFECTURES
        self._waiting.setdefault(topic, []).append(event if isinstance(event, bytes) else msgspec.json.encode(event))

    def flush(self) -> None:
        for topic, values in self._waiting.items():
            first = self._next.get(topic, 0)
            self._next[topic] = end = first + len(values)
            size = len(values)
            self.chunks.append(Chunk(topic, 0, range(first, end), values, [None] * size, [()] * size, [0] * size, end))
        self._waiting.clear()

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        self.flush()
        said = Clock(
            datetime.fromtimestamp(time, UTC).isoformat(),
            "test",
            offsets={topic: self._next.get(topic, 0) for topic in inputs},
            inputs=list(inputs),
            prefectures=[str(code) for code in prefectures],
        )
        self.send(topics.CLOCK, PREFECTURES[0], said)
        self.flush()


@pytest.fixture(scope="module")
def log() -> list[Chunk]:
    simulation = Simulation(
        load("lockdown"),
        records.CATALOGUE,
        seed=9,
        start=START,
        prefectures=list(PREFECTURES),
        end=START + HOURS * 3600,
    )
    sent = Log()
    run(simulation, sent, speed=math.inf, clock=lambda: LATER, punctuate=True)
    return sent.chunks


def test_all_measured_together_have_the_values_of_each_alone(log: list[Chunk]) -> None:
    engine = Engine(0, 1, records.CATALOGUE, records.RULEBOOK, Options(event_time=True), "one", 1)
    compared = 0
    for number, chunk in enumerate(log):
        engine.apply(chunk, LATER)
        places = [place for place in engine._places.values() if place.moment != NEVER]
        if number % 50 or len(places) < len(PREFECTURES):
            continue
        lockstep.measure(places)
        together = [place.values for place in places]
        for place, values in zip(places, together, strict=True):
            lockstep.measure([place])
            assert values.keys() == place.values.keys()
            for name, column in place.values.items():
                assert np.array_equal(values[name], column, equal_nan=column.dtype.kind == "f"), name
                compared += int(np.count_nonzero(column == column))  # noqa: PLR0124 -- where there is a value
    assert compared > 10_000


def test_groups_hold_so_many_rows_and_at_least_one_prefecture(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(0, 1, records.CATALOGUE, records.RULEBOOK, Options(), "one", 1)
    places = [engine._place(code) for code in records.CATALOGUE.prefectures]
    monkeypatch.setattr(lockstep, "ROWS", places[0].rows + places[1].rows)
    groups = [list(group) for group in lockstep._groups(places)]
    assert [place for group in groups for place in group] == places
    assert groups[0] == places[:2]
    assert all(len(group) == 1 or sum(place.rows for place in group) <= lockstep.ROWS for group in groups)
