"""A site's price against other sites' and against its own past. RULES, packs ``gouging`` and ``site``.

Prices are integers of 1/10,000 CNY per base unit, 0 where a site has none. With m the median of the
*other* sites' prices (an even count: mean of the middle two):

- ``over_county`` = p / m - 1 over the county's other sites.
- ``over_neighbours``: the same if at least ``LEAST`` others of the county have a price; else over the
  others of the prefecture if those are at least ``LEAST``; else undefined.
- ``neighbours_z`` = (ln p - median of ln) / (1.4826 * MAD of ln) over the same other sites: robust z
  on ratios. MAD is taken to be at least ``LEAST_MAD``, or equal prices would make any difference infinite.
- ``over_own`` = p / median of the site's own prices of the 7 dates before - 1, at least 3 of them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import MAD_SCALE, Floats, Ints, column_median, ratio

LEAST: Final = 5
LEAST_MAD: Final = 0.01
OWN_DATES: Final = 7
OWN_LEAST: Final = 3
#: Prices compared at once: 8 MB of doubles.
_BLOCK: Final = 1 << 20


def neighbours(price: Ints, county: Ints, prefecture: Ints, chosen: Ints) -> dict[str, NDArray[Any]]:
    """Return ``over_county``, ``over_neighbours``, ``neighbours_z`` and ``neighbours`` of the sites ``chosen``.

    ``price`` (n), ``county`` and ``prefecture`` (n) number the groups of one good; ``neighbours``
    counts the other sites compared with. NaN where undefined, 0 neighbours among them.
    """
    near, wide = _Group(county, price), _Group(prefecture, price)
    enough = near.size[chosen] > LEAST
    by_county = near.others(chosen)
    by_prefecture = wide.others(chosen[~enough], LEAST)
    medians, z, others = (column.copy() for column in by_county)
    for column, replaced in zip((medians, z, others), by_prefecture, strict=True):
        column[~enough] = replaced
    own = np.where(price > 0, price, np.nan)[chosen]
    return {
        "over_county": ratio(own, by_county[0]),
        "over_neighbours": ratio(own, medians),
        "neighbours_z": z,
        "neighbours": np.nan_to_num(others).astype(np.int64),
    }


class _Group:
    """Sites with a price, by group and price."""

    def __init__(self, group: Ints, price: Ints) -> None:
        priced = np.flatnonzero(price > 0)
        self._order = priced[np.lexsort((price[priced], group[priced]))]
        self._price = price
        ordered = group[self._order]
        self._start = np.searchsorted(ordered, group, side="left")
        #: Sites with a price in the group of each site, shape (n,).
        self.size = np.searchsorted(ordered, group, side="right") - self._start

    def others(self, chosen: Ints, least: int = 1) -> tuple[Floats, Floats, Floats]:
        """Return median, z and number of the others; NaN for a site without a price or with fewer than ``least``."""
        found: tuple[Floats, ...] = tuple(np.full(len(chosen), np.nan) for _ in range(3))
        defined = np.flatnonzero((self._price[chosen] > 0) & (self.size[chosen] > least))
        defined = defined[np.argsort(self.size[chosen[defined]], kind="stable")]
        while len(defined):
            widest = int(self.size[chosen[defined[-1]]])
            part, defined = defined[-max(1, _BLOCK // widest) :], defined[: -max(1, _BLOCK // widest)]
            for column, values in zip(found, self._compared(chosen[part], widest), strict=True):
                column[part] = values
        median, z, others = found
        return median, z, others

    def _compared(self, site: Ints, widest: int) -> tuple[Floats, Floats, Floats]:
        place = self._start[site][:, None] + np.arange(widest)
        member = self._order[np.minimum(place, len(self._order) - 1)]
        other = (np.arange(widest) < self.size[site][:, None]) & (member != site[:, None])
        prices = np.where(other, self._price[member], np.nan)
        logs = np.log(prices)
        middle = _row_median(logs)
        spread = np.maximum(_row_median(np.abs(logs - middle[:, None])), LEAST_MAD)
        z = (np.log(self._price[site]) - middle) / (MAD_SCALE * spread)
        return _row_median(prices), z, other.sum(axis=1).astype(np.float64)


def _row_median(rows: Floats) -> Floats:
    return column_median(rows.T, 1)


def over_own(price: Ints, before: Ints) -> Floats:
    """Return ``over_own``: ``price`` (n,) now, ``before`` (7, n) on each date before, 0 where none."""
    usual = column_median(np.where(before > 0, before, np.nan), OWN_LEAST)
    return ratio(np.where(price > 0, price, np.nan), usual)
