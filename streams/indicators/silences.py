"""Sales and silence of every (site, good) of one prefecture, kept as time goes on. Formulas: ``silence``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from schemas.opening import Week
from streams.indicators.block import Block
from streams.indicators.civil import HOUR, Civil
from streams.indicators.groups import Floats, Ints
from streams.indicators.hours import Hours, flags_of
from streams.indicators.pairs import Grown, Pairs
from streams.indicators.rings import NEVER, enter
from streams.indicators.silence import SPREAD, WINDOW, Flags, Passed, Profile, measures, no_sale, profile

#: The window, the open date, and one that has ended and not closed yet.
RING: Final = WINDOW + 2
#: Rules look at a pair once the chance of its silence is below this: twenty times what the pack asks for.
WATCHED: Final = 0.2
#: The expected sales at which the chance of none falls to ``WATCHED``.
_EXPECTED: Final = SPREAD * (WATCHED ** (-1 / SPREAD) - 1)
#: Seconds by which the moment may be off: sums of doubles over four weeks differ in the ninth decimal.
_MARGIN: Final = 2.0
#: Expected sales of the busiest hour, where there are any, are above this.
_LEAST: Final = 1e-6
#: Pairs looked at together: 24 hours of doubles and their sums are 2 MB for so many.
_BLOCK: Final = 4096
#: Later than any moment.
FAR: Final = 2**62
_ALWAYS: Final = np.ones(24, bool)


class Silences:
    """Which hours had a sale (a bit each, 28 dates), when the last one was, and what that lets expect.

    A sale is a line of positive quantity. Late ones count wherever their date is still kept; a
    profile that is worked out is not changed by them.
    """

    def __init__(self, pairs: Pairs, civil: Civil, hours: Hours) -> None:
        """``hours`` must have closed a date before it is closed here."""
        self._pairs, self._civil, self._hours = pairs, civil, hours
        self._usual = flags_of(np.array(hours.weeks[0].days[0], np.int32))
        self.state = Grown({"hours": (np.int32, (RING,), 0), "last": (np.int32, (), NEVER)})
        self._site = Grown({"last": (np.int64, (), NEVER)})
        self.day = NEVER
        self._learn(Profile(np.zeros((0, 24)), np.zeros(0, np.int64)))

    def _learn(self, found: Profile) -> None:
        open_hours = np.flatnonzero(found.hourly.any(axis=0))
        self._keep(open_hours, found.hourly[:, open_hours], found.dates)

    def _keep(self, open_hours: Ints, hourly: Floats, dates: Ints) -> None:
        """Keep a profile: of 24 hours of doubles, 192 B a pair, those in which anything is ever sold."""
        self._open_hours, self._hourly, self._dates = open_hours, hourly, dates
        #: Local second before which no pair of a profile can be worth looking at; worked out as time passes.
        self._due = np.zeros(len(dates), np.int64)
        self._divided = NEVER
        #: Packed into the first snapshot of a date, and not again.
        self._block = Block([open_hours, hourly, dates])

    def _profile(self, pair: Ints) -> Profile:
        """Return the profiles of pairs (n,) that are known of."""
        hourly = np.zeros((len(pair), 24))
        hourly[:, self._open_hours] = self._hourly[pair]
        return Profile(hourly, self._dates[pair])

    def _grow(self) -> None:
        if self.state.size < self._pairs.size:
            self.state.grow(self._pairs.size)
        if self._site.size < len(self._pairs.names):
            self._site.grow(len(self._pairs.names))

    # -- events and time

    def sell(self, pair: Ints, at: Ints, quantity: Ints) -> None:
        """Note sale lines, shapes (n,): epoch seconds and signed 1/1,000 base units."""
        sold = quantity > 0
        if not sold.any():
            return
        self._grow()
        if not sold.all():
            pair, at = pair[sold], at[sold]
        local, hour = self._civil.locals(at), self._civil.hour_of_all(at)
        if hour is None:
            self._mark(pair, local // HOUR)
        else:
            self._mark(pair, hour)
        self.state.raise_to("last", pair, local)
        np.maximum.at(self._site["last"], self._pairs.table["site"][pair], local)

    def _mark(self, pair: Ints, hour: Ints | int) -> None:
        """Note that pairs had a sale in their hours (n,), or all in one."""
        if isinstance(hour, int):
            self.day = enter(self.state["hours"], self.day, hour // 24)
            if hour // 24 > self.day - RING:
                self.state["hours"][pair, hour // 24 % RING] |= np.int32(1 << hour % 24)
            return
        day = hour // 24
        self.day = enter(self.state["hours"], self.day, int(day.max()))
        kept = day > self.day - RING
        bit = np.left_shift(1, hour[kept] % 24).astype(np.int32)
        np.bitwise_or.at(self.state["hours"], (pair[kept], day[kept] % RING), bit)

    def close(self, day: int, *, learn: bool = True) -> None:
        """Work out what the ``WINDOW`` dates up to ``day``, which has just closed, let expect.

        Not without ``learn``: it took 40 % of the time of a replay in which no rule looked at sites.
        """
        self._grow()
        self.day = enter(self.state["hours"], self.day, day)
        if not learn:
            return
        days = range(day - WINDOW + 1, day + 1)
        sold = flags_of(self.state["hours"][:, [each % RING for each in days]])
        opened = self._hours.masks(days, self._pairs.table["site"])
        alike = opened.ndim == 1 and (opened == opened[0]).all()
        every = opened[0] if alike else np.broadcast_to(opened, sold.shape[:2])
        self._learn(profile(sold, flags_of(every)))

    # -- readings

    def values(self, pair: Ints, now: int) -> dict[str, Floats]:
        """Return ``silence.measures`` of pairs (n,) at ``now`` (epoch s)."""
        self._grow()
        learnt = pair < len(self._dates)
        known = self._profile(pair[learnt])
        found = Profile(np.zeros((len(pair), 24)), np.zeros(len(pair), np.int64))
        found.hourly[learnt], found.dates[learnt] = known.hourly, known.dates
        site = self._pairs.table["site"][pair]
        last, site_last = self.state["last"][pair].astype(np.int64), self._site["last"][site]
        local = self._civil.local(now)
        if self._hours.uniform:
            return measures(found, self._usual, last, site_last, local)
        week = self._hours.week_of(site)
        parts = [(number, np.flatnonzero(week == number)) for number in np.unique(week).tolist()]
        columns: dict[str, Floats] = {}
        for number, chosen in parts:
            own = Profile(found.hourly[chosen], found.dates[chosen])
            always = (self._usual, None) if number == 0 else (_ALWAYS, self._hours.weeks[number])
            measured = measures(own, always[0], last[chosen], site_last[chosen], local, always[1])
            for name, column in measured.items():
                columns.setdefault(name, np.full(len(pair), np.nan))[chosen] = column
        return columns

    def watched(self, now: int) -> Flags:
        """Return which pairs have been silent for long enough to be looked at, shape (pairs,)."""
        self._grow()
        found = np.zeros(self._pairs.size, bool)
        local = self._civil.local(now)
        if self._divided != self._hours.version:
            self._divided = self._hours.version
            self._due = np.where(self._dates > 0, 0, FAR)
        due = np.flatnonzero(self._due <= local)
        for first in range(0, len(due), _BLOCK):
            part = due[first : first + _BLOCK]
            week = self._hours.week_of(self._pairs.table["site"][part])
            for number in np.unique(week).tolist():
                own = part[week == number]
                found[own] = self._look(own, self._hours.weeks[number] if number else None, local)
        return found

    def _look(self, pair: Ints, week: Week | None, local: int) -> Flags:
        """Return which pairs (n,) are worth looking at, and note when the others will be at the earliest.

        What is expected grows by the busiest hour's sales in an hour at most, and a sale only makes it less.
        """
        hourly, last = self._profile(pair).hourly, self.state["last"][pair].astype(np.int64)
        expected = Passed(hourly, week).between(np.arange(len(pair)), last, local)
        watched: Flags = (no_sale(expected) < WATCHED) & (last != NEVER)
        wait = (_EXPECTED - expected) / np.maximum(hourly.max(axis=1), _LEAST) * HOUR
        later = np.where(last != NEVER, local + np.maximum(wait - _MARGIN, 0).astype(np.int64), 0)
        self._due[pair] = np.where(watched, self._due[pair], np.maximum(self._due[pair], later))
        return watched

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        self._grow()
        return {"state": self.state.dump(), "site": self._site.dump(), "day": self.day, "profile": self._block}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.state.load(data["state"])
        self._site.load(data["site"])
        self.day = data["day"]
        self._keep(*data["profile"])
