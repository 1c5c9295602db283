"""Records that were sent again from the dead letters, and what became of them this time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from schemas.letters import DeadLetter, Replay, replay_of
from streams.chunk import Chunk

Fate = Literal["counted", "repeat", "dropped", "rejected"]


@dataclass(frozen=True, slots=True)
class Resent:
    """A replayed record at ``offset``: ``lines`` counted, ``repeats`` were known before, ``reason`` it was rejected."""

    replay: Replay
    offset: int
    outcome: Fate
    lines: int
    repeats: int
    reason: str


def outcomes(
    chunk: Chunk, start: int, columns: Mapping[str, Sequence[Any]], dead: Sequence[DeadLetter]
) -> list[Resent]:
    """Return what became of the replayed records among those of ``chunk`` from ``start`` on.

    ``columns`` are the raw rows that came of the chunk and ``dead`` its rejected records.
    """
    if not any(chunk.headers):  # nearly always
        return []
    found = {
        chunk.offsets[index]: replay
        for index, headers in enumerate(chunk.headers[start:], start)
        if headers and (replay := replay_of(headers)) is not None
    }
    if not found:
        return []
    counts = Counter(zip(columns.get("offset", ()), columns.get("repeat", ()), strict=True))
    reasons = {each.offset: each.reason for each in dead}
    return [
        _judged(replay, offset, counts[offset, 0], counts[offset, 1], reasons.get(offset))
        for offset, replay in found.items()
    ]


def _judged(replay: Replay, offset: int, lines: int, repeats: int, reason: str | None) -> Resent:
    if reason is not None:
        return Resent(replay, offset, "rejected", lines, repeats, reason)
    outcome: Fate = "counted" if lines else "repeat" if repeats else "dropped"
    return Resent(replay, offset, outcome, lines, repeats, "")


def rows(found: Sequence[Resent], epoch: str, partition: int, now: int) -> dict[str, list[Any]]:
    """Return rows of table ``dead_letter_replays``, step ``read``: the records stood in ``epoch`` and ``partition``."""
    letter = ("epoch", "topic", "partition", "offset", "line", "attempt")
    own = ("outcome", "lines", "repeats", "reason")
    columns: dict[str, list[Any]] = {name: [getattr(each.replay, name) for each in found] for name in letter}
    columns |= {name: [getattr(each, name) for each in found] for name in own}
    columns["sent_offset"] = [each.offset for each in found]
    same = {"step": "read", "sent_epoch": epoch, "sent_partition": partition, "at": now}
    return columns | {name: [value] * len(found) for name, value in same.items()}
