"""Suspect quotes: unit slips and absurd values. RULES, "Suspect values".

Prices are integers of 1/10,000 CNY per base unit. A quote of price p is held against two things:

- *own*: the site's own prices before it. ``last`` is the newest of them, on its date or the ``own_dates``
  before; the spread is over its last price of each of those dates before, at least ``own_least`` of them.
- *county*: the latest prices of the county's other sites that are present on its date, those in quarantine
  among them: a doubling that most of a county reports is not one site's slip.

With r = p / ``last`` and r = p / median of the others, each rounded to 9 decimals, it is suspect

- as a *unit slip* f (2, 10, 100, 500, 1000 or one over these) if |r / f - 1| <= ``within`` for both, with the same f;
- as *absurd* if |z| > ``z_most`` for both, z = (ln p - median of ln) / (1.4826 * MAD of ln): the modified z-score of
  Iglewicz and Hoaglin (1993, "How to Detect and Handle Outliers"), on logarithms because prices err by factors.

Where a site has no price of its own yet, or no other site is present, nothing can be said: it is not suspect. MAD is
taken to be at least ``least_mad``: sites often repeat a price for weeks, and with a MAD of 0 any change would be
absurd. With the defaults a price within 1.8 times of the usual one is never absurd (8 * 1.4826 * 0.05 = ln 1.81).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import MAD_SCALE, RATIO_DECIMALS, Floats, Ints, column_median


@dataclass(frozen=True, slots=True)
class Limits:
    """When a quote is suspect. ``slips`` are above 1; one over each counts too. ``within`` is a share of the slip."""

    slips: tuple[float, ...] = (2.0, 10.0, 100.0, 500.0, 1000.0)
    within: float = 0.05
    z_most: float = 8.0
    own_dates: int = 7
    own_least: int = 3
    others_least: int = 3
    least_mad: float = 0.05


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a quote is suspect. ``own`` and ``county`` are what it was held against, 1/10,000 CNY per base unit.

    ``slip`` is NaN for a value that is absurd without being a slip; a z is NaN where there were too few prices for it.
    """

    own: int
    county: float
    others: int
    slip: float
    own_z: float
    county_z: float


def unit_slip(price: Ints, usual: Floats, limits: Limits) -> Floats:
    """Return the slip that each price is of ``usual``, shapes (n,): 10 for ten times it, 0.1 for a tenth.

    NaN where it is none, or where ``usual`` is not above 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.round(price / np.where(usual > 0, usual, np.nan), RATIO_DECIMALS)
    found = np.full(len(ratio), np.nan)
    for slip in (factor for times in limits.slips for factor in (times, 1 / times)):
        found[np.abs(np.round(ratio / slip - 1, RATIO_DECIMALS)) <= limits.within] = slip
    return found


def robust_z(price: Ints, usual: Ints, least: int, limits: Limits) -> Floats:
    """Return the robust z of each price on logarithms: ``price`` (n,) against ``usual`` (k, n), 0 where there is none.

    NaN where fewer than ``least`` exist.
    """
    logs = np.log(np.where(usual > 0, usual, np.nan))
    middle = column_median(logs, least)
    spread = np.maximum(column_median(np.abs(logs - middle), least), limits.least_mad)
    return np.round((np.log(price) - middle) / (MAD_SCALE * spread), RATIO_DECIMALS)


def near_own(price: Ints, prices: Ints, limits: Limits) -> NDArray[np.bool_]:
    """Return which prices are so near to all of ``prices`` (k, n) that they are not far from their sites' own.

    A quick look that spares nearly every quote the rest. A z above ``z_most`` needs a factor of at least
    e^(z_most * 1.4826 * least_mad) on a median that lies among ``prices``, a slip nearly its factor on one of them.
    """
    factor = min(np.exp(limits.z_most * MAD_SCALE * limits.least_mad), min(limits.slips) * (1 - limits.within))
    lowest = np.where(prices > 0, prices, price).min(axis=0)
    highest = np.where(prices > 0, prices, price).max(axis=0)
    near: NDArray[np.bool_] = (price < lowest * factor) & (highest < price * factor)
    return near


def far_from_own(price: Ints, last: Ints, before: Ints, limits: Limits) -> tuple[NDArray[np.bool_], Floats, Floats]:
    """Return which prices differ from their sites' own so much that the county must be asked, their slips and z.

    ``price`` and ``last`` (n,), ``before`` (own_dates, n); 0 where there is none.
    """
    slip = unit_slip(price, last.astype(np.float64), limits)
    z = robust_z(price, before, limits.own_least, limits)
    return ~np.isnan(slip) | (np.abs(z) > limits.z_most), slip, z


def suspicion(price: int, last: int, before: Ints, others: Ints, limits: Limits) -> Suspicion | None:
    """Return why a price is suspect, None where it is not.

    ``last``: the site's newest own price, 0 without one; ``before`` (own_dates,): its prices of the dates before, 0
    where there is none; ``others`` (k,): prices of the county's other sites.
    """
    if not last or not len(others):
        return None
    each, column = np.array([price], np.int64), others[:, None]
    far, own_slip, own_z = far_from_own(each, np.array([last], np.int64), before[:, None], limits)
    if not far[0]:
        return None
    county = column_median(column.astype(np.float64), 1)
    county_slip = unit_slip(each, county, limits)
    county_z = robust_z(each, column, limits.others_least, limits)
    slip = own_slip[0] if own_slip[0] == county_slip[0] else np.nan
    absurd = abs(own_z[0]) > limits.z_most and abs(county_z[0]) > limits.z_most
    if np.isnan(slip) and not absurd:
        return None
    return Suspicion(last, float(county[0]), len(others), float(slip), float(own_z[0]), float(county_z[0]))


def confirms(price: int, suspect: int, limits: Limits) -> bool:
    """Return whether a later price lies ``within`` of a suspect one, and so confirms it."""
    return abs(round(price / suspect - 1, RATIO_DECIMALS)) <= limits.within
