"""Events of one input and prefecture that wait for their turn, in order of arrival.

An event takes effect once every named input has passed its *arrival watermark*: the latest event
time seen in its own input when it came, itself included. That depends on the order within one
topic alone, so results do not depend on how fetches of several topics happen to interleave.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints

NEVER = -1


class Events(NamedTuple):
    """Events in order: their columns as one array of shape (len(names), n).

    The first one is ``at`` (epoch seconds), the others follow by name, wherever the events come from.
    """

    names: tuple[str, ...]
    values: Ints

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]]) -> Events:
        """Return columns of whole numbers or flags, each of shape (n,), as events."""
        names = ("at", *sorted(name for name in columns if name != "at"))
        return cls(names, np.stack([columns[name] for name in names], dtype=np.int64))

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.values[0])

    @property
    def at(self) -> Ints:
        """Return when they happened, shape (n,)."""
        at: Ints = self.values[0]
        return at

    def part(self, begin: int, end: int | None = None) -> Events:
        """Return events [begin, end), which keep nothing of the others in memory."""
        return Events(self.names, self.values[:, begin:end].copy())

    def columns(self) -> dict[str, Any]:
        """Return the columns by name, each of shape (n,)."""
        return dict(zip(self.names, self.values, strict=True))


class Queue:
    """Waiting events; ``watermark`` is the latest event time or punctuation seen.

    A batch is put in with a handful of operations, and arrival watermarks are worked out for all batches of a
    bucket at once: of 285 prefectures each has its batch in every chunk, of 70 lines on average.
    """

    def __init__(self) -> None:
        self.watermark = NEVER
        #: The watermark before each batch and after it, and its events.
        self._batches: deque[tuple[int, int, Events]] = deque()

    def push(self, events: Events, latest: int | None = None) -> None:
        """Add events, at least one; ``latest`` is the time of their latest one, where it is known."""
        before = self.watermark
        self.watermark = max(before, int(np.maximum.reduce(events.at)) if latest is None else latest)
        self._batches.append((before, self.watermark, events))

    def punctuate(self, at: int) -> None:
        """Note that nothing before ``at`` comes any more."""
        self.watermark = max(self.watermark, at)

    @property
    def first(self) -> int:
        """Return the arrival watermark of the first waiting event, ``NEVER`` if none waits."""
        if not self._batches:
            return NEVER
        before, _, events = self._batches[0]
        return max(before, int(events.values[0, 0]))

    def pop(self, limit: int, *, arrival: bool = False) -> dict[str, Any] | None:
        """Take the events whose arrival watermark lies before ``limit``; with ``arrival``, a column of them too.

        Returns columns of whole numbers, each of shape (n,), None where there are no such events.
        """
        taken: list[tuple[int, int, Events]] = []
        while self._batches and self._batches[0][1] < limit:
            taken.append(self._batches.popleft())
        if self._batches and self.first < limit:
            taken.append(self._split(limit))
        if not taken:
            return None
        first, parts = taken[0][2], [events for _, _, events in taken]
        found = Events(first.names, np.concatenate([each.values for each in parts], axis=1)) if taken[1:] else first
        if arrival:
            return {"arrival": _arrival([before for before, _, _ in taken], parts, found.at), **found.columns()}
        return found.columns()

    def _split(self, limit: int) -> tuple[int, int, Events]:
        """Take the first events of the first batch, those that came before ``limit``."""
        before, after, events = self._batches.popleft()
        arrival = _arrival([before], [events], events.at)
        count = int(np.searchsorted(arrival, limit))
        reached = int(arrival[count - 1])
        self._batches.appendleft((reached, after, events.part(count)))
        return before, reached, events.part(0, count)

    def __len__(self) -> int:
        """Return the number of waiting events."""
        return sum(len(events) for _, _, events in self._batches)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        batches = [[before, after, list(events.names), events.values] for before, after, events in self._batches]
        return {"watermark": self.watermark, "batches": batches}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.watermark = data["watermark"]
        self._batches = deque(
            (before, after, Events(tuple(names), values)) for before, after, names, values in data["batches"]
        )


def _arrival(before: list[int], parts: list[Events], at: Ints) -> Ints:
    """Return the arrival watermarks of batches end to end; ``before``: what was seen before each of them."""
    seen = np.repeat(np.array(before, np.int64), [len(each) for each in parts])
    arrival: Ints = np.maximum.accumulate(np.maximum(at, seen))
    return arrival
