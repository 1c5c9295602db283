"""From the stream to Kafka: indicators at most once per key and second, alerts at once, dead letters surely.

Whole batches are built here and handed to aiokafka, at about 1 µs a record instead of 25. A record
counts as sent when the broker acknowledged it; what failed goes back to where it waited.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.events import Alert, Extent, Indicator
from schemas.letters import DeadLetter, dead_letter_headers
from streams.metrics import Metrics
from streams.ports import Hook, no_hook

log = logging.getLogger(__name__)

#: How often the newest indicators are looked through, seconds: what a key waits at most when it is due.
LIVE_STEP = 0.1
#: Records handed over in one go, so that a flood of dead letters cannot take all memory at once.
MOST_AT_ONCE = 2000
RETRY_SECONDS = 0.5


@dataclass(slots=True)
class Record:
    """One record to send; ``sent`` is called when the broker has it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    sent: Callable[[], None] | None = None


@dataclass(slots=True)
class LetterRecord:
    """A dead letter to send. Its headers are made when it goes, not while it waits: they take 1.4 KB."""

    partition: int
    letter: DeadLetter
    sent: Callable[[], None]

    @property
    def topic(self) -> str:
        """Return the topic of dead letters."""
        return topics.DEAD_LETTERS

    @property
    def key(self) -> bytes | None:
        """Return the key of the rejected record."""
        return self.letter.key

    @property
    def value(self) -> bytes:
        """Return its original bytes."""
        return self.letter.value

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Return its own headers and what was wrong with it."""
        return dead_letter_headers(self.letter)


Sendable = Record | LetterRecord

#: What Python needs for a letter and its record beside the texts and bytes in them, measured: 365 B.
_LETTER_BYTES = 365


def held_bytes(letter: DeadLetter) -> int:
    """Return about how much memory a letter takes while it waits to be sent."""
    return _LETTER_BYTES + len(letter.value) + len(letter.reason)


class BatchProducer(Protocol):
    """The part of ``aiokafka.AIOKafkaProducer`` that is used."""

    def create_batch(self) -> Any:
        """Return an empty batch."""

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Awaitable[Any]:
        """Queue a batch; the future ends when the broker acknowledged it."""


async def send(producer: BatchProducer, records: Sequence[Sendable], hook: Hook = no_hook) -> list[Sendable]:
    """Send records in order and wait for the broker; return those to send again, in order.

    After the first failure of a place everything that follows there is returned too, so that
    sending again keeps the order: the newest comes last.
    """
    places: dict[tuple[str, int], list[Sendable]] = defaultdict(list)
    for record in records:
        places[record.topic, record.partition].append(record)
    flights = [flight for place, group in places.items() for flight in await _launch(producer, place, group)]
    hook("mid_publish")
    failed: dict[tuple[str, int], list[Sendable]] = defaultdict(list)
    for place, group, acknowledged in flights:
        if not await _landed(acknowledged) or place in failed:
            failed[place] += group
        else:
            _release(group)
    return [record for group in failed.values() for record in group]


def _release(records: Iterable[Sendable]) -> None:
    for record in records:
        if record.sent:
            record.sent()


Flight = tuple[tuple[str, int], list[Sendable], Awaitable[Any] | None]


async def _launch(producer: BatchProducer, place: tuple[str, int], records: Sequence[Sendable]) -> list[Flight]:
    flights: list[Flight] = []
    waiting = deque(records)
    while waiting:
        batch, group = producer.create_batch(), []
        while waiting and _append(batch, waiting[0]):
            group.append(waiting.popleft())
        try:
            flights.append((place, group, await producer.send_batch(batch, place[0], partition=place[1])))
        except KafkaError as error:
            log.info("%s/%d: not sent: %r", *place, error)
            flights.append((place, [*group, *waiting], None))
            break
    return flights


def _append(batch: Any, record: Sendable) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers)) is not None


async def _landed(acknowledged: Awaitable[Any] | None) -> bool:
    if acknowledged is None:
        return False
    try:
        await acknowledged
    except KafkaError as error:
        log.info("not acknowledged, will be sent again: %r", error)
        return False
    return True


class Outbox:
    """Sends records in order, again and again until the broker has them."""

    def __init__(self, producer: Callable[[], BatchProducer], metrics: Metrics, hook: Hook = no_hook) -> None:
        self._producer = producer
        self._metrics = metrics
        self._hook = hook
        self._waiting: deque[Sendable] = deque()
        self._generation = 0
        self._more = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, records: Iterable[Sendable]) -> None:
        """Queue records."""
        self._waiting.extend(records)
        if self._waiting:
            self._empty.clear()
            self._more.set()

    def clear(self) -> None:
        """Forget what is not sent; whoever waits for it is released."""
        self._generation += 1
        _release(self._waiting)
        self._waiting.clear()
        self._empty.set()

    async def empty(self) -> None:
        """Wait until everything was acknowledged."""
        await self._empty.wait()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await self._more.wait()
            generation = self._generation
            records = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            again = await send(self._producer(), records, self._hook)
            _count(self._metrics, records, again)
            if generation == self._generation:
                self._waiting.extendleft(reversed(again))
            else:
                _release(again)
            if not self._waiting:
                self._more.clear()
                self._empty.set()
            if again:
                await asyncio.sleep(RETRY_SECONDS)


class Board:
    """The newest indicators by key; each key goes out at most once per ``seconds``."""

    def __init__(
        self, producer: Callable[[], BatchProducer], metrics: Metrics, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._producer = producer
        self._metrics = metrics
        self._seconds = seconds
        self._clock = clock
        self._dirty: dict[str, tuple[int, Indicator]] = {}
        self._sent_at: dict[str, float] = {}

    def add(self, partition: int, indicators: Mapping[str, Indicator]) -> None:
        """Replace what waits under these keys."""
        self._dirty.update((key, (partition, indicator)) for key, indicator in indicators.items())

    def clear(self) -> None:
        """Forget what is not sent."""
        self._dirty.clear()

    def __len__(self) -> int:
        """Return how many keys wait."""
        return len(self._dirty)

    async def send(self, *, everything: bool = False) -> None:
        """Send the keys that are due; those that fail are due again unless a newer value came."""
        now = self._clock()
        before = float("inf") if everything else now - self._seconds
        due = [key for key in self._dirty if self._sent_at.get(key, -float("inf")) <= before]
        if not due:
            return
        taken = {key: self._dirty.pop(key) for key in due}
        records = [
            Record(topics.INDICATORS, partition, key.encode(), msgspec.json.encode(value))
            for key, (partition, value) in taken.items()
        ]
        again = await send(self._producer(), records)
        _count(self._metrics, records, again)
        self._sent_at.update(dict.fromkeys(due, now))
        for record in again:
            key = (record.key or b"").decode()
            self._dirty.setdefault(key, taken[key])

    async def run(self) -> None:
        """Send for ever."""
        while True:
            await asyncio.sleep(LIVE_STEP)
            await self.send()


class Publisher:
    """Everything that a worker writes to Kafka."""

    def __init__(
        self,
        producer: Callable[[], BatchProducer],
        metrics: Metrics,
        *,
        live_seconds: float = 1.0,
        hook: Hook = no_hook,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._alerts = Outbox(producer, metrics, hook)
        self._dead = Outbox(producer, metrics)
        self._extents = Outbox(producer, metrics)
        self._live = Board(producer, metrics, live_seconds, clock)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to send in the background."""
        loops = (self._alerts.run(), self._dead.run(), self._extents.run(), self._live.run())
        self._tasks = [asyncio.create_task(loop, name="publisher") for loop in loops]

    async def stop(self) -> None:
        """End at once; flush first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def failed(self) -> BaseException | None:
        """Return why a background task ended, None while all run."""
        return next((task.exception() for task in self._tasks if task.done() and not task.cancelled()), None)

    def live(self, partition: int, indicators: Mapping[str, Indicator]) -> None:
        """Send the newest indicators, soon."""
        self._live.add(partition, indicators)

    def alerts(self, partition: int, alerts: Sequence[Alert]) -> None:
        """Send transitions, at once and in order."""
        for alert in alerts:
            self._metrics.alerts.labels(alert.level, alert.state).inc()
        self.marked(partition, alerts)

    def marked(self, partition: int, alerts: Sequence[Alert]) -> None:
        """Send transitions again whose marks changed."""
        self._alerts.add(
            Record(topics.ALERTS, partition, alert.key.encode(), msgspec.json.encode(alert)) for alert in alerts
        )

    def dead(self, partition: int, letters: Sequence[DeadLetter]) -> Callable[[], Awaitable[None]]:
        """Send rejected records; the returned function waits until the broker has all of them."""
        sent, acknowledged = _receipt(len(letters))
        self._dead.add(LetterRecord(partition, letter, sent) for letter in letters)
        return acknowledged

    def extents(self, told: Sequence[Extent]) -> Callable[[], Awaitable[None]]:
        """Send what the agent on partition 0 is told, in order; the returned function waits until the broker has it."""
        sent, acknowledged = _receipt(len(told))
        self._extents.add(
            Record(topics.EXTENTS, 0, each.prefecture.encode(), msgspec.json.encode(each), sent=sent) for each in told
        )
        return acknowledged

    def discard(self) -> None:
        """Forget what is not sent: it will be made again from the records that are read again."""
        self._alerts.clear()
        self._dead.clear()
        self._extents.clear()
        self._live.clear()

    async def flush(self, seconds: float) -> bool:
        """Send everything now; False when that would take longer than ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self._live.send(everything=True)
                await self._alerts.empty()
                await self._dead.empty()
                await self._extents.empty()
        except TimeoutError:
            return False
        return True


def _receipt(count: int) -> tuple[Callable[[], None], Callable[[], Awaitable[None]]]:
    """Return what each of ``count`` records calls when it is sent, and what waits for all of them."""
    left, done = count, asyncio.Event()

    def sent() -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    async def acknowledged() -> None:
        await done.wait()

    return sent, acknowledged


def _count(metrics: Metrics, records: Sequence[Sendable], again: Sequence[Sendable]) -> None:
    tried, failed = Counter(r.topic for r in records), Counter(r.topic for r in again)
    for topic, count in tried.items():
        metrics.sent.labels(topic).inc(count - failed[topic])
        if failed[topic]:
            metrics.unsent.labels(topic).inc(failed[topic])
