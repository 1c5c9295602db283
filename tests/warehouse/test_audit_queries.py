"""The audit's queries, on every engine: right before merges, and copies with other content show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.warehouse import rows
from tests.warehouse.test_queries import RAW, found, picked, twice
from warehouse.engine import Engine

PLACE = {"epoch": "e1", "partition": 2}
WINDOW = {"from_offset": 0, "to_offset": 100}
AT = 1_490_000_000
BUCKET = AT // 300
SPAN = {"since": AT - AT % 300, "until": AT - AT % 300 + 600}


@pytest.mark.parametrize(("table", "make", "topic"), RAW)
def test_copies_of_one_key_and_their_contents(house: Engine, table: str, make: Any, topic: str) -> None:
    twice(house, table, make(0), make(1), make(2))
    others = [make(1, repeat=1), make(2, ingested=AT + 9), make(3), make(0, epoch="e2")]
    house.insert(table, rows.columns(others))
    answer = found(house, f"audit_copies_{table}", **PLACE, topic=topic, **WINDOW)
    assert picked(answer, "offset", "line", "copies", "contents") == [(0, 0, 2, 1), (1, 0, 3, 2), (2, 0, 3, 1)]
    assert found(house, f"audit_copies_{table}", **PLACE, topic=topic, from_offset=3, to_offset=9) == []


@pytest.mark.parametrize(("table", "make", "topic"), RAW)
def test_extents_and_what_lies_beyond_an_offset(house: Engine, table: str, make: Any, topic: str) -> None:
    twice(house, table, make(4), make(4, 1), make(7))
    extents = found(house, "audit_extents")
    assert picked(extents, "name", "epoch", "topic", "partition", "rows", "first_offset", "last_offset") == [
        (table, "e1", topic, 2, 6, 4, 7)
    ]
    beyond = found(house, "audit_beyond", **PLACE, table=table, topic=topic, from_offset=4)
    assert picked(beyond, "rows") == [(3,)]
    assert picked(found(house, "audit_newest", **PLACE, until=2**32 - 1), "at")[0][0].timestamp() == AT + 7


def test_content_tells_null_from_nothing_and_one_correction_from_two(house: Engine) -> None:
    pairs = {
        "sales": (rows.sale(1), rows.sale(1, unit_cost=0)),
        "quotes": (rows.quote(1), rows.quote(1, stock=0)),
        "stock": (rows.stock(1, corrects=["a", "b"]), rows.stock(1, corrects=["a"])),
    }
    for table, pair in pairs.items():
        for row in pair:  # new engines merge what comes in one insert
            house.insert(table, rows.columns([row]))
    for table, _, topic in RAW:
        answer = found(house, f"audit_copies_{table}", **PLACE, topic=topic, **WINDOW)
        assert picked(answer, "copies", "contents") == [(2, 2)], table


def test_sums_of_sales_count_priced_lines_once(house: Engine) -> None:
    lines = [rows.sale(0), rows.sale(1), rows.sale(2, repeat=1), rows.sale(3, priced=0), rows.sale(4, at=AT + 900)]
    twice(house, "sales", *lines)
    sums = found(house, "audit_sales_sums", **SPAN)
    assert picked(sums, "prefecture", "region", "good", "bucket", "amount", "quantity", "lines") == [
        (540400, 540402, "potato", BUCKET, 120_000, 3000, 2)
    ]
    assert picked(found(house, "audit_sales_lines", **SPAN), "bucket", "offset", "amount") == [
        (BUCKET, 0, 60_000),
        (BUCKET, 1, 60_000),
    ]


def test_buckets_are_the_newest_and_of_equal_versions_the_fuller(house: Engine) -> None:
    end = (BUCKET + 1) * 300
    for lines, version in ((1, 4), (3, 5), (2, 5)):
        house.insert("indicators", rows.columns([rows.indicator(end, lines=lines, version=version)]))
    house.insert(
        "indicators", rows.columns([rows.indicator(end + 600, lines=9), rows.indicator(end, grain="date", lines=0)])
    )
    assert picked(found(house, "audit_buckets", **SPAN), "bucket", "lines") == [(BUCKET, 3)]
    assert picked(found(house, "audit_dates", since=17246, until=17247), "region", "day", "kind") == [
        (540402, 17246, "retail")
    ]
    written = found(house, "audit_written")
    assert picked(written, "prefecture", "kind", "bucket_end", "first_day", "last_day", "dates") == [
        (540400, "retail", end + 600, 17246, 17246, 1)
    ]


def test_quotes_with_a_price_count_once(house: Engine) -> None:
    twice(house, "quotes", rows.quote(0), rows.quote(1, price=None, stock=5), rows.quote(2, repeat=1))
    answer = found(house, "audit_quotes", since=17246, until=17247)
    assert picked(answer, "site", "day", "price", "offset") == [("m1", 17246, 41_000, 0)]


def test_days_that_hold_rows(house: Engine) -> None:
    house.insert("sales", rows.columns([rows.sale(0), rows.sale(1)]))
    house.insert("quotes", rows.columns([rows.quote(0)]))
    midnight = 17_246 * 86_400
    house.insert("indicators", rows.columns([rows.indicator(midnight), rows.indicator(midnight, grain="date")]))
    assert picked(found(house, "audit_days"), "name", "day", "rows") == [
        ("5m", 17_245, 1),
        ("date", 17_246, 1),
        ("quotes", 17_246, 1),
        ("sales", AT // 86_400, 2),
    ]


def test_when_buckets_first_had_an_event(house: Engine) -> None:
    house.insert(
        "sales", rows.columns([rows.sale(5), rows.sale(3), rows.sale(9, at=AT + 3000), rows.sale(1, repeat=1)])
    )
    house.insert("stock", rows.columns([rows.stock(2, at=AT + 9000)]))
    answer = found(house, "audit_firsts", since=BUCKET, until=BUCKET + 12)
    assert picked(answer, "name", "prefecture", "bucket", "first_offset") == [
        ("sales", 540400, BUCKET, 3),
        ("sales", 540400, BUCKET + 10, 9),
        ("stock", 540400, BUCKET + 12, 2),
    ]


def test_alerts_newest_of_each_episode_and_their_numbers(house: Engine) -> None:
    twice(house, "alert_transitions", rows.transition("a", 0), rows.transition("a", 2, state="resolved"))
    house.insert("alert_transitions", rows.columns([rows.transition("a", 2, state="firing", version=0)]))
    assert picked(found(house, "audit_alerts"), "id", "seq", "state") == [("a", 2, "resolved")]
    assert picked(found(house, "audit_episodes"), "id", "first", "last", "stored") == [("a", 0, 2, 2)]


def test_dead_letters_without_their_bytes(house: Engine) -> None:
    twice(house, "dead_letters", rows.dead_letter(3), rows.dead_letter(4, stage="validate"))
    letters = found(house, "audit_letters", **PLACE, topic="pos.sales", from_offset=4, to_offset=9)
    assert picked(letters, "offset", "stage") == [(4, "validate")]
    assert picked(found(house, "audit_dead_letters", **PLACE), "topic", "offset", "stage") == [
        ("pos.sales", 3, "decode"),
        ("pos.sales", 4, "validate"),
    ]


def test_progress_and_snapshots_of_every_epoch(house: Engine) -> None:
    for epoch, offset in (("e1", 5), ("e1", 9), ("e0", 2)):
        progress = {"epoch": epoch, "topic": "clock", "partition": 1, "next_offset": offset, "at": AT}
        house.insert("ingest_progress", rows.columns([progress]))
    assert picked(found(house, "audit_progress"), "epoch", "next_offset") == [("e0", 2), ("e1", 9)]
    base = {"partition": 2, "offsets": "{}", "format": 1, "fingerprint": "f", "state": "s", "at": AT}
    slots = ({"epoch": "e1", "position": 5, "slot": 0}, {"epoch": "e0", "position": 7, "slot": 1})
    house.insert("snapshots", rows.columns([base | slot for slot in slots]))
    assert picked(found(house, "audit_snapshots"), "epoch", "partition", "position") == [("e0", 2, 7), ("e1", 2, 5)]
