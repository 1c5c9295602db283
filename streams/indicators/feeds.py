"""How long enterprises have been silent, and how long they usually are. RULES, pack ``feed``.

- A *moment* of an enterprise is a 5-minute bucket of local event time in which an event of it falls. Events
  themselves would not do: of an hour's upload of a hundred receipts nearly every interval is a second.
- A *gap* is the open time from one moment to the next: the open buckets after the first up to the second.
  Where none of them is open there is no gap.
- The *usual interval* is the 95th percentile by nearest rank (the ceil(0.95 n)-th smallest of n: definition 1 of
  Hyndman and Fan, 1996) of the gaps between moments of the 7 dates up to the last closed one.
- *Silence* is the open time from an enterprise's newest event on, to the second.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.civil import BUCKET, DAY, HOUR, Civil
from streams.indicators.groups import Floats, Ints
from streams.indicators.hours import Hours, flags_of
from streams.indicators.pairs import Grown
from streams.indicators.rings import NEVER, enter
from streams.indicators.silence import Flags, Passed

#: Dates that the usual interval rests on.
WINDOW: Final = 7
PERCENTILE: Final = 95
#: The window, the open date, and one that has ended and not closed yet.
RING: Final = WINDOW + 2
BUCKETS: Final = DAY // BUCKET
_BYTES: Final = BUCKETS // 8
_PER_HOUR: Final = HOUR // BUCKET


class Feeds:
    """Moments of every sender of ``hours`` (a bit per bucket, 40 B a date) and its newest event.

    Late events count wherever their date is still kept; an interval that is worked out is not changed by them.
    """

    def __init__(self, civil: Civil, hours: Hours) -> None:
        """``hours``: the senders' names and when they are open; it must have closed a date before it closes here."""
        self._civil, self._hours = civil, hours
        fields: dict[str, tuple[Any, tuple[int, ...], int]] = {
            "last": (np.int64, (), NEVER),
            "moments": (np.uint8, (RING, _BYTES), 0),
            "interval": (np.float64, (), 0),
            "gaps": (np.int64, (), 0),
        }
        self.state = Grown(fields)
        self.day = NEVER
        self._always: dict[int, Passed] = {}
        self._version = NEVER

    def _grow(self) -> None:
        if self.state.size < self._hours.sites:
            self.state.grow(self._hours.sites)

    # -- events and time

    def hear(self, sender: Ints, at: Ints) -> None:
        """Note events, shapes (n,); ``at`` epoch seconds."""
        if not len(sender):
            return
        self._grow()
        # The lines of a receipt stand together: of thousands a fifth is left, and of the buckets in it a few.
        apart = _changes(at, sender)
        local, sender = self._civil.locals(at[apart]), sender[apart]
        np.maximum.at(self.state["last"], sender, local)
        bucket = local // BUCKET
        apart = _changes(bucket, sender)
        self._mark(sender[apart], bucket[apart])

    def _mark(self, sender: Ints, bucket: Ints) -> None:
        day, place = np.divmod(bucket, BUCKETS)
        self.day = enter(self.state["moments"], self.day, int(day.max()))
        kept = day > self.day - RING
        bit = (128 >> (place & 7)).astype(np.uint8)
        where = (sender[kept], day[kept] % RING, place[kept] >> 3)
        np.bitwise_or.at(self.state["moments"], where, bit[kept])

    def close(self, day: int, *, learn: bool = True) -> None:
        """Work out the usual intervals from the ``WINDOW`` dates up to ``day``, which has just closed.

        Not without ``learn``: 50 µs for each of what may be hundreds of senders, where no rule looks at them.
        """
        self._grow()
        self.day = enter(self.state["moments"], self.day, day)
        if not learn:
            return
        days = range(day - WINDOW + 1, day + 1)
        sender = np.arange(self.state.size)
        hours = flags_of(self._hours.masks(days, sender))
        opened = np.broadcast_to(np.repeat(hours, _PER_HOUR, axis=-1), (len(sender), WINDOW, BUCKETS))
        moments = np.unpackbits(self.state["moments"][:, [each % RING for each in days]], axis=-1)
        for each in sender.tolist():
            found = usual_interval(moments[each].reshape(-1) > 0, opened[each].reshape(-1))
            self.state["interval"][each], self.state["gaps"][each] = found

    # -- readings

    def silence(self, sender: Ints, now: int) -> Floats:
        """Return the open hours since the newest event of senders (n,) at ``now`` (epoch s); NaN without any."""
        self._grow()
        last, week, local = self.state["last"][sender], self._hours.week_of(sender), self._civil.local(now)
        silent = np.full(len(sender), np.nan)
        for number in np.unique(week).tolist():
            own = np.flatnonzero((week == number) & (last != NEVER))
            silent[own] = self._passed(number).between(np.zeros(len(own), np.int64), last[own], local)
        return silent

    def _passed(self, number: int) -> Passed:
        """Return the clock that only runs while the week of that number is open."""
        if self._version != self._hours.version:
            self._always, self._version = {}, self._hours.version
        if number not in self._always:
            self._always[number] = Passed(np.ones((1, 24)), self._hours.weeks[number])
        return self._always[number]

    def values(self, sender: Ints, now: int) -> dict[str, Floats]:
        """Return what rules read of senders (n,) at ``now`` (epoch s), NaN where undefined.

        ``feed_silent_hours``, ``feed_interval_hours``: open hours. ``feed_gaps``: what the interval rests on.
        """
        silent, gaps = self.silence(sender, now), self.state["gaps"][sender]
        return {
            "feed_silent_hours": silent,
            "feed_interval_hours": np.where(gaps > 0, self.state["interval"][sender], np.nan),
            "feed_gaps": gaps.astype(np.float64),
        }

    def watched(self, now: int) -> Flags:
        """Return which senders have been silent for longer than usual, shape (senders,)."""
        self._grow()
        known = self.state["gaps"] > 0
        found: Flags = known & (self.silence(np.arange(self.state.size), now) >= self.state["interval"])
        return found

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        self._grow()
        return {"state": self.state.dump(), "day": self.day}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.state.load(data["state"])
        self.day = data["day"]


def usual_interval(moments: Flags, opened: NDArray[np.bool_]) -> tuple[float, int]:
    """Return the usual interval in hours, and the number of gaps that it rests on; 0 and 0 without any.

    ``moments``, ``opened``: flags of consecutive buckets, shape (n,).
    """
    passed = np.cumsum(opened)[moments]
    gaps = np.diff(passed)
    gaps = np.sort(gaps[gaps > 0])
    if not len(gaps):
        return 0.0, 0
    rank = -(-PERCENTILE * len(gaps) // 100)
    return float(gaps[rank - 1]) / _PER_HOUR, len(gaps)


def _changes(*columns: Ints) -> Flags:
    """Return which rows differ from the one before them, shape (n,); the first one does."""
    found = np.ones(len(columns[0]), np.bool_)
    found[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return found
