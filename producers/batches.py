"""Receipts gathered into Arrow batches (``schemas.receipt_batch``): for senders with volume."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from producers import pace
from producers.connection import ProducerError
from schemas import topics
from schemas.events import Receipt

#: Lines of one record: 200 KB, and from there on the stream's cost per record is below a tenth of its cost per line.
LINES: Final = 5_000
#: How long a receipt waits for others at most.
SECONDS: Final = 0.2


class Way(Protocol):
    """What is needed of ``producers.client.Producer``."""

    @property
    def partitions(self) -> int:
        """Return how many partitions the topics have."""

    def send(
        self, topic: str, prefecture: int, event: msgspec.Struct | bytes, *, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Hand over one event."""

    def send_batch(self, prefecture: int, receipts: Sequence[Receipt]) -> None:
        """Hand over receipts of one partition in one record."""

    def flush(self) -> None:
        """Wait until the broker has everything."""

    def clock(self, time: int, *, inputs: Iterable[str] = (), prefectures: Iterable[int] = ()) -> None:
        """Say "no more events before ``time``"."""

    def final(self, last: int, *, close_after: int = pace.CLOSE_AFTER) -> int:
        """Close the date of ``last`` and all before, everywhere."""


@dataclass(slots=True)
class _Waiting:
    """Receipts of one partition that wait since ``since`` (monotonic seconds), the first one of ``prefecture``."""

    prefecture: int
    since: float
    lines: int = 0
    receipts: list[Receipt] = field(default_factory=list)


class ArrowBatcher:
    """Takes the place of a producer, whose receipts it sends in batches; a context manager.

    A batch goes when it has ``lines`` or its first receipt has waited for ``seconds``, even if nothing else is sent.
    Everything but receipts goes at once. What the producer raises in between is raised by the next call.
    """

    def __init__(
        self,
        producer: Way,
        *,
        lines: int = LINES,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._lines, self._seconds, self._clock = lines, seconds, clock
        self._waiting: dict[int, _Waiting] = {}
        self._failed: ProducerError | None = None
        self._closed = False
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._send_due, name="arrow-batcher", daemon=True)
        self._thread.start()

    @property
    def partitions(self) -> int:
        """Return how many partitions the topics have."""
        return self._producer.partitions

    def send(
        self, topic: str, prefecture: int, event: msgspec.Struct | bytes, *, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Hand over one event, as ``Producer.send``; a receipt with headers of its own goes alone."""
        own = list(headers)
        partition = topics.partition_of(prefecture, self.partitions)
        with self._changed:
            self._raise()
            if topic == topics.SALES and isinstance(event, Receipt) and not own:
                self._add(partition, prefecture, event)
                return
            if topic == topics.SALES:  # what came before stays before
                self._send(partition)
            self._producer.send(topic, prefecture, event, headers=own)

    def flush(self) -> None:
        """Send what waits, then wait until the broker has everything."""
        with self._changed:
            self._send_all()
            self._producer.flush()

    def clock(self, time: int, *, inputs: Iterable[str] = (), prefectures: Iterable[int] = ()) -> None:
        """Send what waits, then say "no more events before ``time``"."""
        with self._changed:
            self._send_all()
            self._producer.clock(time, inputs=inputs, prefectures=prefectures)

    def final(self, last: int, *, close_after: int = pace.CLOSE_AFTER) -> int:
        """Send what waits, then close the date of ``last`` and all before."""
        with self._changed:
            self._send_all()
            return self._producer.final(last, close_after=close_after)

    def close(self) -> None:
        """Send what waits; the producer stays open. Raises what it raises."""
        try:
            with self._changed:
                self._send_all()
        finally:
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:  # the first error says more than those that follow from it
            self._stop()

    def _stop(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _add(self, partition: int, prefecture: int, receipt: Receipt) -> None:
        waiting = self._waiting.get(partition)
        if waiting is None:
            waiting = self._waiting[partition] = _Waiting(prefecture, self._clock())
            self._changed.notify()
        waiting.receipts.append(receipt)
        waiting.lines += max(1, len(receipt.lines))
        if waiting.lines >= self._lines:
            self._send(partition)

    def _send(self, partition: int) -> None:
        waiting = self._waiting.pop(partition, None)
        if waiting is not None:
            self._producer.send_batch(waiting.prefecture, waiting.receipts)

    def _send_all(self) -> None:
        self._raise()
        for partition in list(self._waiting):
            self._send(partition)

    def _raise(self) -> None:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed

    def _send_due(self) -> None:
        """Send batches that have waited long enough, until closed: runs in a thread of its own."""
        with self._changed:
            while not self._closed:
                now = self._clock()
                due = [each for each, waiting in self._waiting.items() if now - waiting.since >= self._seconds]
                try:
                    for partition in due:
                        self._send(partition)
                except ProducerError as error:
                    self._failed = error
                oldest = min((waiting.since for waiting in self._waiting.values()), default=None)
                self._changed.wait(None if oldest is None else max(0.0, oldest + self._seconds - self._clock()))
