"""Price indicators of every date from the quotes of one good. RULES, "Prices from quotes".

Prices are integers of 1/10,000 CNY per base unit, 0 where a site did not quote. Matrices have shape
(sites, dates), results (regions, dates) with NaN where undefined.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from schemas.fixed import PRICE
from streams.backtest.grid import Flags, Regions, carried, shifted
from streams.indicators.civil import Civil
from streams.indicators.groups import MAD_SCALE, RATIO_DECIMALS, Floats, Ints, column_median, ratio
from streams.indicators.quotes import MONTH, USUAL, USUAL_LEAST, WEEK, YEAR

#: Cells whose usual price is found at once: 21 floats each, so that a nation's matrix stays below 50 MB.
_BLOCK: Final = 250_000


@dataclass
class Prices:
    """Price indicators of the regions that the sites are grouped into.

    ``quotes`` is p(s, d) as matrix, ``first`` the day number of its first date.
    """

    quotes: Ints
    regions: Regions
    first: int
    carry_days: int = 3

    @cached_property
    def latest(self) -> Ints:
        """The latest quote of each present site, 0 where absent."""
        return carried(self.quotes, self.carry_days)

    @cached_property
    def _dates(self) -> Ints:
        return np.arange(self.quotes.shape[1])

    @cached_property
    def _median(self) -> Floats:
        return self.regions.median(self.latest, self.latest > 0)

    def price(self) -> Floats:
        """P = median over present sites of their latest quote, CNY per base unit."""
        return self._median / PRICE

    def sites_present(self) -> Ints:
        """Sites whose latest quote is at most ``carry_days`` - 1 dates old."""
        return self.regions.count(self.latest > 0)

    def sites_fresh(self) -> Ints:
        """Sites that quoted on the date."""
        return self.regions.count(self.quotes > 0)

    def change_day(self) -> Floats:
        """Median over sites fresh on both d and d-1 of d's prices / the same of d-1's - 1."""
        before = shifted(self.quotes, self._dates - 1)
        return self._change(self.quotes, before)

    def change_week(self) -> Floats:
        """Change against the latest of d-7 ... d-13 that has a matched site."""
        return self._on_base([self._dates - back for back in WEEK])

    def change_month(self) -> Floats:
        """Change against the latest of d-28 ... d-34 that has a matched site."""
        return self._on_base([self._dates - back for back in MONTH])

    def change_year(self) -> Floats:
        """Change against the same calendar date a year ago (29 February: 28), back to six dates before it."""
        ago = np.array([_year_ago(self.first + date) - self.first for date in self._dates.tolist()], np.int64)
        return self._on_base([ago - back for back in YEAR])

    def rise_over_usual(self) -> Floats:
        """P(d) / median of the defined P over d-28 ... d-8 - 1; at least 7 of them must be defined."""
        now = self._median
        usual = np.full(now.shape, np.nan)
        before = np.stack([np.where(self._dates - back >= 0, self._dates - back, -1) for back in USUAL])
        step = max(1, _BLOCK // now.shape[1])
        for start in range(0, len(now), step):
            block = now[start : start + step]
            table = np.where(before >= 0, block[:, np.maximum(before, 0)], np.nan).swapaxes(0, 1)
            found = column_median(table.reshape(len(before), -1), USUAL_LEAST)
            usual[start : start + step] = found.reshape(block.shape)
        return ratio(now, usual)

    def dispersion(self) -> Floats:
        """1.4826 x MAD / median of the latest quotes of the present sites. Source: DOMAIN, robust spread."""
        present = self.latest > 0
        apart = np.abs(self.latest - self._median[self.regions.of_site])
        return np.round(MAD_SCALE * self.regions.median(apart, present) / self._median, RATIO_DECIMALS)

    def _on_base(self, bases: list[Ints]) -> Floats:
        """Compare each date with the first of its ``bases`` on which a site present now was present too.

        ``bases``: date indices, each of shape (dates,); one below 0 is before the first quote.
        """
        latest, present = self.latest, self.latest > 0
        chosen = np.full((len(self.regions.codes), len(self._dates)), -1)
        for base in bases:
            matched = present & shifted(present, base)
            chosen = np.where((chosen < 0) & self.regions.any(matched), base, chosen)
        of_site = chosen[self.regions.of_site]
        earlier = np.take_along_axis(latest, np.maximum(of_site, 0), axis=1)
        return self._change(latest, np.where(of_site >= 0, earlier, 0))

    def _change(self, later: Ints, earlier: Ints) -> Floats:
        matched: Flags = (later > 0) & (earlier > 0)
        # + 0.0: a fall below half of the last decimal is 0, not -0.
        return ratio(self.regions.median(later, matched), self.regions.median(earlier, matched)) + 0.0


def _year_ago(day: int) -> int:
    date = Civil.date(day)
    last = calendar.monthrange(date.year - 1, date.month)[1]
    return Civil.number(date.replace(year=date.year - 1, day=min(date.day, last)))
