"""Matrices of sites and dates reduced to regions and dates, without a loop per date.

Sites stand in the order of their region code, so the sites of a county, prefecture, province or of
the nation are neighbours whatever the extent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Floats, Ints

Flags = NDArray[np.bool_]

#: Sorts behind every price; twice it is still an int64.
_BEHIND: Final = 2**61


@dataclass(frozen=True, slots=True)
class Regions:
    """Where each region's sites begin. ``codes``, ``starts``, ``sizes`` have shape (regions,)."""

    codes: Ints
    starts: Ints
    sizes: Ints

    @classmethod
    def of(cls, sites: Ints) -> Regions:
        """Group sites, shape (sites,), whose region codes ascend."""
        codes, starts, sizes = np.unique(sites, return_index=True, return_counts=True)
        return cls(codes.astype(np.int64), starts, sizes)

    @property
    def of_site(self) -> Ints:
        """Return the place of every site's region in ``codes``, shape (sites,)."""
        return np.repeat(np.arange(len(self.codes)), self.sizes)

    def count(self, mask: Flags) -> Ints:
        """Return how many sites are true, (sites, dates) to (regions, dates)."""
        return np.add.reduceat(mask.astype(np.int64), self.starts, axis=0)

    def any(self, mask: Flags) -> Flags:
        """Return whether any site is true, (sites, dates) to (regions, dates)."""
        found: Flags = np.logical_or.reduceat(mask, self.starts, axis=0)
        return found

    def median(self, values: NDArray[Any], mask: Flags) -> Floats:
        """Return the median of the ``values`` that ``mask`` chooses; NaN where it chooses none.

        (sites, dates) to (regions, dates). An even count gives the mean of the middle two.
        """
        result = np.full((len(self.codes), values.shape[1]), np.nan)
        behind = np.inf if values.dtype.kind == "f" else _BEHIND
        table = np.where(mask, values, behind)
        for size in np.unique(self.sizes):
            members = np.flatnonzero(self.sizes == size)
            sites = self.starts[members][:, None] + np.arange(size)
            result[members] = _middle(table[sites], mask[sites].sum(axis=1))
        return result


def _middle(block: NDArray[Any], counts: Ints) -> Floats:
    """Return the median down axis 1 of (regions, sites, dates), whose first ``counts`` in order exist."""
    ordered = np.sort(block, axis=1)
    low = np.take_along_axis(ordered, np.maximum((counts - 1) // 2, 0)[:, None, :], 1)[:, 0]
    high = np.take_along_axis(ordered, np.minimum(counts // 2, block.shape[1] - 1)[:, None, :], 1)[:, 0]
    return np.where(counts > 0, (low + high) / 2, np.nan)


def carried(values: Ints, dates: int) -> Ints:
    """Return the latest value above 0 of the ``dates`` dates up to each, 0 without one; shapes (sites, dates)."""
    latest = values.copy()
    for back in range(1, dates):
        latest[:, back:] = np.where(latest[:, back:] > 0, latest[:, back:], values[:, :-back])
    return latest


def shifted(values: NDArray[Any], dates: Ints) -> NDArray[Any]:
    """Return the columns ``dates`` of ``values``, 0 or false where one is negative: before the first date."""
    taken: NDArray[Any] = np.where(dates >= 0, values[:, np.maximum(dates, 0)], values.dtype.type(0))
    return taken


def last_true(mask: Flags) -> Ints:
    """Return the index of the last true date up to each, -1 where there is none; shapes (rows, dates)."""
    return np.maximum.accumulate(np.where(mask, np.arange(mask.shape[1]), -1), axis=1)


def window_sum(values: NDArray[Any], dates: int) -> Ints:
    """Return the sum over the ``dates`` dates up to each; shapes (rows, dates)."""
    total = np.cumsum(values, axis=1, dtype=np.int64)
    before = np.zeros_like(total)
    before[:, dates:] = total[:, :-dates]
    return total - before
