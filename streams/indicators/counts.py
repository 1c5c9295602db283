"""The last counts of every (site, good) and what moved after each of them.

The newest count and its movements are the stock on hand. The ones before are kept so that a count
that is withdrawn (a correction names its event) leaves behind what would be there without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints
from streams.indicators.pairs import Grown, Pairs

UNKNOWN = -1
#: The event of a count that nobody can name: stock in a quote.
NAMELESS = 0


class Counts:
    """Per pair the newest ``kept`` counts by time, the newest in the last column; 20 B each.

    ``moved`` of a count is what came in and went out after it and not after the next one. What
    moved before the oldest count that is kept is forgotten: were all ``kept`` newest withdrawn at
    once, the stock would be unknown until the next count.
    """

    def __init__(self, pairs: Pairs, kept: int) -> None:
        self._pairs = pairs
        self.slots = Grown(
            {
                "at": (np.int32, (kept,), UNKNOWN),
                "quantity": (np.int32, (kept,), 0),
                "moved": (np.int32, (kept,), 0),
                "event": (np.int64, (kept,), NAMELESS),
            }
        )

    def grow(self) -> None:
        """Make room for the pairs that came since."""
        if self.slots.size < self._pairs.size:
            self.slots.grow(self._pairs.size)

    def newest(self, pair: Ints) -> Ints:
        """Return when pairs were counted last, shape as given; ``UNKNOWN`` where never."""
        newest: Ints = self.slots["at"][pair, -1]
        return newest

    def newest_columns(self) -> tuple[Ints, Ints, Ints]:
        """Return time and quantity of every pair's newest count and what moved after it, each of shape (pairs,)."""
        at, quantity, moved = (self.slots[name][:, -1] for name in ("at", "quantity", "moved"))
        return at, quantity, moved

    def on_hand(self) -> Ints:
        """Return sellable stock per pair, shape (pairs,); ``UNKNOWN`` where never counted."""
        known, stock = stock_of(*self.newest_columns())
        return np.where(known, stock, UNKNOWN)

    def move(self, pair: Ints, at: Ints, quantity: Ints) -> None:
        """Add movements to the count that each of them came after, shapes (n,)."""
        newest = self.newest(pair)
        last = (newest < at) & (newest != UNKNOWN)
        if last.any():  # nearly all: after the newest count, or of a pair that nobody counts
            self.slots.add("moved", (pair[last], -1), quantity[last])
        earlier = newest >= at
        if earlier.any():
            self._move_back(pair[earlier], at[earlier], quantity[earlier])

    def _move_back(self, pair: Ints, at: Ints, quantity: Ints) -> None:
        """Add movements that do not come after the newest count."""
        known = self.slots["at"][pair]
        column = known.shape[1] - 1 - (known >= at[:, None]).sum(axis=1)
        after = column >= 0
        after[after] &= known[after, column[after]] != UNKNOWN
        self.slots.add("moved", (pair[after], column[after]), quantity[after])

    def push(self, pair: Ints, at: Ints, quantity: Ints, event: Ints) -> None:
        """Add the newest counts of distinct pairs after which nothing has moved yet, shapes (n,)."""
        for name, values in (("at", at), ("quantity", quantity), ("moved", np.zeros_like(at)), ("event", event)):
            column = self.slots.fit(name, values)
            column[pair, :-1] = column[pair, 1:]
            column[pair, -1] = values

    def place(self, pair: int, at: int) -> tuple[int, int]:
        """Return the column that a count at ``at`` goes behind, and the time of the next count (``UNKNOWN``: none)."""
        known = self.slots["at"][pair]
        column = int(np.searchsorted(known, at, side="right"))
        return column - 1, int(known[column]) if column < len(known) else UNKNOWN

    def insert(self, pair: int, at: int, quantity: int, event: int, moved: int) -> None:
        """Add one count anywhere; ``moved`` came after it and not after the next. Older than all kept: no effect."""
        column, _ = self.place(pair, at)
        if column < 0:
            return
        if self.slots["at"][pair, column] != UNKNOWN:
            self.slots.add("moved", ([pair], [column]), np.array([-moved]))
        for name, value in (("at", at), ("quantity", quantity), ("moved", moved), ("event", event)):
            slots = self.slots.fit(name, np.array([value]))[pair]
            slots[:column] = slots[1 : column + 1]
            slots[column] = value

    def withdraw(self, events: Ints) -> Ints:
        """Take away the counts of ``events``, return their pairs; what moved after one moved after the one before."""
        self.grow()
        pairs, columns = np.nonzero(np.isin(self.slots["event"], events))
        for pair, column in zip(pairs.tolist(), columns.tolist(), strict=True):  # columns ascend per pair
            self._remove(pair, column)
        return np.unique(pairs)

    def _remove(self, pair: int, column: int) -> None:
        if column and self.slots["at"][pair, column - 1] != UNKNOWN:
            self.slots.add("moved", ([pair], [column - 1]), self.slots["moved"][pair, [column]].astype(np.int64))
        slots = {name: self.slots[name][pair] for name in ("at", "quantity", "moved", "event")}
        for name, empty in (("at", UNKNOWN), ("quantity", 0), ("moved", 0), ("event", NAMELESS)):
            slots[name][1 : column + 1] = slots[name][:column]
            slots[name][0] = empty

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return plain data for a snapshot."""
        self.grow()
        return self.slots.dump()

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take over what ``dump`` returned."""
        self.slots.load(data)


def stock_of(at: Ints, quantity: Ints, moved: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Return whether there was a newest count, and the stock that it and what moved after it come to; shapes (n,)."""
    return at != UNKNOWN, np.maximum(quantity.astype(np.int64) + moved, 0)
