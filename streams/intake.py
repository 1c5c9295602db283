"""Records of a chunk one by one: what can be read, what becomes a dead letter, what was sent again."""

from __future__ import annotations

from collections.abc import Callable

from schemas.letters import DeadLetter
from streams import resent
from streams.chunk import Chunk
from streams.columns import Repeated
from streams.decode import UNREADABLE, Columns, letter
from streams.outcome import Outcome
from streams.rows import dead_rows


class Intake:
    """What is written of records of one partition beside their content."""

    def __init__(self, epoch: str, partition: int) -> None:
        self._epoch, self._partition = epoch, partition

    def addressed(self, topic: str, columns: Columns, now: int) -> Columns:
        """Return columns of a raw table with where each row comes from."""
        size = len(columns["offset"])
        own = {"epoch": self._epoch, "topic": topic, "partition": self._partition, "ingested": now}
        return {**{name: Repeated.of(value, size) for name, value in own.items()}, **columns}

    def note_resent(
        self, chunk: Chunk, start: int, columns: Columns, dead: list[DeadLetter], wall: float, outcome: Outcome
    ) -> None:
        """Write down what became of records that were sent again from the dead letters."""
        found = resent.outcomes(chunk, start, columns, dead)
        if found:
            outcome.add_rows("dead_letter_replays", resent.rows(found, self._epoch, self._partition, int(wall)))
        for each in found:
            outcome.count(f"replayed_{each.outcome}", 1)

    def bury(self, dead: list[DeadLetter], wall: float, outcome: Outcome) -> None:
        """Add dead letters to what comes of a chunk."""
        if not dead:
            return
        outcome.dead += dead
        outcome.add_rows("dead_letters", dead_rows(dead, self._epoch, int(wall)))

    def read_each(
        self,
        chunk: Chunk,
        start: int,
        wall: float,
        outcome: Outcome,
        read: Callable[[bytes | None], None],
        taken: list[int] | None = None,
    ) -> None:
        """Read each record; the offsets of those that could be read are added to ``taken``."""
        dead = []
        for index in range(start, len(chunk.offsets)):
            try:
                read(chunk.values[index])
                if taken is not None:
                    taken.append(chunk.offsets[index])
            except UNREADABLE as error:
                dead.append(letter(chunk, index, error))
        self.note_resent(chunk, start, {}, dead, wall, outcome)
        self.bury(dead, wall, outcome)
