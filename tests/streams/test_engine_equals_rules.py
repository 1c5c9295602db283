"""The engine against recomputations written from RULES.md alone, whatever the chunks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.events import QuoteReport, Receipt, StockReport
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.independent import quotes as quotes_by_hand
from tests.independent import sales as sales_by_hand
from tests.independent import stock as stock_by_hand
from tests.streams import records
from tests.streams.records import BAYI, GONGBU, PREFECTURE, WALL, ZONE

START = records.moment("09-01 00:00")
COUNTIES = (BAYI, GONGBU)
Row = dict[str, Any]
seeds = st.integers(0, 2**32)


class Run:
    """Feeds an engine and keeps the newest version of every row."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.rows: dict[tuple[Any, ...], Row] = {}
        self.alerts: list[Any] = []

    def take(self, outcome: Outcome) -> None:
        columns = outcome.rows.get("indicators", {"region": []})
        for index in range(len(columns["region"])):
            row = {name: values[index] for name, values in columns.items()}
            key = tuple(row[name] for name in ("region", "good", "grain", "kind", "at"))
            known = self.rows.get(key, row)
            # the warehouse keeps either of two rows of one version
            assert row["version"] != known["version"] or row == known
            if row["version"] >= known["version"]:
                self.rows[key] = row
        self.alerts += outcome.alerts

    def feed(self, topic: str, events: Sequence[msgspec.Struct], size: int = 50) -> None:
        for first in range(0, len(events), size):
            at = self.engine.offsets.get(topic, 0)
            self.take(self.engine.apply(records.chunk(topic, events[first : first + size], at), WALL))

    def finish(self, at: int) -> None:
        offsets = {name: self.engine.offsets.get(topic, 0) for name, topic in topics.INPUT_NAMES.items()}
        self.take(self.engine.apply(records.clock(at, **offsets), WALL))
        self.take(self.engine.drain(WALL))

    def grain(self, grain: str, kind: str = "retail") -> dict[tuple[int, str, int], Row]:
        return {(key[0], key[1], key[4]): row for key, row in self.rows.items() if key[2:4] == (grain, kind)}


def receipts(seed: int) -> list[Receipt]:
    """Sales of 11 dates in two counties, in order of time."""
    chance = random.Random(seed)
    count = chance.randint(1, 250)
    times = sorted(START + chance.randrange(11 * 86_400) for _ in range(count))
    return [
        records.receipt(
            at,
            number,
            *(
                (
                    chance.choice(("potato", "tomato")),
                    chance.choice((0.25, 1, 2.5)),
                    chance.choice((None, 3.5, 4, 7.77)),
                )
                for _ in range(chance.randint(1, 3))
            ),
            store=chance.choice("abc"),
            region=chance.choice(COUNTIES),
            kind=chance.choice(("sale", "sale", "sale", "return")),
        )
        for number, at in enumerate(times)
    ]


def sold(events: Sequence[Receipt]) -> Iterator[sales_by_hand.Sale]:
    for event in events:
        sign = 1 if event.lines[0].kind == "sale" else -1
        at = int(datetime.fromisoformat(event.time).timestamp())
        for line in event.lines:
            amount = None if line.amount is None else sign * round(line.amount * 10_000)
            quantity = sign * round(line.quantity * 1_000)
            yield sales_by_hand.Sale(at, int(event.region), line.good, event.store, quantity, amount)


SALE_NAMES = ("amount", "quantity", "lines", "vwap", "vwap_1h", "vwap_24h", "baseline_24h", "spike_1h", "spike_24h")


@settings(max_examples=6, deadline=None)
@given(seeds, st.integers(1, 120))
def test_sale_indicators_equal_a_batch_recomputation(seed: int, size: int) -> None:
    events = receipts(seed)
    run = Run(records.engine())
    run.feed(topics.SALES, events, size)
    run.finish(START + 12 * 86_400)
    expected = sales_by_hand.indicators(sold(events))
    found = run.grain("5m")
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name in (*SALE_NAMES, "lines_24h"):
            assert found[key][name] == getattr(row, name), (key, name)


@settings(max_examples=5, deadline=None)
@given(seeds, st.integers(1, 120))
def test_late_receipts_correct_what_was_written(seed: int, size: int) -> None:
    """A receipt up to 20 hours late ends in the same rows as one in time."""
    events = receipts(seed)
    chance = random.Random(seed)
    delays = {id(each): chance.choice((0, 0, 0, chance.randrange(20 * 3600))) for each in events}
    late = sorted(events, key=lambda each: datetime.fromisoformat(each.time).timestamp() + delays[id(each)])
    run = Run(records.engine())
    run.feed(topics.SALES, late, size)
    run.finish(START + 12 * 86_400)
    expected = sales_by_hand.indicators(sold(events))
    found = run.grain("5m")
    assert found.keys() == expected.keys()
    # Baselines of dates before the correctable 32 hours are read when a row is written, hence no spikes here.
    for key, row in expected.items():
        for name in ("amount", "quantity", "lines", "vwap", "vwap_1h", "vwap_24h", "lines_24h"):
            assert found[key][name] == getattr(row, name), (key, name)


def test_repeats_and_training_receipts_change_nothing() -> None:
    events = [records.receipt(START + 60 * number, number, ("potato", 1, 5.0)) for number in range(20)]
    training = msgspec.structs.replace(events[3], sequence=99, status="training")
    run = Run(records.engine())
    run.feed(topics.SALES, [*events[:12], *events[5:9], training, *events[12:], *events[:3]], 4)
    run.finish(START + 86_400)
    expected = sales_by_hand.indicators(sold(events))
    assert {key: row["lines"] for key, row in run.grain("5m").items()} == {
        key: row.lines for key, row in expected.items()
    }


