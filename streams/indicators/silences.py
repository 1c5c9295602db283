"""Sales and silence of every (site, good) of one prefecture, kept as time goes on. Formulas: ``silence``."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.indicators.block import Block
from streams.indicators.civil import DAY, HOUR, Civil
from streams.indicators.groups import Floats, Ints
from streams.indicators.pairs import Grown, Pairs
from streams.indicators.silence import WINDOW, Flags, Passed, Profile, measures, no_sale, profile

#: The window, the open date, and one that has ended and not closed yet.
RING: Final = WINDOW + 2
NEVER: Final = -1
#: Rules look at a pair once the chance of its silence is below this: twenty times what the pack asks for.
WATCHED: Final = 0.2


class Silences:
    """Which hours had a sale (a bit each, 28 dates), when the last one was, and what that lets expect.

    A sale is a line of positive quantity. Late ones count wherever their date is still kept; a
    profile that is worked out is not changed by them.
    """

    def __init__(self, pairs: Pairs, civil: Civil, open_hours: tuple[int, int]) -> None:
        self._pairs, self._civil = pairs, civil
        self._opened = np.zeros(24, bool)
        self._opened[slice(*open_hours)] = True
        self.state = Grown({"hours": (np.int32, (RING,), 0), "last": (np.int64, (), NEVER)})
        self._site = Grown({"last": (np.int64, (), NEVER)})
        self.day = NEVER
        self._learn(Profile(np.zeros((0, 24)), np.zeros(0, np.int64)))

    def _learn(self, found: Profile) -> None:
        self._profile, self._expected = found, Passed(found.hourly)
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
        self._enter(int(day.max()))
        kept = day > self.day - RING
        bit = np.left_shift(1, local % DAY // HOUR).astype(np.int32)
        np.bitwise_or.at(self.state["hours"], (pair[kept], day[kept] % RING), bit[kept])
        np.maximum.at(self.state["last"], pair, local)
        np.maximum.at(self._site["last"], self._pairs.table["site"][pair], local)

    def _enter(self, day: int) -> None:
        """Make ``day`` the newest date kept."""
        first = max(self.day + 1, day - RING + 1) if self.day != NEVER else day
        for entering in range(first, day + 1):
            self.state["hours"][:, entering % RING] = 0
        self.day = max(self.day, day)

    def close(self, day: int, *, learn: bool = True) -> None:
        """Work out what the ``WINDOW`` dates up to ``day``, which has just closed, let expect.

        Not without ``learn``: it took 40 % of the time of a replay in which no rule looked at sites.
        """
        self._grow()
        self._enter(day)
        if not learn:
            return
        masks = self.state["hours"][:, [each % RING for each in range(day - WINDOW + 1, day + 1)]]
        sold = (masks[:, :, None] >> np.arange(24, dtype=np.int32)) & 1
        self._learn(profile(sold.astype(bool), self._opened))

    # -- readings

    def values(self, pair: Ints, now: int) -> dict[str, Floats]:
        """Return ``silence.measures`` of pairs (n,) at ``now`` (epoch s)."""
        self._grow()
        learnt = pair < len(self._profile.dates)
        row = pair[learnt]
        found = Profile(np.zeros((len(pair), 24)), np.zeros(len(pair), np.int64))
        found.hourly[learnt], found.dates[learnt] = self._profile.hourly[row], self._profile.dates[row]
        site = self._pairs.table["site"][pair]
        return measures(found, self._opened, self.state["last"][pair], self._site["last"][site], self._civil.local(now))

    def watched(self, now: int) -> Flags:
        """Return which pairs have been silent for long enough to be looked at, shape (pairs,)."""
        self._grow()
        found = np.zeros(self._pairs.size, bool)
        learnt = len(self._profile.dates)
        pair = np.flatnonzero((self.state["last"][:learnt] != NEVER) & (self._profile.dates > 0))
        expected = self._expected.between(pair, self.state["last"][pair], self._civil.local(now))
        found[pair] = no_sale(expected) < WATCHED
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
