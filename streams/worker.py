"""A worker: reads its share of the partitions, keeps their indicators, writes and publishes them."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

import aiokafka
from faust.exceptions import ConsumerNotStarted
from prometheus_client import CollectorRegistry

from streams import cluster, rebuild
from streams.app import Stream, servers
from streams.health import Health, HealthServer, Stall
from streams.metrics import Metrics
from streams.options import WorkerOptions
from streams.pace import Pace
from streams.pipeline import Pipeline
from streams.ports import EngineFactory, Hook, no_hook
from streams.positions import Place
from streams.publish import Publisher
from streams.quiet import calm
from streams.slot import Slot, Watchdog
from streams.writer import Writer
from warehouse.errors import WarehouseUnavailable
from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
RETRY_SECONDS = 1.0
#: Parts of ``stop_seconds`` for the buffered rows and for the records on their way to the broker.
FLUSH_SHARE, SEND_SHARE = 0.5, 0.15

#: Records are freed by their reference counts; looking for cycles after every 700 objects, as Python does,
#: took a fifth of the time while a backlog was read.
GC_THRESHOLDS = (100_000, 50, 100)

T = TypeVar("T")


#: What becomes of rows that could not be stored before a stop.
READ_AGAIN = "they are read again after the next start"
LOST = "they are lost, for the embedded broker keeps records in memory only"


class WorkerFailedError(RuntimeError):
    """The worker met what only a restart can mend; its supervisor should start it again."""


class Worker:
    """Everything between Kafka and the warehouse in one event loop.

    ``new_engine`` makes the engine of a partition; ``prefectures`` are all that the catalogue has.
    With ``wait_for_broker`` off, a broker that does not answer at the start is an error
    (``BrokerUnreachableError``); topics that do not fit always are (``TopicsError``).
    """

    def __init__(
        self,
        options: WorkerOptions,
        warehouse: Warehouse,
        new_engine: EngineFactory,
        prefectures: tuple[int, ...],
        *,
        registry: CollectorRegistry | None = None,
        hook: Hook = no_hook,
        wait_for_broker: bool = True,
    ) -> None:
        self.options = options
        self.metrics = Metrics(registry or CollectorRegistry())
        self.health = Health()
        self._warehouse = warehouse
        self._new_engine = new_engine
        self._prefectures = prefectures
        self._hook = hook
        self._wait_for_broker = wait_for_broker
        self._slot = Slot(options.data, options.slot)
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="warehouse")
        self._stall = Stall()
        self._stopping = False
        self._ticker: asyncio.Task[None] | None = None
        self._probes: HealthServer | None = None
        self._stream: Stream | None = None

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
            found = await cluster.wait_for(servers(self.options.broker), once=not self._wait_for_broker)
            found.check(self.options.partitions)
            self.epoch = await self._registered(found.id)
            self._assemble()
            await self._run_app()
        except BaseException:
            self._release()
            raise

    def _listen(self) -> None:
        options = self.options
        self._probes = HealthServer(self.health, self.metrics.registry, options.metrics_host, options.metrics_port)
        self._probes.start()

    def _assemble(self) -> None:
        options = self.options
        self.writer = Writer(
            self._warehouse,
            self._executor,
            self.metrics,
            epoch=self.epoch.id,
            buffer_bytes=options.buffer_bytes,
            flush_seconds=options.flush_seconds,
            flush_rows=options.flush_rows,
            hook=self._hook,
        )
        self.publisher = Publisher(self._producer, self.metrics, live_seconds=options.live_seconds, hook=self._hook)
        pace = Pace(options.snapshot_seconds, options.snapshot_seconds_most, options.snapshot_bytes)
        self.pipeline = Pipeline(self.writer, self.publisher, self.metrics, pace)
        self._stream = Stream(options, self.pipeline, self.writer, self._rebuilt, self._progress, hook=self._hook)

    async def _run_app(self) -> None:
        self.writer.start()
        self.publisher.start()
        self._ticker = asyncio.create_task(self._tick(), name="ticker")
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

    def _producer(self) -> aiokafka.AIOKafkaProducer:
        return self.stream.app.producer.raw

    async def wait_ready(self, seconds: float) -> None:
        """Return when the worker is ready; ``TimeoutError`` says why it is not."""
        try:
            async with asyncio.timeout(seconds):
                while not self.ready:
                    self._raise_failure()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            msg = f"not ready within {seconds:.0f} s: {'; '.join(self.health.ready())}"
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
        if failure is not None:
            msg = f"the worker cannot go on: {failure!r}"
            raise WorkerFailedError(msg) from failure

    def _failure(self) -> BaseException | None:
        if self._stream is None or self._stopping:
            return None
        stream = self._stream
        if self._ticker and self._ticker.done() and not self._ticker.cancelled():
            return self._ticker.exception()
        crashed = stream.app.crash_reason if stream.app.crashed else None
        return stream.failure or crashed or self.publisher.failed() or self.writer.failed()

    async def stop(self) -> None:
        """Stop reading, store and send what is left, commit, end. Bounded by ``stop_seconds``.

        What cannot be stored in time is read again after the next start.
        """
        self._stopping = True
        self.health.report(("stopping",))
        if self._stream is not None:
            await self._stop_stream(self._stream)
        self._release()

    async def _stop_stream(self, stream: Stream) -> None:
        seconds = self.options.stop_seconds
        if self._ticker:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        with suppress(ConsumerNotStarted):
            stream.consumer.stop_flow()
        if stream.failure is None:
            self.pipeline.drain()
        else:
            self.pipeline.engines.clear()
        if not await self.writer.flush(seconds * FLUSH_SHARE):
            log.warning("some rows are not stored: %s", LOST if self.options.embedded else READ_AGAIN)
        await self.publisher.flush(seconds * SEND_SHARE)
        await self.publisher.stop()
        await stream.app.stop()
        await self.writer.stop()

    def _release(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._probes:
            self._probes.stop()
        self._slot.release()

    async def _tick(self) -> None:
        while True:
            self.pipeline.tick()
            self.pipeline.measure_states()
            self.health.report(tuple(self._reasons()))
            await asyncio.sleep(TICK_SECONDS)

    def _reasons(self) -> list[str]:
        """Return why the worker does not do its work."""
        reasons = [self.stream.waiting] if self.stream.waiting else []
        if self.writer.full:
            reasons.append("the buffer is full, reading waits for the warehouse")
        if self.writer.full and self.writer.trouble:
            reasons.append(f"the warehouse does not take rows: {self.writer.trouble}")
        stalled = self._stall.look(self.pipeline.positions(), self._ends())
        if stalled:
            reasons.append(f"no progress in spite of lag: {', '.join(f'{t}/{p}' for t, p in stalled)}")
        failure = self._failure()
        return [*reasons, *([f"failed: {failure!r}"] if failure else [])]

    def _ends(self) -> Mapping[Place, int]:
        """Return the log ends that fetches told of, and publish the lag."""
        ends: dict[Place, int] = {}
        with suppress(ConsumerNotStarted):
            ends = self.stream.consumer.ends()
        for (topic, partition), position in self.pipeline.positions().items():
            lag = max(0, ends.get((topic, partition), position) - position)
            self.metrics.lag.labels(topic, partition).set(lag)
        return ends

    async def _registered(self, epoch: str) -> rebuild.Epoch:
        said = False
        while True:
            try:
                return await self._blocking(rebuild.register, self._warehouse, epoch)
            except WarehouseUnavailable as error:
                if not said:
                    log.warning("waiting for the warehouse: %s", error)
                said = True
                self.health.report((f"the warehouse is away: {error}",))
                await asyncio.sleep(RETRY_SECONDS)

    async def _rebuilt(self, partition: int) -> rebuild.Rebuilt:
        rebuilder = rebuild.Rebuilder(
            self._warehouse,
            self._new_engine,
            self.epoch,
            partitions=self.options.partitions,
            prefectures=self._prefectures,
            history_days=self.options.history_days,
        )
        with self.metrics.rebuild.time():
            return await self._blocking(rebuilder.rebuild, partition)

    async def _progress(self) -> Mapping[Place, int]:
        return await self._blocking(rebuild.progress, self._warehouse, self.epoch.id)

    async def _blocking(self, function: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(function, *arguments))


async def run(worker: Worker, stop: asyncio.Event) -> None:
    """Run a worker until ``stop`` is set, and end it within ``stop_seconds`` or end the process.

    Raises what ``Worker.start`` raises, and ``WorkerFailedError``.
    """
    watchdog = Watchdog(worker.options.stop_seconds)
    started = asyncio.create_task(worker.start())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({started, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            await started
            await worker.run_until(stop)
    finally:
        watchdog.start()
        stopped.cancel()
        if not started.done():
            started.cancel()
            await asyncio.gather(started, return_exceptions=True)
        await worker.stop()
        watchdog.cancel()
