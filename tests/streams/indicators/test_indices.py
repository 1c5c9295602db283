"""Price indices from sales: the formulas in small numbers, and against the sums written out."""

from __future__ import annotations

import math
from collections import defaultdict

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.indicators.indices import DAILY, STEPS, category, chained, elementary, relatives

Row = tuple[int, str, str, int, int, int]


def daily(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=DAILY, orient="row")


def sold(site: str, day: int, price: float, kilos: float = 10.0, region: int = 540402, good: str = "potato") -> Row:
    return region, site, good, day, round(price * kilos * 10_000), round(kilos * 1_000)


def test_jevons_is_the_geometric_mean_of_matched_stores() -> None:
    found = elementary(
        daily(
            sold("a", 1, 4.0), sold("a", 2, 8.0),  # twice as dear
            sold("b", 1, 6.0, 99.0), sold("b", 2, 3.0),  # half as dear; how much it sold does not matter
            sold("c", 1, 5.0), sold("d", 2, 50.0),  # one date only: not matched
        ),
        STEPS["county"],
    )  # fmt: skip
    assert found.rows() == [(540402, "potato", 2, 1.0, 2)]


def test_a_prefecture_is_the_mean_over_its_stores_not_over_its_counties() -> None:
    frame = daily(
        *(sold(site, day, 4.0) for site in ("a", "b", "c") for day in (1, 2)),
        sold("d", 1, 4.0, region=540421), sold("d", 2, 8.0, region=540421),
        sold("e", 1, 4.0, region=540102), sold("e", 2, 4.0, region=540102),
    )  # fmt: skip
    by_level = {name: elementary(frame, step).rows() for name, step in STEPS.items()}
    assert [(row[0], row[3]) for row in by_level["county"]] == [(540102, 1.0), (540402, 1.0), (540421, 2.0)]
    assert by_level["prefecture"] == [
        (540100, "potato", 2, 1.0, 1),
        (540400, "potato", 2, pytest.approx(2**0.25, abs=1e-9), 4),
    ]
    assert by_level["province"] == [(540000, "potato", 2, pytest.approx(2**0.2, abs=1e-9), 5)]


@pytest.mark.parametrize("worthless", [(0, 5_000), (-40_000, -1_000), (40_000, 0), (-40_000, 1_000)])
def test_a_date_without_a_unit_value_matches_nothing(worthless: tuple[int, int]) -> None:
    frame = daily(sold("a", 1, 4.0), (540402, "a", "potato", 2, *worthless), sold("a", 3, 4.0))
    assert relatives(frame).is_empty()


def test_laspeyres_weighs_goods_by_the_amounts_of_the_28_dates_before() -> None:
    frame = daily(
        sold("a", 0, 1.0, 999.0, good="salt"),  # 29 dates before
        sold("a", 1, 4.0, 5.0, good="salt"), sold("a", 28, 4.0, 5.0, good="salt"),  # 20 + 20
        sold("a", 28, 10.0, 1.0), sold("a", 29, 20.0, 7.0),  # weight 10, index 2; the date's own amount does not count
        sold("a", 29, 4.4, 50.0, good="salt"),  # weight 40, index 1.1
        sold("a", 29, 9.0, good="eggs"),  # no index
    )  # fmt: skip
    goods = {"salt": "food", "potato": "food", "eggs": "food"}
    assert category(frame, goods, STEPS["county"]).filter(day=29).rows() == [
        (540402, "food", 29, pytest.approx((10 * 2 + 40 * 1.1) / 50), 2, 500_000)
    ]


def test_a_chain_multiplies_and_leaves_out_dates_without_an_index() -> None:
    frame = daily(
        *(sold("a", day, price) for day, price in [(1, 4.0), (2, 5.0), (3, 6.0), (5, 9.0), (6, 4.5)]),
    )  # fmt: skip
    found = chained(elementary(frame, STEPS["county"]), ["region", "good"])
    assert [(row["day"], row["chained"]) for row in found.iter_rows(named=True)] == [
        (2, pytest.approx(125.0)),
        (3, pytest.approx(150.0)),
        (6, pytest.approx(75.0)),
    ]


def test_no_sales_give_no_index() -> None:
    assert elementary(daily(), 1).is_empty()
    assert category(daily(), {"potato": "food"}, 1).is_empty()


rows = st.lists(
    st.tuples(
        st.sampled_from([540402, 540421, 540502, 510104]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["potato", "salt", "tea"]),
        st.integers(0, 33),
        st.integers(-50_000, 900_000),
        st.integers(-1_000, 90_000),
    ),
    max_size=120,
    unique_by=lambda row: row[:4],
)


@settings(max_examples=60, deadline=None)
@given(rows, st.sampled_from(sorted(STEPS.values())))
def test_indices_equal_the_sums_written_out(given_rows: list[Row], step: int) -> None:
    frame = daily(*given_rows)
    wanted = _slow_elementary(given_rows, step)
    found = {row[:3]: row[3:] for row in elementary(frame, step).iter_rows()}
    assert found == {key: (pytest.approx(value, abs=2e-9), stores) for key, (value, stores) in wanted.items()}
    goods = {"potato": "fresh", "salt": "dry", "tea": "dry"}
    classes = {row[:3]: row[3:] for row in category(frame, goods, step).iter_rows()}
    assert classes == _slow_category(given_rows, wanted, goods, step)


def _slow_elementary(given_rows: list[Row], step: int) -> dict[tuple[int, str, int], tuple[float, int]]:
    value = {row[:4]: row[4] / row[5] for row in given_rows if row[4] > 0 and row[5] > 0}
    logs = defaultdict(list)
    for (region, site, good, day), price in value.items():
        earlier = value.get((region, site, good, day - 1))
        if earlier is not None:
            logs[region // step * step, good, day].append(math.log(price / earlier))
    return {key: (math.exp(math.fsum(each) / len(each)), len(each)) for key, each in logs.items()}


def _slow_category(
    given_rows: list[Row],
    indices: dict[tuple[int, str, int], tuple[float, int]],
    goods: dict[str, str],
    step: int,
) -> dict[tuple[int, str, int], tuple[object, int, int]]:
    parts = defaultdict(list)
    for (region, good, day), (index, _) in indices.items():
        weight = sum(
            row[4]
            for row in given_rows
            if row[0] // step * step == region and row[2] == good and day - 28 <= row[3] <= day - 1
        )
        if weight > 0:
            parts[region, goods[good], day].append((weight, index))
    return {
        key: (
            pytest.approx(sum(weight * index for weight, index in each) / sum(weight for weight, _ in each), abs=5e-9),
            len(each),
            sum(weight for weight, _ in each),
        )
        for key, each in parts.items()
    }
