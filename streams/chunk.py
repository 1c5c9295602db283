"""What one fetch of one partition brings: parallel columns, no object per record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Chunk:
    """Records of one topic and partition in ascending offset order.

    ``timestamps`` are the broker's, in milliseconds. ``next_offset`` may lie beyond the last
    record's (transaction markers, compaction).
    """

    topic: str
    partition: int
    offsets: Sequence[int]
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None]
    #: A header's value may be null.
    headers: Sequence[Sequence[tuple[str, bytes | None]]]
    timestamps: Sequence[int]
    next_offset: int

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.offsets)
