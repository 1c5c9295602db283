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
    """Columns of waiting events; ``watermark`` is the latest event time or punctuation seen.

    A batch is put in with a handful of operations, and arrival watermarks are worked out for all batches of a
    bucket at once: of 285 prefectures each has its batch in every chunk, of 70 lines on average.
    """

    def __init__(self) -> None:
        self.watermark = NEVER
        #: The watermark before each batch and after it, and its columns.
        self._batches: deque[tuple[int, int, dict[str, Any]]] = deque()

    def push(self, columns: dict[str, Any]) -> None:
        """Add events; ``columns`` are arrays of equal length, ``at`` among them (epoch seconds)."""
        before = self.watermark
        self.watermark = max(before, int(np.maximum.reduce(columns["at"])))  # .max() takes twice as long
        self._batches.append((before, self.watermark, columns))

    def punctuate(self, at: int) -> None:
        """Note that nothing before ``at`` comes any more."""
        self.watermark = max(self.watermark, at)

    @property
    def first(self) -> int:
        """Return the arrival watermark of the first waiting event, ``NEVER`` if none waits."""
        if not self._batches:
            return NEVER
        before, _, columns = self._batches[0]
        return max(before, int(columns["at"][0]))

    def pop(self, limit: int, *, arrival: bool = False) -> dict[str, Any] | None:
        """Take the events whose arrival watermark lies before ``limit``; with ``arrival``, a column of them too."""
        taken: list[tuple[int, int, dict[str, Any]]] = []
        while self._batches and self._batches[0][1] < limit:
            taken.append(self._batches.popleft())
        if self._batches and self.first < limit:
            taken.append(self._split(limit))
        if not taken:
            return None
        parts = [columns for _, _, columns in taken]
        columns = {name: np.concatenate([each[name] for each in parts]) for name in parts[0]} if taken[1:] else parts[0]
        if arrival:
            columns = {"arrival": _arrival([before for before, _, _ in taken], parts, columns["at"]), **columns}
        return columns

    def _split(self, limit: int) -> tuple[int, int, dict[str, Any]]:
        """Take the first events of the first batch, those that came before ``limit``."""
        before, after, columns = self._batches.popleft()
        arrival = _arrival([before], [columns], columns["at"])
        count = int(np.searchsorted(arrival, limit))
        reached = int(arrival[count - 1])
        self._batches.appendleft((reached, after, {name: each[count:] for name, each in columns.items()}))
        return before, reached, {name: each[:count] for name, each in columns.items()}

    def __len__(self) -> int:
        """Return the number of waiting events."""
        return sum(len(columns["at"]) for _, _, columns in self._batches)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"watermark": self.watermark, "batches": [list(batch) for batch in self._batches]}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.watermark = data["watermark"]
        self._batches = deque((before, after, columns) for before, after, columns in data["batches"])


def _arrival(before: list[int], parts: list[dict[str, Any]], at: Ints) -> Ints:
    """Return the arrival watermarks of batches end to end; ``before``: what was seen before each of them."""
    seen = np.repeat(np.array(before, np.int64), [len(each["at"]) for each in parts])
    arrival: Ints = np.maximum.accumulate(np.maximum(at, seen))
    return arrival
