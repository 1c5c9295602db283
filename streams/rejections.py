"""Rejected records in the log: one line per topic and stage and minute, with a number and an example."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.letters import DeadLetter

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Kind:
    """Rejections of one topic and stage since the last line, and the last of them."""

    told_at: float
    count: int
    example: DeadLetter


class RejectionLog:
    """Tells the first rejection of a kind at once, and then what came since, once a minute.

    Every rejection is in some line's number; dead letters themselves are never held back.
    """

    def __init__(self, clock: Callable[[], float], every: float = EVERY_SECONDS) -> None:
        self._clock = clock
        self._every = every
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def note(self, letters: Sequence[DeadLetter]) -> None:
        """Count rejected records, and tell those that are due."""
        for letter in letters:
            kind = self._kinds.get((letter.topic, letter.stage))
            if kind is None:
                kind = self._kinds[letter.topic, letter.stage] = _Kind(self._clock() - self._every, 0, letter)
            kind.count += 1
            kind.example = letter
        if letters:
            self.tell()

    def tell(self, *, everything: bool = False) -> None:
        """Write the lines that are due, with ``everything`` all; called every second."""
        now = self._clock()
        for (topic, stage), kind in self._kinds.items():
            if kind.count and (everything or now - kind.told_at >= self._every):
                place = f"{topic}/{kind.example.partition}/{kind.example.offset}"
                # topic and stage in the text itself: the log's own flood gate takes equal texts for one kind
                log.warning(
                    f"rejected from {topic} at stage {stage} / 拒收: %d records, for example %s: %s"
                    " (see staplewatch dead-letters show %s)",
                    *(kind.count, place, kind.example.reason[:200], place),
                )
                kind.told_at, kind.count = now, 0
