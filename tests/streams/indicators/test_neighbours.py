"""A price against its neighbours' and its own past, and against a direct computation."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.indicators.neighbours import neighbours, over_own


def test_a_store_is_compared_with_the_others_only() -> None:
    price = np.array([60_000, 40_000, 42_000, 38_000, 40_000, 41_000])
    group = np.zeros(6, np.int64)
    found = neighbours(price, group, group, np.array([0]))
    assert found["over_county"].tolist() == found["over_neighbours"].tolist() == [0.5]
    assert found["neighbours"].tolist() == [5]
    assert found["neighbours_z"][0] > 3.5


def test_with_four_others_in_the_county_the_prefecture_decides() -> None:
    price = np.array([60_000, 40_000, 40_000, 40_000, 40_000, 20_000, 20_000, 20_000, 20_000, 20_000])
    county, prefecture = np.array([0] * 5 + [1] * 5), np.zeros(10, np.int64)
    found = neighbours(price, county, prefecture, np.array([0]))
    assert (found["over_county"][0], found["over_neighbours"][0], found["neighbours"][0]) == (0.5, 2.0, 9)


def test_too_few_others_or_no_price_is_undefined() -> None:
    found = neighbours(np.array([10, 20, 0]), np.zeros(3, np.int64), np.zeros(3, np.int64), np.array([0, 2]))
    assert found["over_county"][0] == -0.5
    assert np.isnan([found["over_county"][1], *found["over_neighbours"], *found["neighbours_z"]]).all()


def test_equal_neighbours_still_have_a_z() -> None:
    price = np.array([12_500, *[10_000] * 6])
    z = neighbours(price, np.zeros(7, np.int64), np.zeros(7, np.int64), np.array([0]))["neighbours_z"][0]
    assert z == pytest.approx(math.log(1.25) / (1.4826 * 0.01))


def test_own_past_needs_three_dates() -> None:
    before = np.zeros((7, 2), np.int64)
    before[:3, 0], before[:2, 1] = (100, 120, 110), 100
    assert over_own(np.array([121, 121]), before)[0] == pytest.approx(0.1)
    assert np.isnan(over_own(np.array([121, 121]), before)[1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=40))
def test_equals_a_direct_computation(sites: list[tuple[int, int]]) -> None:
    county, price = np.array(sites, np.int64).T
    found = neighbours(price, county, np.zeros(len(sites), np.int64), np.arange(len(sites)))
    for place, (home, own) in enumerate(sites):
        rest = [(where, paid) for other, (where, paid) in enumerate(sites) if other != place and paid]
        near, wide = [paid for where, paid in rest if where == home], [paid for _, paid in rest]
        chosen = near if len(near) >= 5 else wide if len(wide) >= 5 else []
        if not own or not chosen:
            assert np.isnan(found["over_neighbours"][place])
            continue
        assert found["neighbours"][place] == len(chosen)
        assert found["over_neighbours"][place] == round(own / median(chosen) - 1, 9)
        logs = [math.log(paid) for paid in chosen]
        spread = max(median(abs(each - median(logs)) for each in logs), 0.01)
        assert found["neighbours_z"][place] == pytest.approx((math.log(own) - median(logs)) / (1.4826 * spread))
