"""Sales and silence of every (site, good) of one prefecture, kept as time goes on. Formulas: ``silence``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.indicators.block import Block
from streams.indicators.civil import DAY, HOUR, Civil
from streams.indicators.groups import Floats, Ints
from streams.indicators.hours import Hours, flags_of
from streams.indicators.pairs import Grown, Pairs
from streams.indicators.rings import NEVER, enter
from streams.indicators.silence import WINDOW, Flags, Passed, Profile, measures, no_sale, profile

#: The window, the open date, and one that has ended and not closed yet.
RING: Final = WINDOW + 2
#: Rules look at a pair once the chance of its silence is below this: twenty times what the pack asks for.
WATCHED: Final = 0.2
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
        self._profile = found
        self._expected: list[tuple[Ints, Passed]] = []
        self._divided = NEVER
        #: Packed into the first snapshot of a date, and not again.
        self._block = Block([found.hourly, found.dates])

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
        pair, at = pair[sold], at[sold]
        local = self._civil.locals(at)
        day = local // DAY
        self.day = enter(self.state["hours"], self.day, int(day.max()))
        kept = day > self.day - RING
        bit = np.left_shift(1, local % DAY // HOUR).astype(np.int32)
        np.bitwise_or.at(self.state["hours"], (pair[kept], day[kept] % RING), bit[kept])
        self.state.raise_to("last", pair, local)
        np.maximum.at(self._site["last"], self._pairs.table["site"][pair], local)

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
        learnt = pair < len(self._profile.dates)
        row = pair[learnt]
        found = Profile(np.zeros((len(pair), 24)), np.zeros(len(pair), np.int64))
        found.hourly[learnt], found.dates[learnt] = self._profile.hourly[row], self._profile.dates[row]
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

    def _by_week(self) -> list[tuple[Ints, Passed]]:
        """Return the pairs with a profile, divided by the hours of their site, and what each part expects."""
        if self._divided != self._hours.version:
            self._divided = self._hours.version
            pair = np.flatnonzero(self._profile.dates > 0)
            week = self._hours.week_of(self._pairs.table["site"][pair])
            parts = [(number, pair[week == number]) for number in np.unique(week).tolist()]
            self._expected = [
                (own, Passed(self._profile.hourly[own], self._hours.weeks[number] if number else None))
                for number, own in parts
            ]
        return self._expected

    def watched(self, now: int) -> Flags:
        """Return which pairs have been silent for long enough to be looked at, shape (pairs,)."""
        self._grow()
        found = np.zeros(self._pairs.size, bool)
        local = self._civil.local(now)
        for pair, passed in self._by_week():
            last = self.state["last"][pair].astype(np.int64)
            found[pair] = (no_sale(passed.between(np.arange(len(pair)), last, local)) < WATCHED) & (last != NEVER)
        return found

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
        self._learn(Profile(*data["profile"]))
