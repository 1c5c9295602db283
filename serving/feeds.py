"""How fresh each input is: its newest event, and when that was heard of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

#: In the order in which people read them.
NAMES: Final = ("sales", "stock", "quotes")


class Feed(msgspec.Struct, frozen=True):
    """One input of the whole instance, epoch seconds: ``at`` of its newest event, ``heard`` when it last brought one.

    Both are needed: a replay of last year's prices is a living feed with old events.
    """

    at: int
    heard: float


class Feeds:
    """Newest events by input and prefecture. Pure: no clock."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], int] = {}
        self._feeds: dict[str, Feed] = {}

    def note(self, prefecture: str, heard: Mapping[str, int], stamp: float) -> None:
        """Take in what a prefecture's record of ``stamp`` (epoch seconds) says it has heard.

        Each prefecture has a time of its own, so any that moves on shows that the feed is alive.
        """
        for name, at in heard.items():
            if at <= self._marks.get((name, prefecture), -1):
                continue
            self._marks[name, prefecture] = at
            before = self._feeds.get(name, Feed(at, stamp))
            self._feeds[name] = Feed(max(before.at, at), max(before.heard, stamp))

    def told(self) -> dict[str, Feed]:
        """Return the inputs that have brought anything."""
        return {name: self._feeds[name] for name in NAMES if name in self._feeds}

    def newest(self, prefecture: str = "") -> int:
        """Return the newest event time of a prefecture, of all for an empty name; 0 when nothing was heard."""
        return max((at for (_, place), at in self._marks.items() if prefecture in ("", place)), default=0)
