"""On-hand, demand from in-stock hours, cover: each rule once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.opening import Week
from streams.indicators.civil import HOUR, Civil
from streams.indicators.counts import NAMELESS, UNKNOWN
from streams.indicators.hours import Hours
from streams.indicators.movements import Movements
from streams.indicators.outages import Outages
from streams.indicators.pairs import Pairs
from streams.indicators.stock import Shelf

CIVIL = Civil("Asia/Shanghai")
DAY = CIVIL.day(1_790_000_000)
START = CIVIL.midnight(DAY)
KILO = 1_000


class Shop:
    """One site with one good."""

    def __init__(self, counts_kept: int = 4) -> None:
        self.pairs = Pairs(1, 1)
        self.pairs.site("a", 0)
        self.pair = int(self.pairs.of(np.array([0]), np.array([0]))[0])
        self.shelf = Shelf(self.pairs, CIVIL, Hours(self.pairs, Week.daily(8, 22)), 28, counts_kept=counts_kept)

    def sell(self, at: int, quantity: int) -> None:
        pair, moment, sold = (np.array([each]) for each in (self.pair, at, quantity))
        self.shelf.sell(pair, moment, sold, np.array([True]), deplete=True)

    def count(self, at: int, quantity: int, event: int = NAMELESS) -> None:
        self.shelf.report(*(np.array([each]) for each in (self.pair, at, quantity, event)))

    def receive(self, at: int, quantity: int, event: int = NAMELESS) -> None:
        self.shelf.receive(*(np.array([each]) for each in (self.pair, at, quantity, event)))

    def withdraw(self, *events: int) -> list[int]:
        pairs: list[int] = self.shelf.withdraw(np.array(events)).tolist()
        return pairs

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
    shop.count(START + 60, 10 * KILO)
    shop.sell(START + 120, 4 * KILO)
    shop.receive(START + 180, 2 * KILO)
    assert shop.left == 8 * KILO


def test_a_count_that_arrives_late_is_followed_by_what_came_after_it() -> None:
    shop = Shop()
    shop.count(START, 50 * KILO)
    shop.sell(START + 120, 4 * KILO)
    shop.sell(START + 240, KILO)
    shop.count(START + 180, 10 * KILO)
    assert shop.left == 9 * KILO


def test_stock_is_never_below_zero() -> None:
    shop = Shop()
    shop.count(START, KILO)
    shop.sell(START + 60, 2 * KILO)
    assert shop.left == 0
    assert (shop.shelf.values(DAY)["sites_in"][0], shop.shelf.values(DAY)["sites_out"][0]) == (0, 1)


def test_an_hour_that_began_out_of_stock_counts_neither_in_hours_nor_in_sales() -> None:
    """10 kg in the one open hour with stock: demand is 10 kg an hour, 140 kg a day of 14 hours."""
    shop = Shop()
    shop.shelf.move(START + 7 * HOUR)
    shop.count(START + 7 * HOUR, 10 * KILO)
    shop.shelf.move(START + 8 * HOUR)
    shop.sell(START + 8 * HOUR + 600, 10 * KILO)
    shop.shelf.move(START + 9 * HOUR)  # out at 9 o'clock
    shop.sell(START + 9 * HOUR + 600, 99 * KILO)
    shop.shelf.move(START + 26 * HOUR)
    shop.shelf.close(DAY)
    shop.count(START + 26 * HOUR, 70 * KILO)
    values = shop.shelf.values(DAY + 1)
    assert values["demand_day"][0] == 140.0
    assert values["cover_days"][0] == 0.5


def test_without_demand_cover_is_undefined() -> None:
    shop = Shop()
    shop.count(START, 10 * KILO)
    shop.shelf.move(START + 26 * HOUR)
    shop.shelf.close(DAY)
    assert math.isnan(shop.shelf.values(DAY + 1)["cover_days"][0])


def test_a_site_lists_a_good_for_28_dates() -> None:
    shop = Shop()
    shop.count(START, KILO)
    assert shop.shelf.values(DAY + 27)["sites_in"][0] == 1
    assert shop.shelf.values(DAY + 28)["sites_in"][0] == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.integers(-9, 9)), min_size=1))
def test_movements_after_a_moment_are_summed_whatever_their_order(drawn: list[tuple[int, int, int]]) -> None:
    moved = Movements()
    for columns in drawn:
        moved.add(*(np.array([each]) for each in columns))
    for pair in range(4):
        for moment in (-1, 10, 49):
            expected = sum(each[2] for each in drawn if each[0] == pair and each[1] > moment)
            assert moved.after(pair, moment) == expected


def test_a_withdrawn_count_leaves_the_one_before_and_all_that_moved_since() -> None:
    shop = Shop()
    shop.count(START, 50 * KILO, event=1)
    shop.sell(START + 60, 5 * KILO)
    shop.count(START + 120, 7 * KILO, event=2)
    shop.sell(START + 180, 2 * KILO)
    assert shop.left == 5 * KILO
    assert shop.withdraw(2) == [shop.pair]
    assert shop.left == 43 * KILO
    shop.withdraw(1)
    assert shop.left == UNKNOWN


def test_a_withdrawn_delivery_is_taken_off_again() -> None:
    shop = Shop()
    shop.count(START, 50 * KILO)
    shop.receive(START + 60, 5 * KILO, event=3)
    shop.receive(START + 60, -2 * KILO, event=4)
    shop.withdraw(3)
    assert shop.left == 48 * KILO
    shop.count(START + 120, 10 * KILO)
    shop.withdraw(4)
    assert shop.left == 10 * KILO, "the count came after it and knew of it"


def test_what_is_named_before_it_comes_has_no_effect_for_seven_dates() -> None:
    shop = Shop()
    shop.shelf.move(START)
    assert shop.withdraw(5, 6) == []
    shop.count(START + 60, 9 * KILO, event=5)
    assert shop.left == UNKNOWN
    shop.shelf.move(CIVIL.midnight(DAY + 8))
    shop.shelf.close(DAY + 7)
    shop.count(CIVIL.midnight(DAY + 8), 8 * KILO, event=6)
    assert shop.left == 8 * KILO


#: (kind, minute, quantity): a count, a delivery, a sale, or the event of a number withdrawn.
HAPPENED = st.tuples(st.sampled_from("cccdsw"), st.integers(0, 8), st.integers(0, 9))


@given(st.lists(HAPPENED, max_size=14))
def test_any_order_of_counts_movements_and_withdrawals_equals_replaying_what_stands(
    drawn: list[tuple[str, int, int]],
) -> None:
    """Counts may be up to eight minutes late; all counts are kept."""
    shop = Shop(counts_kept=14)
    for number, (kind, minute, quantity) in enumerate(drawn, start=1):
        at = START + 60 * minute
        if kind == "c":
            shop.count(at, quantity * KILO, event=number)
        elif kind == "d":
            shop.receive(at, quantity * KILO, event=number)
        elif kind == "s":
            shop.sell(at, quantity * KILO)
        else:
            shop.withdraw(quantity)
    gone = {quantity for kind, _, quantity in drawn if kind == "w"}
    stands = [
        (minute, n, kind, q) for n, (kind, minute, q) in enumerate(drawn, start=1) if n not in gone or kind == "s"
    ]
    counts = [each for each in stands if each[2] == "c"]
    expected = UNKNOWN
    if counts:
        last = max(counts)
        moved = sum(q if kind == "d" else -q for minute, _, kind, q in stands if kind in "ds" and minute > last[0])
        expected = max(0, last[3] + moved) * KILO
    assert shop.left == expected


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


def test_sums_have_the_same_last_digits_whoever_came_first() -> None:
    """Floats do not add up to the same in another order: 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1."""
    sold = {f"site-{number:02d}": 1 + 37 * number % 101 for number in range(40)}
    published = set()
    for step in (1, 3, 7, 39):  # each goes through all forty
        names = [f"site-{number * step % 40:02d}" for number in range(40)]
        published.add(str(demand_of(names, sold)))
    assert len(published) == 1


def demand_of(names: list[str], sold: dict[str, int]) -> list[float]:
    """Return the demand a day of the county and its prefecture when sites came in the order of ``names``."""
    pairs = Pairs(1, 1)
    site = np.array([pairs.site(name, 0) for name in names])
    shelf = Shelf(pairs, CIVIL, Hours(pairs, Week.daily(8, 22)), 28)
    pair = np.concatenate([pairs.of(each, np.zeros(1, np.int64)) for each in np.split(site, len(site))])
    quantity = np.array([sold[name] for name in names])
    shelf.report(pair, np.full(len(pair), START), 10**6 + 0 * quantity, 0 * quantity)
    for hour in (8, 14):  # seven hours in stock, whose fractions no float holds
        shelf.move(START + hour * HOUR)
    shelf.sell(pair, np.full(len(pair), START + 14 * HOUR + 1), quantity, quantity > 0, deplete=True)
    shelf.close(DAY)
    demand: list[float] = shelf.values(DAY)["demand_day"].tolist()
    return demand
