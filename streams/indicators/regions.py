"""Rows of several prefectures end to end: computed together, for each alone costs as much as a hundred of them.

A *cell* is a county's good, a *row* a cell or, after the cells of its counties, a prefecture's good.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints

Number = TypeVar("Number", np.int64, np.float64)
Kind = TypeVar("Kind", bound=np.generic)


class Rows:
    """Where the rows of prefectures with so many ``counties`` (at least one each) stand; all have the same goods."""

    def __init__(self, counties: tuple[int, ...], goods: int) -> None:
        self.goods = goods
        self._places = np.array(counties, np.int64)
        self._starts: Ints = np.cumsum(self._places) - self._places
        self.cells = int(self._places.sum()) * goods
        own = np.arange(len(counties))
        #: Which block of goods stands where: counties first, then prefectures, to each prefecture behind its counties.
        self._order = np.argsort(np.r_[np.repeat(own, self._places), own], kind="stable")
        self._bounds = [0, *((np.cumsum(self._places + 1) * goods).tolist())]

    @property
    def first_cells(self) -> Ints:
        """Return the first cell of each prefecture, shape (prefectures,)."""
        return self._starts * self.goods

    def summed(self, cells: NDArray[Number]) -> NDArray[Number]:
        """Return cells and the sums over the counties of each prefecture: shape (..., cells) -> (..., rows)."""
        blocks = cells.reshape(*cells.shape[:-1], -1, self.goods)
        sums = np.add.reduceat(blocks, self._starts, axis=-2)
        found = np.concatenate([blocks, sums], axis=-2)
        if len(self._starts) > 1:
            found = found.take(self._order, axis=-2)
        return found.reshape(*cells.shape[:-1], -1)

    def repeated(self, values: Sequence[float] | Ints) -> NDArray[np.float64]:
        """Return one number of each prefecture as a column of its rows, shape (rows,)."""
        return np.repeat(np.asarray(values, np.float64), (self._places + 1) * self.goods)

    def divided(self, column: NDArray[Kind]) -> list[NDArray[Kind]]:
        """Return the part of each prefecture, a copy: one that is kept must not keep those of all others."""
        return [column[begin:end].copy() for begin, end in pairwise(self._bounds)]


@lru_cache(maxsize=64)
def rows_of(counties: tuple[int, ...], goods: int) -> Rows:
    """Return the rows of prefectures; most often the same ones are asked for again."""
    return Rows(counties, goods)
