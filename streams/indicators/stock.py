"""Stock: sellable on-hand, in-stock rate, demand from in-stock hours, cover, days out.

Quantities are integers of 1/1,000 base unit. Times are epoch seconds. RULES, "Stock".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.indicators.civil import DAY, HOUR, Civil
from streams.indicators.counts import UNKNOWN, Counts
from streams.indicators.deliveries import Deliveries
from streams.indicators.groups import Floats, Ints
from streams.indicators.hours import Hours
from streams.indicators.movements import Movements
from streams.indicators.pairs import Grown, Pairs
from streams.indicators.regions import rows_of
from streams.indicators.shelves import Shelves

#: Demand reads 7 closed dates; the open one and the one not yet closed come on top.
DATES = 9
DEMAND_DATES = 7
#: A correction reaches back, and what it names may come, within so many dates of event time.
CORRECTED_DATES = 7
#: Movements younger than this are kept one by one, so that a count that arrives late is followed
#: by exactly what came after it (24 B each: 29 MB at 2,000 lines/s). One that is later still is taken
#: to have been followed by these alone.
REORDER = 600


class Shelf:
    """On-hand and demand of every (site, good) of one prefecture and quote kind.

    Corrections: an event that one names has no effect on the stock any more, or never will if it
    comes later. It stays evidence that the site lists the good, and hours noted before as in or
    out of stock stay as they were known then.
    """

    def __init__(
        self,
        pairs: Pairs,
        civil: Civil,
        hours: Hours,
        list_days: int,
        *,
        counts_kept: int = 4,
        deliveries_kept: int = 500_000,
    ) -> None:
        self.pairs, self._civil = pairs, civil
        self.list_days = list_days
        self.hours = hours
        self.counts = Counts(pairs, counts_kept)
        self._deliveries = Deliveries(deliveries_kept)
        #: Events that corrections named, and the date on which the first of them did.
        self._withdrawn: dict[int, int] = {}
        #: 92 B a pair; what does not fit is widened (times in 2038).
        self.state = Grown(
            {
                "moved_at": (np.int32, (), UNKNOWN),
                "seen_day": (np.int32, (), UNKNOWN),
                "sold_at": (np.int32, (), UNKNOWN),
                "units": (np.int32, (DATES,), 0),
                "hours": (np.int32, (DATES,), 0),
                "demand": (np.float64, (), 0),
            }
        )
        self.day = UNKNOWN
        self._hour = UNKNOWN
        self._movements = Movements()
        #: What ``values`` returned for a day and hours, until anything changes.
        self._values: tuple[tuple[int, int], dict[str, NDArray[Any]]] | None = None

    def grow(self) -> None:
        """Make room for the pairs that came since."""
        if self.state.size < self.pairs.size:
            self.state.grow(self.pairs.size)
            self.counts.grow()

    # -- events

    def report(self, pair: Ints, at: Ints, quantity: Ints, event: Ints) -> None:
        """Apply OBSERVE of many events, shapes (n,): ``quantity`` was on hand at ``at``.

        What moved after a count still counts; among counts of one moment the last one stands.
        """
        self._see(pair, at)
        live = self._live(event)
        pair, at, quantity, event = pair[live], at[live], quantity[live], event[live]
        _, inverse, size = np.unique(pair, return_inverse=True, return_counts=True)
        # Nearly all counts: the pair's only one here, newer than what is known and than what moved. 0.3 µs, not 10.
        plain = (size[inverse] == 1) & (at >= self.counts.newest(pair)) & (at >= self.state["moved_at"][pair])
        self.counts.push(pair[plain], at[plain], quantity[plain], event[plain])
        order = np.argsort(at[~plain], kind="stable")
        rest = (column[~plain][order].tolist() for column in (pair, at, quantity, event))
        for each, moment, counted, name in zip(*rest, strict=True):
            self.counts.insert(each, moment, counted, name, self._moved(each, moment))

    def _moved(self, pair: int, at: int) -> int:
        """Return what moved of a pair after ``at``, up to the next count."""
        if self.state["moved_at"][pair] <= at:
            return 0
        _, following = self.counts.place(pair, at)
        later = 0 if following == UNKNOWN else self._movements.after(pair, following)
        return self._movements.after(pair, at) - later

    def receive(self, pair: Ints, at: Ints, quantity: Ints, event: Ints) -> None:
        """Apply ADD (positive) and DELETE (negative) of many events, shapes (n,)."""
        self._see(pair, at)
        live = self._live(event)
        if live.any():
            pair, at, quantity = pair[live], at[live], quantity[live]
            self._move(pair, at, quantity)
            self._deliveries.add(event=event[live], pair=pair, at=at, quantity=quantity)

    def withdraw(self, events: Ints) -> Ints:
        """Take away what ``events`` did, now or when they come; return the pairs that this changed."""
        self._values = None
        self.grow()
        self._withdrawn = {**dict.fromkeys(events.tolist(), self.day), **self._withdrawn}
        gone = self._deliveries.withdraw(events)
        if len(gone["pair"]):
            self._move(gone["pair"], gone["at"], -gone["quantity"])
        return np.union1d(self.counts.withdraw(events), gone["pair"])

    def _live(self, event: Ints) -> NDArray[np.bool_]:
        """Return which events no correction has named."""
        if not self._withdrawn:
            return np.ones(len(event), bool)
        return np.array([each not in self._withdrawn for each in event.tolist()], bool)

    def sell(
        self, pair: Ints, at: Ints, quantity: Ints, priced: NDArray[np.bool_], *, deplete: bool | NDArray[np.bool_]
    ) -> None:
        """Apply net sales (returns negative), shapes (n,); ``deplete`` takes them, or those lines, off the stock too.

        Only ``priced`` lines let a store count in ``stores``: that number is evidence for a price.
        """
        if not len(pair):
            return
        self._see(pair, at)
        self.state.raise_to("sold_at", *((pair, at) if priced.all() else (pair[priced], at[priced])))
        self._demand_units(pair, at, quantity)
        if deplete is True:
            self._move(pair, at, -quantity)
        elif deplete is not False and deplete.any():
            self._move(pair[deplete], at[deplete], -quantity[deplete])

    def list(self, pair: Ints, at: Ints) -> None:
        """Record that sites list goods at ``at``, shapes (n,): a quote without stock does no more."""
        self._see(pair, at)

    def _see(self, pair: Ints, at: Ints) -> None:
        self._values = None
        self.grow()
        hour = self._civil.hour_of_all(at) if len(at) else None
        if hour is None:
            self.state.raise_to("seen_day", pair, self._civil.locals(at) // DAY)
        else:
            seen = self.state["seen_day"]
            seen[pair] = np.maximum(seen[pair], hour * HOUR // DAY)

    def _move(self, pair: Ints, at: Ints, quantity: Ints) -> None:
        self.counts.move(pair, at, quantity)
        self.state.raise_to("moved_at", pair, at)
        self._movements.add(pair, at, quantity)

    def forget(self, now: int) -> None:
        """Drop single movements older than ``REORDER``."""
        self._movements.forget(now - REORDER)

    def _demand_units(self, pair: Ints, at: Ints, quantity: Ints) -> None:
        hour: Any = self._civil.hour_of_all(at)
        if hour is None:
            hour = self._civil.locals(at) // HOUR
        day = hour // 24
        slot = np.broadcast_to(day % DATES, pair.shape)
        hour_bit = np.left_shift(1, hour % 24)
        counts = (day > self.day - DATES) & (day <= self.day) & ((self.state["hours"][pair, slot] & hour_bit) != 0)
        self.state.add("units", (pair[counts], slot[counts]), quantity[counts])

    # -- time

    def move(self, now: int) -> None:
        """Note at every hour's start up to ``now`` who is in stock; call it before the hour's events."""
        local_hour = self._civil.local(now) // HOUR
        if self._hour == UNKNOWN:
            self._hour = local_hour - 1
        self._hour = max(self._hour, local_hour - DATES * 24)
        if local_hour <= self._hour:
            return
        self.grow()
        in_stock = self.on_hand() > 0
        for hour in range(self._hour + 1, local_hour + 1):
            self._enter_hour(hour, in_stock)
        self._hour = local_hour

    def _enter_hour(self, hour: int, in_stock: NDArray[np.bool_]) -> None:
        day = hour // 24
        if day != self.day:
            self.state["units"][:, day % DATES] = 0
            self.state["hours"][:, day % DATES] = 0
            self.day = day
        self.state["hours"][in_stock, day % DATES] |= 1 << (hour % 24)

    def close(self, day: int) -> None:
        """Compute demand from the 7 dates up to ``day``, which has just closed.

        demand(s,g) = net units sold / open hours in stock, in 1/1,000 base unit per open hour. An
        hour at whose start the site was out does not count, nor do its sales; nor does one before
        the site's first count, when nobody knows: a store that joins is not diluted. Which hours were
        open is what it was when each date closed.
        """
        self._values = None
        self.hours.close(day)
        self.grow()
        first = max(day - DEMAND_DATES + 1, self.day - DATES + 1)
        dates = range(first, min(day, self.day) + 1)
        slots = [each % DATES for each in dates]
        units = self.state["units"][:, slots].sum(axis=1)
        masks = self.state["hours"][:, slots] & self.hours.masks(dates, self.pairs.table["site"])
        hours = _bits(masks).sum(axis=1)
        self.state["demand"][:] = np.where(hours > 0, np.maximum(units, 0) / np.maximum(hours, 1), 0.0)
        self._forget_events(day - CORRECTED_DATES)

    def _forget_events(self, last: int) -> None:
        """Let events up to date ``last`` stand for good."""
        self._deliveries.forget(self._civil.midnight(last + 1))
        self._withdrawn = {event: day for event, day in self._withdrawn.items() if day > last}

    # -- readings

    def on_hand(self) -> Ints:
        """Return sellable on-hand per pair, shape (pairs,); ``UNKNOWN`` where never counted."""
        self.grow()
        return self.counts.on_hand()

    def listed(self, day: int) -> NDArray[np.bool_]:
        """Return which pairs are listed on ``day``: their last event is less than ``list_days`` dates old."""
        return self.state["seen_day"] > day - self.list_days

    def values(self, day: int) -> dict[str, NDArray[Any]]:
        """Return the stock indicators of every row (``Shelves.values``), each of shape (rows,)."""
        asked = day, self.hours.version
        if self._values is None or self._values[0] != asked:
            self.grow()
            pairs = self.pairs
            self._values = asked, Shelves([self], rows_of((pairs.cells // pairs.goods,), pairs.goods)).values([day])
        return self._values[1]

    def demands(self) -> tuple[Floats, float]:
        """Return demand per pair and a factor: their product is 1/1,000 base units a day."""
        a_day = self.hours.a_day(self.pairs.table["site"])
        if isinstance(a_day, float):
            return self.state["demand"], a_day
        return self.state["demand"] * a_day, 1.0

    def demand_day(self, pair: Ints) -> Floats:
        """Return demand of pairs (n,) in 1/1,000 base units a day."""
        found: Floats = self.state["demand"][pair] * self.hours.a_day(self.pairs.table["site"][pair])
        return found

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        self.grow()
        return {
            "state": self.state.dump(),
            "day": self.day,
            "hour": self._hour,
            "movements": self._movements.dump(),
            "counts": self.counts.dump(),
            "deliveries": self._deliveries.dump(),
            "withdrawn": list(self._withdrawn.items()),
            "open": self.hours.dump(),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.state.load(data["state"])
        self._values = None
        self.day, self._hour = data["day"], data["hour"]
        self._movements.load(data["movements"])
        self.counts.load(data["counts"])
        self._deliveries.load(data["deliveries"])
        self._withdrawn = dict(data["withdrawn"])
        self.hours.load(data["open"])


def _bits(masks: NDArray[np.int32]) -> Ints:
    """Return the number of set bits of each element."""
    return np.bitwise_count(masks).astype(np.int64)
