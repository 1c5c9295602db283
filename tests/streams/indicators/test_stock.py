"""On-hand, demand from in-stock hours, cover: each rule once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.indicators.civil import HOUR, Civil
from streams.indicators.movements import Movements
from streams.indicators.outages import Outages
from streams.indicators.pairs import Pairs
from streams.indicators.stock import UNKNOWN, Shelf

CIVIL = Civil("Asia/Shanghai")
DAY = CIVIL.day(1_790_000_000)
START = CIVIL.midnight(DAY)
KILO = 1_000


class Shop:
    """One site with one good."""

    def __init__(self) -> None:
        self.pairs = Pairs(1, 1)
        self.pairs.site("a", 0)
        self.pair = int(self.pairs.of(np.array([0]), np.array([0]))[0])
        self.shelf = Shelf(self.pairs, CIVIL, (8, 22), 28)

    def sell(self, at: int, quantity: int) -> None:
        pair, moment, sold = (np.array([each]) for each in (self.pair, at, quantity))
        self.shelf.sell(pair, moment, sold, np.array([True]), deplete=True)

    @property
    def left(self) -> int:
        return int(self.shelf.on_hand()[0])


def test_stock_is_unknown_before_the_first_count() -> None:
    shop = Shop()
    shop.sell(START, KILO)
    assert shop.left == UNKNOWN
    assert math.isnan(shop.shelf.values(DAY)["on_hand"][0])


def test_what_moved_after_a_count_changes_it_and_what_moved_before_does_not() -> None:
    shop = Shop()
    shop.sell(START, 3 * KILO)
    shop.shelf.count(shop.pair, START + 60, 10 * KILO)
    shop.sell(START + 120, 4 * KILO)
    shop.shelf.receive(shop.pair, START + 180, 2 * KILO)
    assert shop.left == 8 * KILO


def test_a_count_that_arrives_late_is_followed_by_what_came_after_it() -> None:
    shop = Shop()
    shop.shelf.count(shop.pair, START, 50 * KILO)
    shop.sell(START + 120, 4 * KILO)
    shop.sell(START + 240, KILO)
    shop.shelf.count(shop.pair, START + 180, 10 * KILO)
    assert shop.left == 9 * KILO


def test_stock_is_never_below_zero() -> None:
    shop = Shop()
    shop.shelf.count(shop.pair, START, KILO)
    shop.sell(START + 60, 2 * KILO)
    assert shop.left == 0
    assert (shop.shelf.values(DAY)["sites_in"][0], shop.shelf.values(DAY)["sites_out"][0]) == (0, 1)


def test_an_hour_that_began_out_of_stock_counts_neither_in_hours_nor_in_sales() -> None:
    """10 kg in the one open hour with stock: demand is 10 kg an hour, 140 kg a day of 14 hours."""
    shop = Shop()
    shop.shelf.move(START + 7 * HOUR)
    shop.shelf.count(shop.pair, START + 7 * HOUR, 10 * KILO)
    shop.shelf.move(START + 8 * HOUR)
    shop.sell(START + 8 * HOUR + 600, 10 * KILO)
    shop.shelf.move(START + 9 * HOUR)  # out at 9 o'clock
    shop.sell(START + 9 * HOUR + 600, 99 * KILO)
    shop.shelf.move(START + 26 * HOUR)
    shop.shelf.close(DAY)
    shop.shelf.count(shop.pair, START + 26 * HOUR, 70 * KILO)
    values = shop.shelf.values(DAY + 1)
    assert values["demand_day"][0] == 140.0
    assert values["cover_days"][0] == 0.5


def test_without_demand_cover_is_undefined() -> None:
    shop = Shop()
    shop.shelf.count(shop.pair, START, 10 * KILO)
    shop.shelf.move(START + 26 * HOUR)
    shop.shelf.close(DAY)
    assert math.isnan(shop.shelf.values(DAY + 1)["cover_days"][0])


def test_a_site_lists_a_good_for_28_dates() -> None:
    shop = Shop()
    shop.shelf.count(shop.pair, START, KILO)
    assert shop.shelf.values(DAY + 27)["sites_in"][0] == 1
    assert shop.shelf.values(DAY + 28)["sites_in"][0] == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(-9, 9), st.booleans()), min_size=1))
def test_movements_after_a_moment_are_summed_whatever_their_order(
    drawn: list[tuple[int, int, int, bool]],
) -> None:
    moved = Movements()
    for pair, at, quantity, single in drawn:
        if single:
            moved.add(pair, at, quantity)
        else:
            moved.add_many(np.array([pair]), np.array([at]), np.array([quantity]))
    for pair in range(4):
        for moment in (-1, 10, 49):
            expected = sum(each[2] for each in drawn if each[0] == pair and each[1] > moment)
            assert moved.after(pair, moment) == expected


def stock(sites_in: int, sites_out: int) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return {"sites_in": np.array([sites_in]), "sites_out": np.array([sites_out])}


@pytest.mark.parametrize(
    ("dates", "out_days", "intermittent"),
    [
        ([(0, 2)], 1, True),
        ([(0, 2), (0, 2), (0, 2)], 3, False),
        ([(0, 2), (2, 0)], 0, True),
        ([(1, 2), (2, 0), (1, 2)], 0, True),
        ([(1, 2), (2, 0)], 0, False),
        ([(0, 2), (0, 0)], 0, False),
        ([(0, 2), *[(2, 0)] * 7], 0, False),
    ],
    ids=["out", "out three dates", "back again", "two dates short", "one date short", "nobody reports", "a week ago"],
)
def test_days_out_and_intermittent_supply(dates: list[tuple[int, int]], out_days: int, intermittent: bool) -> None:
    outages, values = Outages(1), {}
    for day, (sites_in, sites_out) in enumerate(dates):
        values = outages.values(day, stock(sites_in, sites_out))
        outages.close(day, stock(sites_in, sites_out))
    assert (values["out_days"][0], bool(values["intermittent"][0])) == (out_days, intermittent)
