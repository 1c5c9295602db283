"""A worker: reads its share of the partitions, keeps their indicators, writes and publishes them."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import aiokafka
import msgspec
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted
from prometheus_client import CollectorRegistry

from schemas import topics
from schemas.ruling import RulesChange
from streams import cluster
from streams.app import SESSION_SECONDS, Stream, instance_id, servers
from streams.condition import Condition
from streams.failures import WorkerFailedError, WorkerStalledError
from streams.health import Health, Probes
from streams.membership import Member, Membership
from streams.metrics import Metrics
from streams.options import WorkerOptions
from streams.pace import Pace
from streams.partners import Inquiry, Partners
from streams.pipeline import Pipeline
from streams.ports import EngineFactory, Hook, no_hook
from streams.presence import Presence
from streams.publish import Publisher
from streams.quiet import calm
from streams.rebuilding import Rebuilding
from streams.slot import Slot, SlotTakenError, Watchdog, run_id
from streams.steady import SteadyWall
from streams.writer import Writer
from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
RETRY_SECONDS = 1.0
#: Somebody waits for the line in the log: longer than this is "not done".
SEND_SECONDS = 15.0
#: Parts of ``stop_seconds``: for the buffered rows, for the records on their way to the broker, for Faust's end.
FLUSH_SHARE, SEND_SHARE, END_SHARE = 0.5, 0.15, 0.3
#: How often the group is asked who holds the slot, and the broker where its logs end.
LOOK_SECONDS = 10.0

#: Records are freed by their reference counts; looking for cycles after every 700 objects, as Python does,
#: took a fifth of the time while a backlog was read.
GC_THRESHOLDS = (100_000, 50, 100)


#: What becomes of rows that could not be stored before a stop.
READ_AGAIN = "they are read again after the next start"
LOST = "they are lost, for the embedded broker keeps records in memory only"


class Worker:
    """Everything between Kafka and the warehouse in one event loop.

    ``new_engine`` makes the engine of a partition; ``prefectures`` are all that the catalogue has.
    With ``wait_for_broker`` off, a broker that does not answer at the start is an error
    (``BrokerUnreachableError``); topics that do not fit always are (``TopicsError``), and so is a
    slot that another worker holds (``SlotTakenError``). ``probes`` that are given are the caller's
    to start and stop.
    """

    def __init__(
        self,
        options: WorkerOptions,
        warehouse: Warehouse,
        new_engine: EngineFactory,
        prefectures: tuple[int, ...],
        *,
        partners: Partners | None = None,
        registry: CollectorRegistry | None = None,
        hook: Hook = no_hook,
        wait_for_broker: bool = True,
        probes: Probes | None = None,
        wall: Callable[[], float] | None = None,
    ) -> None:
        self.options = options
        self.metrics = Metrics(registry or CollectorRegistry())
        self._own_probes = probes is None
        self._probes = probes
        self.health = probes.health if probes else Health()
        #: After ``stop``: whether everything that was read is stored.
        self.stored = True
        self._wall = wall or SteadyWall()
        self._warehouse = warehouse
        self._partners = partners or Partners(prefectures, {})
        self._hook = hook
        self._wait_for_broker = wait_for_broker
        run = run_id(options.slot)
        self._run_id = run
        self._slot = Slot(options.data, options.slot, run)
        self.presence = Presence(servers(options.broker), wall=self._wall)
        self._membership = Membership(options.slot, instance_id(options), run, self._members)
        self._looked = 0.0
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="warehouse")
        self._rebuilding = Rebuilding(
            options, warehouse, self._executor, new_engine, prefectures, self.metrics, self._wall, self._not_ready
        )
        self._stopping = False
        #: What goes on beside the app.
        self._tasks: list[asyncio.Task[None]] = []
        self._stream: Stream | None = None
        self._condition: Condition | None = None

    @property
    def metrics_address(self) -> tuple[str, int]:
        """Return where probes and metrics are, after the start."""
        if self._probes is None:
            msg = "the worker was not started"
            raise RuntimeError(msg)
        return self._probes.address

    @property
    def ready(self) -> bool:
        """Return whether the worker does its work."""
        return not self.health.ready()

    async def start(self) -> None:
        """Start and return when the first partitions are taken over.

        Waits for the broker and the warehouse, not ready and saying why once.
        """
        calm()
        self._slot.take()
        try:
            self._listen()
            found = await cluster.wait_for(
                servers(self.options.broker), once=not self._wait_for_broker, tell=self._not_ready
            )
            found.check(self.options.partitions)
            await self._rebuilding.register(found.id)
            self.presence.start()
            if not self.options.embedded:
                await self._claim()
                self.presence.then = self._look_around
            self._assemble()
            await self._run_app()
        except BaseException:
            await self.presence.stop()
            self._release()
            raise

    def _listen(self) -> None:
        options = self.options
        if self._probes is None:
            self._probes = Probes(options.metrics_host, options.metrics_port, self.health)
            self._probes.start()
        self._probes.measure(self.metrics.registry)

    def _not_ready(self, reason: str) -> None:
        self.health.report((reason,))

    async def _members(self) -> list[Member]:
        return await self.presence.members(self.options.group)

    async def _claim(self) -> None:
        """Wait until nobody else lives on the slot; raises ``SlotTakenError``."""
        while True:
            try:
                return await self._membership.claim(self._slot.predecessor, SESSION_SECONDS)
            except (KafkaError, OSError, TimeoutError) as error:
                self._not_ready(self.presence.reason or f"the group's coordinator does not answer: {error!r}")
                await asyncio.sleep(RETRY_SECONDS)

    async def _look_around(self) -> None:
        """Ask now and then who holds our slot, and where the logs end."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        condition = self.condition
        condition.fatal = condition.fatal or await self._membership.look()
        condition.found_ends = await self.presence.ends(list(self.pipeline.positions()))

    def _assemble(self) -> None:
        options = self.options
        self.writer = Writer(
            self._warehouse,
            self._executor,
            self.metrics,
            epoch=self._rebuilding.epoch.id,
            buffer_bytes=options.buffer_bytes,
            flush_seconds=options.flush_seconds,
            flush_rows=options.flush_rows,
            hook=self._hook,
            wall=self._wall,
        )
        self.publisher = Publisher(self._producer, self.metrics, live_seconds=options.live_seconds, hook=self._hook)
        pace = Pace(options.snapshot_seconds, options.snapshot_seconds_most, options.snapshot_bytes)
        self.pipeline = Pipeline(self.writer, self.publisher, self.metrics, pace, wall=self._wall)
        self._inquiry = Inquiry(
            self._warehouse,
            self._partners,
            self.pipeline.support,
            away=lambda: self.writer.outage is not None,
        )
        self.pipeline.seek = self._inquiry.seek
        self._stream = Stream(
            options,
            self.pipeline,
            self.writer,
            self._rebuilding.rebuilt,
            self._rebuilding.progress,
            run=self._run_id,
            hook=self._hook,
        )
        self._condition = Condition(options, self.presence, self._stream, self.writer, self.pipeline, self.metrics)

    async def _run_app(self) -> None:
        self.writer.start()
        self.publisher.start()
        self._tasks = [
            asyncio.create_task(self._tick(), name="ticker"),
            asyncio.create_task(self._inquiry.run(), name="substitutes"),
        ]
        await self.stream.app.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)

    @property
    def stream(self) -> Stream:
        """Return the running stream."""
        if self._stream is None:
            msg = "the worker was not started"
            raise RuntimeError(msg)
        return self._stream

    @property
    def condition(self) -> Condition:
        """Return what judges the running worker."""
        if self._condition is None:
            msg = "the worker was not started"
            raise RuntimeError(msg)
        return self._condition

    def _producer(self) -> aiokafka.AIOKafkaProducer:
        return self.stream.app.producer.raw

    async def send_rules(self, change: RulesChange) -> None:
        """Tell all workers of other rules, this one among them; raises ``OSError`` where the broker does not take it.

        To each partition, so that every one follows after the same record whoever reads it.
        """
        value = msgspec.json.encode(change)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for partition in range(self.options.partitions):
                    await self._producer().send_and_wait(
                        topics.RULES, value, change.event_id.encode(), partition=partition
                    )
        except (KafkaError, RuntimeError) as error:  # a producer that was not started yet is a RuntimeError
            raise OSError(str(error)) from error

    async def caught_up(self, quiet_seconds: float, most_seconds: float) -> bool:
        """Return once nothing has come for some seconds; False when something still does after ``most_seconds``."""
        now = began = moved = time.monotonic()
        read = self._read()
        while now - moved < quiet_seconds and now - began < most_seconds:
            await asyncio.sleep(quiet_seconds / 10)
            now = time.monotonic()
            if self._read() != read:
                read, moved = self._read(), now
        return now - moved >= quiet_seconds

    def _read(self) -> int:
        return sum(self.pipeline.positions().values())

    async def wait_ready(self, seconds: float | None) -> None:
        """Return when the worker is ready; ``TimeoutError`` says why it is not. None: no limit."""
        try:
            async with asyncio.timeout(seconds):
                while not self.ready:
                    self._raise_failure()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            msg = f"not ready within {seconds} s: {'; '.join(self.health.ready())}"
            raise TimeoutError(msg) from None

    async def run_until(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; raises ``WorkerFailedError`` when the worker cannot go on."""
        while not stop.is_set():
            self._raise_failure()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await stop.wait()

    def _raise_failure(self) -> None:
        failure = self._failure()
        if isinstance(failure, SlotTakenError | WorkerStalledError):
            raise failure
        if failure is not None:
            msg = f"the worker cannot go on: {failure!r}"
            raise WorkerFailedError(msg) from failure

    def _failure(self) -> BaseException | None:
        if self._stream is None or self._stopping:
            return None
        stream = self._stream
        for task in self._tasks:
            if task.done() and not task.cancelled():
                return task.exception()
        crashed = stream.app.crash_reason if stream.app.crashed else None
        return self.condition.fatal or stream.failure or crashed or self.publisher.failed() or self.writer.failed()

    async def stop(self) -> None:
        """Stop reading, store and send what is left, commit, end. Bounded by ``stop_seconds``.

        What cannot be stored in time is read again after the next start; ``stored`` tells.
        """
        self._stopping = True
        self._not_ready("stopping")
        await self.presence.stop()
        if self._stream is not None:
            await self._stop_stream(self._stream)
        self._release()

    async def _stop_stream(self, stream: Stream) -> None:
        seconds = self.options.stop_seconds
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(ConsumerNotStarted):
            stream.consumer.stop_flow()
        if stream.failure is None:
            self.pipeline.drain()
        else:
            self.pipeline.engines.clear()
        self.stored = await self.writer.flush(seconds * FLUSH_SHARE) or not self._unstored()
        if not self.stored:
            log.warning("some rows are not stored: %s", LOST if self.options.embedded else READ_AGAIN)
        await self.publisher.flush(seconds * SEND_SHARE)
        await self.publisher.stop()
        await within(seconds * END_SHARE, stream.app.stop())
        await self.writer.stop()

    def _unstored(self) -> bool:
        """Return whether something was read that the warehouse does not hold."""
        stored = self.pipeline.persisted()
        return any(offset > stored.get(place, 0) for place, offset in self.pipeline.positions().items())

    def _release(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._probes and self._own_probes:
            self._probes.stop()
        self._slot.release()

    async def _tick(self) -> None:
        while True:
            self.pipeline.tick()
            self.pipeline.measure_states()
            self._tell_condition()
            await asyncio.sleep(TICK_SECONDS)

    def _tell_condition(self) -> None:
        told = self.condition.look()
        if failure := self._failure():
            told.reasons.append(f"failed: {failure!r}")
        self.health.report(tuple(told.reasons), tuple(told.notes), told.figures)


async def within(seconds: float, awaitable: Awaitable[object]) -> bool:
    """Wait that long for something to end; what does not, or fails, is left behind with a line."""
    task = asyncio.ensure_future(awaitable)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        return False
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("while stopping: %r", error)
    return True


async def run(worker: Worker, stop: asyncio.Event) -> bool:
    """Run a worker until ``stop`` is set; return whether everything that it read is stored.

    Ends within ``stop_seconds`` and a second, or ends the process. Raises what ``Worker.start``
    raises, and ``WorkerFailedError``.
    """
    watchdog = Watchdog(worker.options.stop_seconds + 1.0)
    started = asyncio.create_task(worker.start())
    watched = asyncio.create_task(worker.run_until(stop))  # from the beginning: a start may come to no end too
    try:
        await asyncio.wait({started, watched}, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            await started
        await watched
    finally:
        watchdog.start()
        watched.cancel()
        if not started.done():
            started.cancel()
            await asyncio.wait({started}, timeout=1.0)
        await worker.stop()
        watchdog.cancel()
    return worker.stored
