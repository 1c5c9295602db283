"""Fetched records wait here and are handed on one chunk per place and round.

In the order of a fetch 200,000 broken records at one place would keep every other place waiting
until the last of them was rejected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Set

from streams.chunk import Chunk
from streams.positions import Place

#: Fetches of a place that may wait: one is handed on while the next one is unpacked, 30 ms for four places.
MOST = 2


class Turns:
    """What is fetched and not delivered yet: at most ``MOST`` fetches of each place."""

    def __init__(self) -> None:
        self._waiting: dict[Place, deque[Iterator[tuple[int, Chunk]]]] = {}

    def __bool__(self) -> bool:
        """Return whether any place may still have records."""
        return bool(self._waiting)

    @property
    def full(self) -> Set[Place]:
        """Return the places of which no more should be fetched."""
        return {place for place, fetches in self._waiting.items() if len(fetches) >= MOST}

    def add(self, place: Place, chunks: Iterator[tuple[int, Chunk]]) -> None:
        """Take the chunks of one fetch, each with the first offset that it speaks for."""
        self._waiting.setdefault(place, deque()).append(chunks)

    def clear(self) -> None:
        """Forget everything, in the middle of a round too."""
        self._waiting.clear()

    def round(self) -> Iterator[tuple[Place, int, Chunk]]:
        """Yield the next chunk of each place that has one."""
        for place in list(self._waiting):
            if (found := self._next(place)) is not None:
                yield place, *found

    def _next(self, place: Place) -> tuple[int, Chunk] | None:
        fetches = self._waiting.get(place, deque())
        while fetches:
            if (found := next(fetches[0], None)) is not None:
                return found
            fetches.popleft()
        self._waiting.pop(place, None)
        return None
