"""The newest indicators, alerts and actions, followed from their topics by one consumer without a group."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from schemas import topics
from schemas.events import LEVELS, Action, Alert, Indicator
from serving.feeds import Feeds
from serving.ledger import Ledger
from streams.alerts.inhibition import Inhibition, across_partitions, covered

logger = logging.getLogger(__name__)

#: tansu does not wake a waiting fetch: this is the delay it adds. 50 ms costs about 2 % of a core.
FETCH_WAIT_MS: Final = 50
#: Transitions kept for followers; a storm of 38 goods in 74 counties makes 2,812.
RECENT: Final = 10_000
RETRY_SECONDS: Final = 2.0
#: Actions that no follower has been told of yet; a bulk acknowledgement has some hundreds.
UNTOLD: Final = 5_000
#: A broker that is there answers within this.
PULSE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 1.0
FOLLOWED: Final = (topics.INDICATORS, topics.ALERTS, topics.ACTIONS)


@dataclass(frozen=True, slots=True)
class Change:
    """A record that was newer than what was known, and its place in the order of changes."""

    cursor: int
    record: Indicator | Alert


@dataclass(slots=True)
class Latest:
    """Newest record of each key by ``as_of``. Pure: no I/O, no clock."""

    cursor: int = 0
    indicators: dict[str, Change] = field(default_factory=dict)
    alerts: dict[str, Change] = field(default_factory=dict)
    #: By alert key: the newest episode, and the highest level that was seen of it.
    highest: dict[str, tuple[str, int]] = field(default_factory=dict)
    transitions: deque[Change] = field(default_factory=lambda: deque(maxlen=RECENT))
    #: What changed since ``take_changed``, the newest of each key: bounded by the number of keys.
    changed: dict[str, Indicator | Alert] = field(default_factory=dict)
    feeds: Feeds = field(default_factory=Feeds)
    ledger: Ledger = field(default_factory=Ledger)
    #: Alerts of provinces: what they cover is on other partitions than they are, so no worker could say.
    provinces: Inhibition = field(default_factory=Inhibition)
    #: Actions since ``take_acted``.
    acted: deque[Action] = field(default_factory=lambda: deque(maxlen=UNTOLD))
    rejected: int = 0

    def apply(self, topic: str, key: bytes | None, value: bytes | None, stamp: float = 0.0) -> bool:
        """Take in one record and return whether it was news. A record of another make is counted, not raised.

        ``stamp`` is when the record was written, epoch seconds.
        """
        if key is None or value is None:
            return False
        try:
            record = _DECODERS[topic].decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the last: nested 1,000 deep
            self.rejected += 1
            return False
        if isinstance(record, Action):
            return self.act(record)
        return self.take(key.decode(errors="replace"), record, stamp)

    def take(self, key: str, record: Indicator | Alert, stamp: float = 0.0) -> bool:
        """Keep the record unless a newer one of its key is known; return whether it was news."""
        known = self.indicators if isinstance(record, Indicator) else self.alerts
        before = known.get(key)
        if before is not None and not _newer(record, before.record):
            return False
        self.cursor += 1
        change = Change(self.cursor, record)
        known[key] = change
        self.changed[key] = record
        if isinstance(record, Indicator):
            self.feeds.note(record.region, record.heard, stamp)
        else:
            self._note(key, change, record, before.record if before else None)
        return True

    def _note(self, key: str, change: Change, alert: Alert, before: Indicator | Alert | None) -> None:
        """Note a transition; a record that only brings other marks is none."""
        if not isinstance(before, Alert) or (alert.id, alert.seq) != (before.id, before.seq):
            self.transitions.append(change)
        episode, level = self.highest.get(key, (alert.id, 0))
        level = level if episode == alert.id else 0
        self.highest[key] = (alert.id, max(level, LEVELS.index(alert.level)))
        if across_partitions(alert) and (scope := self.provinces.note(alert)):
            for other, each in self.alerts.items():
                if isinstance(each.record, Alert) and scope in covered(each.record):
                    self.changed[other] = each.record

    def act(self, action: Action) -> bool:
        """Take in an action, a comment of which is told with its alert; return whether it was news."""
        if not _sound(action) or not self.ledger.take(action):
            return False
        self.cursor += 1
        self.acted.append(action)
        change = self.alerts.get(action.key)
        if action.kind == "comment" and change is not None:
            self.changed[action.key] = change.record
        return True

    def take_acted(self) -> list[Action]:
        """Return the actions since the last call."""
        taken = list(self.acted)
        self.acted.clear()
        return taken

    def take_changed(self) -> list[Indicator | Alert]:
        """Return the newest record of every key that changed since the last call."""
        taken, self.changed = self.changed, {}
        return list(taken.values())


_DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    topics.INDICATORS: msgspec.json.Decoder(Indicator),
    topics.ALERTS: msgspec.json.Decoder(Alert),
    topics.ACTIONS: msgspec.json.Decoder(Action),
}


def _sound(action: Action) -> bool:
    """Return whether an action's times can be read: what is compared with them must never fail."""
    try:
        times = [datetime.fromisoformat(text) for text in (action.time, action.until) if text is not None]
    except ValueError:
        return False
    return all(time.tzinfo is not None for time in times)


