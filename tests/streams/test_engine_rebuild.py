"""The same events give the same rows and transitions, however they are cut, and after any rebuild."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from schemas import topics
from schemas.events import Alert
from streams.alerts.rulebook import Rulebook
from streams.decode import TABLES
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from streams.snapshot import SnapshotMismatch, freeze, unpack
from tests.streams import records
from tests.streams.records import BAYI, GONGBU, WALL

START = records.moment("10-01 00:00")
DAYS = 6
OPTIONS = Options(event_time=True)
Events = dict[str, list[msgspec.Struct]]


def world() -> Events:
    """Six dates of sales, counts and quotes; prices double and stock runs out on the last."""
    chance = random.Random(7)
    sales, counts, quotes = [], [], []
    for hour in range(DAYS * 24):
        at, late = START + hour * 3600, hour >= (DAYS - 1) * 24
        for number, site in enumerate("abcd"):
            region = BAYI if number < 3 else GONGBU
            if hour % 24 == 9:
                quotes.append(records.quote(at, ("potato", 4 + number, 50 - 50 * late), site=site, region=region))
            if hour % 6 == 0:
                counts.append(records.stock(at, "potato", 0 if late else 40, site=site, region=region))
            for _ in range(4 if 8 <= hour % 24 < 22 else 0):
                then = at + chance.randrange(3600)
                price = (4 + number) * (2 if late else 1)
                lines = (("potato", 1, price), ("tomato", 2, 2 * price))
                sales.append((then, site, region, lines))
    sales.sort()
    receipts = [
        records.receipt(at, n, *lines, store=site, region=region) for n, (at, site, region, lines) in enumerate(sales)
    ]
    return {topics.SALES: [*receipts], topics.STOCK: [*counts], topics.QUOTES: [*quotes]}


WORLD = world()
END = START + DAYS * 86_400 + 7200


class Log:
    """Everything that came out, newest version of a row and of a transition."""

    def __init__(self) -> None:
        self.indicators: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.transitions: dict[tuple[str, str, int], tuple[Any, ...]] = {}
        self.raw: dict[str, dict[str, list[Any]]] = {}

    def take(self, outcome: Outcome) -> None:
        columns = outcome.rows.get("indicators")
        if columns:
            names = [name for name in columns if name != "version"]
            for values in zip(*(columns[name] for name in names), strict=True):
                row = dict(zip(names, values, strict=True))
                self.indicators[tuple(row[name] for name in ("region", "good", "grain", "kind", "at"))] = values
        for alert in outcome.alerts:
            self.transitions[alert.key, alert.id, alert.seq] = meaning(alert)
        for table in TABLES.values():
            if table in outcome.rows:
                kept = self.raw.setdefault(table, {name: [] for name in outcome.rows[table]})
                for name, more in outcome.rows[table].items():
                    kept[name].extend(more)


#: What depends on when and how a transition was processed: its marks are of the moment at which it is published.
OF_THE_MOMENT = {"as_of", "processed_at", "acknowledged", "silenced", "inhibited", "actions_offset", "substitutes"}


def meaning(alert: Alert) -> tuple[Any, ...]:
    """Return a transition without what depends on when and how it was processed."""
    plain = msgspec.to_builtins(alert)
    return tuple(sorted((name, str(value)) for name, value in plain.items() if name not in OF_THE_MOMENT))


def feed(engine: Engine, log: Log, events: Events, seed: int, most: int) -> None:
    """Hand over what the engine has not seen, in random chunks of the three topics."""
    chance = random.Random(seed)
    while waiting := [topic for topic in topics.INPUTS if engine.offsets.get(topic, 0) < len(events[topic])]:
        topic = chance.choice(waiting)
        first = engine.offsets.get(topic, 0)
        part: Sequence[msgspec.Struct] = events[topic][first : first + chance.randint(1, most)]
        log.take(engine.apply(records.chunk(topic, part, first), WALL))


def finish(engine: Engine, log: Log) -> None:
    offsets = {name: len(WORLD[topic]) for name, topic in topics.INPUT_NAMES.items()}
    log.take(engine.apply(records.clock(END, **offsets), WALL))
    log.take(engine.drain(WALL))


@pytest.fixture(scope="module")
def undisturbed() -> Log:
    log, engine = Log(), records.engine(OPTIONS)
    feed(engine, log, WORLD, 0, 2000)
    finish(engine, log)
    assert {"live-24h", "cover", "urumqi-2007"} <= {key[0].split("|")[0] for key in log.transitions}
    return log


@pytest.mark.parametrize(("seed", "most"), [(1, 2000), (2, 37), (3, 5)])
def test_chunks_and_their_order_change_nothing(undisturbed: Log, seed: int, most: int) -> None:
    log, engine = Log(), records.engine(OPTIONS)
    feed(engine, log, WORLD, seed, most)
    finish(engine, log)
    assert log.indicators == undisturbed.indicators
    assert log.transitions == undisturbed.transitions


def test_deciding_a_few_grid_points_at_a_time_changes_nothing(undisturbed: Log) -> None:
    log, engine = Log(), records.engine(Options(event_time=True, most_steps=7))
    feed(engine, log, WORLD, 4, 300)
    finish(engine, log)
    assert engine.behind, "six dates are more than one call decides"
    while engine.behind:
        log.take(engine.tick(WALL))
    assert log.indicators == undisturbed.indicators
    assert log.transitions == undisturbed.transitions


@pytest.mark.parametrize("seed", [1, 2])
def test_a_snapshot_and_the_raw_rows_after_it_give_back_the_state(undisturbed: Log, seed: int) -> None:
    """Killed anywhere: the newest snapshot, then raw rows from the warehouse, then the log goes on."""
    chance = random.Random(seed)
    stops = sorted(chance.sample(range(100, 900), 2))
    log, first = Log(), records.engine(OPTIONS)
    part = {topic: events[: len(events) * stops[0] // 1000] for topic, events in WORLD.items()}
    feed(first, log, part, seed, 200)
    snapshot = first.snapshot().pack()
    log.raw.clear()
    feed(first, log, {topic: events[: len(events) * stops[1] // 1000] for topic, events in WORLD.items()}, seed, 200)

    second = records.engine(OPTIONS)
    second.restore(snapshot)
    records.replay(second, log.raw)
    assert second.offsets == first.offsets
    log.take(second.republish(WALL))
    feed(second, log, WORLD, seed + 1, 300)
    finish(second, log)
    assert log.indicators == undisturbed.indicators
    assert log.transitions == undisturbed.transitions


def test_raw_rows_alone_give_back_the_state(undisturbed: Log) -> None:
    log, first = Log(), records.engine(OPTIONS)
    feed(first, log, {topic: events[: len(events) // 2] for topic, events in WORLD.items()}, 5, 100)
    second = records.engine(OPTIONS)
    records.replay(second, log.raw)
    log.take(second.republish(WALL))
    feed(second, log, WORLD, 6, 300)
    finish(second, log)
    assert log.indicators == undisturbed.indicators
    assert log.transitions == undisturbed.transitions


def test_a_rebuild_publishes_the_same_bytes_though_sites_come_in_another_order() -> None:
    """Counts came first, from the first site to the last; raw rows bring sales first, the other way round."""
    sites = [f"site-{number:02d}" for number in range(30)]
    counts = [records.stock(START + 60, "potato", 900, site=site) for site in sites]
    sold = [
        records.receipt(START + hour * 3600 + n, 100 * hour + n, ("potato", 1 + math.sin(n) / 2, 9), store=site)
        for hour in (8, 33)
        for n, site in enumerate(reversed(sites))
    ]
    log, first, second = Log(), records.engine(OPTIONS), records.engine(OPTIONS)
    log.take(first.apply(records.chunk(topics.STOCK, counts), WALL))
    log.take(first.apply(records.chunk(topics.SALES, sold), WALL))
    records.replay(second, {table: log.raw[table] for table in ("sales", "stock")})
    published = []
    for engine in (first, second):
        engine.apply(records.clock(START + 34 * 3600, sales=len(sold), stock=len(counts)), WALL)
        live = engine.republish(WALL).live
        published.append({key: msgspec.json.encode(value) for key, value in live.items()})
    assert b'"demand_day":' in published[0][f"{BAYI}|potato"]
    assert published[0] == published[1]


def test_a_count_that_comes_too_late_gives_the_same_however_chunks_are_cut() -> None:
    """What moved since it is forgotten by then, and that must not hang on empty grid points in between."""
    hours = START + 22 * 3600
    sold = [records.receipt(hours + 60 * minute, minute, ("potato", 1, 9), store="a") for minute in (0, 95, 96)]
    counts = [
        records.stock(hours + 60 * minute, "potato", left, site=site)
        for minute, left, site in ((-600, 9, "a"), (54, 5, "b"), (-1, 30, "a"), (95, 5, "b"))
    ]
    found, options = [], Options(event_time=True, inputs=(topics.SALES, topics.STOCK))
    for size in (4, 1):
        # No rules, for an open alert would have every grid point looked at.
        log, engine = Log(), records.engine(options, rulebook=Rulebook([], records.CATALOGUE))
        for first in range(0, 4, size):
            for topic, events in ((topics.STOCK, counts), (topics.SALES, sold)):
                log.take(engine.apply(records.chunk(topic, events[first : first + size], first), WALL))
        found.append({key: row for key, row in log.indicators.items() if key[1] == "potato"})
    assert found[0]
    assert found[0] == found[1]


def test_records_below_the_next_offset_are_ignored() -> None:
    engine, log = records.engine(OPTIONS), Log()
    part = WORLD[topics.SALES][:30]
    engine.apply(records.chunk(topics.SALES, part), WALL)
    log.take(engine.apply(records.chunk(topics.SALES, WORLD[topics.SALES][:40]), WALL))
    assert log.raw["sales"]["offset"][0] == 30


def test_a_snapshot_of_another_epoch_keeps_the_state_but_not_the_offsets() -> None:
    engine = records.engine(OPTIONS)
    feed(engine, Log(), {topic: events[:50] for topic, events in WORLD.items()}, 1, 100)
    following = records.engine(OPTIONS, epoch="two", ordinal=2)
    following.restore(engine.snapshot().pack())
    assert following.offsets == {}
    assert following.watermarks() == engine.watermarks()


def test_a_snapshot_under_other_options_is_refused() -> None:
    snapshot = records.engine(OPTIONS).snapshot().pack()
    with pytest.raises(SnapshotMismatch, match="another catalogue"):
        records.engine(Options(event_time=True, coverage=1.0)).restore(snapshot)
    with pytest.raises(SnapshotMismatch, match="not a snapshot"):
        records.engine(OPTIONS).restore(b"\0" * 30)
    other = unpack(snapshot)
    del other["seen"]
    with pytest.raises(SnapshotMismatch, match="another layout"):
        records.engine(OPTIONS).restore(freeze(other).pack())
