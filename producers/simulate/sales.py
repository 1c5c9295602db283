"""One hour of sales in all stores of a prefecture, as arrays over lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulate.market import Flags, Floats, Ints

#: Lines per hour swing by this much (log-normal) around the expected number; the number itself is
#: carried over in fractions, so that stores keep their shares of a county's sales from day to day.
SWING = 0.5


@dataclass(frozen=True, slots=True)
class Sales:
    """N lines, sorted by receipt: ``cell`` = store * G + good, ``second`` of the hour (even numbers).

    ``quantity`` in thousandths is positive; ``returned`` marks goods brought back.
    """

    cell: Ints
    receipt: Ints
    second: Ints
    quantity: Ints
    returned: Flags

    @property
    def signed(self) -> Ints:
        """Return what leaves the shelf; negative for returns."""
        return np.where(self.returned, -self.quantity, self.quantity)


class Shoppers:
    """Turns expected lines into receipts."""

    def __init__(self, random: np.random.Generator, shape: tuple[int, int], lines: float, returns: float) -> None:
        self._random = random
        self._shape = shape
        self._lines = lines
        self._returns = returns
        self._due = random.random(shape)

    def hour(self, expected: Floats, mean: Ints, step: Ints, on_hand: Ints) -> Sales:
        """Return the sales of one hour; none of a good beyond what is on hand.

        ``expected`` lines (S, G), ``mean`` and ``step`` of a line's quantity (G), ``on_hand`` (S, G).
        """
        cell = self._cells(expected)
        receipt, second = self._receipts(cell)
        good = cell % self._shape[1]
        steps = mean[good] * self._random.uniform(0.5, 1.5, len(cell)) / step[good]
        wanted = np.maximum(1, np.rint(steps)).astype(np.int64) * step[good]
        # what is sold out is not put back on the shelf either
        returned = (self._random.random(len(cell)) < self._returns) & (on_hand.reshape(-1)[cell] > 0)
        quantity = _available(cell, second, np.where(returned, 0, wanted), on_hand.reshape(-1))
        quantity = np.where(returned, wanted, quantity)
        kept = np.flatnonzero(quantity)
        order = kept[np.argsort(receipt[kept], kind="stable")]
        return Sales(cell[order], receipt[order], second[order], quantity[order], returned[order])

    def _cells(self, expected: Floats) -> Ints:
        swing = np.exp(self._random.standard_normal(self._shape) * SWING - SWING**2 / 2)
        self._due += expected * swing
        counts = np.floor(self._due)
        self._due -= counts
        return np.repeat(np.arange(counts.size), counts.reshape(-1).astype(np.int64))

    def _receipts(self, cell: Ints) -> tuple[Ints, Ints]:
        """Return each line's receipt and second: lines of one good go to different receipts."""
        stores, goods = self._shape
        store = cell // goods
        lines = np.bincount(store, minlength=stores)
        counts = np.bincount(cell, minlength=stores * goods)
        most = counts.reshape(self._shape).max(axis=1)
        receipts = np.maximum(np.maximum(np.ceil(lines / self._lines), most), 1).astype(np.int64)
        first = np.cumsum(receipts) - receipts
        owner = np.repeat(np.arange(stores), receipts)
        seconds = np.sort(owner * 10_000 + self._random.integers(1, 1799, len(owner)) * 2) - owner * 10_000
        nth = np.arange(len(cell)) - (np.cumsum(counts) - counts)[cell]
        base = self._random.integers(0, 1 << 30, stores * goods)
        receipt = first[store] + (base[cell] + nth) % receipts[store]
        return receipt, seconds[receipt]


def _available(cell: Ints, second: Ints, wanted: Ints, on_hand: Ints) -> Ints:
    """Return the quantities that the shelf allows, first come, first served."""
    total = np.bincount(cell, weights=wanted, minlength=len(on_hand)).astype(np.int64)
    short = np.flatnonzero((total > on_hand)[cell])
    if not len(short):
        return wanted
    allowed = wanted.copy()
    order = short[np.lexsort((second[short], cell[short]))]
    running = np.cumsum(wanted[order])
    begins = np.r_[True, cell[order][1:] != cell[order][:-1]]
    before = running - wanted[order]
    taken = before - np.maximum.accumulate(np.where(begins, before, 0))
    allowed[order] = np.clip(on_hand[cell[order]] - taken, 0, wanted[order])
    return allowed
