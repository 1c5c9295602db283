"""Workers with a counting engine on a broker of their own, for the tests of the shell around the core."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from kafka import KafkaProducer

from schemas import topics
from streams.options import WorkerOptions
from streams.ports import Hook, no_hook
from streams.worker import Worker
from tests.streams.fakes import PREFECTURES, CountingEngine, MemoryWarehouse

PARTITIONS = 4
TOPICS = (topics.SALES, topics.SALES, topics.STOCK)
#: Records sent to one place in a row, so that batches have many sizes.
BURSTS = (1, 3, 40, 200, 500)


class Sender:
    """Sends numbers 0, 1, 2 … to the sales and stock topics, in batches of mixed sizes."""

    def __init__(self, server: str, seed: int = 1) -> None:
        self._server = server
        self._random = random.Random(seed)
        self.count = 0

    def send(self, count: int, pause: float = 0.0) -> None:
        """Send ``count`` more and wait until the broker has them; pauses between bursts."""
        producer = KafkaProducer(
            bootstrap_servers=self._server, acks="all", linger_ms=5, batch_size=8000, enable_idempotence=False
        )
        end = self.count + count
        while self.count < end:
            topic, partition = self._random.choice(TOPICS), self._random.randrange(PARTITIONS)
            for _ in range(min(self._random.choice(BURSTS), end - self.count)):
                producer.send(topic, value=str(self.count).encode(), key=b"540100", partition=partition)
                self.count += 1
            if pause:
                producer.flush()
                time.sleep(pause)  # paces the load, nothing waits for it
        producer.flush()
        producer.close()

    @property
    def sum(self) -> int:
        """Return the sum of all numbers sent."""
        return self.count * (self.count - 1) // 2


def worker(
    server: str, data: Path, warehouse: MemoryWarehouse, *, slot: int = 0, hook: Hook = no_hook, **options: object
) -> Worker:
    """Return a worker that is not started."""
    settings = WorkerOptions(server, data, slot=slot, embedded=True, partitions=PARTITIONS, flush_seconds=0.2)
    for name, value in options.items():
        object.__setattr__(settings, name, value)
    return Worker(settings, warehouse, CountingEngine, PREFECTURES, hook=hook)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[Worker]:
    """Run a worker until the end of the block."""
    try:
        await worker.start()
        await worker.wait_ready(30)
        yield worker
    finally:
        await worker.stop()


def engines(*workers: Worker) -> list[CountingEngine]:
    """Return the engines of all partitions that the workers hold."""
    return [e for w in workers for e in w.pipeline.engines.values() if isinstance(e, CountingEngine)]


def count(*workers: Worker) -> int:
    """Return how many records all states hold."""
    return sum(engine.count for engine in engines(*workers))


def total(*workers: Worker) -> int:
    """Return the sum of all numbers in all states."""
    return sum(engine.sum for engine in engines(*workers))


def stored(warehouse: MemoryWarehouse) -> list[int]:
    """Return the numbers in the raw tables, each row once."""
    return sorted(int(str(v)) for table in ("sales", "stock") for v in warehouse.unique(table).values())


async def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Return when ``condition()`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.01)


async def abandon(workers: Sequence[Worker]) -> None:
    """End workers as a kill would: nothing is stored, sent or committed."""
    for worker in workers:
        worker.pipeline.discard()
        await worker.stop()
