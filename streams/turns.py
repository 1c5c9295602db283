"""Fetched records wait here and are handed on one chunk per place and round.

In the order of a fetch 200,000 broken records at one place would keep every other place waiting
until the last of them was rejected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Set

from streams.chunk import Chunk
from streams.positions import Place

#: Fetches of a place that may wait: one is handed on while the next one is unpacked, 30 ms for four places.
MOST = 2


class Turns:
    """What is fetched and not delivered yet: at most ``MOST`` fetches of each place."""

    def __init__(self, begin: Callable[[Chunk], None] = lambda chunk: None) -> None:
        """``begin`` is told of each chunk a round before its turn."""
        self._begin = begin
        self._waiting: dict[Place, deque[Iterator[tuple[int, Chunk]]]] = {}
        #: The next chunk of each place that has one.
        self._next: dict[Place, tuple[int, Chunk]] = {}

    def __bool__(self) -> bool:
        """Return whether any place may still have records."""
        return bool(self._next)

    @property
    def full(self) -> Set[Place]:
        """Return the places of which no more should be fetched."""
        return {place for place, fetches in self._waiting.items() if len(fetches) >= MOST}

    def add(self, place: Place, chunks: Iterator[tuple[int, Chunk]]) -> None:
        """Take the chunks of one fetch, each with the first offset that it speaks for."""
        self._waiting.setdefault(place, deque()).append(chunks)
        if place not in self._next:
            self._draw(place)

    def clear(self) -> None:
        """Forget everything, in the middle of a round too."""
        self._waiting.clear()
        self._next.clear()

    def round(self) -> Iterator[tuple[Place, int, Chunk]]:
        """Yield the next chunk of each place that has one."""
        for place in list(self._next):
            if (found := self._next.pop(place, None)) is not None:
                self._draw(place)
                yield place, *found

    def _draw(self, place: Place) -> None:
        """Find the next chunk of a place, and begin with it."""
        fetches = self._waiting.get(place, deque())
        while fetches:
            if (found := next(fetches[0], None)) is not None:
                self._next[place] = found
                self._begin(found[1])
                return
            fetches.popleft()
        self._waiting.pop(place, None)
