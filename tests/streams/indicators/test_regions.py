"""Rows of several prefectures end to end are those of each alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.indicators.prices import with_prefecture
from streams.indicators.regions import Rows

COUNTIES = st.lists(st.integers(1, 5), min_size=1, max_size=6).map(tuple)


@given(COUNTIES, st.integers(1, 4), st.integers(0, 2**32))
def test_sums_are_those_of_each_prefecture_alone(counties: tuple[int, ...], goods: int, seed: int) -> None:
    rows = Rows(counties, goods)
    cells = np.random.default_rng(seed).integers(-(10**12), 10**12, (2, 3, rows.cells))
    bounds = [*rows.first_cells.tolist(), rows.cells]
    alone = [with_prefecture(cells[..., first:end], goods) for first, end in pairwise(bounds)]
    summed = rows.summed(cells)
    assert np.array_equal(summed, np.concatenate(alone, axis=-1))
    for found, expected in zip(rows.divided(summed[1, 2]), alone, strict=True):
        assert np.array_equal(found, expected[1, 2])


@given(COUNTIES, st.integers(1, 4))
def test_a_number_of_each_prefecture_stands_in_all_its_rows(counties: tuple[int, ...], goods: int) -> None:
    rows = Rows(counties, goods)
    found = rows.divided(rows.repeated(range(len(counties))))
    assert [each.tolist() for each in found] == [[own] * (size + 1) * goods for own, size in enumerate(counties)]


def test_what_is_divided_keeps_nothing_of_the_others() -> None:
    rows = Rows((2, 1), 1)
    column = rows.summed(np.arange(3))
    parts = rows.divided(column)
    assert all(each.base is None for each in parts)
    column[:] = 9
    assert [each.tolist() for each in parts] == [[0, 1, 1], [2, 2]]
