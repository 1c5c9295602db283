"""Substitutes: enough beyond their own need, near ones first."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.indicators.substitutes import MOST, needed, ranked, spare

NAN = math.nan
Quantity = st.one_of(st.just(NAN), st.integers(0, 400).map(float))


def test_who_keeps_enough_steps_in_near_ones_first() -> None:
    # Blue line 4 days. Sold out with a demand of 10 a day: 40 are needed.
    need = needed(0.0, 10.0, 4.0)
    assert need == 40.0
    on_hand = np.array([100.0, 60.0, 41.0, 500.0, NAN, 80.0])
    demand = np.array([10.0, 10.0, 10.0, 20.0, 1.0, NAN])
    near = np.array([True, True, True, False, True, False])
    order, gives, keeps = ranked(on_hand, demand, near, blue=4.0, need=need)
    # Spare: 60, 20, 1, 420, unknown, 80 (a depot: nobody buys there).
    assert order.tolist() == [0, 1, 2, 5, 3]
    assert gives.tolist() == [40.0, 20.0, 1.0, 40.0, 40.0]
    assert np.array_equal(keeps, [6.0, 4.0, 4.0, NAN, 23.0], equal_nan=True)


def test_without_a_known_need_all_that_is_spare_counts() -> None:
    assert math.isnan(needed(0.0, NAN, 4.0))
    order, gives, keeps = ranked(
        np.array([50.0, 90.0]), np.array([10.0, 10.0]), np.array([True, True]), blue=4.0, need=NAN
    )
    assert order.tolist() == [1, 0]
    assert gives.tolist() == [50.0, 10.0]
    assert keeps.tolist() == [4.0, 4.0]


def test_nobody_has_anything_to_spare() -> None:
    order, _, _ = ranked(np.array([40.0, NAN]), np.array([10.0, 1.0]), np.array([True, True]), blue=4.0, need=5.0)
    assert order.tolist() == []


@given(st.lists(st.tuples(Quantity, Quantity, st.booleans()), max_size=9), st.integers(0, 9), Quantity)
def test_as_a_slow_sort_says(sites: list[tuple[float, float, bool]], blue: int, need: float) -> None:
    found = []
    for place, (on_hand, demand, near) in enumerate(sites):
        surplus = on_hand - blue * (0.0 if math.isnan(demand) else demand)
        give = surplus if math.isnan(need) else min(surplus, need)
        if give > 0:
            keep = (on_hand - give) / demand if demand > 0 else math.inf
            found.append((not near, -give, -round(keep, 9), place))
    columns = [np.array([site[part] for site in sites], dtype=kind) for part, kind in enumerate((float, float, bool))]
    order, gives, _ = ranked(*columns, blue=float(blue), need=need)
    assert order.tolist() == [place for *_, place in sorted(found)][:MOST]
    assert (gives > 0).all()
    assert (gives <= spare(columns[0], columns[1], float(blue))[order]).all()
