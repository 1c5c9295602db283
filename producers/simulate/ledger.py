"""What really happened in a prefecture with incidents, hour by hour: the source of the ground truth."""

from __future__ import annotations

import numpy as np

from producers.simulate.market import Floats, Ints


class Ledger:
    """Arrays over (hour, store, good) and, for quotes, (day, store, good).

    Amounts in fen and quantities in thousandths, net of returns; ``on_hand`` as the hour ends;
    ``quoted`` in CNY per base unit, NaN where none was.
    """

    def __init__(self, days: int, shape: tuple[int, int]) -> None:
        self.amount: Ints = np.zeros((days * 24, *shape), dtype=np.int64)
        self.quantity: Ints = np.zeros((days * 24, *shape), dtype=np.int64)
        self.lines: Ints = np.zeros((days * 24, *shape), dtype=np.int64)
        self.on_hand: Ints = np.zeros((days * 24, *shape), dtype=np.int64)
        self.quoted: Floats = np.full((days, *shape), np.nan)
        self._shape = shape

    def sold(self, hour: int, cell: Ints, quantity: Ints, amount: Ints) -> None:
        """Add lines of one hour: ``cell`` = store * G + good."""
        size = self._shape[0] * self._shape[1]
        for target, weights in ((self.amount, amount), (self.quantity, quantity), (self.lines, np.ones(len(cell)))):
            target[hour] += np.bincount(cell, weights=weights, minlength=size).astype(np.int64).reshape(self._shape)
