"""Events known by a digest of sender and id."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

#: Digests are kept in a dictionary (~140 B each) until there are so many, then in sorted arrays (20 B).
RECENT = 4096
_DIGEST = 16


def digest(sender: str, event_id: str) -> bytes:
    """Return the 16 bytes that an event is known by; the length keeps ("a", "bc") and ("ab", "c") apart."""
    return blake2b(f"{len(sender)}:{sender}{event_id}".encode(), digest_size=_DIGEST).digest()


class Events:
    """Events of one date: how many lines the whole ones have, and which lines came of the others."""

    def __init__(self) -> None:
        self._digests = np.zeros(0, f"S{_DIGEST}")
        self._sizes = np.zeros(0, np.int32)
        self._recent: dict[bytes, int] = {}
        self._lines: dict[bytes, set[int]] = {}

    def whole(self, event: bytes) -> int:
        """Return the number of lines of an event that came whole, 0 for any other."""
        found = self._recent.get(event)
        if found is not None or not len(self._digests):
            return found or 0
        place = int(np.searchsorted(self._digests, np.bytes_(event)))
        # numpy strips zero bytes from the end of what it returns, hence of what it is compared with.
        known = place < len(self._digests) and self._digests[place] == event.rstrip(b"\0")
        return int(self._sizes[place]) if known else 0

    def __contains__(self, event: bytes) -> bool:
        """Return whether any line of ``event`` came."""
        return event in self._lines or self.whole(event) > 0

    def note(self, event: bytes, lines: Sequence[int], *, whole: bool) -> list[bool]:
        """Note ``lines`` (positions, ascending); return which of them were seen before."""
        size, some = self.whole(event), self._lines.get(event, set())
        repeats = [line < size or line in some for line in lines]
        if whole and len(lines) >= size:
            self._keep(event, {line for line in some if line >= len(lines)})
            self._recent[event] = len(lines)
            if len(self._recent) > max(RECENT, len(self._digests) // 8):
                self._merge()
        elif not all(repeats):
            self._keep(event, some.union(lines))
        return repeats

    def _keep(self, event: bytes, lines: set[int]) -> None:
        if lines:
            self._lines[event] = lines
        else:
            self._lines.pop(event, None)

    def _merge(self) -> None:
        """Move what is recent to the arrays; new arrays, for a snapshot may still hold the old ones."""
        recent = np.array(list(self._recent), f"S{_DIGEST}")
        digests = np.concatenate([recent, self._digests])
        sizes = np.concatenate([np.array(list(self._recent.values()), np.int32), self._sizes])
        self._digests, first = np.unique(digests, return_index=True)  # the first of equals is the recent one
        self._sizes, self._recent = sizes[first], {}
        for column in (self._digests, self._sizes):
            column.flags.writeable = False

    def __len__(self) -> int:
        """Return the number of events held."""
        return len(self._digests) + len(self._recent) + len(self._lines)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot; the arrays are never written to again."""
        return {
            "digests": self._digests,
            "sizes": self._sizes,
            "recent": dict(self._recent),
            "lines": [[event, sorted(lines)] for event, lines in self._lines.items()],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._digests, self._sizes = data["digests"], data["sizes"]
        self._recent = dict(data["recent"])
        self._lines = {event: set(lines) for event, lines in data["lines"]}
