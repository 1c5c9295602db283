"""Events of one input and prefecture that wait for their turn, in order of arrival.

An event takes effect once every named input has passed its *arrival watermark*: the latest event
time seen in its own input when it came, itself included. That depends on the order within one
topic alone, so results do not depend on how fetches of several topics happen to interleave.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from streams.indicators.groups import Ints

NEVER = -1


class Queue:
    """Columns of waiting events; ``watermark`` is the latest event time or punctuation seen."""

    def __init__(self) -> None:
        self.watermark = NEVER
        self._batches: deque[tuple[Ints, dict[str, Any]]] = deque()

    def push(self, columns: dict[str, Any]) -> None:
        """Add events; ``columns`` are arrays of equal length, ``at`` among them (epoch seconds)."""
        arrival = np.maximum.accumulate(np.maximum(columns["at"], self.watermark))
        self.watermark = int(arrival[-1])
        self._batches.append((arrival, columns))

    def punctuate(self, at: int) -> None:
        """Note that nothing before ``at`` comes any more."""
        self.watermark = max(self.watermark, at)

    @property
    def first(self) -> int:
        """Return the arrival watermark of the first waiting event, ``NEVER`` if none waits."""
        return int(self._batches[0][0][0]) if self._batches else NEVER

    def pop(self, limit: int) -> dict[str, Any] | None:
        """Take the events whose arrival watermark lies before ``limit``, plus an ``arrival`` column."""
        taken: list[dict[str, Any]] = []
        while self._batches and self._batches[0][0][0] < limit:
            arrival, columns = self._batches.popleft()
            count = int(np.searchsorted(arrival, limit))
            taken.append({"arrival": arrival[:count], **{name: each[:count] for name, each in columns.items()}})
            if count < len(arrival):
                rest = {name: each[count:] for name, each in columns.items()}
                self._batches.appendleft((arrival[count:], rest))
        if len(taken) <= 1:
            return taken[0] if taken else None
        return {name: np.concatenate([each[name] for each in taken]) for name in taken[0]}

    def __len__(self) -> int:
        """Return the number of waiting events."""
        return sum(len(arrival) for arrival, _ in self._batches)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"watermark": self.watermark, "batches": [[arrival, columns] for arrival, columns in self._batches]}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.watermark = data["watermark"]
        self._batches = deque((arrival, columns) for arrival, columns in data["batches"])
