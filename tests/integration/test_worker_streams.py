"""A worker on the embedded broker loses and doubles nothing, whatever happens to it."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from schemas import topics
from streams import cluster
from streams.failures import WorkerFailedError
from streams.worker import Worker
from tests import services
from tests.integration.workers import (
    PARTITIONS,
    Sender,
    abandon,
    count,
    engines,
    running,
    stored,
    total,
    until,
    worker,
)
from tests.streams.fakes import MemoryWarehouse
from warehouse.errors import WarehouseUnavailable

RECORDS = 50_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Run an empty broker with the product's topics."""
    with services.tansu(tmp_path / "broker") as address:
        asyncio.run(cluster.ensure_topics([address], PARTITIONS, embedded=True))
        yield address


async def test_every_record_once_over_restarts_and_crashes(server: str, tmp_path: Path) -> None:
    sender, warehouse = Sender(server), MemoryWarehouse()
    await asyncio.to_thread(sender.send, RECORDS // 2)
    async with running(worker(server, tmp_path, warehouse)) as first:
        await until(lambda: count(first) == sender.count, "all read")
        assert total(first) == sender.sum
    assert stored(warehouse) == list(range(sender.count))

    sending = asyncio.create_task(asyncio.to_thread(sender.send, RECORDS // 2, 0.01))
    crashed = worker(server, tmp_path, warehouse, hook=Crash("after_raw", 3))
    await crashed.start()
    with pytest.raises(WorkerFailedError, match="after_raw"):
        await crashed.run_until(asyncio.Event())
    await abandon([crashed])
    await sending

    async with running(worker(server, tmp_path, warehouse)) as last:
        await until(lambda: count(last) == sender.count, "all read again")
        assert total(last) == sender.sum
    assert stored(warehouse) == list(range(RECORDS))


class Crash:
    """Ends the writer when a crash point is passed for the n-th time."""

    def __init__(self, point: str, times: int) -> None:
        self.point = point
        self.left = times

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if not self.left:
                raise RuntimeError(point)


async def test_starts_in_the_middle_of_a_batch(server: str, tmp_path: Path) -> None:
    sender, warehouse = Sender(server), MemoryWarehouse()
    await asyncio.to_thread(sender.send, 10_000)
    epoch = (await cluster.inspect([server])).id
    for offset in (1, 177):
        columns: dict[str, list[object]] = {
            "epoch": [epoch],
            "topic": [topics.SALES],
            "partition": [1],
            "next_offset": [offset],
            "at": [0],
        }
        warehouse.tables.clear()
        warehouse.insert("ingest_progress", columns)
        async with running(worker(server, tmp_path, warehouse)) as started:
            await until(partial(has, started, 10_000 - offset), f"all from {offset}")
        found = [int(str(row["offset"])) for row in warehouse.tables["sales"] if row["partition"] == 1]
        assert found == list(range(offset, offset + len(found)))


def has(started: Worker, records: int) -> bool:
    """Return whether the states of a worker hold that many records."""
    return count(started) == records


async def test_live_workers_share_out_partitions_again_and_again(server: str, tmp_path: Path) -> None:
    sender, warehouse = Sender(server), MemoryWarehouse()
    sending = asyncio.create_task(asyncio.to_thread(sender.send, RECORDS, 0.03))
    async with running(worker(server, tmp_path / "a", warehouse, slot=0, embedded=False)) as first:
        async with running(worker(server, tmp_path / "b", warehouse, slot=1, embedded=False)) as second:
            await until(lambda: len(engines(first)) == len(engines(second)) == PARTITIONS // 2, "both have half")
        await until(lambda: len(engines(first)) == PARTITIONS, "the first has all")
        await sending
        await until(lambda: count(first) == sender.count, "all read")
        assert total(first) == sender.sum
    assert stored(warehouse) == list(range(RECORDS))


async def test_warehouse_outage_pauses_reading_and_loses_nothing(server: str, tmp_path: Path) -> None:
    sender, warehouse = Sender(server), MemoryWarehouse()
    async with running(worker(server, tmp_path, warehouse, buffer_bytes=300_000, chunk_records=100)) as started:
        warehouse.broken = WarehouseUnavailable("gone")
        await asyncio.to_thread(sender.send, 20_000)
        await until(lambda: started.writer.full, "the buffer is full")
        await until(lambda: not started.ready, "not ready")
        assert "the buffer is full" in " ".join(started.health.ready())
        assert count(started) < sender.count
        warehouse.broken = None
        await until(lambda: count(started) == sender.count, "all read")
        await until(lambda: started.ready, "ready again")
    assert stored(warehouse) == list(range(sender.count))


async def test_waits_for_a_warehouse_that_is_away_at_the_start(server: str, tmp_path: Path) -> None:
    warehouse = MemoryWarehouse()
    warehouse.broken = WarehouseUnavailable("gone")
    started = worker(server, tmp_path, warehouse)
    starting = asyncio.create_task(started.start())
    await until(lambda: "the warehouse is away: gone" in started.health.ready(), "says why")
    host, port = started.metrics_address
    with pytest.raises(urllib.error.HTTPError, match="503"):
        await asyncio.to_thread(urllib.request.urlopen, f"http://{host}:{port}/readyz")
    warehouse.broken = None
    await starting
    await started.wait_ready(30)
    await started.stop()


async def test_dead_letters_reach_their_topic_before_progress(server: str, tmp_path: Path) -> None:
    warehouse = MemoryWarehouse()
    producer = KafkaProducer(bootstrap_servers=server, enable_idempotence=False)
    for _ in range(300):
        producer.send(topics.SALES, value=b"bad", key=b"540100", partition=2)
    producer.close()
    async with running(worker(server, tmp_path, warehouse)) as started:
        place = (topics.SALES, 2)
        await until(lambda: started.pipeline.persisted().get(place) == 300, "persisted")
        letters = await asyncio.to_thread(dead_letters, server, 300)
    headers = dict(letters[0].headers)
    assert {letter.partition for letter in letters} == {2}
    assert letters[0].value == b"bad"
    assert headers["__connect.errors.topic"] == topics.SALES.encode()
    assert headers["__connect.errors.stage"] == b"decode"


def dead_letters(server: str, number: int) -> list[Any]:
    """Return that many dead letters."""
    consumer = KafkaConsumer(
        topics.DEAD_LETTERS, bootstrap_servers=server, auto_offset_reset="earliest", consumer_timeout_ms=5000
    )
    try:
        return [letter for letter, _ in zip(consumer, range(number), strict=False)]
    finally:
        consumer.close()


async def test_topics_that_do_not_fit_are_refused(server: str, tmp_path: Path) -> None:
    refused = worker(server, tmp_path, MemoryWarehouse(), partitions=PARTITIONS + 1)
    with pytest.raises(cluster.TopicsError, match="every topic must have 5 partitions"):
        await refused.start()
