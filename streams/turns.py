"""Fetched records wait here and are handed on one chunk per place and round.

In the order of a fetch 200,000 broken records at one place would keep every other place waiting
until the last of them was rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from streams.chunk import Chunk
from streams.positions import Place


class Turns:
    """What is fetched and not delivered yet: at most one fetch of each place."""

    def __init__(self) -> None:
        self._waiting: dict[Place, Iterator[tuple[int, Chunk]]] = {}

    def __bool__(self) -> bool:
        """Return whether any place may still have records."""
        return bool(self._waiting)

    @property
    def places(self) -> Set[Place]:
        """Return the places whose last fetch may not be used up."""
        return self._waiting.keys()

    def add(self, place: Place, chunks: Iterator[tuple[int, Chunk]]) -> None:
        """Take the chunks of one fetch, each with the first offset that it speaks for."""
        self._waiting[place] = chunks

    def clear(self) -> None:
        """Forget everything, in the middle of a round too."""
        self._waiting.clear()

    def round(self) -> Iterator[tuple[Place, int, Chunk]]:
        """Yield the next chunk of each place that has one."""
        for place in list(self._waiting):
            found = next(self._waiting.get(place, iter(())), None)
            if found is None:
                self._waiting.pop(place, None)
            else:
                yield place, *found
