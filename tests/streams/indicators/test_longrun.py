"""ALPS and IFPA: a small case each, and slow direct computations on generated series."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.indicators.longrun import alps, alps_class, growth, ifpa, ifpa_class, standardised

SEASON = [0.0, 1.0, 2.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -2.0, -1.0]
series = st.lists(st.floats(1, 50).map(lambda value: round(value, 2)), min_size=40, max_size=75)


def test_alps_is_the_distance_from_trend_and_season_in_deviations() -> None:
    calm = np.array([10 + 0.1 * month + SEASON[month % 12] for month in range(48)])
    spiked = calm.copy()
    spiked[40] += 4
    found = alps(spiked)
    assert np.argmax(found) == 40
    assert found[40] > 2
    assert np.std(found, ddof=1) == pytest.approx(1)


def test_a_series_that_follows_its_season_has_no_deviation_to_measure_with() -> None:
    assert np.isnan(alps(np.array([10 + SEASON[month % 12] for month in range(48)]))).all()


def test_alps_needs_three_years() -> None:
    assert np.isnan(alps(np.arange(1.0, 36.0))).all()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (-3, "normal"),
        (0.25, "normal"),
        (0.26, "stress"),
        (1, "stress"),
        (1.01, "alert"),
        (2, "alert"),
        (2.01, "crisis"),
    ],
)
def test_alps_classes(value: float, name: str) -> None:
    assert alps_class(value) == name
    assert alps_class(math.nan) is None


@given(series, st.sets(st.integers(0, 39), max_size=3))
@settings(max_examples=30, deadline=None)
def test_alps_equals_the_normal_equations(prices: list[float], missing: set[int]) -> None:
    """The same fit by solving X'X b = X'y in exact order, month by month."""
    given_months = [month for month in range(len(prices)) if month not in missing]
    rows = [[float(month), *(1.0 if month % 12 == each else 0.0 for each in range(12))] for month in given_months]
    y = [prices[month] for month in given_months]
    solved = np.linalg.solve(np.array(rows).T @ np.array(rows), np.array(rows).T @ np.array(y))
    apart = [value - float(np.dot(row, solved)) for row, value in zip(rows, y, strict=True)]
    deviation = math.sqrt(sum((each - sum(apart) / len(apart)) ** 2 for each in apart) / (len(apart) - 1))
    array = np.array([math.nan if month in missing else price for month, price in enumerate(prices)])
    found = alps(array)
    assert [month for month in range(len(prices)) if not math.isnan(found[month])] == (
        given_months if deviation > 1e-9 else []
    )
    if deviation > 1e-9:
        assert found[given_months] == pytest.approx([each / deviation for each in apart], abs=1e-6)


def test_growth_compounds_a_month() -> None:
    found = growth(np.array([8.0, 1.0, 1.0, 27.0]), 3)
    assert found[3] == pytest.approx(0.5)
    assert np.isnan(found[:3]).all()


def test_standardised_weights_recent_years_more() -> None:
    rates = np.full(37, np.nan)
    rates[[0, 12, 24, 36]] = 0.0, 0.03, 0.06, 0.10
    # weights 1, 2, 3: mean 0.04; variance (1×.0016 + 2×.0001 + 3×.0004) / (6 × 2/3) = 0.00075
    assert standardised(rates)[36] == pytest.approx(0.06 / math.sqrt(0.00075))
    assert np.isnan(standardised(rates)[12]), "one earlier year has no spread"


@pytest.mark.parametrize(
    ("value", "name"), [(0.49, "normal"), (0.5, "moderately high"), (0.99, "moderately high"), (1.0, "abnormally high")]
)
def test_ifpa_classes(value: float, name: str) -> None:
    assert ifpa_class(value) == name
    assert ifpa_class(math.nan) is None


@given(series)
@settings(max_examples=30, deadline=None)
def test_ifpa_equals_the_formula_written_out(prices: list[float]) -> None:
    found = ifpa(np.array(prices))
    for month in range(len(prices)):
        expected = _slow_ifpa(prices, month)
        if expected is None:
            assert math.isnan(found[month])
        else:
            assert found[month] == pytest.approx(expected, rel=1e-6, abs=1e-6)


def _slow_ifpa(prices: list[float], month: int) -> float | None:
    parts = [_slow_score(prices, month, span) for span in (3, 12)]
    if parts[0] is None or parts[1] is None:
        return None
    return 0.4 * parts[0] + 0.6 * parts[1]


def _slow_score(prices: list[float], month: int, span: int) -> float | None:
    years = [each for each in range(month % 12, month, 12) if each >= span]
    if len(years) < 2:
        return None
    rates = [math.exp(math.log(prices[each] / prices[each - span]) / span) - 1 for each in years]
    repeated = [rate for weight, rate in enumerate(rates, start=1) for _ in range(weight)]
    mean = statistics.fmean(repeated)
    variance = statistics.fmean((rate - mean) ** 2 for rate in repeated) * len(rates) / (len(rates) - 1)
    if variance < 1e-22:
        return None
    rate = float((prices[month] / prices[month - span]) ** (1 / span) - 1)
    return (rate - mean) / math.sqrt(variance)
