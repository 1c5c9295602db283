"""The simulator's own record of some stores, and arithmetic on (time, goods) arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from producers.simulate.ledger import Ledger
from producers.simulate.market import Flags, Floats, Ints


@dataclass(frozen=True)
class Hours:
    """The ledger of some stores, a county's or a prefecture's (H hours, S stores, G goods), and their opening hours."""

    amount: Ints
    quantity: Ints
    lines: Ints
    on_hand: Ints
    quoted: Floats
    opens: int
    closes: int

    @classmethod
    def of(cls, ledger: Ledger, stores: Flags, hours: int, opens: int, closes: int) -> Hours:
        """Cut ``stores`` and the first ``hours`` simulated hours out of a ledger."""
        cut = slice(0, hours)
        return cls(
            ledger.amount[cut][:, stores],
            ledger.quantity[cut][:, stores],
            ledger.lines[cut][:, stores],
            ledger.on_hand[cut][:, stores],
            ledger.quoted[:, stores],
            opens,
            closes,
        )

    @property
    def hours(self) -> int:
        """Return H."""
        return len(self.amount)

    @property
    def dates(self) -> int:
        """Return D, the whole dates among them."""
        return self.hours // 24

    @cached_property
    def price(self) -> Floats:
        """Return the quote median of whole dates (D, G)."""
        return np.asarray(np.median(self.quoted[: self.dates], axis=1), dtype=np.float64)

    @cached_property
    def out(self) -> Flags:
        """Return whether every store has nothing as a date ends (D, G)."""
        return np.asarray((self.on_hand[23::24] == 0).all(axis=1)[: self.dates])

    def change(self, dates: int) -> Floats:
        """Return the change of the quote median over so many dates (D, G); NaN where undefined."""
        change = np.full_like(self.price, np.nan)
        change[dates:] = self.price[dates:] / self.price[:-dates] - 1
        return change


def first_runs(mask: Flags, length: int) -> Iterator[tuple[int, int]]:
    """Yield (cell, first index) of the first run of at least ``length`` true values of each cell of (T, cells)."""
    if len(mask) < length:
        return
    windows = np.lib.stride_tricks.sliding_window_view(mask, length, axis=0)
    runs: Flags = np.asarray(windows.all(axis=-1))
    for cell in np.flatnonzero(runs.any(axis=0)).tolist():
        yield cell, int(runs[:, cell].argmax())


def rolling(values: Ints, window: int) -> Ints:
    """Return sums over the last ``window`` entries of the first axis."""
    total = np.cumsum(values, axis=0)
    total[window:] = total[window:] - total[:-window].copy()
    return total


def by_day(values: Ints, padded: int) -> Ints:
    """Return sums over dates of hourly values, the last date filled up by ``padded`` hours."""
    whole = np.concatenate([values, np.zeros((padded, values.shape[1]), dtype=np.int64)])
    return np.asarray(whole.reshape(-1, 24, values.shape[1]).sum(axis=1), dtype=np.int64)


def ratio(top: Ints | Floats, bottom: Ints | Floats) -> Floats:
    """Return top ÷ bottom; NaN where ``bottom`` is not above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)
