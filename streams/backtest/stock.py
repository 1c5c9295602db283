"""Stock of every date's close from the stock lines of one good's quotes. RULES, "Stock".

Matrices have shape (sites, dates), results (regions, dates).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from streams.backtest.grid import Flags, Regions, last_true, window_sum
from streams.indicators.groups import RATIO_DECIMALS, Floats, Ints
from streams.indicators.outages import LONG, LOW_DATES, LOW_RATE, WEEK


@dataclass
class Stock:
    """Stock indicators of the regions that the sites are grouped into.

    ``on_hand`` is the last stock that a site reported on each date, -1 where it reported none;
    ``seen`` says whether it sent any line of the good on the date.
    """

    on_hand: Ints
    seen: Flags
    regions: Regions
    list_days: int = 28

    @cached_property
    def _counts(self) -> tuple[Ints, Ints]:
        """Sites in and out at the close: those that list the good and have ever reported stock."""
        counted = last_true(self.on_hand >= 0)
        stock = np.take_along_axis(self.on_hand, np.maximum(counted, 0), axis=1)
        seen = last_true(self.seen)
        dates = np.arange(self.on_hand.shape[1])
        known = (counted >= 0) & (dates - seen < self.list_days)
        return self.regions.count(known & (stock > 0)), self.regions.count(known & (stock <= 0))

    def sites_in(self) -> Ints:
        """Sites that have the good at the close."""
        return self._counts[0]

    def sites_out(self) -> Ints:
        """Sites that report it out at the close."""
        return self._counts[1]

    def in_stock_rate(self) -> Floats:
        """Sites in / (sites in + sites out); NaN where none reports."""
        inside, outside = self._counts
        total = inside + outside
        rate: Floats = np.where(total > 0, inside / np.maximum(total, 1), np.nan)
        return np.round(rate, RATIO_DECIMALS)

    @cached_property
    def _out(self) -> Flags:
        inside, outside = self._counts
        out: Flags = (inside == 0) & (outside > 0)
        return out

    def out_days(self) -> Ints:
        """Consecutive dates up to d at whose close all reporting sites are out (at least one reports)."""
        return np.arange(self._out.shape[1]) - last_true(~self._out)

    def intermittent(self) -> Flags:
        """Supply that comes and goes: a site reports, out_days < 3, and in 7 dates once out or twice below one half."""
        inside, outside = self._counts
        reports = inside + outside > 0
        low = reports & (inside < LOW_RATE * (inside + outside))
        broken = (window_sum(self._out, WEEK) > 0) | (window_sum(low, WEEK) >= LOW_DATES)
        return reports & (self.out_days() < LONG) & broken
