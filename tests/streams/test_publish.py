"""What goes to Kafka: alerts in order, indicators not too often, dead letters until they are there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder
from prometheus_client import CollectorRegistry

from schemas.events import Alert, AsOf, Indicator
from schemas.letters import DeadLetter, dead_letter_headers
from streams.metrics import Metrics
from streams.publish import Board, LetterRecord, Publisher, Record, held_bytes, send
from tests.integration.workers import until


class RecordingBatch:
    """A batch of at most three records."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes, list[tuple[str, bytes]]]] = []
        self._real = BatchBuilder(1 << 20, 0)

    def append(self, *, timestamp: None, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]) -> Any:
        if len(self.records) == 3:
            return None
        self.records.append((key, value, headers))
        return self._real.append(timestamp=timestamp, key=key, value=value, headers=headers)


@dataclass
class FakeProducer:
    """Keeps what it was given; fails the batches whose number is in ``broken``."""

    broken: set[int] = field(default_factory=set)
    sent: list[tuple[str, int, list[bytes]]] = field(default_factory=list)
    records: list[tuple[bytes | None, bytes, list[tuple[str, bytes]]]] = field(default_factory=list)
    batches: int = 0

    def create_batch(self) -> RecordingBatch:
        return RecordingBatch()

    async def send_batch(self, batch: RecordingBatch, topic: str, *, partition: int) -> Awaitable[None]:
        self.batches += 1
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.batches in self.broken:
            done.set_exception(KafkaTimeoutError())
        else:
            self.sent.append((topic, partition, [value for _, value, _ in batch.records]))
            self.records += batch.records
            done.set_result(None)
        return done


def records(*values: bytes, partition: int = 0) -> list[Record]:
    return [Record("t", partition, None, value) for value in values]


async def test_records_of_a_place_are_sent_in_order_in_batches() -> None:
    producer = FakeProducer()
    assert not await send(producer, [*records(b"1", b"2", b"3", b"4"), *records(b"x", partition=1)])
    assert producer.sent == [("t", 0, [b"1", b"2", b"3"]), ("t", 0, [b"4"]), ("t", 1, [b"x"])]


async def test_after_a_failure_everything_that_follows_there_is_sent_again() -> None:
    producer = FakeProducer(broken={2})
    again = await send(producer, [*records(*(b"%d" % n for n in range(9))), *records(b"x", partition=1)])
    assert [record.value for record in again] == [b"3", b"4", b"5", b"6", b"7", b"8"]


def indicator(value: float) -> Indicator:
    return Indicator("540402", "potato", "2026-01-01T00:00:00+08:00", {"vwap": value}, AsOf(1, 2, 3))


async def test_a_key_is_sent_once_a_second_with_its_newest_value() -> None:
    producer, now = FakeProducer(), [100.0]
    board = Board(lambda: producer, Metrics(CollectorRegistry()), 1.0, lambda: now[0])
    for value in (1.0, 2.0):
        board.add(3, {"540402|potato": indicator(value)})
    await board.send()
    board.add(3, {"540402|potato": indicator(3.0)})
    await board.send()
    assert len(producer.records) == 1
    now[0] += 1.0
    await board.send()
    sent = [msgspec.json.decode(value, type=Indicator).values["vwap"] for _, value, _ in producer.records]
    assert sent == [2.0, 3.0]
    assert producer.sent[0][:2] == ("indicators", 3)


async def test_a_failed_indicator_is_due_again_unless_a_newer_one_came() -> None:
    producer, now = FakeProducer(broken={1}), [0.0]
    board = Board(lambda: producer, Metrics(CollectorRegistry()), 1.0, lambda: now[0])
    board.add(0, {"a": indicator(1.0)})
    await board.send()
    assert len(board) == 1
    board.add(0, {"a": indicator(2.0)})
    await board.send(everything=True)
    assert msgspec.json.decode(producer.records[0][1], type=Indicator).values["vwap"] == 2.0


@asynccontextmanager
async def publishing(producer: FakeProducer) -> AsyncIterator[Publisher]:
    publisher = Publisher(lambda: producer, Metrics(CollectorRegistry()))
    publisher.start()
    yield publisher
    await publisher.stop()


def alert(seq: int) -> Alert:
    return Alert(
        "id", "key", seq, "live", "1", "live", "red", "none", "firing", "540402", "potato", "", "", "", "",
        {}, {}, {}, "", "", AsOf(1, 2, 3),
    )  # fmt: skip


async def test_alerts_survive_a_failure_in_order() -> None:
    producer = FakeProducer(broken={1})
    async with publishing(producer) as publisher:
        publisher.alerts(2, [alert(seq) for seq in range(5)])
        assert await publisher.flush(5)
    sent = [msgspec.json.decode(value, type=Alert).seq for _, value, _ in producer.records]
    assert sent[-5:] == [0, 1, 2, 3, 4]


def letter(offset: int) -> DeadLetter:
    return DeadLetter("pos.sales", 1, offset, "decode", "broken", "ValueError", b"\xff{", b"540100", (("own", b"1"),))


async def test_dead_letters_carry_the_original_and_are_waited_for() -> None:
    producer = FakeProducer(broken={1})
    async with publishing(producer) as publisher:
        acknowledged = publisher.dead(1, [letter(0), letter(1)])
        await asyncio.wait_for(acknowledged(), 5)
    assert producer.sent[-1][:2] == ("dead.letters", 1)
    key, value, headers = producer.records[-1]
    assert (key, value) == (b"540100", b"\xff{")
    assert headers[0] == ("own", b"1")
    assert dict(headers)["__connect.errors.offset"] == b"1"


async def test_discarding_releases_who_waits() -> None:
    producer = FakeProducer(broken=set(range(100)))
    async with publishing(producer) as publisher:
        waiting = asyncio.ensure_future(publisher.dead(1, [letter(0)])())
        await until(lambda: producer.batches > 0, "tried")
        publisher.discard()
        await asyncio.wait_for(waiting, 5)


def test_a_waiting_letter_holds_no_headers_and_makes_them_when_it_goes() -> None:
    waiting = LetterRecord(1, letter(7), lambda: None)
    assert waiting.headers == dead_letter_headers(letter(7))
    assert (waiting.topic, waiting.key, waiting.value) == ("dead.letters", b"540100", b"\xff{")
    assert held_bytes(letter(7)) > len(b"\xff{") + len("broken")
