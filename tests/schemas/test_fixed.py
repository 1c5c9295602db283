"""Fixed-point numbers."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import fixed


@pytest.mark.parametrize(
    ("value", "scale", "expected"),
    [
        (9.2, fixed.PRICE, 92_000),
        (0.1, fixed.AMOUNT, 1_000),
        (2.675, fixed.QUANTITY, 2_675),
        (-3.5, fixed.AMOUNT, -35_000),
        (0, fixed.PRICE, 0),
        (0.0005, fixed.QUANTITY, 0),
        (0.0015, fixed.QUANTITY, 2),
        (12.34567, fixed.PRICE, 123_457),
    ],
)
def test_rounds_half_to_even(value: float, scale: int, expected: int) -> None:
    assert fixed.to_fixed(value, scale) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e11, -1e11, 1e300])
def test_refuses_what_is_not_finite_or_too_large(value: float) -> None:
    with pytest.raises(ValueError, match="is not a finite number below 100,000,000,000"):
        fixed.to_fixed(value, fixed.PRICE)


@given(st.integers(-(10**14), 10**14), st.sampled_from([fixed.PRICE, fixed.QUANTITY]))
def test_what_is_written_with_the_kept_decimals_comes_back_exactly(number: int, scale: int) -> None:
    assert fixed.to_fixed(float(Decimal(number) / scale), scale) == number


@given(st.decimals("-99999", "99999", places=6))
def test_more_decimals_are_rounded_to_the_nearest(value: Decimal) -> None:
    exact = value * fixed.PRICE
    rounded = fixed.to_fixed(float(value), fixed.PRICE)
    halfway = exact % 1 == Decimal("0.5")
    assert abs(rounded - exact) <= Decimal("0.5")
    assert halfway or rounded == int(exact.to_integral_value(ROUND_HALF_EVEN))


@given(st.lists(st.integers(-(10**9), 10**9).map(lambda fen: fen / 100), max_size=30))
def test_sums_do_not_depend_on_the_order(amounts: list[float]) -> None:
    whole = sum(fixed.to_fixed(amount, fixed.AMOUNT) for amount in amounts)
    assert sum(fixed.to_fixed(amount, fixed.AMOUNT) for amount in reversed(amounts)) == whole
    assert whole == sum(round(Decimal(repr(amount)) * fixed.AMOUNT) for amount in amounts)
