"""Runs of flagged dates: kept per date, corrected, and counted again when a pack is changed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from schemas import topics
from streams.alerts import packs
from streams.alerts.rulebook import Rulebook
from streams.chunk import Chunk
from streams.counties import Runs
from streams.engine import Engine
from streams.options import Options
from tests.streams.test_extents import PARTITIONS, PRESENT, market

OPTIONS = Options(event_time=True, inputs=(topics.QUOTES,), coverage=1.0)


def test_a_late_flag_joins_the_runs_around_it_and_a_late_denial_cuts_them() -> None:
    runs = Runs(packs.load("qingdao-2014").rules[0], 2)
    for day, flagged in enumerate([True, True, False, True, True]):
        runs.close(day, np.array([[flagged, False]] * len(runs.names)))
    cells, yes = np.array([0]), np.ones((len(runs.names), 1), bool)
    assert [int(runs.of(day)[0, 0]) for day in range(5)] == [1, 2, 0, 1, 2]
    assert runs.correct(2, cells, yes)
    assert [int(runs.of(day)[0, 0]) for day in range(5)] == [1, 2, 3, 4, 5]
    assert not runs.correct(2, cells, yes)
    assert runs.correct(1, cells, ~yes)
    assert [int(runs.of(day)[0, 0]) for day in range(5)] == [1, 0, 1, 2, 3]
    assert not runs.correct(9, cells, yes), "a date that is not known"
    assert not runs.of(4)[:, 1].any()


def test_a_changed_flag_is_counted_again_over_the_dates_that_are_known(tmp_path: Path) -> None:
    regions, logs = market(tmp_path)
    text = files("streams.alerts").joinpath("packs/qingdao-2014.toml").read_bytes()
    changed = packs.parse_pack(text.replace(b"change_week > 0.40", b"change_week > 0.05"), "qingdao-2014")
    partition = next(number for topic, number in logs if topic == topics.QUOTES)
    values: list[bytes | None] = [*logs[topics.QUOTES, partition]]

    def played(*chosen: packs.Pack) -> Engine:
        engine = Engine(partition, PARTITIONS, regions, Rulebook(chosen, regions), OPTIONS, "one", 1)
        nothing: list[list[tuple[str, bytes]]] = [[] for _ in values]
        stamps = [0] * len(values)
        offsets = range(len(values))
        chunk = Chunk(topics.QUOTES, partition, offsets, values, [b""] * len(values), nothing, stamps, len(values))
        engine.apply(chunk, PRESENT)
        return engine

    def flagged(engine: Engine) -> list[bytes]:
        places = engine.snapshot().pack()
        fresh = Engine(partition, PARTITIONS, regions, Rulebook([changed], regions), OPTIONS, "one", 1)
        fresh.restore(places)
        return [
            runs.tobytes()
            for place in fresh._places.values()
            for _, runs in place.markets["retail"].together.dump()["qingdao-2014"][1]
        ]

    expected = flagged(played(changed))
    assert any(any(each) for each in expected)
    for before in ([packs.load("qingdao-2014")], [packs.load("urumqi-2007")]):
        assert flagged(played(*before)) == expected
