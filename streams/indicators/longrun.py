"""Analysts' long-run price indicators on monthly series: WFP's ALPS and FAO's IFPA.

A series has shape (months,), one price per calendar month without a gap in between; NaN is a month
without a price. Results have the same shape and no unit; NaN is undefined.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Floats

YEAR: Final = 12
QUARTER: Final = 3
#: Shorter series say nothing of a season (WFP and FAO: three years of monthly prices).
LEAST_MONTHS: Final = 36

#: Lower bounds of a class, from the lowest class upward.
ALPS_CLASSES: Final = ((0.25, "stress"), (1.0, "alert"), (2.0, "crisis"))
IFPA_CLASSES: Final = ((0.5, "moderately high"), (1.0, "abnormally high"))


def alps(prices: Floats, least: int = LEAST_MONTHS) -> Floats:
    """Return WFP's Alert for Price Spikes: (P - seasonal trend) / standard deviation of the residuals.

    The seasonal trend is the least-squares fit of a straight line in time and a level per calendar
    month to all prices of the series; the deviation has one degree of freedom less than prices.
    Undefined below ``least`` prices or where the fit leaves no residual. Unit: standard deviations.
    Source: WFP, Technical Guidance Note, ALPS, April 2014.
    """
    known = np.isfinite(prices)
    result = np.full(len(prices), np.nan)
    if known.sum() < least:
        return result
    months = np.arange(len(prices))
    seasons = (months % YEAR)[:, None] == np.arange(YEAR)
    design = np.column_stack([months, seasons]).astype(np.float64)
    fitted, *_ = np.linalg.lstsq(design[known], prices[known], rcond=None)
    apart = prices[known] - design[known] @ fitted
    deviation = np.std(apart, ddof=1)
    if deviation > np.finfo(np.float64).eps * np.abs(prices[known]).max() * YEAR:
        result[known] = apart / deviation
    return result


def alps_class(value: float) -> str | None:
    """Return normal (at most 0.25), stress (at most 1), alert (at most 2) or crisis; None where undefined."""
    if np.isnan(value):
        return None
    return next((name for bound, name in reversed(ALPS_CLASSES) if value > bound), "normal")


def growth(prices: Floats, months: int) -> Floats:
    """Return the compound growth a month over ``months``: (P_t / P_(t - months))^(1 / months) - 1."""
    result = np.full(len(prices), np.nan)
    later, earlier = prices[months:], prices[:-months]
    with np.errstate(invalid="ignore", divide="ignore"):
        result[months:] = (later / np.where(earlier > 0, earlier, np.nan)) ** (1 / months) - 1
    return result


def standardised(rates: Floats, least: int = 2) -> Floats:
    """Return how many weighted deviations each rate is from that of the same month of earlier years.

    The k earlier years with a rate have the weights 1 (the oldest) … k; with mean m = Σwx / Σw the
    variance is Σw(x - m)² / (Σw (k - 1) / k). Undefined below ``least`` (two or more) earlier years
    and where they do not differ. Source: UN SDG metadata 2.c.1.
    """
    result = np.full(len(rates), np.nan)
    for place in range(len(rates)):
        earlier = rates[place % YEAR : place : YEAR]
        earlier = earlier[np.isfinite(earlier)]
        if len(earlier) >= max(least, 2):
            result[place] = _weighted_score(rates[place], earlier)
    return result


def _weighted_score(rate: float, earlier: NDArray[np.float64]) -> float:
    count = len(earlier)
    weights = np.arange(1, count + 1)
    mean = np.average(earlier, weights=weights)
    variance = (weights * (earlier - mean) ** 2).sum() / (weights.sum() * (count - 1) / count)
    # Rates that differ by rounding only have no spread to measure with.
    return float((rate - mean) / np.sqrt(variance)) if variance > 1e-24 else np.nan


def ifpa(prices: Floats, weight: float = 0.4) -> Floats:
    """Return FAO's Indicator of Food Price Anomalies (SDG 2.c.1).

    IFPA = ``weight`` × z(CQGR) + (1 - ``weight``) × z(CAGR): the compound growth over a quarter and
    over a year, each standardised against the same calendar month of strictly earlier years. At 1
    and above the price is abnormally high, from 0.5 moderately. Source: UN SDG metadata 2.c.1.
    """
    quarter, year = (standardised(growth(prices, months)) for months in (QUARTER, YEAR))
    return weight * quarter + (1 - weight) * year


def ifpa_class(value: float) -> str | None:
    """Return normal (below 0.5), moderately high or abnormally high (1 and above); None where undefined."""
    if np.isnan(value):
        return None
    return next((name for bound, name in reversed(IFPA_CLASSES) if value >= bound), "normal")
