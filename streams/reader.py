"""Reading a topic from one offset to another, apart from the stream: for checks after the fact.

Synchronous, with an event loop of its own: call it from a thread that runs none. No group is
joined and nothing is committed, so workers that run meanwhile do not notice.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas import topics
from streams import fetch
from streams.chunk import Chunk
from streams.cluster import BrokerUnreachableError
from streams.options import MIB
from streams.positions import Place

#: Records handed out at once: about 5 MB of receipts of one line, 16 MB of those of five.
WINDOW = 20_000
FETCH_BYTES = 4 * MIB
REQUEST_MS = 15_000
#: A broker that brings nothing for so long has nothing more; Kafka answers in milliseconds.
SILENCE_SECONDS = 10.0
#: The same of tansu, whose end offsets can be too low, so that its logs are read until nothing comes.
QUIET_SECONDS = 0.6
#: tansu does not wake a waiting fetch when a record comes.
FETCH_WAIT_MS = 20

#: aiokafka's answer: batches by ``TopicPartition``.
Fetched = dict[Any, Sequence[fetch.RawBatch]]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Offsets [start, end) that a log holds."""

    start: int
    end: int


class LogReader:
    """A consumer of one broker; ``embedded`` says that its end offsets are not to be trusted.

    Every method raises ``BrokerUnreachableError`` when the broker does not answer.
    """

    def __init__(self, servers: Iterable[str], *, embedded: bool = False) -> None:
        self._servers = list(servers)
        self._embedded = embedded
        self._runner = asyncio.Runner()
        self._consumer: Any = None

    def __enter__(self) -> Self:
        """Connect."""
        try:
            self._run(self._start())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Disconnect."""
        try:
            self._runner.run(self._consumer.stop())
        finally:
            self._runner.close()

    def bounds(self, reached: Mapping[Place, int]) -> dict[Place, Bounds]:
        """Return what the logs of these places hold; ``reached`` is an offset of each to look onward from."""
        return self._run(self._bounds(reached)) if reached else {}

    def read(self, place: Place, begin: int, end: int) -> Iterator[Chunk]:
        """Return the records with begin <= offset < end that exist, in chunks of at most ``WINDOW``.

        Ends early where the log does.
        """
        if begin >= end:
            return
        self._run(self._assign({place: begin}))
        while begin < end:
            found = self._run(self._poll(SILENCE_SECONDS))
            if not found:
                return
            for chunk in _chunks(found):
                begin = chunk.next_offset
                yield until(chunk, end)

    def topic(self, name: str, partitions: int) -> Iterator[Chunk]:
        """Return every record of a topic that is there now."""
        bounds = {} if self._embedded else self.bounds({(name, number): 0 for number in range(partitions)})
        left = {(name, number) for number in range(partitions)} - {p for p, b in bounds.items() if b.start >= b.end}
        self._run(self._assign({place: bounds[place].start if place in bounds else 0 for place in left}))
        while left and (found := self._run(self._poll(QUIET_SECONDS if self._embedded else SILENCE_SECONDS))):
            for chunk in _chunks(found):
                place = (chunk.topic, chunk.partition)
                yield until(chunk, bounds[place].end) if place in bounds else chunk
                if place in bounds and chunk.next_offset >= bounds[place].end:
                    left.discard(place)

    def _run(self, awaitable: Awaitable[T]) -> T:
        try:
            return self._runner.run(_plainly(awaitable))
        except (KafkaError, OSError, TimeoutError) as error:
            listed = ", ".join(self._servers)
            msg = f"the broker at {listed} went away ({error!r}): start it, then ask again / 代理 {listed} 没有回答"
            raise BrokerUnreachableError(msg) from error

    async def _start(self) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_uncommitted" if self._embedded else "read_committed",
            max_partition_fetch_bytes=max(FETCH_BYTES, topics.MAX_DEAD_LETTER_BYTES),
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=REQUEST_MS,
        )
        try:
            await self._consumer.start()
        except BaseException:
            await self._consumer.stop()
            raise
        fetch.install(self._consumer._fetcher)

    async def _assign(self, offsets: Mapping[Place, int]) -> None:
        self._consumer.assign([TopicPartition(*place) for place in offsets])
        for place, offset in offsets.items():
            self._consumer.seek(TopicPartition(*place), offset)

    async def _poll(self, seconds: float) -> Fetched:
        """Return what comes first within so many seconds, nothing if nothing does."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while (left := deadline - loop.time()) > 0:
            found: Fetched = await self._consumer.getmany(timeout_ms=int(left * 1000) + 1)
            if found:
                return found
        return {}

    async def _bounds(self, reached: Mapping[Place, int]) -> dict[Place, Bounds]:
        partitions = [TopicPartition(*place) for place in reached]
        if self._embedded:
            ends = await self._found_ends(reached)
            return {place: Bounds(0, ends[place]) for place in reached}
        starts = await self._consumer.beginning_offsets(partitions)
        last = await self._consumer.end_offsets(partitions)
        return {(each.topic, each.partition): Bounds(starts[each], last[each]) for each in partitions}

    async def _found_ends(self, reached: Mapping[Place, int]) -> dict[Place, int]:
        """Return where the logs end, by reading on from ``reached``; a log that ends before it is not noticed."""
        await self._assign(reached)
        ends = dict(reached)
        while found := await self._poll(QUIET_SECONDS):
            for each, batches in found.items():
                ends[each.topic, each.partition] = batches[-1].next_offset
        return ends


async def _plainly(awaitable: Awaitable[T]) -> T:
    return await awaitable


def until(chunk: Chunk, end: int) -> Chunk:
    """Return the records of a chunk below offset ``end``."""
    if chunk.next_offset <= end:
        return chunk
    return chunk.part(0, bisect_left(chunk.offsets, end), end)


def _chunks(found: Fetched) -> Iterator[Chunk]:
    for each, batches in found.items():
        for _, chunk in fetch.chunks(each.topic, each.partition, batches, WINDOW):
            yield chunk
