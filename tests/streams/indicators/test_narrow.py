"""Narrow columns hold exactly what 64 bits would."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.indicators.civil import BUCKET, HOUR, Civil
from streams.indicators.narrow import Room, amount_of
from streams.indicators.pairs import Grown
from streams.indicators.prices import SalePrices, values_of
from streams.indicators.regions import rows_of

#: Around what 16, 32 and 64 bits hold.
NUMBERS = st.integers(-(2**40), 2**40) | st.sampled_from([2**15 - 1, 2**15, 2**31 - 1, 2**31, -(2**31) - 1, 1, -1])
ADDITIONS = st.lists(st.lists(st.tuples(st.integers(0, 3), NUMBERS), min_size=1, max_size=4), max_size=12)


@given(ADDITIONS)
def test_sums_are_those_of_64_bits(additions: list[list[tuple[int, int]]]) -> None:
    grown, expected = Grown({"sum": (np.int16, (), 0)}), np.zeros(4, np.int64)
    grown.grow(4)
    for lines in additions:
        place, value = np.array(lines, np.int64).T
        grown.add("sum", place, value)
        np.add.at(expected, place, value)
    assert grown["sum"].tolist() == expected.tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**40)), min_size=1, max_size=20))
def test_the_largest_is_kept_whatever_its_size(lines: list[tuple[int, int]]) -> None:
    grown, expected = Grown({"most": (np.int32, (), -1)}), np.full(4, -1, np.int64)
    grown.grow(4)
    for place, value in lines:
        grown.raise_to("most", np.array([place]), np.array([value]))
        expected[place] = max(expected[place], value)
    assert grown["most"].tolist() == expected.tolist()


def test_a_column_stays_narrow_as_long_as_it_can() -> None:
    grown = Grown({"sum": (np.int16, (), 0)})
    grown.grow(2)
    for _ in range(200):  # 20,000 in all, though each addition could have been to one place
        grown.add("sum", np.array([0, 1]), np.array([100, 100]))
    assert grown["sum"].dtype == np.int16
    grown.add("sum", np.array([1]), np.array([20_000]))
    assert grown["sum"].dtype == np.int64
    assert grown["sum"].tolist() == [20_000, 40_000]


def test_what_was_widened_is_wide_after_a_snapshot() -> None:
    grown, other = Grown({"sum": (np.int32, (), 0)}), Grown({"sum": (np.int32, (), 0)})
    grown.grow(1)
    grown.add("sum", np.array([0]), np.array([2**40]))
    other.load(grown.dump())
    other.add("sum", np.array([0]), np.array([1]))
    assert other["sum"].tolist() == [2**40 + 1]


def test_room_is_looked_for_again_once_values_were_written() -> None:
    room, column = Room(), np.full(1, 30_000, np.int16)
    room.forget()
    assert room.take("sum", column, 5_000).dtype == np.int64


def test_sums_of_one_place_are_bound_by_their_number() -> None:
    values = np.array([5, -7, 2])
    assert [amount_of(values), amount_of(values, 1), amount_of(values, 2)] == [14, 7, 14]


def test_prices_of_huge_sales_are_exact() -> None:
    """Amounts beyond 32 bits in one bucket; the window of an hour loses them again to the last unit."""
    prices, head = SalePrices(1, 1, Civil("Asia/Shanghai")), 1_790_000_100 // BUCKET
    rows = rows_of((1,), 1)
    prices.move(head)
    cell, huge = np.zeros(2, np.int64), 3 * 2**31
    prices.add(np.full(2, head * BUCKET), cell, np.array([huge, 10_000]), np.array([huge // 10, 1_000]))
    assert values_of([prices], rows)["amount"].tolist() == [huge + 10_000] * 2
    copy = SalePrices(1, 1, Civil("Asia/Shanghai"))
    copy.load(_unpacked(prices.dump()))
    for each in (prices, copy):
        each.move(head + 1)
        each.add(np.array([(head + 1) * BUCKET]), cell[:1], np.array([20_000]), np.array([1_000]))
        each.move(head + HOUR // BUCKET)
        assert values_of([each], rows)["vwap_1h"].tolist() == [2.0, 2.0]
        assert values_of([each], rows)["lines_24h"].tolist() == [3, 3]


def _unpacked(data: dict) -> dict:  # type: ignore[type-arg]
    rings = [{**ring, "blocks": [block.value for block in ring["blocks"]]} for ring in data["rings"]]
    return {**data, "rings": rings, "hour": data["hour"].copy(), "day": data["day"].copy()}
