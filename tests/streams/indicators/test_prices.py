"""Prices from sales: windows that slide, baselines of seven dates."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.indicators.civil import BUCKET, DAY, Civil
from streams.indicators.prices import SalePrices, together, values_of
from streams.indicators.regions import rows_of

CIVIL = Civil("Asia/Shanghai")
START = CIVIL.midnight(CIVIL.day(1_790_000_000))
FIRST = START // BUCKET


def prices(counties: int = 1, goods: int = 1) -> SalePrices:
    made = SalePrices(counties, goods, CIVIL)
    made.move(FIRST)
    return made


def sell(made: SalePrices, bucket: int, amount: int, quantity: int, cell: int = 0) -> None:
    made.move(bucket)
    made.add(*(np.array([each]) for each in (bucket * BUCKET, cell, amount, quantity)))


def values(made: SalePrices) -> dict[str, Any]:
    return values_of([made], rows_of((made.cells // made.goods,), made.goods))


def test_unit_value_is_amount_over_quantity() -> None:
    made = prices()
    sell(made, FIRST, 100_000, 2_000)  # 10 CNY for 2 kg
    assert values(made)["vwap_24h"].tolist() == [5.0, 5.0]


def test_a_return_subtracts_and_nothing_left_has_no_price() -> None:
    made = prices()
    sell(made, FIRST, 100_000, 2_000)
    sell(made, FIRST, -100_000, -2_000)
    assert np.isnan(values(made)["vwap_24h"]).all()


def test_a_bucket_leaves_the_window_after_24_hours() -> None:
    made = prices()
    sell(made, FIRST, 100_000, 2_000)
    made.move(FIRST + 287)
    assert values(made)["vwap_24h"][0] == 5.0
    made.move(FIRST + 288)
    assert np.isnan(values(made)["vwap_24h"][0])
    assert made.idle()


def test_the_prefecture_pools_its_counties() -> None:
    made = prices(counties=2, goods=2)
    sell(made, FIRST, 100_000, 1_000, cell=0)  # county 0, good 0: 10 CNY
    sell(made, FIRST, 20_000, 1_000, cell=2)  # county 1, good 0: 2 CNY
    assert values(made)["vwap_24h"][[0, 2, 4]].tolist() == [10.0, 2.0, 6.0]


def test_the_baseline_needs_three_of_seven_dates() -> None:
    made = prices()
    for date, price in enumerate((4, 6, 5)):
        assert np.isnan(values(made)["baseline_24h"][0])
        sell(made, FIRST + date * 288, price * 10_000, 1_000)
    sell(made, FIRST + 3 * 288, 75_000, 1_000)
    found = values(made)
    assert found["baseline_24h"][0] == 5.0
    assert found["spike_24h"][0] == 0.5


lines = st.lists(
    st.tuples(st.integers(0, 3 * 288), st.integers(0, 3), st.integers(-50_000, 90_000), st.integers(-900, 4_000)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(lines)
def test_windows_equal_sums_over_all_lines_also_when_lines_come_late(drawn: list[tuple[int, int, int, int]]) -> None:
    made = prices(counties=2, goods=2)
    head = 0
    for bucket, *_ in drawn:
        head = max(head, bucket)
    for bucket, cell, amount, quantity in drawn:
        made.move(max(made.head, FIRST + bucket))
        made.add(*(np.array([each]) for each in ((FIRST + bucket) * BUCKET, cell, amount, quantity)))
    found = values(made)
    for cell in range(4):
        for length, name in ((12, "1h"), (288, "24h")):
            inside = [each for each in drawn if each[1] == cell and head - length < each[0] <= head]
            amount, quantity = (sum(each[part] for each in inside) for part in (2, 3))
            expected = amount / (quantity * 10) if quantity > 0 else None
            vwap = found[f"vwap_{name}"][cell]
            assert (None if np.isnan(vwap) else vwap) == expected
            assert found[f"lines_{name}"][cell] == len(inside)


@settings(max_examples=30, deadline=None)
@given(lines)
def test_history_repeats_what_values_said(drawn: list[tuple[int, int, int, int]]) -> None:
    made = prices(counties=2, goods=2)
    said = {}
    for bucket, cell, amount, quantity in sorted(drawn):
        sell(made, FIRST + bucket, amount, quantity, cell)
        said[made.head] = values(made)
    oldest = max(FIRST, made.head - 100)
    history = made.history(np.array([1]), range(oldest, made.head + 1))
    for bucket, expected in said.items():
        if bucket >= oldest:
            for name, each in history.items():
                found, then = each[bucket - oldest].ravel(), expected[name][[1, 3, 5]]
                assert np.array_equal(found, then, equal_nan=True), name


def test_a_day_is_86400_seconds() -> None:
    assert CIVIL.midnight(CIVIL.day(START) + 1) - START == DAY


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(-(10**15), 10**15)), min_size=1))
def test_lines_of_one_bucket_and_cell_are_one_sum_to_the_last_digit(lines: list[tuple[int, int, int]]) -> None:
    expected: dict[tuple[int, int], list[int]] = {}
    for bucket, cell, amount in lines:
        total = expected.setdefault((bucket, cell), [0, 0, 0])
        total[:] = [total[0] + amount, total[1] + 1 - amount, total[2] + 1]
    columns = [np.array(column, np.int64) for column in zip(*lines, strict=True)]
    buckets, cells, sums = together(columns[0], columns[1], columns[2], 1 - columns[2], 2)
    found: dict[tuple[int, int], list[int]] = {}
    for bucket, cell, *each in zip(*(column.tolist() for column in (buckets, cells, *sums)), strict=True):
        known = found.get((bucket, cell), [0, 0, 0])
        found[bucket, cell] = [left + right for left, right in zip(known, each, strict=True)]
    assert found == expected
