"""Silent enterprises in the stream: the same alerts whatever the chunks, and after any rebuild."""

from __future__ import annotations

import random
from datetime import datetime

import msgspec
import pytest

from schemas import topics
from schemas.registry import Enterprise, Site, change
from streams.alerts.packs import load
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.options import Options
from tests.streams import records
from tests.streams.records import BAYI, CATALOGUE, PREFECTURE, WALL
from tests.streams.test_engine_rebuild import Events, Log, feed

START = records.moment("10-05 00:00")
HOUR, DAY = 3600, 86_400
DAYS = 9
RULES = Rulebook([load("feed")], CATALOGUE)
#: On the last date the first goes silent at 11; the second is closed that day, and the registry knows.
SENDERS = ("silent", "closed", "steady")
SILENT_FROM = START + (DAYS - 1) * DAY + 11 * HOUR


def world() -> Events:
    chance = random.Random(11)
    sales, counts = [], []
    for hour in range(DAYS * 24):
        at, last = START + hour * HOUR, hour >= (DAYS - 1) * 24
        for name in SENDERS:
            gone = (name == "silent" and at >= SILENT_FROM) or (name == "closed" and last)
            if not 8 <= hour % 24 < 22 or gone:
                continue
            sales += [(at + chance.randrange(HOUR), name) for _ in range(3)]
            if hour % 24 == 8:
                report = records.stock(at + 60, "potato", 400, site=f"{name}-1")
                counts.append(msgspec.structs.replace(report, sender=name))
    sales.sort()
    receipts = [
        msgspec.structs.replace(records.receipt(at, n, ("potato", 1, 4.0), store=f"{name}-1"), sender=name)
        for n, (at, name) in enumerate(sales)
    ]
    return {topics.SALES: [*receipts], topics.STOCK: [*counts], topics.QUOTES: []}


WORLD = world()
REGISTERED = [
    change(each, PREFECTURE, time=records.iso(START), sender="bureau")
    for each in (
        Enterprise("closed", "店", [str(PREFECTURE)]),
        Site("closed-1", "closed", str(BAYI), "店", hours="Mo-Su 08:00-22:00; 2026-10-13 off"),
    )
]


def engine(options: Options | None = None) -> Engine:
    return records.engine(options or Options(event_time=True), rulebook=RULES)


def begin(subject: Engine, log: Log) -> None:
    log.take(subject.apply(records.chunk(topics.REGISTRY, REGISTERED), WALL))


def finish(subject: Engine, log: Log) -> None:
    offsets = {name: len(WORLD[topic]) for name, topic in topics.INPUT_NAMES.items()}
    log.take(subject.apply(records.clock(START + DAYS * DAY + 2 * HOUR, **offsets), WALL))
    while subject.behind:
        log.take(subject.tick(WALL))


@pytest.fixture(scope="module")
def undisturbed() -> Log:
    log, subject = Log(), engine()
    begin(subject, log)
    feed(subject, log, WORLD, 0, 5000)
    finish(subject, log)
    return log


def test_who_is_silent_is_named_and_nobody_else(undisturbed: Log) -> None:
    assert {key for key, _, _ in undisturbed.transitions} == {f"feed|{PREFECTURE}||silent"}
    (raised,) = (dict(each) for each in undisturbed.transitions.values())
    assert (raised["level"], raised["good"], raised["site"], raised["region"]) == (
        "blue", "", "silent", str(PREFECTURE),
    )  # fmt: skip
    assert raised["text_zh"].startswith("林芝市 silent 数据中断：营业时间内已")
    assert raised["text_en"].startswith("silent, Nyingchi: no data for")
    # three usual intervals are over, and no more than one grid point has passed since
    wait = datetime.fromisoformat(raised["at"]).timestamp() - SILENT_FROM
    assert 1.5 * HOUR <= wait <= 3 * HOUR


@pytest.mark.parametrize(("seed", "most"), [(1, 1), (2, 61), (3, 2000)])
def test_chunks_and_their_order_change_nothing(undisturbed: Log, seed: int, most: int) -> None:
    log, subject = Log(), engine()
    begin(subject, log)
    feed(subject, log, WORLD, seed, most)
    finish(subject, log)
    assert log.transitions == undisturbed.transitions


def test_a_few_grid_points_at_a_time_change_nothing(undisturbed: Log) -> None:
    log, subject = Log(), engine(Options(event_time=True, most_steps=7))
    begin(subject, log)
    feed(subject, log, WORLD, 4, 900)
    finish(subject, log)
    assert log.transitions == undisturbed.transitions


@pytest.mark.parametrize("restored", [True, False])
def test_a_rebuild_goes_on_as_if_nothing_had_happened(undisturbed: Log, restored: bool) -> None:
    """From a snapshot and the raw rows after it, or from the raw rows alone."""
    log, first, second = Log(), engine(), engine()
    begin(first, log)
    if restored:
        half = {topic: events[: len(events) // 2] for topic, events in WORLD.items()}
        feed(first, log, half, 5, 300)
        second.restore(first.snapshot().pack())
        log.raw.clear()
    most = {topic: events[: int(len(events) * 0.97)] for topic, events in WORLD.items()}
    feed(first, log, most, 5, 300)
    records.replay(second, {table: log.raw[table] for table in ("registry", "sales", "stock") if table in log.raw})
    log.take(second.republish(WALL))
    feed(second, log, WORLD, 6, 300)
    finish(second, log)
    assert log.transitions == undisturbed.transitions


def test_one_that_has_left_is_not_silent(undisturbed: Log) -> None:
    log, subject = Log(), engine()
    left = change(Enterprise("silent", "店", []), PREFECTURE, time=records.iso(SILENT_FROM), sender="bureau")
    log.take(subject.apply(records.chunk(topics.REGISTRY, [*REGISTERED, left]), WALL))
    feed(subject, log, WORLD, 0, 5000)
    finish(subject, log)
    assert undisturbed.transitions
    assert log.transitions == {}


def test_live_the_clock_finds_a_silence_without_any_event() -> None:
    """Nobody sends anything any more: the wall clock alone moves time, and looks every half minute."""
    log, subject = Log(), engine(Options())
    begin(subject, log)
    newest = START + (DAYS - 1) * DAY + 11 * HOUR
    until = {
        topic: [each for each in events if datetime.fromisoformat(each.time).timestamp() < newest]  # type: ignore[attr-defined]
        for topic, events in WORLD.items()
    }
    for topic, events in until.items():
        log.take(subject.apply(records.chunk(topic, events), newest))
    wall = float(newest)
    while wall < newest + 4 * HOUR:
        wall += 20
        log.take(subject.tick(wall))
    assert {key for key, _, _ in log.transitions} == {f"feed|{PREFECTURE}||{name}" for name in ("silent", "steady")}
