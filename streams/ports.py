"""What the shell around the pure core expects of it, so that each can be tested without the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from schemas.events import Alert, Extent, Indicator, Substitute
from schemas.letters import DeadLetter
from streams.chunk import Chunk
from streams.indicators.groups import Ints
from streams.standby import Need

#: Table -> columns, ready for ``Warehouse.insert``.
Rows = Mapping[str, Mapping[str, Sequence[object]]]

#: Called with the name of a point that a crash test wants to stop at (see ``CRASH_POINTS``).
Hook = Callable[[str], None]

#: Where a kill is most likely to lose or double something, in the order in which they are passed.
CRASH_POINTS = ("before_raw", "after_raw", "after_progress", "mid_publish", "before_commit")


def no_hook(point: str) -> None:
    """Do nothing: production passes the crash points without stopping."""


class Outcome(Protocol):
    """What one step of an engine produced."""

    @property
    def rows(self) -> Rows:
        """Return rows for the warehouse."""

    @property
    def live(self) -> Mapping[str, Indicator]:
        """Return the newest indicators by record key."""

    @property
    def alerts(self) -> Sequence[Alert]:
        """Return transitions in order."""

    @property
    def marked(self) -> Sequence[Alert]:
        """Return newest transitions whose marks changed, to be published again after ``alerts``."""

    @property
    def needs(self) -> Sequence[Need]:
        """Return what the substitutes of the alerts leave open, to be asked of partner regions."""

    @property
    def dead(self) -> Sequence[DeadLetter]:
        """Return rejected records."""

    @property
    def extents(self) -> Sequence[Extent]:
        """Return what the agent of provinces and the nation is told."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Return lines by what happened to them, for metrics."""


class State(Protocol):
    """A state that no longer changes."""

    def pack(self) -> bytes:
        """Return it as bytes; may be called in any thread."""


class Events(Protocol):
    """Raw rows as an engine takes them in."""

    @property
    def ingested(self) -> Ints:
        """Return when each was taken in first, epoch seconds."""

    def __len__(self) -> int:
        """Return their number."""


class Engine(Protocol):
    """All state of one partition; synchronous, without I/O (``streams.engine.Engine``)."""

    offsets: dict[str, int]

    @property
    def fingerprint(self) -> str:
        """Return what a snapshot must have been made with to be restored."""

    @property
    def behind(self) -> bool:
        """Return whether ``tick`` should be called again at once: more is due than one call decides."""

    def apply(self, chunk: Chunk, wall: float) -> Outcome:
        """Take in a chunk at unix time ``wall``; records below ``offsets[topic]`` are ignored."""

    def ahead(self, chunk: Chunk) -> None:
        """Begin with a chunk that will be applied soon; whether it ever is changes nothing."""

    def tick(self, wall: float) -> Outcome:
        """Let time pass; called every second."""

    def drain(self, wall: float) -> Outcome:
        """Return provisional rows of open buckets, at a clean stop."""

    def republish(self, wall: float) -> Outcome:
        """Return the newest indicators and open alerts, after a rebuild."""

    def snapshot(self) -> State:
        """Return the whole state as of now."""

    def restore(self, data: bytes) -> None:
        """Take the state of a snapshot; raises ``ValueError`` when it does not fit."""

    def rule(self, stored: pa.Table, *, read_again: bool) -> None:
        """Follow the newest of the stored changes of the rules (query ``rule_changes``).

        With ``read_again`` the topic brings every one that the state does not know yet.
        """

    def prepare(self, table: str, rows: pa.Table, rejected: pa.Table) -> Events:
        """Note raw rows that came after the snapshot as seen, and return them as events, ascending by offset.

        ``rejected`` (offset, line, lines): what became dead letters of these records.
        """

    def replay(self, events: Any, begin: int, end: int) -> None:
        """Take in events [begin, end) of what ``prepare`` returned."""

    def settle(self, wall: float) -> None:
        """Let time pass up to ``wall`` within a replay."""

    def adopt(self, stored: pa.Table) -> None:
        """Go on from stored transitions, the newest of each episode that moved since the snapshot."""

    def recall(self, actions: pa.Table, rises: pa.Table, wall: float) -> None:
        """Take in stored actions on alerts, and the stored transitions to other levels since the snapshot."""

    def support(self, need: Need, found: Sequence[Substitute], wall: float) -> Outcome:
        """Return an open alert with more substitutes; nothing if it has moved on since ``need`` was told."""

    def sizes(self) -> dict[str, int]:
        """Return the number of entries of each part of the state."""


#: Makes the engine of a partition: (partition, epoch, ordinal of the epoch).
EngineFactory = Callable[[int, str, int], Engine]
