"""Enterprises that send events of one prefecture, as dense ids: when each is open, and how it reports its stock."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.opening import Week
from schemas.registry import FeedKind
from streams.indicators.groups import Ints
from streams.indicators.hours import Hours


class Senders:
    """Ids of senders; ``usual``: whether sales are taken off the stock where the registry does not say."""

    def __init__(self, usual: bool, week: Week) -> None:
        """``week``: when an enterprise is open of whose sites the registry says nothing."""
        self.names: list[str] = []
        self.hours = Hours(self, week)
        self._ids: dict[str, int] = {}
        self._usual = usual
        #: What the registry says of senders, whether they have sent anything or not; absent: nothing.
        self._snapshots: dict[str, bool] = {}

    def id(self, name: str) -> int:
        """Return the id of a sender, a new one if it is unknown."""
        found = self._ids.get(name)
        if found is None:
            found = self._ids[name] = len(self.names)
            self.names.append(name)
        return found

    def note_feed(self, name: str, feed: FeedKind | None) -> None:
        """Note how a sender reports its stock; None: as is usual here."""
        self._snapshots.pop(name, None)
        if feed is not None:
            self._snapshots[name] = feed == "snapshots"

    def snapshots(self, sender: Ints) -> bool | NDArray[np.bool_]:
        """Return of senders (n,) whether sales must be taken off their stock; one answer where it is that of all."""
        if all(each == self._usual for each in self._snapshots.values()):
            return self._usual
        return np.array([self._snapshots.get(name, self._usual) for name in self.names], bool)[sender]

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot; feeds are the registry's to remember."""
        return list(self.names)

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        self.names = list(data)
        self._ids = {name: number for number, name in enumerate(self.names)}
