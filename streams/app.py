"""The Faust app: one agent per topic, partitions taken over and given up at rebalances."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from schemas import topics
from streams import native, transport
from streams.options import WorkerOptions
from streams.pipeline import Pipeline
from streams.ports import Hook, no_hook
from streams.positions import Place
from streams.rebuild import Rebuilt
from streams.writer import Writer
from warehouse.errors import WarehouseError, WarehouseUnavailable, state_of

log = logging.getLogger(__name__)

#: What may be spent on storing rows while partitions are taken away. The broker waits for at most
#: its session timeout (6 s), and the flush of the producer takes part of that.
FLUSH_SECONDS = 2.5
RETRY_SECONDS = 1.0
#: A worker that is silent for longer loses its partitions.
SESSION_SECONDS = 6.0
#: Waiting chunks per topic. Each can be a whole fetch (4 MiB), and aiokafka prefetches as well.
QUEUE = 2

Rebuild = Callable[[int], Awaitable[Rebuilt]]
Progress = Callable[[], Awaitable[Mapping[Place, int]]]


def settings(options: WorkerOptions) -> dict[str, Any]:
    """Return the settings of the Faust app; the reasons are those of "Losing nothing" in FAUST."""
    return {
        "broker": ";".join(f"chunk://{server}" for server in servers(options.broker)),
        "store": "memory://",
        "datadir": str(options.data / "faust"),
        "web_enabled": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "stream_wait_empty": False,
        "stream_buffer_maxsize": QUEUE,
        "stream_recovery_delay": 0.0,
        "broker_session_timeout": SESSION_SECONDS,
        "broker_rebalance_timeout": SESSION_SECONDS,
        "broker_heartbeat_interval": SESSION_SECONDS / 6,
        "broker_request_timeout": 15.0,
        "broker_commit_interval": 1.0,
        "broker_check_crcs": True,
        # Two processes with one static id fight for ever: the slot is locked, see ``streams.slot``.
        "consumer_group_instance_id": instance_id(options),
        "consumer_max_fetch_size": options.fetch_bytes,
        "producer_acks": -1,
        "producer_linger": 0.0,
        "producer_max_batch_size": 512 * 1024,
        "producer_max_request_size": topics.MAX_DEAD_LETTER_BYTES + topics.MIB,
        # Also how long a batch waits for a broker that is away before it is handed back.
        "producer_request_timeout": 15.0,
    }


def instance_id(options: WorkerOptions) -> str:
    """Return the static member id of a slot, the same after every restart."""
    return f"{options.group}-{options.slot}"


def servers(broker: str) -> list[str]:
    """Return ``host:port`` of ``kafka://host:port,host:port`` (scheme optional)."""
    return [server.strip() for server in broker.rpartition("://")[2].strip("/").split(",") if server.strip()]


