"""Faust transport ``chunk://``: one event per partition and fetch, and positions of our own.

Faust makes four tasks per record and commits what agents acknowledge. Here an event's value is a
whole ``Chunk`` and its key the first offset that the chunk speaks for; the position is the state's
own next offset, and only what the writer persisted is committed. The order of things at a
rebalance is Faust's: all revoked, flow stopped, rejoin, ``on_rebalance_complete`` (rebuild),
``perform_seek``, flow resumed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import aiokafka
import faust
from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport import drivers
from faust.transport.drivers import aiokafka as stock
from faust.types import TP, ConsumerMessage

from streams import fetch
from streams.assign import Together
from streams.chunk import Chunk
from streams.ports import Hook, no_hook
from streams.positions import Place, Positions, Verdict
from streams.turns import Turns

log = logging.getLogger(__name__)

#: A worker whose consumption is paused does not poll; its broker session is kept by heartbeats, and
#: ``health`` looks for stalls. So poll intervals are not limited here: a day.
MAX_POLL_SECONDS = 86_400
#: Longest wait of one poll; bounds how long a stop waits for it, since a poll is never cancelled.
POLL_SECONDS = 0.5
#: Without a group there are no generations but one.
ONLY_GENERATION = 1


class Intake(Protocol):
    """Where chunks go: knows how far the states and the warehouse are."""

    def positions(self) -> Mapping[Place, int]:
        """Return the next offset that the state of each place needs; absent: do not read it."""

    def persisted(self) -> Mapping[Place, int]:
        """Return the next offset after what the warehouse holds, of each place."""

    def flooded(self, place: Place) -> bool:
        """Return whether most of what came last from a place was rejected."""

    def ahead(self, chunk: Chunk) -> None:
        """Begin with a chunk that comes to its turn soon."""

    def gap(self, place: Place, expected: int, found: int) -> None:
        """Take note that records [expected, found) no longer exist."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the transport reads."""

    intake: Intake
    slot: str
    chunk_records: int
    fetch_wait_ms: int
    #: Number of partitions of every topic.
    partitions: int
    #: Aborted transactions stay hidden. Needs a broker that keeps a last stable offset.
    committed_only: bool = True
    #: Whether this worker reads all of them without a consumer group. On an embedded broker there is
    #: no other worker, and its group protocol takes 6 s at each start.
    alone: bool = False
    #: Which run of a worker this is, told to the group: two runs on one slot are found out by it.
    run: str = ""
    hook: Hook = no_hook
    #: Unpacks record batches outside Python.
    unpack: fetch.Unpack | None = None


class ChunkApp(faust.App):  # type: ignore[misc]
    """A Faust app that carries what its transport needs to know."""

    reading: Reading


