"""The stream's own decoder on records that were not sent: what would count, what would be rejected again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import Clock
from streams.chunk import Chunk
from streams.decode import TABLES, Decoder
from streams.options import Options
from streams.seen import Seen
from streams.setup import Setup

if TYPE_CHECKING:
    from producers.replay.dead_letters import Ready

Verdict = tuple[int, list[tuple[str, str]]]


def decoding(
    catalogue: Catalogue, options: Options, partitions: int, *, wall: Callable[[], float] = time.time
) -> Callable[[str, int, Sequence[Ready]], Verdict]:
    """Return a function from (topic, partition, records) to the lines that would count and the rejections.

    Lines known from before would count as repeats in the stream; that is not known here.
    """
    civil = Setup(catalogue, options).civil
    decoders: dict[int, Decoder] = {}

    def decode(topic: str, partition: int, records: Sequence[Ready]) -> Verdict:
        if topic == topics.CLOCK:
            return 0, [reason for record in records if (reason := _no_clock(record.value))]
        if topic not in TABLES:
            return 0, [("decode", f"topic {topic} is not read by the stream")] * len(records)
        if partition not in decoders:
            decoders[partition] = Decoder(catalogue, partition, partitions, civil, options, Seen())
        decoded = decoders[partition].decode(_chunk(topic, partition, records), wall())
        fresh = len(decoded.columns["offset"]) - decoded.repeats
        return fresh, [(letter.stage, letter.reason) for letter in decoded.dead]

    return decode


def _chunk(topic: str, partition: int, records: Sequence[Ready]) -> Chunk:
    size = len(records)
    return Chunk(
        topic,
        partition,
        range(size),
        [record.value for record in records],
        [record.key for record in records],
        [record.headers for record in records],
        [0] * size,
        size,
    )


def _no_clock(value: bytes) -> tuple[str, str] | None:
    try:
        msgspec.json.decode(value, type=Clock)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return "decode", str(error)
    return None