def reports(seed: int) -> list[QuoteReport]:
    """Daily quotes of 40 dates with gaps, carried prices, outages and sites that come and go."""
    chance = random.Random(seed)
    sites = [(f"s{number}", chance.choice(COUNTIES)) for number in range(chance.randint(1, 5))]
    found = []
    for day in range(40):
        for number, (site, region) in enumerate(sites):
            if chance.random() < 0.25:
                continue
            lines = []
            for good in ("potato", "tomato"):
                price = chance.choice((None, 2.5, 3, 3.3, 4, 6.5)) if chance.random() < 0.9 else 13.0
                left = chance.choice((None, 0, 0, 5))
                if price is not None or left is not None:
                    lines.append((good, price, left))
            if lines:
                at = START + day * 86_400 + 9 * 3600 + number * 60
                found.append(records.quote(at, *lines, site=site, region=region))
    return found


@pytest.mark.parametrize("kind", ["retail", "wholesale"])
@settings(max_examples=5, deadline=None)
@given(seed=seeds, size=st.integers(1, 60))
def test_levels_of_urumqi_2007_equal_a_recomputation(kind: str, seed: int, size: int) -> None:
    events = [msgspec.structs.replace(each, kind=kind) for each in reports(seed)]
    run = Run(records.engine(Options(event_time=True, inputs=(topics.QUOTES,))))
    run.feed(topics.QUOTES, events, size)
    last = datetime.fromisoformat(events[-1].time).date()
    run.finish(int(datetime.combine(last, datetime.min.time(), ZONE).timestamp()) + 86_400 + 7200)
    expected = quotes_by_hand.evaluations(
        quotes_by_hand.Quote(
            datetime.fromisoformat(e.time).date(), int(e.region), e.site, line.good, line.price, line.stock
        )
        for e in events
        for line in e.lines
    )
    found = run.grain("date", kind)
    compared = 0
    for (region, good, day), row in expected.items():
        silent = row.silent_days
        midnight = int(datetime.combine(day, datetime.min.time(), ZONE).timestamp()) + 86_400
        mine = found.get((region, good, midnight))
        assert (mine is not None) == (silent is not None and silent < 28), (region, good, day)
        if mine is not None:
            compared += 1
            level = json.loads(mine["levels"])["urumqi-2007"]
            values = tuple(mine[name] for name in ("price", "change_day", "change_week", "sites_present", "out_days"))
            assert level == row.level, (region, good, day)
            assert values == (row.price, row.change_day, row.change_week, row.present, row.out_days)
            assert bool(mine["intermittent"]) == row.intermittent
    assert compared


def shelves(seed: int) -> tuple[list[Receipt], list[StockReport]]:
    chance = random.Random(seed)
    sales, counts = [], []
    for number in range(chance.randint(5, 120)):
        at = START + chance.randrange(9 * 86_400)
        site, region = chance.choice((("a", BAYI), ("b", BAYI), ("c", GONGBU)))
        if chance.random() < 0.6:
            sales.append(
                records.receipt(at, number, ("potato", chance.choice((1, 3)), None), store=site, region=region)
            )
        else:
            action, most = chance.choice((("OBSERVE", 12), ("OBSERVE", 3), ("ADD", 5), ("DELETE", 5)))
            quantity = chance.randint(0 if action == "OBSERVE" else 1, most)
            counts.append(records.stock(at, "potato", quantity, action=action, site=site, region=region))
    return sorted(sales, key=lambda each: each.time), sorted(counts, key=lambda each: each.time)


@settings(max_examples=6, deadline=None)
@given(seeds, st.integers(1, 40))
def test_stock_indicators_equal_a_recomputation(seed: int, size: int) -> None:
    sales, counts = shelves(seed)
    run = Run(records.engine(Options(event_time=True, inputs=(topics.SALES, topics.STOCK))))
    run.feed(topics.STOCK, counts, size)
    run.feed(topics.SALES, sales, size)
    run.finish(START + 10 * 86_400)
    events = [happened(each) for each in counts] + [happened(each) for each in sales]
    first = min(event.at for event in events)
    rows = sorted(run.grain("5m").items())
    for (region, good, at), row in random.Random(seed).sample(rows, min(len(rows), 6)):  # by hand it is slow
        closed = datetime.fromtimestamp(at - 7200, ZONE).date().toordinal() - 1
        expected = stock_by_hand.stock(events, region, good, at - 1, datetime.fromordinal(closed).date())
        assert row["on_hand"] == expected.on_hand, (region, at)
        assert (row["sites_in"], row["sites_out"]) == (expected.sites_in, expected.sites_out)
        if closed >= datetime.fromtimestamp(first, ZONE).date().toordinal():  # a date was closed
            assert row["cover_days"] == pytest.approx(expected.cover_days, abs=1e-8)


def happened(event: Receipt | StockReport) -> stock_by_hand.Event:
    at, region = int(datetime.fromisoformat(event.time).timestamp()), int(event.region)
    line = event.lines[0]
    if isinstance(event, Receipt):
        return stock_by_hand.Event(at, region, event.store, line.good, "sale", round(line.quantity * 1000))
    return stock_by_hand.Event(at, region, event.site, line.good, event.action, round(line.quantity * 1000))


def test_the_prefecture_has_its_own_rows() -> None:
    run = Run(records.engine())
    run.feed(
        topics.SALES,
        [
            records.receipt(START, 1, ("potato", 2, 10.0)),
            records.receipt(START, 2, ("potato", 2, 2.0), store="s2", region=GONGBU),
        ],
    )
    run.finish(START + 600)
    assert {key[0]: row["vwap"] for key, row in run.grain("5m").items()} == {BAYI: 5.0, GONGBU: 1.0, PREFECTURE: 3.0}
