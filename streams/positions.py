"""Which fetched records are due: nothing is skipped silently, nothing is delivered twice in a row."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

#: A topic and a partition of it.
Place = tuple[str, int]


class Verdict(Enum):
    """What to do with fetched records."""

    DELIVER = "deliver"
    #: Already read, or of a partition that is not ours.
    DROP = "drop"
    #: Records are missing before these: seek back to the expected offset.
    REWIND = "rewind"
    #: They are still missing after a rewind (retention, compaction): go on and say so.
    ACCEPT_GAP = "gap"


class Positions:
    """The next offset to read of every place that is being read."""

    def __init__(self) -> None:
        self._next: dict[Place, int] = {}
        self._rewound: dict[Place, int] = {}

    def reset(self, offsets: Mapping[Place, int]) -> None:
        """Expect exactly these places, each at its offset.

        That a place was rewound to the same offset before is remembered, or a gap that
        persists would be rewound for ever.
        """
        self._next = dict(offsets)
        self._rewound = {place: at for place, at in self._rewound.items() if offsets.get(place) == at}

    def expected(self, place: Place) -> int | None:
        """Return the next offset of a place, None when it is not being read."""
        return self._next.get(place)

    def judge(self, place: Place, first: int, next_offset: int) -> Verdict:
        """Judge records that speak for offsets [first, next_offset) of a place."""
        expected = self._next.get(place)
        if expected is None or next_offset <= expected:
            return Verdict.DROP
        if first <= expected:
            return Verdict.DELIVER
        if self._rewound.get(place) == expected:
            return Verdict.ACCEPT_GAP
        self._rewound[place] = expected
        return Verdict.REWIND

    def advance(self, place: Place, next_offset: int) -> None:
        """Expect ``next_offset`` from now on: what came before it was delivered."""
        if place in self._next:
            self._next[place] = next_offset
            self._rewound.pop(place, None)

    def snapshot(self) -> dict[Place, int]:
        """Return every expected offset."""
        return dict(self._next)
