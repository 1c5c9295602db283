"""The way into Kafka for everything that produces events.

Partition and key are set here, so that every producer agrees with the stream. A record that was
not delivered is an error, never a silent loss.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import msgspec
from kafka.errors import KafkaError

from producers import pace
from producers.connection import BrokerUnavailable, ProducerError, connect, inspect_patiently, reason_of
from producers.outage import Link, Tell, log
from schemas import events, receipt_batch, topics
from schemas.events import Receipt

__all__ = ["BrokerUnavailable", "DeliveryError", "Producer", "ProducerError"]

#: Records and bytes handed over but not acknowledged; about 1 KiB of Python objects goes with each record.
MOST_RECORDS: Final = 20_000
MOST_BYTES: Final = 64 * 1024 * 1024

#: Records that the broker does not take for so long are given up, which is an error. A restart of the
#: broker takes up to 24 s, a duty officer who has to be woken some minutes.
GIVE_UP_SECONDS: Final = 15 * 60.0

#: How often a sender that waits looks whether the broker is there.
LOOK_SECONDS: Final = 0.5
CLOSE_SECONDS: Final = 1.0


class DeliveryError(ProducerError):
    """Records that the broker did not take. ``lost`` counts them by (topic, partition, reason).

    ``under_way`` more were handed over and neither taken nor given up yet.
    """

    def __init__(self, lost: Mapping[tuple[str, int, str], int], under_way: int = 0) -> None:
        self.lost = dict(lost)
        more, zh = (f", {under_way} more were under way", f"，另有 {under_way} 条在途") if under_way else ("", "")
        parts = "; ".join(
            f"{count} to {topic}[{partition}]: {reason}" for (topic, partition, reason), count in self.lost.items()
        )
        super().__init__(
            f"{sum(self.lost.values())} records were not delivered ({parts}){more}: check the broker, then send again"
            f" / 有 {sum(self.lost.values())} 条记录未送达{zh}：请检查代理后重发"
        )


@dataclass(slots=True)
class Ledger:
    """What happened to the records handed over; written by the client's thread, read by the sender's."""

    clock: Callable[[], float] = time.monotonic
    records: int = 0
    bytes: int = 0
    #: When the broker last took something, and when the first of those that wait was handed over.
    taken: float = -float("inf")
    waiting_since: float = -float("inf")
    lost: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    #: (topic, partition) -> next offset after the newest record acknowledged there.
    acknowledged: dict[tuple[str, int], int] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, size: int, most_records: int, most_bytes: int, look: Callable[[], None]) -> None:
        """Count one record of ``size`` bytes in; waits while too much is under way, calling ``look`` now and then."""
        with self.changed:
            while self.records >= most_records or (self.records and self.bytes + size > most_bytes):
                self.changed.wait(LOOK_SECONDS)
                look()
            if not self.records:
                self.waiting_since = self.clock()
            self.records += 1
            self.bytes += size

    def drained(self, look: Callable[[], None]) -> None:
        """Wait until nothing is under way, calling ``look`` now and then."""
        with self.changed:
            while self.records:
                self.changed.wait(LOOK_SECONDS)
                look()

    def delivered(self, topic: str, partition: int, offset: int, size: int) -> None:
        """Count one record out that the broker has.

        A batch that was retried after its acknowledgement got lost has offset -1: it lies behind
        everything acknowledged before.
        """
        place = (topic, partition)
        with self.changed:
            before = self.acknowledged.get(place, 0)
            self.taken = self.clock()
            self.acknowledged[place] = max(before, offset + 1) if offset >= 0 else before + 1
            self._leave(size)

    def failed(self, topic: str, partition: int, reason: str, size: int) -> None:
        """Count one record out that the broker does not have."""
        with self.changed:
            self.lost[topic, partition, reason] += 1
            self._leave(size)

    def _leave(self, size: int) -> None:
        self.records -= 1
        self.bytes -= size
        self.changed.notify()


class Producer:
    """Sends events to the partition of their prefecture; a context manager.

    ``rate`` limits lines per second. ``notes`` says what the broker cannot do. Not for several threads.
    """

    def __init__(
        self,
        servers: str,
        *,
        partitions: int | None = None,
        rate: float | None = None,
        sender: str = "staplewatch",
        zone: str = pace.DEFAULT_ZONE,
        give_up_seconds: float = GIVE_UP_SECONDS,
        wait_seconds: float = 0.0,
        tell: Tell = log.warning,
        most_records: int = MOST_RECORDS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to ``servers`` (host:port, several by comma); raises ``BrokerUnavailable``.

        A broker that is away at the start is waited for up to ``wait_seconds``, and one that goes
        away later up to ``give_up_seconds``. ``tell`` hears of each change in one line.
        """
        facts = inspect_patiently(servers, wait_seconds, tell, clock=clock, sleep=sleep)
        self.partitions = partitions or facts.partitions
        self.notes = facts.notes
        self._sender = sender
        self._zone = zone
        self._limits = (most_records, most_bytes)
        self._throttle = pace.Throttle(rate, clock, sleep) if rate else None
        self._encode = msgspec.json.Encoder().encode
        self._ledger = Ledger()
        self._link = Link(servers, give_up_seconds, tell)
        self._kafka = connect(servers, facts, give_up_seconds)

    @property
    def acknowledged(self) -> dict[tuple[str, int], int]:
        """(topic, partition) -> next offset after what the broker acknowledged to this producer."""
        with self._ledger.changed:
            return dict(self._ledger.acknowledged)

    def send(
        self,
        topic: str,
        prefecture: int,
        event: msgspec.Struct | bytes,
        *,
        headers: Iterable[tuple[str, bytes]] = (),
    ) -> None:
        """Hand over one event (bytes go as they are). Waits for the rate, and while too much is under way.

        Raises ``DeliveryError`` for this record or an earlier one.
        """
        if self._throttle:
            self._throttle.take(len(getattr(event, "lines", ())) or 1)
        value = event if isinstance(event, bytes) else self._encode(event)
        partition = topics.partition_of(prefecture, self.partitions)
        self._put(topic, partition, str(prefecture).encode(), value, list(headers))

    def send_batch(self, prefecture: int, receipts: Sequence[Receipt]) -> None:
        """Hand over receipts of the partition of ``prefecture`` in one record. Otherwise like ``send``.

        What an Arrow batch cannot hold (see ``receipt_batch.encode``) follows as JSON.
        """
        batch, others = _sorted(receipts)
        if batch:
            if self._throttle:
                self._throttle.take(sum(len(each.lines) for each in batch) or 1)
            headers = [(receipt_batch.HEADER, receipt_batch.CONTENT_TYPE)]
            place = topics.partition_of(prefecture, self.partitions)
            self._put(topics.SALES, place, str(prefecture).encode(), receipt_batch.encode(batch), headers)
        for each in others:
            self.send(topics.SALES, prefecture, each)

    def forward(
        self, topic: str, partition: int, key: bytes | None, value: bytes, headers: Iterable[tuple[str, bytes]]
    ) -> None:
        """Hand over a record as it is; for records whose place is known. Otherwise like ``send``."""
        if self._throttle:
            self._throttle.take(1)
        self._put(topic, partition, key, value, list(headers))

    def flush(self) -> None:
        """Wait until the broker has everything; raises ``DeliveryError`` with everything it has not."""
        self._ledger.drained(self._look)
        self._look()
        self._raise()

    def clock(self, time: int, *, inputs: Iterable[str] = (), prefectures: Iterable[int] = ()) -> None:
        """Say "no more events before ``time``" (epoch seconds), after everything sent so far is acknowledged.

        ``inputs`` (topic names) and ``prefectures`` limit what it speaks of; empty means all. Sent
        once to every partition concerned, with this producer's own next offsets there.
        """
        self.flush()
        named = list(inputs)
        for partition, within in self._concerned(prefectures).items():
            event = events.Clock(
                time=pace.text_of(time, self._zone),
                sender=self._sender,
                offsets=self._offsets(partition, named),
                inputs=named,
                prefectures=[str(code) for code in within],
            )
            self._put(topics.CLOCK, partition, str(within[0] if within else partition).encode(), self._encode(event))

    def final(self, last: int, *, close_after: int = pace.CLOSE_AFTER) -> int:
        """Close the date of ``last`` (the newest event) and all before, everywhere; return that moment."""
        moment = pace.closing(last, self._zone, close_after)
        self.clock(moment)
        self.flush()
        return moment

    def close(self) -> None:
        """Deliver what is left and disconnect; raises ``DeliveryError``."""
        try:
            self.flush()
        finally:
            self._disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:  # the first error says more than those that follow from it
            self._disconnect()

    def _disconnect(self) -> None:
        with suppress(KafkaError):  # what it could not send is told already
            self._kafka.close(timeout=CLOSE_SECONDS)

    def _look(self) -> None:
        ledger = self._ledger
        self._link.look(ledger.clock(), ledger.records, ledger.waiting_since, ledger.taken)

    def _put(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        self._look()
        self._raise()
        size = len(value)
        self._ledger.enter(size, *self._limits, self._look)
        try:
            future = self._kafka.send(topic, value=value, key=key, headers=headers or [], partition=partition)
        except (KafkaError, ValueError) as error:
            self._ledger.failed(topic, partition, reason_of(error), size)
            self._raise()
        future.add_callback(lambda found: self._ledger.delivered(topic, partition, found.offset, size))
        future.add_errback(lambda error: self._ledger.failed(topic, partition, reason_of(error), size))

    def _raise(self) -> None:
        if self._ledger.lost:
            with self._ledger.changed:
                lost, self._ledger.lost = self._ledger.lost, Counter()
                under_way = self._ledger.records
            raise DeliveryError(lost, under_way)

    def _offsets(self, partition: int, inputs: list[str]) -> dict[str, int]:
        wanted = inputs or topics.TIMED
        return {
            topic: offset
            for (topic, place), offset in self.acknowledged.items()
            if place == partition and topic in wanted
        }

    def _concerned(self, prefectures: Iterable[int]) -> dict[int, list[int]]:
        codes = sorted(prefectures)
        if not codes:
            return {partition: [] for partition in range(self.partitions)}
        within: dict[int, list[int]] = {}
        for code in codes:
            within.setdefault(topics.partition_of(code, self.partitions), []).append(code)
        return within


def _sorted(receipts: Sequence[Receipt]) -> tuple[list[Receipt], list[Receipt]]:
    """Return the receipts that a batch can hold, and the others."""
    batch: list[Receipt] = []
    others: list[Receipt] = []
    for each in receipts:
        (batch if receipt_batch.fits(each) else others).append(each)
    return batch, others
