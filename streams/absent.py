"""Prefectures that never sent anything: the clock alone closes their dates, so that no province must wait for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.events import Extent, QuoteKind
from streams.queues import NEVER
from streams.setup import Setup


class Absent:
    """One of them. ``told`` is the last date that the extents above know to be closed."""

    def __init__(self, code: int, setup: Setup, kinds: Iterable[QuoteKind]) -> None:
        self._code, self._setup, self._kinds = code, setup, tuple(kinds)
        self._heard: dict[str, int] = {}
        #: Since when (wall clock) it could have sent something; live only.
        self._since = 0.0
        self.told = NEVER

    def punctuate(self, topic: str, at: int) -> None:
        """Take note that ``topic`` brings nothing before ``at``."""
        self._heard[topic] = max(at, self._heard.get(topic, NEVER))

    def close(self, wall: float) -> list[Extent]:
        """Return what the extents above are told once one more date is over."""
        options, civil = self._setup.options, self._setup.civil
        self._since = self._since or wall
        if options.event_time:
            now = min(self._heard.get(topic, NEVER) for topic in options.inputs)
        else:
            now = int(wall) if wall - self._since >= options.idle_after else NEVER
        if now == NEVER or (day := civil.day(now - options.close_after) - 1) <= self.told:
            return []
        self.told = day
        date = civil.date(day).isoformat()
        return [Extent(f"{self._code:06d}", date, kind, silent=True) for kind in self._kinds]

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [self._code, list(self._heard.items()), self.told]

    def load(self, data: list[Any], *, same: bool) -> None:
        """Take over what ``dump`` returned; what was told is not known in another epoch (``same`` off)."""
        _, heard, told = data
        self._heard = dict(heard)
        self.told = told if same else NEVER
