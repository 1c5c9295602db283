"""From memory to the warehouse: raw rows, what is derived from them, progress, then snapshots.

Only what is behind a progress row counts as persisted, and only that may be committed. A batch
that fails is tried again from the step that failed; rows inserted twice have equal keys and are
merged by the warehouse.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress

from streams.buffer import RAW, Batch, Buffer, Snapshot
from streams.columns import sorted_parts, spread
from streams.metrics import Metrics
from streams.outage import Outage, Rate, Waiting, Watch
from streams.ports import Hook, Rows, no_hook
from streams.positions import Place
from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

#: Waits between tries, seconds. Short at first: most interruptions are a restart of the server.
BACK_OFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
#: How a snapshot's bytes are written (1: base64); not the format of what is inside, that is the engine's.
SNAPSHOT_FORMAT = 1


class AbandonedError(Exception):
    """The batch no longer matters: its partitions were given up."""


class Writer:
    """Buffers rows of all partitions and stores them from one thread, in order."""

    def __init__(
        self,
        warehouse: Warehouse,
        executor: Executor,
        metrics: Metrics,
        *,
        epoch: str,
        buffer_bytes: int,
        flush_seconds: float,
        flush_rows: int,
        hook: Hook = no_hook,
        wall: Callable[[], float] = time.time,
        back_off: Sequence[float] = BACK_OFF,
    ) -> None:
        self._warehouse = warehouse
        self._executor = executor
        self._metrics = metrics
        self._epoch = epoch
        self._bound = buffer_bytes
        self._flush_seconds = flush_seconds
        self._hook = hook
        self._wall = wall
        self._back_off = back_off
        self._buffer = Buffer(flush_rows)
        self._writing: Batch | None = None
        self._due = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None
        self._watch = Watch(wall=wall)
        self._rate = Rate()
        #: Asked when a batch is sealed: states to store behind it.
        self.snapshots: Callable[[], Sequence[Snapshot]] = tuple
        #: Next offset after what the warehouse holds.
        self.persisted: dict[Place, int] = {}

    @property
    def outage(self) -> Outage | None:
        """Return what keeps rows from being stored, None while nothing does."""
        return self._watch.look()

    @property
    def trouble(self) -> str:
        """Return why nothing can be stored at present, for people; empty while all is well."""
        outage = self.outage
        return outage.reason if outage else ""

    @property
    def waiting(self) -> Waiting:
        """Return what waits to be stored, and how long the room for it lasts."""
        rate, left = self._rate.per_second(), max(0, self._bound - self._buffer.bytes)
        return Waiting(self._buffer.rows, self._buffer.bytes, left / rate if rate else None)

    @property
    def full(self) -> bool:
        """Return whether the buffer is at its bound, so that reading waits."""
        return not self._room.is_set()

    def start(self) -> None:
        """Begin to store in the background."""
        self._task = asyncio.create_task(self._run(), name="warehouse writer")

    async def stop(self) -> None:
        """End at once, whatever still waits; flush first."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def failed(self) -> BaseException | None:
        """Return why the background task ended, None while it runs."""
        done = self._task is not None and self._task.done() and not self._task.cancelled()
        return self._task.exception() if done and self._task else None

    def add(
        self,
        rows: Rows,
        progress: Mapping[Place, int],
        receipts: Iterable[Callable[[], Awaitable[None]]] = (),
        held: int = 0,
    ) -> None:
        """Take over rows, and offsets that are complete once these and all earlier rows are stored.

        ``held`` are bytes that wait for ``receipts`` somewhere else: they count against the bound too.
        """
        before = self._buffer.bytes
        self._buffer.add(rows, progress, receipts, held, long=self.outage is not None)
        self._rate.add(self._buffer.bytes - before)
        if not self._buffer:
            return
        self._idle.clear()
        if self._buffer.full:
            self._due.set()
        self._measure()

    async def room(self) -> None:
        """Wait while the buffer is at its bound."""
        await self._room.wait()

    async def flush(self, seconds: float) -> bool:
        """Store everything now; False when that would take longer than ``seconds``."""
        self._idle.clear()
        self._due.set()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def discard(self) -> None:
        """Forget what is not stored; the states that made it must be forgotten in the same step."""
        self._buffer.clear()
        self._writing = None
        self._watch.abandoned()
        self._idle.set()
        self._measure()

    async def _run(self) -> None:
        while True:
            if not self._buffer.full:
                await self._wait_due()
            self._due.clear()
            self._writing = batch = self._buffer.take(self._due_snapshots)
            if batch:
                try:
                    await self._store(batch)
                except AbandonedError:
                    continue
            self._done(batch)

    async def _wait_due(self) -> None:
        # Not asyncio.wait_for: in Python 3.11 it swallows a cancellation that comes with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._flush_seconds):
                await self._due.wait()

    def _due_snapshots(self) -> Sequence[Snapshot]:
        return () if self.trouble else self.snapshots()

    def _done(self, batch: Batch) -> None:
        self._writing = None
        self._buffer.stored(batch)
        if not self._buffer:
            self._idle.set()
        self._measure()

    def _measure(self) -> None:
        self._metrics.buffer.set(self._buffer.bytes)
        if self._buffer.bytes < self._bound:
            self._room.set()
        elif self._room.is_set():
            self._room.clear()
            if self.outage:  # else a backlog is read faster than it is stored: nothing to tell
                log.warning("%d MiB of rows wait for the warehouse: reading pauses", self._buffer.bytes >> 20)
        self._metrics.paused.set(self.full)

    async def _store(self, batch: Batch) -> None:
        tables = batch.tables()
        self._hook("before_raw")
        for table in tables:
            if table in RAW:
                await self._insert(batch, table, batch.rows[table])
        self._hook("after_raw")
        for table in tables:
            if table not in RAW:
                await self._insert(batch, table, batch.rows[table])
        for receipt in batch.receipts:
            await receipt()
            self._check(batch)
        await self._progress(batch)
        for snapshot in batch.snapshots:
            await self._snapshot(batch, snapshot)

    async def _progress(self, batch: Batch) -> None:
        if not batch.progress:
            return
        await self._insert(batch, "ingest_progress", self._progress_rows(batch))
        self._hook("after_progress")
        self.persisted.update(batch.progress)

    def _progress_rows(self, batch: Batch) -> dict[str, list[object]]:
        count, at = len(batch.progress), int(self._wall())
        return {
            "epoch": [self._epoch] * count,
            "topic": [topic for topic, _ in batch.progress],
            "partition": [partition for _, partition in batch.progress],
            "next_offset": list(batch.progress.values()),
            "at": [at] * count,
        }

    async def _snapshot(self, batch: Batch, snapshot: Snapshot) -> None:
        state = await asyncio.get_running_loop().run_in_executor(self._executor, snapshot.text)
        self._check(batch)
        row: dict[str, list[object]] = {
            "epoch": [self._epoch],
            "partition": [snapshot.partition],
            "slot": [snapshot.slot],
            "position": [sum(snapshot.offsets.values())],
            "offsets": [json.dumps(dict(snapshot.offsets), sort_keys=True)],
            "format": [SNAPSHOT_FORMAT],
            "fingerprint": [snapshot.fingerprint],
            "state": [state],
            "at": [int(self._wall())],
        }
        await self._insert(batch, "snapshots", row)
        self._metrics.snapshots.inc()

    def _check(self, batch: Batch) -> None:
        if self._writing is not batch:
            raise AbandonedError

    async def _insert(self, batch: Batch, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Insert, trying again until it works; raises ``AbandonedError`` when it need not any more."""
        loop, attempt = asyncio.get_running_loop(), 0
        while True:
            started = time.perf_counter()
            self._watch.began()
            try:
                await loop.run_in_executor(self._executor, self._try, attempt, table, columns)
            except Exception as error:
                self._metrics.failures.inc()
                self._watch.failed(error)
            else:
                self._inserted(table, len(next(iter(columns.values()))), time.perf_counter() - started)
                self._check(batch)
                return
            self._check(batch)
            await asyncio.sleep(self._back_off[min(attempt, len(self._back_off) - 1)])
            self._check(batch)
            attempt += 1

    def _try(self, attempt: int, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Insert; after a failure ask first: spelling out 100,000 rows for a server that is away took 60 MB."""
        if attempt:
            self._warehouse.ping()
        if table in RAW:  # by partition, then as they came: what the server would sort else, all columns of it
            columns = sorted_parts(columns, "partition")
        self._warehouse.insert(table, {name: spread(values) for name, values in columns.items()})

    def _inserted(self, table: str, rows: int, seconds: float) -> None:
        self._watch.succeeded()
        metrics = self._metrics
        metrics.inserts.labels(table).inc()
        metrics.rows.labels(table).inc(rows)
        metrics.insert.observe(seconds)
        metrics.insert_rows.observe(rows)
