"""Sequence numbers of all tills of one date: of the running one as sets, of others end to end in three arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints, smallest
from streams.runs import Runs

#: Numbers of tills (ascending), how many bounds each has, and the bounds of all.
Packed = dict[str, NDArray[Any]]
_NOTHING = {name: np.zeros(0, np.int64) for name in ("tills", "sizes", "bounds")}


class Tills(dict[int, Runs]):
    """Runs by till. A till of a date that is over takes 12 runs in 100 B, and 400 B as a set in a dictionary.

    What was packed comes back as a set, for good, when somebody asks for it: late receipts are few.
    """

    def __init__(self, packed: Packed | None = None) -> None:
        super().__init__()
        self._packed = packed or _NOTHING
        self._ends: Ints = np.cumsum(self._packed["sizes"], dtype=np.int64)

    def __missing__(self, till: int) -> Runs:
        """Return the runs of a till that was packed, or new ones."""
        runs = self[till] = Runs(self._bounds(till).astype(np.int64).tobytes())
        return runs

    def _bounds(self, till: int) -> NDArray[Any]:
        tills = self._packed["tills"]
        place = int(np.searchsorted(tills, till))
        if place == len(tills) or tills[place] != till:
            return self._packed["bounds"][:0]
        end = int(self._ends[place])
        return self._packed["bounds"][end - int(self._packed["sizes"][place]) : end]

    def seal(self) -> None:
        """Pack everything."""
        self._packed = self.packed()
        self._ends = np.cumsum(self._packed["sizes"], dtype=np.int64)
        self.clear()

    def packed(self) -> Packed:
        """Return all runs in arrays that nobody writes to."""
        if not self:
            return self._packed
        tills, sizes = self._packed["tills"], self._packed["sizes"]
        rest = ~np.isin(tills, list(self))
        own = np.fromiter(map(len, self.values()), np.int64, len(self))
        every = np.concatenate([tills[rest], np.fromiter(self, np.int64, len(self))])
        count = np.concatenate([sizes[rest], own])
        bounds = np.concatenate(
            [self._packed["bounds"][np.repeat(rest, sizes)], np.frombuffer(b"".join(self.values()), np.int64)]
        )
        starts, order = np.cumsum(count) - count, np.argsort(every)
        moved = np.repeat(starts[order] - (np.cumsum(count[order]) - count[order]), count[order])
        found = {"tills": every[order], "sizes": count[order], "bounds": bounds[np.arange(len(bounds)) + moved]}
        found = {name: smallest(column) for name, column in found.items()}
        for column in found.values():
            column.flags.writeable = False
        return found

    def numbers(self) -> set[int]:
        """Return all tills."""
        return {*self, *self._packed["tills"].tolist()}

    def bounds(self) -> int:
        """Return the number of bounds held."""
        packed = self._packed["sizes"][~np.isin(self._packed["tills"], list(self))]
        return int(packed.sum()) + sum(map(len, self.values()))
