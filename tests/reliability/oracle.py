"""What must come out: the log read once more, straight through engines that nobody disturbs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import polars as pl
from confluent_kafka import Consumer, Message, TopicPartition

from schemas import topics
from schemas.catalogue import load as load_catalogue
from schemas.events import Alert
from streams.alerts import DEFAULT, Rulebook
from streams.alerts import load as load_pack
from streams.chunk import Chunk
from streams.engine import Engine
from streams.options import Options
from tests.reliability.servers import log_end

#: Records of one chunk.
CHUNK: Final = 2_000
INDICATOR_KEY: Final = ("region", "good", "grain", "kind", "at")
#: Any present after the events will do; the broken records of 2100 lie beyond it.
PRESENT: Final = 1_900_000_000.0

Key = tuple[Any, ...]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int


@dataclass(slots=True)
class Expected:
    """Results of an undisturbed run."""

    transitions: dict[Key, Alert] = field(default_factory=dict)
    #: Rows of table ``indicators`` in the order in which they were written.
    frames: list[pl.DataFrame] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    dead: int = 0

    @property
    def indicators(self) -> pl.DataFrame:
        """Return the newest row of every key."""
        return pl.concat(self.frames, how="vertical_relaxed").unique(list(INDICATOR_KEY), keep="last")


def read_log(server: str, topic: str, partition: int) -> list[Record]:
    """Return every record of a partition."""
    place = TopicPartition(topic, partition, 0)
    consumer = Consumer({"bootstrap.servers": server, "group.id": "oracle", "enable.auto.commit": False})
    found: list[Record] = []
    try:
        end = log_end(consumer, place)
        consumer.assign([place])
        while (found[-1].offset + 1 if found else 0) < end:
            found += map(_record, consumer.consume(10_000, timeout=1.0))
    finally:
        consumer.close()
    return found


def _record(message: Message) -> Record:
    assert message.error() is None, message.error()
    _, stamp = message.timestamp()
    return Record(message.offset() or 0, message.key(), message.value(), message.headers() or (), stamp)


def expect(server: str, partitions: int) -> Expected:
    """Run undisturbed engines in event time over the whole log."""
    catalogue = load_catalogue()
    rulebook = Rulebook([load_pack(name) for name in DEFAULT], catalogue)
    expected = Expected()
    for partition in range(partitions):
        engine = Engine(partition, partitions, catalogue, rulebook, Options(event_time=True), "oracle", 1)
        for chunk in _in_turn({topic: read_log(server, topic, partition) for topic in topics.CONSUMED}, partition):
            _take(expected, engine.apply(chunk, PRESENT))
        _take(expected, engine.republish(PRESENT))
        _take(expected, engine.drain(PRESENT))
    return expected


def _in_turn(logs: dict[str, list[Record]], partition: int) -> Iterator[Chunk]:
    """Yield chunks of all topics in the order of their first records' time stamps."""
    chunks = [
        (records[begin].timestamp, topic, begin)
        for topic, records in logs.items()
        for begin in range(0, len(records), CHUNK)
    ]
    for _, topic, begin in sorted(chunks):
        yield _chunk(topic, partition, logs[topic][begin : begin + CHUNK])


def _chunk(topic: str, partition: int, records: list[Record]) -> Chunk:
    return Chunk(
        topic=topic,
        partition=partition,
        offsets=[record.offset for record in records],
        values=[record.value for record in records],
        keys=[record.key for record in records],
        headers=[record.headers for record in records],
        timestamps=[record.timestamp for record in records],
        next_offset=records[-1].offset + 1,
    )


def _take(expected: Expected, outcome: Any) -> None:
    for alert in outcome.alerts:
        expected.transitions[alert.key, alert.id, alert.seq] = alert
    expected.dead += len(outcome.dead)
    counted: dict[str, int] = defaultdict(int, expected.lines)
    for name, amount in outcome.counts.items():
        counted[name] += amount
    expected.lines = dict(counted)
    if rows := outcome.rows.get("indicators"):
        columns = {name: values for name, values in rows.items() if name != "version"}
        expected.frames.append(pl.DataFrame(columns, infer_schema_length=None))


def plain(alert: Alert) -> Row:
    """Return what of a transition must not depend on when and by whom it was made."""
    told: Row = msgspec.to_builtins(alert)
    for name in ("as_of", "processed_at", "substitutes"):
        told.pop(name, None)
    return told
