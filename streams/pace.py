"""How often the state of a partition is stored: the larger it is, the less often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Share of the time that the event loop may stand still for copying a state, and a thread may pack one.
_FREEZING, _PACKING = 0.002, 0.02
#: Slots of the ring: as many states of a partition are kept, so that one that cannot be read is no loss.
SLOTS = 4


@dataclass
class Pace:
    """When the next snapshot of each partition is due; times by a monotonic clock, in seconds.

    ``least`` and ``most`` are the interval's bounds, ``rate`` the bytes a second that snapshots of one
    partition may write on average.
    """

    least: float
    most: float
    rate: float
    _due: dict[int, float] = field(default_factory=dict)
    _taken: dict[int, tuple[float, float]] = field(default_factory=dict)
    _offsets: dict[int, Mapping[str, int]] = field(default_factory=dict)
    _count: dict[int, int] = field(default_factory=dict)
    _pressed: set[int] = field(default_factory=set)
    #: Seconds that packing a partition's state took last.
    packing: dict[int, float] = field(default_factory=dict)

    def adopt(self, partition: int, now: float) -> None:
        """Begin with a partition; several are spread, so that they do not fall due together."""
        self._due[partition] = now + self.least * (0.5 + partition % 8 / 16)

    def forget(self, partition: int) -> None:
        """Stop with a partition."""
        for kept in (self._due, self._taken, self._offsets, self.packing):
            kept.pop(partition, None)
        self._pressed.discard(partition)

    def hurry(self) -> None:
        """Let every partition be due, for a stop."""
        self._due.clear()

    def press(self, partition: int) -> None:
        """Let a partition be due with the next batch, before others: it must not have to be worked out again."""
        self._pressed.add(partition)
        self._due.pop(partition, None)

    def is_pressed(self, partition: int) -> bool:
        """Return whether ``press`` was called since the last snapshot of a partition."""
        return partition in self._pressed

    def due(self, partition: int, offsets: Mapping[str, int], now: float) -> bool:
        """Return whether to take a snapshot: it is time, and the state moved since the last one."""
        return now >= self._due.get(partition, 0.0) and self._offsets.get(partition) != offsets

    def take(self, partition: int, offsets: Mapping[str, int], now: float, freezing: float) -> int:
        """Note that a snapshot was taken in ``freezing`` seconds; return its slot."""
        self._pressed.discard(partition)
        self._taken[partition] = now, freezing
        self._offsets[partition] = dict(offsets)
        self._due[partition] = now + max(self.least, min(self.most, freezing / _FREEZING))
        self._count[partition] = self._count.get(partition, -1) + 1
        return self._count[partition] % SLOTS

    def packed(self, partition: int, size: int, seconds: float) -> None:
        """Note what the newest snapshot of a partition came to; may be called from any thread."""
        if partition not in self._taken:
            return
        taken, freezing = self._taken[partition]
        wanted = max(freezing / _FREEZING, seconds / _PACKING, size / self.rate)
        self.packing[partition] = seconds
        self._due[partition] = taken + max(self.least, min(self.most, wanted))
