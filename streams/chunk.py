"""What one fetch of one partition brings: parallel columns, no object per record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


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
    #: What an engine began with before the chunk's turn (``Engine.ahead``).
    begun: object = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.offsets)

    def part(self, begin: int, end: int, next_offset: int | None = None) -> Chunk:
        """Return records [begin, end) by index; without ``next_offset`` it speaks for what ends with them."""
        offsets = self.offsets[begin:end]
        return Chunk(
            topic=self.topic,
            partition=self.partition,
            offsets=offsets,
            values=self.values[begin:end],
            keys=self.keys[begin:end],
            headers=self.headers[begin:end],
            timestamps=self.timestamps[begin:end],
            next_offset=offsets[-1] + 1 if next_offset is None else next_offset,
        )
