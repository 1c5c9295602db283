"""Rules on single sites of one prefecture: what changed, what to evaluate, and the frame for it.

Subjects are (site, good) pairs of the retail market. A pair is evaluated at a grid point when its
stock, sales or price changed, when a neighbour's quote changed what it is compared with, when it
has been silent for long enough to be looked at, and while an alert on it is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from schemas.fixed import PRICE, QUANTITY
from streams.frames import SITE_COLUMNS
from streams.indicators.civil import BUCKET, HOUR
from streams.indicators.counts import UNKNOWN
from streams.indicators.groups import RATIO_DECIMALS, Floats, Ints
from streams.indicators.neighbours import OWN_DATES, neighbours, over_own
from streams.indicators.pairs import Grown
from streams.indicators.prices import FAR
from streams.indicators.silence import Flags
from streams.indicators.silences import Silences
from streams.judge import Frames, Judge
from streams.queues import NEVER
from streams.setup import Setup

if TYPE_CHECKING:
    from streams.market import Market

_COMPARED: Final = ("over_county", "over_neighbours", "neighbours_z", "neighbours", "over_own", "site_price")


class Sites:
    """State and evaluation of the pairs of ``market``; ``regions`` are the codes of its counties."""

    def __init__(self, market: Market, regions: tuple[int, ...], setup: Setup, judge: Judge) -> None:
        self._market, self._setup, self._judge = market, setup, judge
        self._regions = np.array(regions, np.int64)
        self._place = {region: index for index, region in enumerate(regions)}
        self.silences = Silences(market.pairs, setup.civil, market.hours)
        self._marks = Grown(dict.fromkeys(("touched", "unjudged", "corrected"), (np.bool_, (), 0)))
        self._compared = Grown(dict.fromkeys(_COMPARED, (np.float64, (), 0)))
        #: Goods whose prices must be compared again, and the date they were compared on.
        self._goods = np.ones(len(setup.goods), bool)
        self._day = NEVER
        #: Rows that wait to be judged; ``site`` is a place in ``names``.
        self.frames = Frames()
        #: Whether any rule looks at sites; if none does only ``silences`` is kept, for one that may later.
        self.watching = judge.has_sites

    def _grow(self) -> None:
        for grown in (self._marks, self._compared):
            if grown.size < self._market.pairs.size:
                grown.grow(self._market.pairs.size)

    # -- events

    def touch(self, pair: Ints) -> None:
        """Note that stock or sales of pairs changed."""
        if self.watching:
            self._grow()
            self._marks["touched"][pair] = True

    def sell(self, pair: Ints, at: Ints, quantity: Ints) -> None:
        """Note sale lines, shapes (n,)."""
        self.silences.sell(pair, at, quantity)
        self.touch(pair)

    def quote(self, pair: Ints, corrected: Ints) -> None:
        """Note quotes: every price of their goods is compared with others now. ``corrected``: pairs of corrections."""
        if not self.watching:
            return
        self.touch(pair)
        self._marks["corrected"][corrected] = True
        self._goods[self._market.pairs.cell[pair] % len(self._setup.goods)] = True

    def close(self, day: int) -> None:
        """Note that ``day`` has closed: demand is another, and so is what sales let expect."""
        self.silences.close(day, learn=self.watching)
        if self.watching:
            self._grow()
            self._marks["touched"][:] = True

    # -- time

    def waits(self, moment: int) -> bool:
        """Return whether a pair must be evaluated at the next grid point although nothing happens."""
        if not self.watching:
            return False
        return bool(
            self.frames.size or self._open() or self._marks["touched"].any() or self.silences.watched(moment).any()
        )

    def next_change(self, moment: int) -> int:
        """Return the first grid point at which a pair may need to be looked at for its silence or a new date."""
        if not self.watching:
            return FAR
        local = self._setup.civil.local(moment)
        following = moment + HOUR - local % HOUR
        return moment + BUCKET if self.silences.watched(following).any() else following

    def decide(self, point: int) -> None:
        """Evaluate at a grid point what changed, waits or is silent."""
        if not self.watching:
            return
        self._grow()
        changed = self._compare(point) | self._marks["touched"] | self.silences.watched(point)
        self._marks["touched"][:] = False
        self._marks["unjudged"][changed] = True
        self._add(point, self._marks["unjudged"] | self._mask(self._open()))

    def look_ahead(self, now: int) -> None:
        """Live: evaluate at once what was touched."""
        if not self.watching:
            return
        self._grow()
        if not self._marks["touched"].any():
            return
        self._compare(now)
        touched = self._marks["touched"].copy()
        self._marks["touched"][:] = False
        self._marks["unjudged"][touched] = True
        self._add(now, touched | self._mask(self._open()))

    def _open(self) -> list[int]:
        """Return the pairs of open alerts."""
        pairs, goods = self._market.pairs, self._setup.good_index
        keys = ((self._place.get(region), goods[good], site) for region, good, site in self._judge.open_sites())
        found = (pairs.find(site, county, good) for county, good, site in keys if county is not None)
        return [pair for pair in found if pair is not None]

    def _mask(self, pairs: list[int]) -> Flags:
        mask = np.zeros(self._market.pairs.size, bool)
        mask[pairs] = True
        return mask

    def _add(self, at: int, chosen: Flags) -> None:
        pair = np.flatnonzero(chosen)
        if len(pair):
            # Alerts on a pair must not wait to clear where the price that they rest on was wrong.
            self.frames.add(self.frame(at, pair) | {"corrected": self._marks["corrected"][pair]})
            self._marks["corrected"][pair] = False

    @property
    def names(self) -> list[str]:
        """Return the names of all sites."""
        return self._market.pairs.names

    def judged(self) -> None:
        """Forget the rows that waited: they were judged."""
        self.frames = Frames()
        self._marks["unjudged"][:] = False

    # -- readings

    def frame(self, at: int, pair: Ints) -> dict[str, NDArray[Any]]:
        """Return the columns of site rules for pairs (n,) as they stand at ``at`` (epoch s); NaN where undefined."""
        pairs = self._market.pairs
        county, good = np.divmod(pairs.cell[pair], len(self._setup.goods))
        measured = self.stock(at, pair) | self.silences.values(pair, at)
        measured |= {name: self._compared[name][pair] for name in _COMPARED}
        return {
            "at": np.full(len(pair), at, np.int64),
            "region": self._regions[county],
            "good_index": good,
            "pair": pair,
            "site": pairs.table["site"][pair],
            **{name: measured[name] for name in SITE_COLUMNS},
        }

    def stock(self, at: int, pair: Ints) -> dict[str, Floats]:
        """Return what pairs (n,) have and sell, in base units and per day; NaN where undefined."""
        shelf = self._market.shelf
        stock, listed = shelf.on_hand()[pair], shelf.listed(self._setup.civil.day(at - 1))[pair]
        on_hand = np.where((stock != UNKNOWN) & listed, stock, np.nan) / QUANTITY
        demand = shelf.demand_day(pair) / QUANTITY
        demand = np.where(demand > 0, demand, np.nan)
        return {
            "site_on_hand": on_hand,
            "site_out": np.where(np.isnan(on_hand), np.nan, on_hand <= 0),
            "site_demand_day": demand,
            "site_cover_days": np.round(on_hand / demand, RATIO_DECIMALS),
        }

    def _compare(self, now: int) -> Flags:
        """Compare the prices of goods with new quotes, or all on a new date; return the pairs that this changed."""
        day, goods = self._setup.civil.day(now - 1), len(self._setup.goods)
        if day != self._day:
            self._day, self._goods[:] = day, True
        changed = np.zeros(self._market.pairs.size, bool)
        chosen = np.flatnonzero(self._goods[self._market.pairs.cell % goods])
        self._goods[:] = False
        if len(chosen):
            quotes, cell = self._market.quotes, self._market.pairs.cell[chosen]
            price = quotes.latest(day)[chosen]
            before = np.stack([quotes.fresh(day - back)[chosen] for back in range(1, OWN_DATES + 1)])
            found = neighbours(price, cell, cell % goods, np.arange(len(chosen)))
            found |= {"over_own": over_own(price, before), "site_price": np.where(price > 0, price, np.nan) / PRICE}
            for name in _COMPARED:
                known = self._compared[name]
                changed[chosen] |= (known[chosen] != found[name]) & ~(np.isnan(known[chosen]) & np.isnan(found[name]))
                known[chosen] = found[name]
        return changed

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"silences": self.silences.dump()}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned; all else follows from the market once every pair is looked at."""
        self.silences.load(data["silences"])
        self._grow()
        self._marks["touched"][:] = True
        self._goods[:] = True
