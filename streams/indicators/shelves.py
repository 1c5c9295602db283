"""Stock indicators of the rows of several prefectures, from what each of their shelves knows of its pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.fixed import QUANTITY
from streams.indicators.counts import Counts, stock_of
from streams.indicators.groups import RATIO_DECIMALS, Floats, Ints
from streams.indicators.pairs import Grown, Pairs
from streams.indicators.regions import Rows


class Kept(Protocol):
    """What one prefecture's shelf keeps of each pair."""

    pairs: Pairs
    counts: Counts
    state: Grown
    list_days: int

    def demands(self) -> tuple[Floats, float]:
        """Return demand per pair and a factor: their product is 1/1,000 base units a day."""


class Shelves:
    """Shelves end to end. Sums are taken in an order that no arrival decides (``Pairs.by_name``)."""

    def __init__(self, shelves: Sequence[Kept], rows: Rows) -> None:
        self._shelves, self._rows = shelves, rows
        self._sizes = [each.pairs.size for each in shelves]
        firsts: Ints = np.cumsum([0, *self._sizes[:-1]])
        self._order = self._joined(lambda each: each.pairs.by_name()) + self._by_pair(firsts)
        self._cell = self._joined(lambda each: each.pairs.cell_by_name()) + self._by_pair(rows.first_cells)

    def _joined(self, column: Callable[[Kept], NDArray[Any]]) -> NDArray[Any]:
        found: NDArray[Any] = np.concatenate([column(each) for each in self._shelves])
        return found

    def _by_pair(self, values: Sequence[int] | Ints) -> Ints:
        """Return one number of each shelf as a column of its pairs."""
        return np.repeat(np.asarray(values, np.int64), self._sizes)

    def _summed(self, *weights: NDArray[Any]) -> Floats:
        """Sum columns of pairs to rows, shape (len(weights), rows)."""
        size = self._rows.cells
        sums = [np.bincount(self._cell, each[self._order], minlength=size) for each in weights]
        return self._rows.summed(np.stack(sums).astype(np.float64, copy=False))

    def stores(self, *since: Sequence[int]) -> Ints:
        """Return the number of sites with a priced line at or after each moment, shape (len(since), rows).

        Each of ``since`` has a moment (epoch s) for every shelf.
        """
        sold = self._joined(lambda each: each.state["sold_at"])
        return self._summed(*(sold >= self._by_pair(moments) for moments in since)).astype(np.int64)

    def values(self, days: Sequence[int]) -> dict[str, NDArray[Any]]:
        """Return the stock indicators on the day of each shelf, each of shape (rows,).

        ``on_hand`` is NaN where no site reports; ``demand_day`` is in base units a day, over the
        sites with known stock; ``cover_days`` = on hand / demand a day.
        """
        newest = [each.counts.newest_columns() for each in self._shelves]
        known, stock = stock_of(*(np.concatenate(column) for column in zip(*newest, strict=True)))
        unlisted = [day - each.list_days for day, each in zip(days, self._shelves, strict=True)]
        known &= self._joined(lambda each: each.state["seen_day"]) > self._by_pair(unlisted)
        demands = [each.demands() for each in self._shelves]
        demand = np.concatenate([each for each, _ in demands])
        sums = self._summed(known & (stock > 0), known & (stock <= 0), known * stock, known * demand)
        sites_in, sites_out = sums[:2].astype(np.int64)
        on_hand = np.where(sites_in + sites_out > 0, sums[2], np.nan)
        return from_sums(on_hand, sites_in, sites_out, sums[3] * self._rows.repeated([factor for _, factor in demands]))


def from_sums(on_hand: Floats, sites_in: Ints, sites_out: Ints, demand: Floats) -> dict[str, NDArray[Any]]:
    """Return the stock indicators of rows, shapes (rows,).

    ``on_hand`` (NaN where no site reports) and ``demand`` a day, also returned as it is, in 1/1,000 base unit.
    """
    return {
        "on_hand": on_hand,
        "sites_in": sites_in,
        "sites_out": sites_out,
        "in_stock_rate": _divide(sites_in, sites_in + sites_out),
        "demand": demand,
        "demand_day": np.where(demand > 0, demand / QUANTITY, np.nan),
        "cover_days": _divide(on_hand, demand),
    }


def _divide(top: NDArray[Any], bottom: NDArray[Any]) -> Floats:
    rate: Floats = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), np.nan)
    return np.round(rate, RATIO_DECIMALS)
