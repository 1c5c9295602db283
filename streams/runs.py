"""Sets of whole numbers that mostly follow one another."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from typing import Self

import numpy as np

from streams.indicators.groups import Ints


class Runs(array):  # type: ignore[type-arg]
    """A set of whole numbers as bounds of half-open intervals, ascending: in if an odd number of bounds is passed."""

    __slots__ = ()

    def __new__(cls, bounds: Iterable[int] | bytes = ()) -> Self:
        """Make a set of ``bounds``: begin, end, begin, end and so on."""
        return super().__new__(cls, "q", bounds)  # type: ignore[return-value]

    def holds(self, number: int) -> bool:
        """Return whether ``number`` was added."""
        return bisect_right(self, number) % 2 == 1

    def add(self, number: int) -> bool:
        """Add ``number``; return False if it was there."""
        place = len(self) if self and number >= self[-1] else bisect_right(self, number)  # mostly the next receipt
        if place % 2:
            return False
        joins_left = place > 0 and self[place - 1] == number
        joins_right = place < len(self) and self[place] == number + 1
        if joins_left and joins_right:
            del self[place - 1 : place + 1]
        elif joins_left:
            self[place - 1] = number + 1
        elif joins_right:
            self[place] = number
        else:
            self[place:place] = array("q", (number, number + 1))
        return True

    def update(self, numbers: Ints) -> None:
        """Add distinct ``numbers``, ascending: whole runs of them at once where they come after all others."""
        if self and numbers[0] < self[-1]:
            for number in numbers.tolist():
                self.add(number)
            return
        breaks = np.flatnonzero(np.diff(numbers) != 1)
        bounds = np.empty(2 * len(breaks) + 2, np.int64)
        bounds[0::2] = numbers[np.r_[0, breaks + 1]]
        bounds[1::2] = numbers[np.r_[breaks, len(numbers) - 1]] + 1
        if self and bounds[0] == self[-1]:
            self.pop()
            bounds = bounds[1:]
        self.frombytes(bounds.tobytes())
