"""Dead letters: records that were rejected, and what is sent again of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """A record that was rejected (``dead.letters``): original bytes as value, the rest in headers.

    The headers have Kafka Connect's names, see ``dead_letter_headers``. Of a batch of receipts each one that is
    wrong is a letter of its own, as JSON: it was lines [line, line + lines) of the record, counted from 0. A
    letter of a whole record has 0 for both.
    """

    topic: str
    partition: int
    offset: int
    stage: str
    reason: str
    error: str
    value: bytes
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0
    line: int = 0
    lines: int = 0


#: Header of a dead letter that is one receipt of a batch: its first line and how many, as in ``120+5``.
LETTER_LINES = "staplewatch.letter.lines"
#: Stages at which a record can be rejected.
STAGES = ("size", "decode", "validate", "partition")


def dead_letter_headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """Return the record's own headers followed by Kafka Connect's ``__connect.errors.*``."""
    return [
        *letter.headers,
        ("__connect.errors.topic", letter.topic.encode(errors="backslashreplace")),
        ("__connect.errors.partition", b"%d" % letter.partition),
        ("__connect.errors.offset", b"%d" % letter.offset),
        ("__connect.errors.stage", letter.stage.encode(errors="backslashreplace")),
        ("__connect.errors.exception.class.name", letter.error.encode(errors="backslashreplace")),
        ("__connect.errors.exception.message", letter.reason.encode(errors="backslashreplace")),
        *([(LETTER_LINES, b"%d+%d" % (letter.line, letter.lines))] if letter.lines else []),
    ]


#: Headers of a record that was sent again from the dead letters: which letter, and the how manieth time.
REPLAY_OF = "staplewatch.replay.of"
REPLAY_ATTEMPT = "staplewatch.replay.attempt"
#: What the tables hold: offsets are UInt64 there but signed on the wire.
_LARGEST_OFFSET, _LARGEST_PARTITION, _LARGEST_ATTEMPT, _LARGEST_LINE = 2**63 - 1, 2**16 - 1, 2**16 - 1, 2**32 - 1


class Replay(msgspec.Struct, frozen=True):
    """The letter that a record is a replay of; ``attempt`` counts from 1.

    The letter is known by where the rejected record stood, and ``line`` in it (see ``DeadLetter``).
    """

    epoch: str
    topic: str
    partition: int
    offset: int
    attempt: int
    line: int = 0


def replay_headers(replay: Replay) -> list[tuple[str, bytes]]:
    """Return the two headers that say what a record is a replay of."""
    line = f".{replay.line}" if replay.line else ""
    place = f"{replay.epoch}/{replay.topic}/{replay.partition}/{replay.offset}{line}"
    return [(REPLAY_OF, place.encode()), (REPLAY_ATTEMPT, str(replay.attempt).encode())]


def replay_of(headers: Sequence[tuple[str, bytes | None]]) -> Replay | None:
    """Return what a record is a replay of; None without the headers, or where they make no sense."""
    found = {name: value or b"" for name, value in headers}
    try:
        epoch, topic, partition, place = found[REPLAY_OF].decode().rsplit("/", 3)
        offset, _, line = place.partition(".")
        replay = Replay(epoch, topic, int(partition), int(offset), int(found[REPLAY_ATTEMPT]), int(line or 0))
    except (KeyError, ValueError):
        return None
    sensible = (
        0 <= replay.partition <= _LARGEST_PARTITION
        and 0 <= replay.offset <= _LARGEST_OFFSET
        and 0 < replay.attempt <= _LARGEST_ATTEMPT
        and 0 <= replay.line <= _LARGEST_LINE
    )
    return replay if sensible else None
