"""Rules on the enterprises of one prefecture: who has been silent for longer than usual.

Subjects are (prefecture, enterprise), the enterprise being the sender of events. One is evaluated at a
grid point once it has been silent for its usual interval, and while an alert on it is open; live
every ``LOOK_SECONDS`` too. One that the registry says has left the prefecture is not silent.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.civil import BUCKET, HOUR
from streams.indicators.feeds import Feeds
from streams.indicators.groups import Ints
from streams.indicators.prices import FAR
from streams.judge import Frames, Judge
from streams.queues import NEVER
from streams.registry import Registry
from streams.senders import Senders
from streams.setup import Setup

#: RULES, "Evaluation": silence needs the clock, not an event.
LOOK_SECONDS: Final = 30


class Enterprises:
    """Evaluation of ``senders`` in the prefecture of that code."""

    def __init__(self, code: int, senders: Senders, registry: Registry, setup: Setup, judge: Judge) -> None:
        self._code, self._senders, self._registry = code, senders, registry
        self._setup, self._judge = setup, judge
        self.feeds = Feeds(setup.civil, senders.hours)
        #: Rows that wait to be judged; ``enterprise`` is a place in ``names``.
        self.frames = Frames()
        #: Senders in frames that wait to be judged: their alerts may have begun without our knowing yet.
        self._unjudged: set[int] = set()
        self._looked = NEVER

    @property
    def _watching(self) -> bool:
        return self._judge.has_enterprises

    def hear(self, sender: Ints, at: Ints) -> None:
        """Note events, shapes (n,); ``at`` epoch seconds."""
        self.feeds.hear(sender, at)

    def close(self, day: int) -> None:
        """Note that ``day`` has closed: what is usual is another now."""
        self._senders.hours.close(day)
        self.feeds.close(day, learn=self._watching)

    # -- time

    def waits(self, moment: int) -> bool:
        """Return whether an enterprise must be evaluated at the next grid point although nothing happens."""
        return self._watching and bool(self.frames.size or self._open() or self.feeds.watched(moment).any())

    def next_change(self, moment: int) -> int:
        """Return the first grid point at which an enterprise may need to be looked at."""
        if not self._watching:
            return FAR
        following = moment + HOUR - self._setup.civil.local(moment) % HOUR
        return moment + BUCKET if self.feeds.watched(following).any() else following

    def decide(self, at: int) -> None:
        """Evaluate at ``at`` (epoch s) who is silent, or has an open alert."""
        if not self._watching:
            return
        self._looked = at
        self._unjudged.update(np.flatnonzero(self.feeds.watched(at)).tolist())
        sender = np.array(sorted(self._unjudged.union(self._open())), np.int64)
        if len(sender):
            self.frames.add(self.frame(at, sender))

    def look_ahead(self, now: int) -> None:
        """Live: evaluate between grid points."""
        if now - self._looked >= LOOK_SECONDS:
            self.decide(now)

    def _open(self) -> list[int]:
        """Return the senders with open alerts."""
        return [self._senders.id(name) for region, name in self._judge.open_enterprises() if region == self._code]

    def frame(self, at: int, sender: Ints) -> dict[str, NDArray[Any]]:
        """Return the columns of rules on enterprises for senders (n,) as they stand at ``at``; NaN where undefined."""
        measured = self.feeds.values(sender, at)
        gone = [self._registry.left(self._senders.names[each]) for each in sender.tolist()]
        measured["feed_silent_hours"][gone] = 0.0
        return {
            "at": np.full(len(sender), at, np.int64),
            "region": np.full(len(sender), self._code, np.int64),
            "enterprise": sender,
            **measured,
        }

    @property
    def names(self) -> list[str]:
        """Return the names of all senders."""
        return self._senders.names

    def judged(self) -> None:
        """Forget the rows that waited: they were judged."""
        self.frames = Frames()
        self._unjudged.clear()

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"feeds": self.feeds.dump(), "hours": self._senders.hours.dump()}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._senders.hours.load(data["hours"])
        self.feeds.load(data["feeds"])