class Stream:
    """The app with its agents, and the rebalances."""

    def __init__(
        self,
        options: WorkerOptions,
        pipeline: Pipeline,
        writer: Writer,
        rebuild: Rebuild,
        progress: Progress,
        *,
        run: str = "",
        hook: Hook = no_hook,
    ) -> None:
        self._pipeline = pipeline
        self._writer = writer
        self._rebuild = rebuild
        self._progress = progress
        #: Why partitions are not ready at present, for people.
        self.waiting = "no partitions assigned yet"
        #: Between the loss of partitions, or the start, and the next assignment: the group's turn, not ours.
        self.sharing = True
        #: Set when an agent or a rebuild met an error that only a restart can mend.
        self.failure: BaseException | None = None
        transport.register()
        self.app = transport.ChunkApp(options.group, **settings(options))
        self.app.reading = transport.Reading(
            intake=pipeline,
            slot=str(options.slot),
            run=run,
            chunk_records=options.chunk_records,
            # tansu does not wake a waiting fetch when a record comes; Kafka does.
            fetch_wait_ms=20 if options.embedded else 100,
            committed_only=not options.embedded,
            partitions=options.partitions,
            alone=options.embedded,
            hook=hook,
            unpack=native.unpacker() if options.engine.native else None,
        )
        for topic in topics.READ:
            self._add_agent(topic)
        self.app.on_partitions_revoked.connect(self._revoked, weak=False)
        self.app.on_rebalance_complete.connect(self._settle, weak=False)

    @property
    def consumer(self) -> transport.Consumer:
        """Return the consumer of the running app."""
        return self.app.consumer  # type: ignore[no-any-return]

    def _add_agent(self, topic: str) -> None:
        channel = self.app.topic(topic, schema=transport.ChunkSchema())

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                await self._take(event)

        agent.__name__ = agent.__qualname__ = topic.replace(".", "_")
        self.app.agent(channel, concurrency=1)(agent)

    async def _take(self, event: Any) -> None:
        """Apply one chunk, once the buffer has room.

        A chunk that waited through a rebalance may no longer fit; then it is read again.
        """
        await self._writer.room()
        try:
            fits = self._pipeline.apply(event.key, event.value)
            while self._pipeline.catch_up(event.value.partition):
                await asyncio.sleep(0)  # the web, heartbeats and a stop have their turn
                await self._writer.room()
        except Exception as error:
            log.exception("a chunk of %s could not be applied: this worker stops", event.value.topic)
            self.failure = error
            self._pipeline.suspended = True
            raise
        if not fits:
            self.consumer.want_seek()

    async def _revoked(self, app: Any, revoked: set[Any], **kwargs: Any) -> None:
        """Store what is buffered before others may read on; if that takes long, forget it all."""
        self._pipeline.suspended = True
        self.waiting = "partitions are being shared out"
        self.sharing = True
        if not await self._writer.flush(FLUSH_SECONDS):
            log.warning("rebalance while the warehouse does not take rows: states will be rebuilt")
            self._pipeline.discard()

    async def _settle(self, app: Any, **kwargs: Any) -> None:
        """Get ready for the assigned partitions, however long it takes.

        The assignment is looked at again after each step: another rebalance may have begun.
        """
        self.sharing = False
        while not self.app.should_stop:
            partitions = self._assigned()
            self._pipeline.keep_only(partitions)
            try:
                await self._drop_outrun()
                missing = sorted(partitions - set(self._pipeline.engines))
                if not missing:
                    break
                await self._adopt(missing)
            except (WarehouseUnavailable, WarehouseError) as error:
                self._without_warehouse(error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:  # Faust would log it, and this worker wait for ever with nothing to read
                log.exception("partitions could not be taken over: this worker stops")
                self.failure = error
                return
        self._pipeline.suspended = False
        self.waiting = "" if self._pipeline.engines else "no partitions assigned"

    def _without_warehouse(self, error: Exception) -> None:
        """Say why partitions must wait for the warehouse, once for each kind of trouble."""
        trouble = f"states cannot be rebuilt, the warehouse is {state_of(error)}"
        if not self.waiting.startswith(trouble):
            log.warning("%s: %s", trouble, error)
        self.waiting = f"{trouble}: {error}"

    async def _adopt(self, partitions: list[int]) -> None:
        for partition in partitions:
            self.waiting = f"partition {partition} is being rebuilt"
            rebuilt = await self._rebuild(partition)
            if partition not in self._assigned():
                return
            self._pipeline.adopt(partition, rebuilt)

    async def _drop_outrun(self) -> None:
        """Forget kept partitions that another worker wrote in the meantime (a pause, a lost session)."""
        if not self._pipeline.engines:
            return
        stored, ours, kept = await self._progress(), self._pipeline.persisted(), set(self._pipeline.engines)
        outrun = {
            place[1]
            for place, offset in stored.items()
            if place[1] in kept and place[0] in topics.INPUTS and offset > ours.get(place, 0)
        }
        self._pipeline.keep_only(kept - outrun)

    def _assigned(self) -> set[int]:
        """Return the partitions of which every topic is assigned."""
        assigned = {(tp.topic, tp.partition) for tp in self.consumer.assignment()}
        numbers = {partition for _, partition in assigned}
        whole = {p for p in numbers if all((topic, p) in assigned for topic in topics.READ)}
        if whole != numbers:
            log.error("partitions %s come without all their topics: not read", sorted(numbers - whole))
        return whole