class ChunkSchema(faust.Schema):  # type: ignore[misc]
    """Passes a message's key and value on as they are."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """Return the first offset that the chunk speaks for."""
        return message.key

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """Return the chunk."""
        return message.value


class ConsumerThread(stock.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Owns the aiokafka consumer, in a thread with its own event loop."""

    async def on_start(self) -> None:
        """Start the consumer and switch its fetcher to raw batches."""
        await super().on_start()
        fetch.install(self._ensure_consumer()._fetcher, self.app.reading.unpack)

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf, reading = self.app.conf, self.app.reading
        self._assignor = Together(reading.slot, reading.partitions, reading.run)
        return aiokafka.AIOKafkaConsumer(
            bootstrap_servers=stock.server_list(transport.url, transport.default_port),
            client_id=conf.broker_client_id,
            group_id=None if reading.alone else conf.id,
            group_instance_id=None if reading.alone else conf.consumer_group_instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed" if reading.committed_only else "read_uncommitted",
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=reading.fetch_wait_ms,
            check_crcs=conf.broker_check_crcs,
            max_poll_interval_ms=MAX_POLL_SECONDS * 1000,
            request_timeout_ms=_ms(conf.broker_request_timeout),
            session_timeout_ms=_ms(conf.broker_session_timeout),
            rebalance_timeout_ms=_ms(conf.broker_rebalance_timeout),
            heartbeat_interval_ms=_ms(conf.broker_heartbeat_interval),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **stock.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group, or take all partitions when alone."""
        if self.app.reading.alone:
            await self.call_thread(self._take_all, list(topics))
        else:
            await super().subscribe(topics)

    async def _take_all(self, topics: Iterable[str]) -> None:
        places = {TP(topic, number) for topic in topics for number in range(self.app.reading.partitions)}
        self._ensure_consumer().assign([stock.ensure_aiokafka_TP(place) for place in places])
        self.app.on_rebalance_start()
        self.app.consumer_generation_id = ONLY_GENERATION
        # Faust waits for the subscription to end before it handles the assignment: not in one go.
        self._announcement = asyncio.create_task(self.on_partitions_assigned(places, ONLY_GENERATION))

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; a failure is worth a line and a later try, not the worker's life as in Faust."""
        try:
            await self._ensure_consumer().commit(
                {stock.ensure_aiokafka_TP(tp): aiokafka.structs.OffsetAndMetadata(o, "") for tp, o in offsets.items()}
            )
        except KafkaError as error:
            log.info("offsets not committed, will try again: %r", error)
            return False
        return True

    async def seek_all(self, offsets: Mapping[Place, int]) -> list[Place]:
        """Seek to these offsets and return the places that are not (or no longer) assigned."""
        return await self.call_thread(self._seek_all, offsets)  # type: ignore[no-any-return]

    async def _seek_all(self, offsets: Mapping[Place, int]) -> list[Place]:
        consumer, lost = self._ensure_consumer(), []
        for place, offset in offsets.items():
            try:
                consumer.seek(aiokafka.TopicPartition(*place), offset)
            except IllegalStateError:
                lost.append(place)
        return lost


class Consumer(stock.Consumer):  # type: ignore[misc]
    """Hands chunks to the agents and keeps the positions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._positions = Positions()
        #: Counts everything that makes records under way stale: a stopped flow, a seek.
        self._fence = 0
        self._seek_wanted = False
        self._turns = Turns(self._begin)
        #: The fetch under way.
        self._fetching: asyncio.Future[Any] | None = None
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def reading(self) -> Reading:
        """Return how to read."""
        return self.app.reading  # type: ignore[no-any-return]

    def stop_flow(self) -> None:
        """Deliver nothing more until the flow is resumed; what is under way is stale."""
        self._fence += 1
        if self._turns:
            self.want_seek()
        super().stop_flow()

    def want_seek(self) -> None:
        """Have every place read again from its state's next offset, before the next poll."""
        self._turns.clear()
        self._seek_wanted = True

    async def perform_seek(self) -> None:
        """Seek every assigned place to its state's own next offset, whatever was committed."""
        self._fence += 1
        self._seek_wanted = False
        await self._fetched()  # what it brings is read again
        self._turns.clear()
        offsets = dict(self.reading.intake.positions())
        lost = set(await self._thread.seek_all(offsets))
        self._positions.reset({place: offset for place, offset in offsets.items() if place not in lost})

    def ends(self) -> dict[Place, int]:
        """Return the log ends that fetches told of. tansu's can be too low."""
        found: dict[Place, int] = {}
        for place in self._positions.snapshot():
            with suppress(AssertionError):  # taken away meanwhile: after a broker's restart, say
                end = self._thread.highwater(aiokafka.TopicPartition(*place))
                if end is not None:
                    found[place] = end
        return found

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._step()
        except (*self.consumer_stopped_errors, asyncio.CancelledError):
            if not self.app.should_stop:
                raise
        finally:
            if self._fetching is not None:
                self._fetching.cancel()

    async def _step(self) -> None:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        elif self._seek_wanted:
            await self.perform_seek()
        elif active := self._get_active_partitions():
            await self._poll(active)
        else:
            await self.sleep(0.05)

    async def _poll(self, active: set[TP]) -> None:
        """Deliver one chunk of each place, and meanwhile fetch from those of which little waits.

        A fetch is never cancelled: that swallows records that its other half, in the consumer's thread, already
        took (2,472 gaps at live rebalances).
        """
        fence = self._fence
        self._ask(active)
        if self._fetching is not None and (self._fetching.done() or not self._turns):
            records = await self._fetched()
            if fence != self._fence or not self.flow_active or records is None:
                self.want_seek()
                return
            for tp, batches in records.items():
                place = (tp.topic, tp.partition)
                self._turns.add(place, fetch.chunks(*place, batches, self._chunk_records(place)))
        for place, first, chunk in self._turns.round():
            if not await self._deliver_due(place, first, chunk, fence):
                self.want_seek()
                return

    def _begin(self, chunk: Chunk) -> None:
        self.reading.intake.ahead(chunk)

    def _ask(self, active: set[TP]) -> None:
        """Begin a fetch, unless one is under way: of what is there already, while anything waits to be delivered."""
        wanted = {tp for tp in active if (tp.topic, tp.partition) not in self._turns.full}
        if self._fetching is None and wanted:
            timeout = 0 if self._turns else POLL_SECONDS
            self._fetching = asyncio.ensure_future(self._thread.getmany(wanted, timeout=timeout))

    async def _fetched(self) -> Mapping[TP, Iterable[fetch.RawBatch]] | None:
        """Return what the fetch under way brings, None if it fails."""
        fetching, self._fetching = self._fetching, None
        try:
            return await fetching if fetching is not None else {}
        except KafkaError as error:
            log.warning("fetch failed, reading again: %r", error)
            await self.sleep(1.0)
            return None

    def _chunk_records(self, place: Place) -> int:
        """Return how many records a chunk of a place may have: a broken one costs as much as eight good ones."""
        most = self.reading.chunk_records
        return max(1, most // 8) if self.reading.intake.flooded(place) else most

    async def _deliver_due(self, place: Place, first: int, chunk: Chunk, fence: int) -> bool:
        """Deliver a chunk unless it was read before; False when what follows must be read again."""
        verdict = self._positions.judge(place, first, chunk.next_offset)
        if verdict is Verdict.DROP:
            return True
        if verdict is Verdict.REWIND:
            log.warning("%s/%d: nothing between offsets %s and %d, reading again", *place, self._at(place), first)
            return False
        if verdict is Verdict.ACCEPT_GAP:
            self.reading.intake.gap(place, self._at(place), first)
        return await self._deliver(place, min(first, self._at(place)), chunk, fence)

    def _at(self, place: Place) -> int:
        return self._positions.expected(place) or 0

    async def _deliver(self, place: Place, first: int, chunk: Chunk, fence: int) -> bool:
        """Hand a chunk to its agent, waiting while the agent's queue is full."""
        if fence != self._fence:
            return False
        await self.wait_first(self.callback(self._message(place, first, chunk)), self.suspend_flow.wait())
        if fence != self._fence or self.should_stop:
            return False
        self._positions.advance(place, chunk.next_offset)
        return True

    def _message(self, place: Place, first: int, chunk: Chunk) -> ConsumerMessage:
        stamp = chunk.timestamps[-1] / 1000 if chunk.timestamps else 0.0
        generation = self.app.consumer_generation_id
        return ConsumerMessage(
            *place, chunk.next_offset - 1, stamp, 0, (), first, chunk, None, 0, 0, TP(*place), generation_id=generation
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: a full queue already makes ``_deliver`` wait, and Faust's pause outlives rebalances."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Do nothing, as ``on_buffer_full``."""

    def ack(self, message: Any) -> bool:
        """Forget a message that was processed; what may be committed is the writer's to say."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what the warehouse holds. Informational: the truth is its progress table."""
        if self.reading.alone:
            return False
        assigned = self.assignment()
        offsets = {TP(*place): offset for place, offset in self.reading.intake.persisted().items()}
        due = {tp: o for tp, o in offsets.items() if tp in assigned and self._committed_offset[tp] != o}
        if not due:
            return False
        self.reading.hook("before_commit")
        if not await self._thread.commit(due):
            return False
        self._committed_offset.update(due)
        return True

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: ``streams.health`` looks for stalls, by offsets that ought to move."""

    async def on_stop(self) -> None:
        """Commit once more, but do not wait long for a broker that is gone."""
        try:
            async with asyncio.timeout(2.0):
                await super().on_stop()
        except (TimeoutError, KafkaError) as error:
            log.info("last commit left out: %r", error)


class Producer(stock.Producer):  # type: ignore[misc]
    """Faust's producer, with its aiokafka producer for sending whole batches."""

    @property
    def raw(self) -> aiokafka.AIOKafkaProducer:
        """Return the started aiokafka producer; raises ``faust.exceptions.NotReady`` before that."""
        return self._ensure_producer()


class Transport(stock.Transport):  # type: ignore[misc]
    """The transport behind ``chunk://host:port``."""

    Consumer = Consumer
    Producer = Producer


def register() -> None:
    """Make ``chunk://`` known where the package's entry points are not installed."""
    drivers.TRANSPORTS.aliases["chunk"] = "streams.transport:Transport"


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