def _newer(record: Indicator | Alert, known: Indicator | Alert) -> bool:
    """Return whether ``record`` comes later; the same one again is no news."""
    if isinstance(record, Alert) and isinstance(known, Alert):
        return record.supersedes(known) and record != known
    return record.as_of > known.as_of


class LiveView:
    """Follows the topics ``indicators``, ``alerts`` and ``alert.actions`` from the beginning, all partitions.

    ``caught_up`` turns true at the first fetch that brought nothing: end offsets are not used,
    tansu's are wrong. A lost broker is waited for; ``connected`` tells, the log does not: whoever
    runs the view looks after the broker (``streams.presence``).
    """

    def __init__(
        self,
        servers: str,
        *,
        consumer: Callable[..., Any] = AIOKafkaConsumer,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.latest = Latest()
        self.caught_up = False
        self.connected = False
        self._servers = servers
        self._make = consumer
        self._retry_seconds = retry_seconds
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.closed = False

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = asyncio.create_task(self._follow(), name="live view")

    async def stop(self) -> None:
        """Stop following, and let go of those who wait for news."""
        self.closed = True
        self._changed.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            self._task = None

    async def wait(self, after: int, seconds: float) -> int:
        """Return the cursor once it is beyond ``after``, or when the time is over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not self.closed and self.latest.cursor <= after and (left := deadline - loop.time()) > 0:
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                break
        return self.latest.cursor

    def apply(self, records: Iterable[Any]) -> None:
        """Take in fetched records and wake those who wait for news."""
        before = self.latest.cursor
        for record in records:
            self.latest.apply(record.topic, record.key, record.value, record.timestamp / 1000)
        if self.latest.cursor > before:
            self._wake()

    def recall(self, actions: Iterable[Action]) -> None:
        """Take in actions that the warehouse has, and wake those who wait for news."""
        before = self.latest.cursor
        for action in actions:
            self.latest.act(action)
        if self.latest.cursor > before:
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _follow(self) -> None:
        while True:
            try:
                await self._session()
            except (KafkaError, OSError, TimeoutError) as error:
                logger.debug("live view: broker %s is not answering: %r", self._servers, error)
            self.connected = False
            await asyncio.sleep(self._retry_seconds)

    async def _session(self) -> None:
        consumer = self._make(
            *FOLLOWED,  # without a group that means all of their partitions
            bootstrap_servers=self._servers,
            group_id=None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=topics.MAX_MESSAGE_BYTES,
        )
        try:
            await consumer.start()
            pulse = asyncio.create_task(self._pulse(consumer))
            try:
                await self._fetch(consumer)
            finally:
                pulse.cancel()
        finally:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):  # a dead broker keeps it waiting for its last answers
                    await consumer.stop()

    async def _fetch(self, consumer: Any) -> None:
        self.connected = True
        while True:
            batches = await consumer.getmany(timeout_ms=500)
            for records in batches.values():
                self.apply(records)
                await asyncio.sleep(0)  # a long catching up must not stop the web's answers
            self.caught_up = self.caught_up or not batches

    async def _pulse(self, consumer: Any) -> None:
        """Ask again and again whether the broker is there: a fetch from a dead one just brings nothing."""
        while True:
            await asyncio.sleep(self._retry_seconds)
            try:
                async with asyncio.timeout(PULSE_SECONDS):
                    await consumer.topics()
            except (KafkaError, OSError, TimeoutError):
                self.connected = False
            else:
                self.connected = True
