"""What is measured of many prefectures at once is what each would have measured alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from producers.simulate import Simulation, load, run
from streams import lockstep
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from streams.queues import NEVER
from tests.streams import records
from tests.streams.scenario_run import PARTITIONS, START, WALL, Cluster

#: Three of different size, all in one partition.
PREFECTURES, TOGETHER = [540100, 540500, 542500], 1
HOURS = 40


class Compared(Cluster):
    """Measures all prefectures together and each alone after every chunk."""

    compared = 0

    def _take(self, outcome: Outcome) -> None:
        super()._take(outcome)
        places = [place for place in self.engines[TOGETHER]._places.values() if place.moment != NEVER]
        if len(places) < len(PREFECTURES):
            return
        lockstep.measure(places)
        together = [place.values for place in places]
        for place, values in zip(places, together, strict=True):
            lockstep.measure([place])
            assert values.keys() == place.values.keys()
            for name, column in place.values.items():
                assert np.array_equal(values[name], column, equal_nan=column.dtype.kind == "f"), name
                self.compared += int(np.count_nonzero(column == column))  # noqa: PLR0124 -- where there is a value


def test_all_measured_together_have_the_values_of_each_alone() -> None:
    made = [
        Engine(number, PARTITIONS, records.CATALOGUE, records.RULEBOOK, Options(event_time=True), "one", 1)
        for number in range(PARTITIONS)
    ]
    cluster = Compared(dict(enumerate(made)), every=3600)
    end = START + HOURS * 3600
    simulation = Simulation(load("lockdown"), records.CATALOGUE, seed=9, start=START, prefectures=PREFECTURES, end=end)
    run(simulation, cluster, speed=math.inf, clock=lambda: WALL, punctuate=True)
    cluster.settle()
    assert cluster.compared > 10_000


def test_groups_hold_so_many_rows_and_at_least_one_prefecture(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(0, 1, records.CATALOGUE, records.RULEBOOK, Options(), "one", 1)
    places = [engine._place(code) for code in records.CATALOGUE.prefectures]
    monkeypatch.setattr(lockstep, "ROWS", places[0].rows + places[1].rows)
    groups = [list(group) for group in lockstep._groups(places)]
    assert [place for group in groups for place in group] == places
    assert groups[0] == places[:2]
    assert all(len(group) == 1 or sum(place.rows for place in group) <= lockstep.ROWS for group in groups)
