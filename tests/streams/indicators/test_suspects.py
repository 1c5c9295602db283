"""Which quotes are suspect: unit slips and absurd values. Prices are in 1/10,000 CNY."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.indicators.suspects import Limits, Suspicion, confirms, far_from_own, near_own, suspicion

LIMITS = Limits()
#: A site that has asked 7 yuan for a week, and four others that ask about the same.
OWN = [70_000] * 7
OTHERS = [68_000, 70_000, 71_000, 74_000]


def judged(price: int, own: list[int] = OWN, others: list[int] = OTHERS, last: int | None = None) -> Suspicion | None:
    newest = last if last is not None else next((each for each in own if each), 0)
    before = np.array([*own, *[0] * (7 - len(own))], np.int64)
    return suspicion(price, newest, before, np.array(others, np.int64), LIMITS)


@pytest.mark.parametrize("slip", [2, 1 / 2, 10, 1 / 10, 100, 1 / 100, 500, 1 / 500, 1000, 1 / 1000])
def test_a_unit_slip_against_itself_and_the_county_is_suspect(slip: float) -> None:
    found = judged(round(70_000 * slip))
    assert found is not None
    assert found.slip == pytest.approx(slip)
    assert (found.own, found.county, found.others) == (70_000, 70_500.0, 4)


@pytest.mark.parametrize(("price", "suspect"), [(132_999, False), (134_000, True), (147_000, True), (147_001, False)])
def test_a_slip_is_within_5_percent_of_both(price: int, suspect: bool) -> None:
    """Twice 70,000 is met from 133,000 to 147,000, twice the county's 70,500 from 133,950 to 148,050."""
    found = judged(price, own=[70_000, 0, 0, 0, 0, 0, 0])
    assert (found is not None) == suspect


def test_another_slip_against_the_county_is_none() -> None:
    """Ten times its own price and twice its neighbours': the site was too cheap before."""
    assert judged(140_000, own=[14_000], others=[70_000] * 4) is None


def test_a_rise_that_the_others_share_is_not_suspect() -> None:
    assert judged(140_000, others=[139_000, 140_000, 142_000, 70_000]) is None


def test_a_price_that_is_far_from_both_is_absurd_without_being_a_slip() -> None:
    found = judged(300_000)
    assert found is not None
    assert math.isnan(found.slip)
    assert found.own_z == pytest.approx(math.log(300 / 70) / (1.4826 * 0.05))
    assert found.county_z > 8


def test_a_site_that_repeats_its_price_may_raise_it_by_four_fifths() -> None:
    assert judged(126_000) is None
    assert judged(128_000) is not None


def test_a_wide_spread_needs_a_wider_jump() -> None:
    """Others between 3 and 16 yuan: MAD of logs 0.8, so eight z are a factor of 13,000."""
    assert judged(300_000, others=[30_000, 40_000, 120_000, 160_000]) is None


def test_a_price_far_from_the_county_alone_is_not_suspect() -> None:
    """A dear shop that has always been dear."""
    assert judged(700_000, own=[690_000] * 7) is None


def test_without_a_price_of_its_own_or_another_site_nothing_is_suspect() -> None:
    assert judged(700_000, own=[]) is None
    assert judged(700_000, others=[]) is None


def test_a_slip_needs_one_own_price_and_one_other_site() -> None:
    found = judged(700_000, own=[70_000], others=[70_000])
    assert found is not None
    assert math.isnan(found.own_z)
    assert math.isnan(found.county_z)


def test_the_absurd_needs_three_prices_of_either() -> None:
    assert judged(300_000, own=[70_000] * 2) is None
    assert judged(300_000, others=[70_000] * 2) is None
    assert judged(300_000, own=[70_000] * 3, others=[70_000] * 3) is not None


def test_its_last_price_decides_on_a_slip_not_the_dates_before() -> None:
    """It asked 70 yuan once: 700 is ten times that, and a hundred times the county."""
    assert judged(7_000_000, own=[70_000], others=[70_000], last=700_000) is None


@pytest.mark.parametrize(("price", "confirmed"), [(665_000, True), (735_000, True), (664_999, False), (735_001, False)])
def test_a_price_within_5_percent_confirms(price: int, confirmed: bool) -> None:
    assert confirms(price, 700_000, LIMITS) == confirmed


@given(st.integers(1, 400), st.lists(st.integers(0, 400), min_size=8, max_size=8))
def test_the_quick_look_spares_nothing_that_is_far(price: int, prices: list[int]) -> None:
    own, paid = np.array(prices, np.int64)[:, None], np.array([price], np.int64)
    last = next((each for each in prices if each), 0)
    far, _, _ = far_from_own(paid, np.array([last], np.int64), own[1:], LIMITS)
    assert not (near_own(paid, own, LIMITS)[0] and far[0])
