"""The recomputation of stock indicators itself, on cases small enough for pencil and paper."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.independent.stock import Action, Event, Stock, stock

BAYI = 540402
NYINGCHI = 540400
LAST = date(2024, 8, 7)


def at(text: str) -> int:
    return int(datetime.fromisoformat(f"2024-{text}").replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())


def event(moment: str, action: Action, quantity: int, site: str = "a") -> Event:
    return Event(at(moment), BAYI, site, "potato", action, quantity)


def on(events: list[Event], moment: str = "08-08 12:00", region: int = BAYI) -> Stock:
    return stock(events, region, "potato", at(moment), LAST)


def test_on_hand_is_the_last_count_and_what_moved_after_it() -> None:
    events = [
        event("08-08 08:00", "sale", 700),
        event("08-08 09:00", "OBSERVE", 1000),
        event("08-08 09:30", "ADD", 500),
        event("08-08 10:00", "DELETE", 200),
        event("08-08 11:00", "sale", 300),
        event("08-08 13:00", "sale", 900),
    ]
    assert on(events).on_hand == 1000
    assert on(events, region=NYINGCHI).on_hand == 1000
    assert on(events, "08-08 08:30").on_hand is None


def test_it_is_never_below_zero() -> None:
    found = on([event("08-08 09:00", "OBSERVE", 1000), event("08-08 10:00", "sale", 1200)])
    assert (found.on_hand, found.sites_out, found.in_stock_rate) == (0, 1, 0.0)


def test_sites_that_never_reported_stock_are_neither_in_nor_out() -> None:
    found = on(
        [
            event("08-08 09:00", "OBSERVE", 10),
            event("08-08 09:00", "OBSERVE", 0, "b"),
            event("08-08 09:00", "sale", 5, "c"),
        ]
    )
    assert (found.sites_in, found.sites_out, found.in_stock_rate) == (1, 1, 0.5)


def test_a_site_that_was_silent_for_28_dates_is_left_out() -> None:
    events = [event("07-12 09:00", "OBSERVE", 10), event("07-11 09:00", "OBSERVE", 10, "b")]
    assert on(events).sites_in == 1


def test_demand_and_cover() -> None:
    sales = [event(f"08-0{day} 10:30", "sale", 1000) for day in range(1, 8)]
    found = on([event("07-31 09:30", "OBSERVE", 17_000), *sales])
    assert found.demand_day == pytest.approx(1000)
    assert found.cover_days == pytest.approx(10)


def test_hours_out_of_stock_and_their_sales_are_left_out_of_demand() -> None:
    sold = [event(f"08-0{day} 08:30", "sale", 700) for day in range(1, 8)]
    empty = [event(f"08-0{day} 14:30", "OBSERVE", 0) for day in range(1, 8)]
    odd = [event(f"08-0{day} 16:30", "sale", 50) for day in range(1, 8)]
    refill = [event(f"08-0{day} 23:30", "OBSERVE", 9000) for day in range(1, 8)]
    found = on([event("07-31 09:30", "OBSERVE", 9000), *sold, *empty, *odd, *refill])
    # in stock at the starts of 8 … 14 o'clock: 7 hours a day; 4,900 in 49 hours is 100 an hour
    assert found.demand_day == pytest.approx(1400)


def test_hours_before_the_first_count_are_left_out_too() -> None:
    sales = [event(f"08-0{day} 10:30", "sale", 1000) for day in range(1, 8)]
    found = on([*sales, event("08-05 23:30", "OBSERVE", 9000)])
    assert found.demand_day == pytest.approx(1000)
    assert found.cover_days == pytest.approx(7)


def test_without_demand_cover_is_undefined() -> None:
    assert on([event("08-08 09:00", "OBSERVE", 1000)]).cover_days is None
