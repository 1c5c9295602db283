"""Whole numbers in narrow columns that are widened before one would not hold a value, so that nothing is ever cut."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints

Column = NDArray[Any]

#: Room of a column that is as wide as can be.
_ENDLESS = 2**62


def fitting(column: Column, least: int, most: int) -> Column:
    """Return ``column``, or a copy in 64 bits if it could not hold numbers from ``least`` to ``most``."""
    info = np.iinfo(column.dtype)
    return column if info.min <= least and most <= info.max else column.astype(np.int64)


class Room:
    """How much can still be added to each of some columns, empty at first, without looking whether it fits.

    To look costs a pass over the column; what is added meanwhile is only summed up.
    """

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        #: Whether a column that nothing was added to may hold anything.
        self._written = False

    def take(self, name: str, column: Column, amount: int) -> Column:
        """Return ``column``, wider if need be, with room for ``amount`` more in any place, up or down."""
        left = self._left.get(name, -1) - amount
        if left < 0 and name not in self._left and not self._written:
            left = int(np.iinfo(column.dtype).max) - 1 - amount
        if left < 0:
            column, left = self._look(column, amount)
        self._left[name] = left
        return column

    @staticmethod
    def _look(column: Column, amount: int) -> tuple[Column, int]:
        if column.dtype == np.int64:
            return column, _ENDLESS
        largest = max(int(column.max(initial=0)), -int(column.min(initial=0)))
        left = int(np.iinfo(column.dtype).max) - largest - amount
        return (column, left) if left >= 0 else (column.astype(np.int64), _ENDLESS)

    def forget(self) -> None:
        """Look again before the next addition: values were written in another way."""
        self._left.clear()
        self._written = True


def amount_of(values: Ints, times: int | None = None) -> int:
    """Return the most that ``values`` add to any place that gets at most ``times`` of them; None: perhaps all."""
    size = np.abs(values)
    every = int(size.sum())
    return every if times is None else min(every, times * int(size.max(initial=0)))
