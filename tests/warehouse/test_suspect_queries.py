"""Queries about quotes that were held back, on every engine."""

from __future__ import annotations

from tests.warehouse import rows
from tests.warehouse.test_queries import found, picked, twice
from warehouse.engine import Engine


def test_suspect_quotes_are_told_by_their_newest_version_and_with_the_event_that_brought_them(house: Engine) -> None:
    twice(house, "quotes", rows.quote(0, price=410_000), rows.quote(1, price=41_000))
    twice(house, "quotes", rows.quote(9, at=1_490_000_000, price=410_000, event_id="by hand", confirms=["q0"]))
    twice(house, "quote_suspects", rows.suspect("a"), rows.suspect("b", site="m2", version=2, decided=1_490_000_120))
    twice(house, "quote_suspects", rows.suspect("a", state="confirmed", version=3, decided=1_490_000_090))
    told = found(house, "quote_suspects")
    assert picked(told, "id", "state", "event_id", "sender") == [
        ("b", "waiting", "", ""),
        ("a", "confirmed", "q0", "bureau"),
    ]
    assert picked(found(house, "quote_suspects", limit=1), "id") == [("b",)]


def test_suspect_quotes_are_narrowed_down(house: Engine) -> None:
    other = {"region": 540521, "site": "m2", "good": "eggs", "kind": "wholesale", "business_date": 17247}
    twice(house, "quote_suspects", rows.suspect("a"), rows.suspect("b", state="expired", **other))
    asked = (
        {"id": "b"}, {"state": "expired"}, {"region": 540521}, {"prefecture": 540500}, {"site": "m2"},
        {"good": "eggs"}, {"kind": "wholesale"}, {"date": 17247},
    )  # fmt: skip
    for each in asked:
        assert picked(found(house, "quote_suspects", **each), "id") == [("b",)], each


def test_the_quotes_of_a_date_come_as_they_count(house: Engine) -> None:
    late, stock = rows.quote(3, at=1_489_999_000, price=5), rows.quote(4, price=None, stock=5)
    twice(house, "quotes", rows.quote(1, price=1, corrects=["q0"]), late, stock, rows.quote(5, price=9, repeat=1))
    twice(house, "quotes", rows.quote(2, price=2, kind="wholesale"), rows.quote(6, price=3, business_date=17247))
    where = {"site": "m1", "good": "potato", "date": 17246}
    assert picked(found(house, "quotes_of_date", **where), "price") == [(5,), (1,), (2,)]
    assert picked(found(house, "quotes_of_date", **where, kind="retail", region=540402), "price", "corrects") == [
        (5, []),
        (1, ["q0"]),
    ]
