"""Rules on single sites in the stream: they fire where they must, whatever the chunks, and after any rebuild."""

from __future__ import annotations

import random

import msgspec
import pytest

from schemas import topics
from streams.alerts.packs import load
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.options import Options
from tests.streams import records
from tests.streams.records import BAYI, CATALOGUE, WALL
from tests.streams.test_engine_rebuild import Events, Log, feed

START = records.moment("10-01 00:00")
DAYS = 10
LAST = START + (DAYS - 1) * 86_400
SITES = "abcdefg"
RULES = Rulebook([load(name) for name in ("gouging", "site", "suspected-out")], CATALOGUE)


def world() -> Events:
    """Ten dates of seven stores; on the last, a is out and dear for potatoes, and b's tomatoes stop selling at 9."""
    chance = random.Random(3)
    sales, counts, quotes = [], [], []
    for hour in range(DAYS * 24):
        at, last = START + hour * 3600, hour >= (DAYS - 1) * 24
        for number, site in enumerate(SITES):
            if hour % 24 == 9:
                price = 4 + number / 50 + chance.random() / 20
                quotes.append(
                    records.quote(at, ("potato", price * (1.6 if last and site == "a" else 1), None), site=site)
                )
            if hour % 24 == 7:
                counts.append(records.stock(at, "potato", 0 if last and site == "a" else 400, site=site))
            for _ in range(4 if 8 <= hour % 24 < 22 else 0):
                then = at + chance.randrange(3600)
                out = last and site == "b" and hour % 24 >= 9
                lines = (("potato", 1, 4.0), *(() if out else (("tomato", 1, 8.0),)))
                sales.append((then, site, lines))
    sales.sort()
    receipts = [records.receipt(at, n, *lines, store=site) for n, (at, site, lines) in enumerate(sales)]
    return {topics.SALES: [*receipts], topics.STOCK: [*counts], topics.QUOTES: [*quotes]}


WORLD = world()
OPTIONS = Options(event_time=True)


def engine(options: Options = OPTIONS) -> Engine:
    return records.engine(options, rulebook=RULES)


def finish(subject: Engine, log: Log) -> None:
    offsets = {name: len(WORLD[topic]) for name, topic in topics.INPUT_NAMES.items()}
    log.take(subject.apply(records.clock(LAST + 86_400 + 7200, **offsets), WALL))
    while subject.behind:
        log.take(subject.tick(WALL))


@pytest.fixture(scope="module")
def undisturbed() -> Log:
    log, subject = Log(), engine()
    feed(subject, log, WORLD, 0, 5000)
    finish(subject, log)
    return log


def test_each_rule_fires_on_its_site_and_on_no_other(undisturbed: Log) -> None:
    fired = {key for key, _, _ in undisturbed.transitions}
    assert fired == {
        f"gouging|{BAYI}|potato|a",
        f"site|{BAYI}|potato|a",
        f"suspected-out|{BAYI}|tomato|b",
    }


@pytest.mark.parametrize(("seed", "most"), [(1, 3000), (2, 61)])
def test_chunks_and_their_order_change_nothing(undisturbed: Log, seed: int, most: int) -> None:
    log, subject = Log(), engine()
    feed(subject, log, WORLD, seed, most)
    finish(subject, log)
    assert log.transitions == undisturbed.transitions


def test_a_few_grid_points_at_a_time_change_nothing(undisturbed: Log) -> None:
    log, subject = Log(), engine(Options(event_time=True, most_steps=7))
    feed(subject, log, WORLD, 4, 900)
    finish(subject, log)
    assert log.transitions == undisturbed.transitions


def part(share: float) -> dict[str, list[msgspec.Struct]]:
    return {topic: events[: int(len(events) * share)] for topic, events in WORLD.items()}


@pytest.mark.parametrize("shares", [(0.5, 0.93), (0.94, 0.96)])
def test_a_snapshot_and_the_raw_rows_after_it_give_back_the_state(
    undisturbed: Log, shares: tuple[float, float]
) -> None:
    log, first = Log(), engine()
    feed(first, log, part(shares[0]), 1, 400)
    snapshot = first.snapshot().pack()
    log.raw.clear()
    feed(first, log, part(shares[1]), 1, 400)
    second = engine()
    second.restore(snapshot)
    records.replay(second, log.raw)
    log.take(second.republish(WALL))
    feed(second, log, WORLD, 2, 400)
    finish(second, log)
    assert log.transitions == undisturbed.transitions


def test_raw_rows_alone_give_back_the_state(undisturbed: Log) -> None:
    log, first = Log(), engine()
    feed(first, log, part(0.95), 5, 300)
    second = engine()
    records.replay(second, log.raw)
    log.take(second.republish(WALL))
    feed(second, log, WORLD, 6, 300)
    finish(second, log)
    assert log.transitions == undisturbed.transitions
