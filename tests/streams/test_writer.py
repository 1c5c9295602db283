"""The order in which rows reach the warehouse, and what happens when it does not take them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from streams.buffer import Buffer, Snapshot, estimate
from streams.metrics import Metrics
from streams.ports import CRASH_POINTS, Hook, no_hook
from streams.writer import Writer
from tests.integration.workers import until
from tests.streams.fakes import FrozenCount, MemoryWarehouse
from warehouse.errors import WarehouseError, WarehouseUnavailable

PLACE = ("pos.sales", 1)
ROWS = {"indicators": {"region": [1, 2]}, "sales": {"offset": [7, 8], "quantity": [1, 2]}}


@asynccontextmanager
async def writing(
    warehouse: MemoryWarehouse, *, hook: Hook = no_hook, buffer_bytes: int = 1 << 20, flush_rows: int = 1000
) -> AsyncIterator[Writer]:
    """Run a writer that flushes only when told to, or when a batch is full."""
    with ThreadPoolExecutor(1) as executor:
        writer = Writer(
            warehouse,
            executor,
            Metrics(CollectorRegistry()),
            epoch="e",
            buffer_bytes=buffer_bytes,
            flush_seconds=60.0,
            flush_rows=flush_rows,
            hook=hook,
            wall=lambda: 1_700_000_000.0,
            back_off=(0.001,),
        )
        writer.start()
        yield writer
        await writer.stop()


async def test_raw_rows_then_derived_then_progress_then_snapshot() -> None:
    warehouse = MemoryWarehouse()
    async with writing(warehouse) as writer:
        packed: list[int] = []
        state = FrozenCount(b"state")
        writer.snapshots = lambda: [Snapshot(1, 2, {"pos.sales": 9}, "f", state, lambda size, _: packed.append(size))]
        writer.add(ROWS, {PLACE: 9})
        assert await writer.flush(5)
        assert writer.persisted == {PLACE: 9}
    assert warehouse.inserts == ["sales", "indicators", "ingest_progress", "snapshots"]
    [progress] = warehouse.tables["ingest_progress"]
    assert progress == {"epoch": "e", "topic": "pos.sales", "partition": 1, "next_offset": 9, "at": 1_700_000_000}
    assert warehouse.tables["snapshots"][0]["state"] == "c3RhdGU="
    assert warehouse.tables["snapshots"][0]["position"] == 9
    assert warehouse.tables["snapshots"][0]["slot"] == 2
    assert packed == [8]


async def test_rows_of_several_steps_become_one_insert() -> None:
    warehouse = MemoryWarehouse()
    async with writing(warehouse) as writer:
        writer.add(ROWS, {PLACE: 9})
        writer.add(ROWS, {PLACE: 11})
        assert await writer.flush(5)
    assert warehouse.inserts.count("sales") == 1
    assert len(warehouse.tables["sales"]) == 4
    assert [row["next_offset"] for row in warehouse.tables["ingest_progress"]] == [11]


async def test_a_full_batch_is_stored_without_being_told() -> None:
    warehouse = MemoryWarehouse()
    async with writing(warehouse, flush_rows=4) as writer:
        writer.add(ROWS, {PLACE: 9})
        await until(lambda: writer.persisted == {PLACE: 9}, "stored")


@pytest.mark.parametrize("error", [WarehouseUnavailable("gone"), WarehouseError("disk full"), KeyError("bug")])
async def test_what_fails_is_tried_again_from_the_step_that_failed(error: Exception) -> None:
    warehouse, left = MemoryWarehouse(), [3]

    def refuse(table: str) -> Exception | None:
        left[0] -= table == "indicators"
        return error if table == "indicators" and left[0] >= 0 else None

    warehouse.refuse = refuse
    async with writing(warehouse) as writer:
        writer.add(ROWS, {PLACE: 9})
        assert await writer.flush(5)
        assert writer.persisted == {PLACE: 9}
        assert not writer.trouble
    assert warehouse.inserts == ["sales", "indicators", "ingest_progress"]


async def test_a_warehouse_that_is_away_is_asked_before_rows_are_spelled_out_for_it_again() -> None:
    class Asked(MemoryWarehouse):
        spelled = pings = 0

        def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
            self.spelled += 1
            super().insert(table, columns)

        def ping(self) -> None:
            self.pings += 1
            super().ping()

    warehouse = Asked()
    warehouse.broken = WarehouseUnavailable("gone")
    async with writing(warehouse) as writer:
        writer.add(ROWS, {PLACE: 9})
        assert not await writer.flush(0.1)
        await until(lambda: warehouse.pings > 3, "asked again and again")
        assert warehouse.spelled == 1
        warehouse.broken = None
        assert await writer.flush(5)
    assert warehouse.inserts == ["sales", "indicators", "ingest_progress"]


async def test_one_line_when_the_warehouse_goes_and_one_when_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    warehouse = MemoryWarehouse()
    warehouse.broken = WarehouseUnavailable("gone")
    async with writing(warehouse) as writer:
        writer.add(ROWS, {PLACE: 9})
        assert not await writer.flush(0.1)
        assert writer.trouble == "gone"
        assert writer.persisted == {}
        warehouse.broken = None
        assert await writer.flush(5)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "takes rows again" in caplog.text


async def test_a_full_buffer_makes_readers_wait() -> None:
    warehouse = MemoryWarehouse()
    warehouse.broken = WarehouseUnavailable("gone")
    async with writing(warehouse, buffer_bytes=200) as writer:
        await writer.room()
        writer.add(ROWS, {PLACE: 9})
        assert writer.full
        waiting = asyncio.create_task(writer.room())
        assert not await writer.flush(0.05)
        assert not waiting.done()
        warehouse.broken = None
        await asyncio.wait_for(waiting, 5)
        assert not writer.full


async def test_progress_waits_for_receipts() -> None:
    warehouse, sent = MemoryWarehouse(), asyncio.Event()

    async def receipt() -> None:
        await sent.wait()

    async with writing(warehouse) as writer:
        writer.add(ROWS, {PLACE: 9}, [receipt])
        assert not await writer.flush(0.1)
        assert "ingest_progress" not in warehouse.inserts
        sent.set()
        assert await writer.flush(5)
        assert writer.persisted == {PLACE: 9}


async def test_discarded_rows_never_become_progress() -> None:
    warehouse = MemoryWarehouse()
    warehouse.broken = WarehouseUnavailable("gone")
    async with writing(warehouse) as writer:
        writer.add(ROWS, {PLACE: 9})
        assert not await writer.flush(0.05)
        writer.discard()
        warehouse.broken = None
        writer.add(ROWS, {PLACE: 5})
        assert await writer.flush(5)
        assert writer.persisted == {PLACE: 5}
    assert [row["next_offset"] for row in warehouse.tables["ingest_progress"]] == [5]


async def test_no_snapshots_while_the_warehouse_is_in_trouble() -> None:
    warehouse, asked = MemoryWarehouse(), []

    def snapshots() -> list[Snapshot]:
        asked.append(bool(warehouse.broken))
        return []

    async with writing(warehouse, flush_rows=2) as writer:
        writer.snapshots = snapshots
        warehouse.broken = WarehouseUnavailable("gone")
        for offset in range(3):
            writer.add(ROWS, {PLACE: offset})
        assert not await writer.flush(0.05)
        warehouse.broken = None
        assert await writer.flush(5)
    assert not any(asked)


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("before_raw", []),
        ("after_raw", ["sales"]),
        ("after_progress", ["sales", "indicators", "ingest_progress"]),
    ],
)
async def test_crash_points_lie_between_the_steps(point: str, done: list[str]) -> None:
    warehouse = MemoryWarehouse()
    async with writing(warehouse, hook=stop_at(point)) as writer:
        writer.add(ROWS, {PLACE: 9})
        assert not await writer.flush(0.1)
        assert isinstance(writer.failed(), RuntimeError)
        assert writer.persisted == {}
    assert warehouse.inserts == done
    assert point in CRASH_POINTS


def stop_at(wanted: str) -> Callable[[str], None]:
    """Return a hook that raises at one point."""

    def hook(point: str) -> None:
        if point == wanted:
            raise RuntimeError(point)

    return hook


def test_estimates_are_near_and_long_strings_are_counted() -> None:
    numbers = estimate({"a": list(range(1000, 2000)), "b": [f"potato {each}" for each in range(1000)]}, 1000)
    assert 60_000 < numbers < 120_000
    shared = estimate({"a": list(range(1000, 2000)), "b": ["potato"] * 1000}, 1000)
    assert 36_000 < shared < 55_000, "one text in a thousand rows is one text"
    assert estimate({"value": ["x" * 1_000_000, "y" * 70]}, 2) > 1_000_000


def test_batches_leave_the_buffer_in_order() -> None:
    buffer = Buffer(batch_rows=2)
    for offset in (1, 2, 3):
        buffer.add({"sales": {"offset": [offset]}}, {PLACE: offset + 1})
    assert buffer.take(list).progress == {PLACE: 3}
    assert buffer.take(list).progress == {PLACE: 4}
    assert not buffer


async def test_letters_that_wait_for_the_broker_count_against_the_bound() -> None:
    sent = asyncio.Event()

    async def acknowledged() -> None:
        await sent.wait()

    async with writing(MemoryWarehouse(), buffer_bytes=10_000) as writer:
        writer.add({}, {PLACE: 9}, [acknowledged], held=20_000)
        assert writer.full
        sent.set()
        assert await writer.flush(5)
        assert not writer.full
        assert writer.persisted == {PLACE: 9}
