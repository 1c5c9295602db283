"""Grouped statistics on columns, without a Python loop per group."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Ratios are compared with thresholds after this rounding: 13/10 - 1 is not above 0.30.
RATIO_DECIMALS = 9
#: Standard deviation of a normal variable / its MAD (median absolute deviation).
MAD_SCALE = 1.4826
_WIDTHS: Final[tuple[tuple[int, Any], ...]] = ((7, np.int8), (15, np.int16), (31, np.int32), (63, np.int64))


def ratio(later: Floats, earlier: Floats) -> Floats:
    """Return ``later / earlier - 1`` rounded to 9 decimals; NaN where either is NaN or ``earlier`` is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = later / np.where(earlier == 0, np.nan, earlier) - 1
    return np.round(raw, RATIO_DECIMALS)


def unit_value(amount: Ints, quantity: Ints) -> Floats:
    """Return CNY per base unit of sums of 1/10,000 CNY and 1/1,000 units; NaN where quantity is 0 or below.

    Unit value (VWAP) = sum of price times quantity / sum of quantity.
    """
    return np.where(quantity > 0, amount / np.where(quantity > 0, quantity * 10, 1), np.nan)


def grouped_median(groups: Ints, values: Ints | Floats, size: int) -> Floats:
    """Return the median of ``values`` per group as float64, shape (size,); NaN for an empty group.

    An even count gives the mean of the middle two.
    """
    result = np.full(size, np.nan)
    if not len(groups):
        return result
    order = np.lexsort((values, groups))
    ordered, sorted_groups = values[order], groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    counts = np.diff(np.r_[starts, len(sorted_groups)])
    low, high = starts + (counts - 1) // 2, starts + counts // 2
    result[sorted_groups[starts]] = (ordered[low] + ordered[high]) / 2
    return result


def column_median(table: Floats, least: int) -> Floats:
    """Return the median down axis 0 of the values that are not NaN; NaN where fewer than ``least`` exist.

    ``table`` has shape (periods, cells); the result (cells,).
    """
    ordered = np.sort(table, axis=0)  # NaN sorts last
    counts = len(table) - np.isnan(table).sum(axis=0)
    cells = np.arange(table.shape[1])
    low = ordered[np.maximum((counts - 1) // 2, 0), cells]
    high = ordered[np.minimum(counts // 2, len(table) - 1), cells]
    return np.where(counts >= max(least, 1), (low + high) / 2, np.nan)


def smallest(numbers: Ints) -> NDArray[Any]:
    """Return the same numbers in the narrowest signed type that holds them, for what is kept and not computed with."""
    if not len(numbers):
        return numbers.astype(np.int8)
    # One's complement: as many bits as the number itself, and never below 0.
    size = max(int(np.maximum.reduce(numbers)), ~int(np.minimum.reduce(numbers)))
    return numbers.astype(next(kind for bits, kind in _WIDTHS if size < 1 << bits))
