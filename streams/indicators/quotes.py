"""Prices from daily quotes: medians over present sites, changes over matched sites. RULES, "Prices from quotes".

Prices are integers of 1/10,000 CNY per base unit; days are numbers (``civil``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.fixed import PRICE
from streams.indicators.groups import MAD_SCALE, RATIO_DECIMALS, Floats, Ints, column_median, grouped_median, ratio
from streams.indicators.pairs import Grown, Pairs

#: Longest look-back of an indicator (change_month: 34 dates and the carry before it), and some room.
DATES = 48
#: Of a pair that was never quoted.
NO_ROW = -1
#: What ``QuoteBook.values`` gives.
QUOTED = (
    *("price", "change_day", "change_week", "change_month", "rise_over_usual", "dispersion"),
    *("sites_present", "sites_fresh"),
)
#: How many dates back a base date may lie: the first with a matched site counts.
WEEK = tuple(range(7, 14))
MONTH = tuple(range(28, 35))
#: From the same calendar date a year ago.
YEAR = tuple(range(7))
#: Dates whose median price is the usual one, and how many of them must have a price.
USUAL = tuple(range(8, 29))
USUAL_LEAST = 7


class QuoteBook:
    """Last quote per (site, good) and date of one prefecture and kind."""

    def __init__(self, pairs: Pairs, carry_days: int = 3) -> None:
        self._pairs, self.carry_days = pairs, carry_days
        #: A row for each pair that has ever been quoted, for few are and one takes 384 B.
        self.state = Grown({"price": (np.int32, (DATES,), 0), "at": (np.int32, (DATES,), 0), "pair": (np.int32, (), 0)})
        self._row = Grown({"row": (np.int32, (), NO_ROW)})
        self.head = -1

    def _grow(self) -> None:
        if self._row.size < self._pairs.size:
            self._row.grow(self._pairs.size)

    def _row_of(self, pair: int) -> int:
        """Return the row of a pair, a new one if it has none."""
        row = int(self._row["row"][pair])
        if row == NO_ROW:
            row = self.state.size
            self.state.grow(row + 1)
            self.state["pair"][row] = pair
            self._row["row"][pair] = row
        return row

    def move(self, day: int) -> None:
        """Make ``day`` the newest date kept."""
        if day <= self.head:
            return
        self._grow()
        first = max(self.head + 1, day - DATES + 1) if self.head >= 0 else day
        slots = [each % DATES for each in range(first, day + 1)]
        self.state["price"][:, slots] = 0
        self.state["at"][:, slots] = 0
        self.head = day

    def quote(self, pair: int, day: int, at: int, price: int) -> None:
        """Apply a quote; among those of one date the last by event time wins, then the last applied."""
        self.move(day)
        self._grow()
        slot, row = day % DATES, self._row_of(pair)
        if day > self.head - DATES and at >= self.state["at"][row, slot]:
            for name, number in (("price", price), ("at", at)):
                self.state.hold(name, number)
                self.state[name][row, slot] = number

    def fresh(self, day: int) -> Ints:
        """Return the quotes dated ``day`` per pair, shape (pairs,); 0 where there is none."""
        prices = np.zeros(self._pairs.size, np.int64)
        if self.head - DATES < day <= self.head:
            prices[self.state["pair"]] = self.state["price"][:, day % DATES]
        return prices

    def before(self, pair: Ints, day: int, back: int) -> Ints:
        """Return the quotes of pairs (n,) on ``day`` and the ``back`` dates before, newest first: (back + 1, n)."""
        self._grow()
        days = np.arange(day, day - back - 1, -1)
        kept = (days > self.head - DATES) & (days <= self.head)
        row = self._row["row"][pair]
        prices = np.zeros((len(days), len(pair)), np.int64)
        quoted = np.flatnonzero(row != NO_ROW)
        prices[:, quoted] = self.state["price"][row[None, quoted], (days % DATES)[:, None]] * kept[:, None]
        return prices

    def latest(self, day: int) -> Ints:
        """Return the latest quote of the sites present on ``day``, shape (pairs,); 0 where absent."""
        prices = self.fresh(day)
        for back in range(1, self.carry_days):
            prices = np.where(prices > 0, prices, self.fresh(day - back))
        return prices

    def told_at(self, pair: int, day: int) -> int:
        """Return the event time of the quote of ``pair`` on ``day``; 0 where there is none."""
        return int(self.state["at"][self._row["row"][pair], day % DATES]) if self.fresh(day)[pair] else 0

    kept = DATES

    def quoted(self, days: range) -> NDArray[np.bool_]:
        """Return which pairs have a quote on any of ``days``, shape (pairs,)."""
        slots = [day % DATES for day in days if self.head - DATES < day <= self.head]
        known = np.zeros(self._pairs.size, bool)
        known[self.state["pair"]] = np.any(self.state["price"][:, slots] > 0, axis=1)
        return known

    def covered(self, cells: Ints, day: int, share: float) -> NDArray[np.bool_]:
        """Return for which of ``cells`` at least ``share`` of the sites present the day before quoted on ``day``."""
        before = self.latest(day - 1) > 0
        both = before & (self.fresh(day) > 0)
        expected = np.bincount(self._pairs.cell[before], minlength=self._pairs.cells)[cells]
        arrived = np.bincount(self._pairs.cell[both], minlength=self._pairs.cells)[cells]
        return (expected > 0) & (arrived >= share * expected)

    def values(self, day: int, cells: Ints | None = None, names: Collection[str] = QUOTED) -> dict[str, NDArray[Any]]:
        """Return the quote indicators of ``day`` called ``names`` for every row, each of shape (rows,).

        ``cells`` limits the pairs looked at; rows of other cells are then meaningless.
        """
        self._grow()
        chosen = np.arange(self._pairs.size)
        if cells is not None:
            wanted = np.zeros(self._pairs.cells, bool)
            wanted[cells] = True
            chosen = np.flatnonzero(wanted[self._pairs.cell])
        rows = _Rows(self._pairs, chosen)
        latest, fresh, before = self.latest(day)[chosen], self.fresh(day)[chosen], self.fresh(day - 1)[chosen]
        middle = rows.median(latest, latest > 0)
        indicators: dict[str, Callable[[], NDArray[Any]]] = {
            "price": lambda: middle / PRICE,
            "sites_present": lambda: rows.count(latest > 0),
            "sites_fresh": lambda: rows.count(fresh > 0),
            "change_day": lambda: rows.change(fresh, before, (fresh > 0) & (before > 0)),
            "change_week": lambda: self._change_on_base(rows, latest, [day - back for back in WEEK], chosen),
            "change_month": lambda: self._change_on_base(rows, latest, [day - back for back in MONTH], chosen),
            "rise_over_usual": lambda: self._rise_over_usual(rows, middle, day, chosen),
            "dispersion": lambda: rows.dispersion(latest, latest > 0, middle),
        }
        return {name: indicators[name]() for name in QUOTED if name in names}

    def _rise_over_usual(self, rows: _Rows, middle: Floats, day: int, chosen: Ints) -> Floats:
        """Compare the median price with the median of the prices of one to four weeks ago."""
        before = (self.latest(day - back)[chosen] for back in USUAL)
        usual = column_median(np.stack([rows.median(each, each > 0) for each in before]), USUAL_LEAST)
        return ratio(middle, usual)

    def _change_on_base(self, rows: _Rows, latest: Ints, bases: list[int], chosen: Ints) -> Floats:
        """Compare with the first base date on which a site present now was present too."""
        result = np.full(rows.size, np.nan)
        open_rows = np.ones(rows.size, bool)
        for base in bases:
            earlier = self.latest(base)[chosen]
            matched = (latest > 0) & (earlier > 0)
            if matched.any():
                change = rows.change(latest, earlier, matched)
                result = np.where(open_rows, change, result)
                open_rows &= np.isnan(change)
        return result

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"head": self.head, "quoted": self.state.dump()}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned; the pairs must be known again."""
        self.head = data["head"]
        self.state.load(data["quoted"])
        self._grow()
        self._row["row"][self.state["pair"]] = np.arange(self.state.size)


class _Rows:
    """Pairs grouped by county and, once more, by prefecture."""

    def __init__(self, pairs: Pairs, chosen: Ints) -> None:
        cell = pairs.cell[chosen]
        self.size = pairs.cells + pairs.goods
        self._groups = np.concatenate([cell, pairs.cells + cell % pairs.goods])

    def count(self, mask: NDArray[np.bool_]) -> Ints:
        return np.bincount(self._groups[np.tile(mask, 2)], minlength=self.size)

    def median(self, values: Ints, mask: NDArray[np.bool_]) -> Floats:
        both = np.tile(mask, 2)
        return grouped_median(self._groups[both], np.tile(values, 2)[both], self.size)

    def dispersion(self, values: Ints, mask: NDArray[np.bool_], middle: Floats) -> Floats:
        both = np.tile(mask, 2)
        apart = np.abs(np.tile(values, 2) - middle[self._groups])[both]
        return np.round(MAD_SCALE * grouped_median(self._groups[both], apart, self.size) / middle, RATIO_DECIMALS)

    def change(self, later: Ints, earlier: Ints, matched: NDArray[np.bool_]) -> Floats:
        return ratio(self.median(later, matched), self.median(earlier, matched))
