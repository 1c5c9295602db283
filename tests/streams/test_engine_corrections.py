"""Corrections replace what they name: the engine against the recomputation from RULES.md, whatever the chunks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.events import Receipt, StockReport
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.inflow import arrivals
from streams.options import Options
from streams.outcome import Outcome
from streams.prefecture import Prefecture
from streams.replayed import replayed
from tests.independent import stock as by_hand
from tests.streams import records
from tests.streams.records import BAYI, GONGBU, PREFECTURE, WALL

START = records.moment("09-01 00:00")
DAYS = 3
OPTIONS = Options(event_time=True, inputs=(topics.SALES, topics.STOCK), counts_kept=50)
HOUR = 3600
#: Rules would take most of the time and decide nothing here.
NO_RULES = Rulebook([], records.CATALOGUE)


def report(at: int, name: str, action: str, quantity: int, site: str = "a", **other: object) -> StockReport:
    plain = records.stock(at, "potato", quantity, action=action, site=site, region=BAYI if site != "c" else GONGBU)
    return msgspec.structs.replace(plain, event_id=name, **other)


def test_a_count_is_replaced_and_what_moved_since_still_counts() -> None:
    sold = [records.receipt(START + 2 * HOUR, 1, ("potato", 3, None), store="a")]
    reports = [
        report(START + HOUR, "one", "OBSERVE", 100),
        report(START + 3 * HOUR, "two", "OBSERVE", 7),
        report(START + 4 * HOUR, "three", "ADD", 2, corrects=["two"]),
    ]
    assert on_hand(reports, sold) == 99_000


def test_a_correction_that_comes_first_and_one_of_a_correction() -> None:
    reports = [
        report(START + HOUR, "one", "OBSERVE", 50),
        report(START + 2 * HOUR, "three", "ADD", 5, corrects=["two"]),
        report(START + 2 * HOUR, "two", "ADD", 100),
        report(START + 3 * HOUR, "four", "ADD", 6, corrects=["three"]),
    ]
    assert on_hand(reports) == 56_000


def test_stock_that_turns_out_unsellable_is_taken_off() -> None:
    reports = [
        report(START + HOUR, "one", "OBSERVE", 50),
        report(START + 2 * HOUR, "two", "OBSERVE", 80),
        report(START + 3 * HOUR, "three", "OBSERVE", 80, corrects=["two"], disposition="damaged"),
    ]
    assert on_hand(reports) == 50_000


@pytest.mark.parametrize("killed", [2, 3])
def test_what_was_replayed_without_any_correction_can_still_be_named(killed: int) -> None:
    """Keys of events take 64 bits: once they went through floats where no row of a replay corrected anything."""
    reports = [
        report(START + HOUR, "zero", "OBSERVE", 50),
        report(START + 2 * HOUR, "one", "ADD", 3),
        report(START + 3 * HOUR, "two", "ADD", 7),
        report(START + 4 * HOUR, "three", "ADD", 1, corrects=["one", "two"]),
    ]
    assert on_hand(reports, killed=killed) == 51_000


def test_a_correction_is_of_the_same_sender_only() -> None:
    reports = [
        report(START + HOUR, "one", "OBSERVE", 50),
        report(START + 2 * HOUR, "two", "OBSERVE", 80, site="b", sender="other", corrects=["one"]),
    ]
    assert on_hand(reports, site_count=2) == 130_000


def test_known_and_unknown_names_are_counted_and_repeats_are_not_counted_again() -> None:
    engine = records.engine(OPTIONS, rulebook=NO_RULES)
    reports = [
        report(START + HOUR, "one", "OBSERVE", 50),
        report(START + 2 * HOUR, "two", "OBSERVE", 80, corrects=["one", "never"]),
        report(START + 2 * HOUR, "two", "OBSERVE", 80, corrects=["one", "never"]),
    ]
    counts = engine.apply(records.chunk(topics.STOCK, reports), WALL).counts
    assert (counts["corrected"], counts["corrects_unknown"], counts["repeats"]) == (1, 1, 1)


def on_hand(
    reports: Sequence[StockReport], sold: Sequence[Receipt] = (), *, site_count: int = 1, killed: int = 0
) -> int:
    rows = run(sold, reports, 10, killed)
    newest = rows[BAYI, max(at for region, at in rows if region == BAYI)]
    assert newest["sites_in"] == site_count
    assert isinstance(newest["on_hand"], int)
    return newest["on_hand"]


Rows = dict[tuple[int, int], dict[str, object]]


def run(sales: Sequence[Receipt], reports: Sequence[StockReport], size: int, killed: int) -> Rows:
    """Return the rows by region and time; rebuilt after ``killed`` reports, from raw rows alone if it is odd."""
    rows: Rows = {}
    engine, snapshot = records.engine(OPTIONS, rulebook=NO_RULES), b""
    raw: dict[str, dict[str, list[object]]] = {}
    events: dict[str, Sequence[msgspec.Struct]] = {topics.STOCK: reports, topics.SALES: sales}
    for part in (killed // 2, killed, len(reports)):
        share = part / max(len(reports), 1)
        feed(engine, {topic: found[: int(share * len(found))] for topic, found in events.items()}, size, rows, raw)
        if part == killed // 2 and killed % 2 == 0:
            snapshot = engine.snapshot().pack()
            raw.clear()
        elif part == killed:
            engine = rebuilt(snapshot, raw, rows)
    offsets = {"stock": len(reports), "sales": len(sales)}
    keep(engine.apply(records.clock(START + (DAYS + 1) * 86_400, **offsets), WALL), rows, raw)
    keep(engine.drain(WALL), rows, raw)
    return rows


def rebuilt(snapshot: bytes, raw: dict[str, dict[str, list[object]]], rows: Rows) -> Engine:
    engine = records.engine(OPTIONS, rulebook=NO_RULES)
    if snapshot:
        engine.restore(snapshot)
    records.replay(engine, raw)
    keep(engine.republish(WALL), rows, {})
    return engine


def feed(
    engine: Engine,
    events: dict[str, Sequence[msgspec.Struct]],
    size: int,
    rows: Rows,
    raw: dict[str, dict[str, list[object]]],
) -> None:
    for topic, found in events.items():
        for first in range(engine.offsets.get(topic, 0), len(found), size):
            keep(engine.apply(records.chunk(topic, found[first : first + size], first), WALL), rows, raw)


def keep(outcome: Outcome, rows: Rows, raw: dict[str, dict[str, list[object]]]) -> None:
    assert not outcome.dead
    for table in ("stock", "sales"):
        for name, values in outcome.rows.get(table, {}).items():
            raw.setdefault(table, {}).setdefault(name, []).extend(values)
    columns = outcome.rows.get("indicators", {"region": []})
    for index in range(len(columns["region"])):
        row = {name: values[index] for name, values in columns.items()}
        if row["grain"] == "5m":
            rows[row["region"], row["at"]] = row


def generated(seed: int) -> tuple[list[Receipt], list[StockReport]]:
    """Sales and stock reports of three sites; a third of the reports correct others, which may come later."""
    chance = random.Random(seed)
    size = chance.randint(2, 60)
    times = sorted(START + 60 * chance.randrange(DAYS * 1440) + 7 for _ in range(size))
    reports = []
    for number, at in enumerate(times):
        action, most = chance.choice((("OBSERVE", 40), ("OBSERVE", 4), ("ADD", 9), ("DELETE", 5)))
        quantity = chance.randint(0 if action == "OBSERVE" else 1, most)
        named = (
            chance.sample(range(max(0, number - 5), number + 3), chance.randint(1, 3)) if chance.random() < 0.4 else []
        )
        corrects = [f"e{each}" for each in named if each != number]
        late = chance.choice((0, 0, 0, 120)) if action == "OBSERVE" else chance.choice((0, 0, 5 * HOUR))
        when = max(START + 7, at - late)
        reports.append(report(when, f"e{number}", action, quantity, chance.choice("abc"), corrects=corrects))
    sales = []
    for number in range(chance.randint(0, 60)):
        at, site = START + 60 * chance.randrange(DAYS * 1440) + 11, chance.choice("abc")
        region = BAYI if site != "c" else GONGBU
        sales.append(records.receipt(at, number, ("potato", chance.choice((1, 3)), None), store=site, region=region))
    return sorted(sales, key=lambda each: each.time), reports


def happened(sales: Sequence[Receipt], reports: Sequence[StockReport]) -> list[by_hand.Event]:
    events, seen = [], 0
    for each in reports:
        at = int(datetime.fromisoformat(each.time).timestamp())
        seen = max(seen, at)
        quantity = round(each.lines[0].quantity * 1000)
        events.append(
            by_hand.Event(
                at, int(each.region), each.site, "potato", each.action, quantity,
                name=each.event_id, corrects=tuple(each.corrects), came=seen,
            )
        )  # fmt: skip
    for sold in sales:
        at, quantity = int(datetime.fromisoformat(sold.time).timestamp()), round(sold.lines[0].quantity * 1000)
        events.append(by_hand.Event(at, int(sold.region), sold.store, "potato", "sale", quantity))
    return events


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(0, 50))
def test_rows_equal_a_recomputation_however_cut_and_rebuilt(seed: int, size: int, killed: int) -> None:
    sales, reports = generated(seed)
    rows = run(sales, reports, size, min(killed, len(reports)))
    events = happened(sales, reports)
    assert rows
    assert {region for region, _ in rows} <= {BAYI, GONGBU, PREFECTURE}
    for (region, at), row in random.Random(seed).sample(sorted(rows.items()), min(len(rows), 5)):
        closed = datetime.fromordinal(datetime.fromtimestamp(at - 7200, records.ZONE).date().toordinal() - 1).date()
        expected = by_hand.stock(events, region, "potato", at - 1, closed)
        assert row["on_hand"] == expected.on_hand, (region, at)
        assert (row["sites_in"], row["sites_out"]) == (expected.sites_in, expected.sites_out)
        if at - 7200 - 300 > START + 86_400:  # a date was closed before the row's bucket began
            assert row["cover_days"] == pytest.approx(expected.cover_days, abs=1e-8)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_rows_of_the_warehouse_become_the_same_events_as_decoded_records(seed: int) -> None:
    sales, reports = generated(seed)
    quotes = [
        records.quote(START + 60 * n, ("potato", 4, None), ("tomato", None, n), site="ab"[n % 2]) for n in range(9)
    ]
    unsellable = [msgspec.structs.replace(each, disposition="expired") for each in reports[::3]]
    made: dict[str, Sequence[msgspec.Struct]] = {
        topics.SALES: [*sales, *sales[:3]], topics.STOCK: [*unsellable, *reports], topics.QUOTES: quotes
    }  # fmt: skip
    engine = records.engine(OPTIONS, rulebook=NO_RULES)
    for topic, events in made.items():
        for table, columns in engine.apply(records.chunk(topic, events), WALL).rows.items():
            if table in {"sales", "stock", "quotes"}:
                fast, slow = (Prefecture(PREFECTURE, engine._setup, engine._judge) for _ in range(2))
                found = replayed(table, records.stored(columns), {PREFECTURE: fast}.__getitem__, engine._setup)
                [(_, own, latest)] = arrivals(table, columns, {PREFECTURE: slow}.__getitem__, engine._setup)
                expected = own.columns()
                assert latest == max(expected["at"].tolist())
                assert found.events.keys() == expected.keys()
                for name, values in expected.items():
                    if name != "site":  # numbers of sites depend on the order in which they are first seen
                        assert found.events[name].tolist() == values.tolist(), (table, name)
                kinds = found.events.get("kind", [0] * len(found))
                assert [site_name(fast, k, s) for k, s in zip(kinds, found.events["site"], strict=True)] == [
                    site_name(slow, k, s) for k, s in zip(kinds, expected["site"], strict=True)
                ]


def site_name(place: Prefecture, kind: int, site: int) -> tuple[str, int]:
    pairs = list(place.markets.values())[kind].pairs
    return pairs.names[site], pairs.counties[site]
