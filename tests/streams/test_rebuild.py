"""From the warehouse back to memory: which snapshot, which raw rows, which positions."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from schemas import topics
from streams.rebuild import Epoch, Rebuilder, progress, register
from tests.streams.fakes import PREFECTURES, CountingEngine, MemoryWarehouse

SALES, STOCK, CLOCK, EXTENTS = topics.SALES, topics.STOCK, topics.CLOCK, topics.EXTENTS
RULES = topics.RULES


def rebuilder(warehouse: MemoryWarehouse, epoch: str = "new") -> Rebuilder:
    found = register(warehouse, epoch)
    return Rebuilder(warehouse, CountingEngine, found, partitions=4, prefectures=PREFECTURES, history_days=35)


def rebuild(warehouse: MemoryWarehouse, epoch: str = "new") -> tuple[CountingEngine, str]:
    rebuilt = rebuilder(warehouse, epoch).rebuild(1)
    assert isinstance(rebuilt.engine, CountingEngine)
    return rebuilt.engine, rebuilt.snapshot


def rows(warehouse: MemoryWarehouse, epoch: str, table: str, offsets: range, ingested: int = 0) -> None:
    topic = {"sales": SALES, "stock": STOCK}[table]
    for offset in offsets:
        row = {"epoch": epoch, "topic": topic, "partition": 1, "offset": offset, "quantity": 1, "ingested": ingested}
        warehouse.tables[table].append(dict(row))


def reached(warehouse: MemoryWarehouse, epoch: str, **offsets: int) -> None:
    names = {"sales": SALES, "stock": STOCK, "clock": CLOCK, "extents": EXTENTS, "rules": RULES}
    for name, offset in offsets.items():
        row = {"epoch": epoch, "topic": names[name], "partition": 1, "next_offset": offset}
        warehouse.tables["ingest_progress"].append(dict(row))


def snapshot(warehouse: MemoryWarehouse, epoch: str, offsets: dict[str, int], fingerprint: str = "f1") -> None:
    position = sum(offsets.values())
    state = json.dumps({"count": position, "sum": position, "clocks": 0, "offsets": offsets}).encode()
    warehouse.tables["snapshots"].append(
        {
            "epoch": epoch,
            "partition": 1,
            "position": position,
            "offsets": json.dumps(offsets),
            "fingerprint": fingerprint,
            "state": base64.b64encode(state).decode(),
        }
    )


def test_a_broker_gets_its_ordinal_once() -> None:
    warehouse = MemoryWarehouse()
    assert register(warehouse, "a") == Epoch("a", 1)
    assert register(warehouse, "b") == Epoch("b", 2)
    assert register(warehouse, "a") == Epoch("a", 1)
    assert len(warehouse.tables["epochs"]) == 2


def test_nothing_stored_begins_at_zero() -> None:
    engine, used = rebuild(MemoryWarehouse())
    assert (engine.count, engine.offsets, used) == (0, {CLOCK: 0, EXTENTS: 0, RULES: 0}, "")


def test_raw_rows_up_to_progress_and_not_beyond() -> None:
    warehouse = MemoryWarehouse()
    rows(warehouse, "new", "sales", range(10))
    reached(warehouse, "new", sales=7, clock=4)
    engine, _ = rebuild(warehouse)
    assert engine.replayed == [("sales", offset) for offset in range(7)]
    assert engine.offsets == {SALES: 7, CLOCK: 0, EXTENTS: 0, RULES: 0}
    assert progress(warehouse, "new") == {(SALES, 1): 7, (CLOCK, 1): 4}


def test_the_newest_snapshot_behind_progress_and_the_rows_after_it() -> None:
    warehouse = MemoryWarehouse()
    rows(warehouse, "new", "sales", range(10))
    reached(warehouse, "new", sales=9, stock=2, clock=5, extents=7, rules=2)
    snapshot(warehouse, "new", {SALES: 4, STOCK: 2, CLOCK: 3, EXTENTS: 5, RULES: 1})
    snapshot(warehouse, "new", {SALES: 6, STOCK: 3})
    snapshot(warehouse, "new", {SALES: 8, STOCK: 2}, fingerprint="other")
    engine, used = rebuild(warehouse)
    assert used == "new@15"
    assert engine.count == 15 + 5
    assert engine.offsets == {SALES: 9, STOCK: 2, CLOCK: 3, EXTENTS: 5, RULES: 1}


def test_a_snapshot_that_cannot_be_restored_is_left_out() -> None:
    warehouse = MemoryWarehouse()
    rows(warehouse, "new", "sales", range(3))
    reached(warehouse, "new", sales=3)
    snapshot(warehouse, "new", {SALES: 1})
    snapshot(warehouse, "new", {SALES: 2})
    warehouse.tables["snapshots"][-1]["state"] = base64.b64encode(b"{").decode()
    assert rebuild(warehouse)[1] == "new@1"


def test_another_broker_continues_the_state_and_begins_at_offset_zero() -> None:
    warehouse = MemoryWarehouse()
    register(warehouse, "old")
    rows(warehouse, "old", "sales", range(10))
    reached(warehouse, "old", sales=8)
    snapshot(warehouse, "old", {SALES: 5})
    rows(warehouse, "new", "sales", range(4))
    register(warehouse, "new")
    reached(warehouse, "new", sales=2)
    engine, used = rebuild(warehouse)
    assert used == "old@5"
    # All of the old broker's rows count, also those without progress: it cannot be read again.
    assert engine.replayed == [("sales", offset) for offset in (*range(5, 10), *range(2))]
    assert engine.offsets == {SALES: 2, CLOCK: 0, EXTENTS: 0, RULES: 0}


def test_tables_are_interleaved_as_the_rows_came_in() -> None:
    warehouse = MemoryWarehouse()
    rows(warehouse, "new", "sales", range(2), ingested=10)
    rows(warehouse, "new", "sales", range(2, 3), ingested=30)
    rows(warehouse, "new", "stock", range(1), ingested=20)
    rows(warehouse, "new", "stock", range(1, 2), ingested=30)
    reached(warehouse, "new", sales=3, stock=2)
    engine, _ = rebuild(warehouse)
    assert engine.replayed == [("sales", 0), ("sales", 1), ("stock", 0), ("sales", 2), ("stock", 1)]


def test_rows_stored_again_later_do_not_come_before_earlier_offsets() -> None:
    warehouse = MemoryWarehouse()
    rows(warehouse, "new", "sales", range(2), ingested=50)
    rows(warehouse, "new", "sales", range(2, 4), ingested=40)
    reached(warehouse, "new", sales=4)
    engine, _ = rebuild(warehouse)
    assert engine.replayed == [("sales", offset) for offset in range(4)]


class Asked(MemoryWarehouse):
    """Remembers from when on each table, and of which prefectures newest transitions, were asked for.

    Its newest event is of 2026.
    """

    def __init__(self) -> None:
        super().__init__()
        self.since: dict[str, object] = {}
        self.prefectures: object = None

    def _answer(self, name: str, where: dict[str, object]) -> list[dict[str, object]]:
        if name == "events_newest":
            return [{"newest": datetime(2026, 1, 1, tzinfo=UTC)}]
        if name.endswith("_extent"):
            self.since[name.removesuffix("_extent")] = where["since"]
        if name == "episodes_newest":
            self.prefectures = where["prefectures"]
        return super()._answer(name, where)


def test_history_has_a_limit_but_for_the_registry_which_is_read_from_its_beginning() -> None:
    warehouse = Asked()
    rebuild(warehouse)
    limit = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) - 35 * 86_400
    assert warehouse.since == {"registry": 0, "sales": limit, "stock": limit, "quotes": limit}


def test_alerts_above_prefectures_are_asked_for_where_the_topic_that_they_come_of_cannot_tell() -> None:
    warehouse = Asked()
    own = [code for code in PREFECTURES if topics.partition_of(code, 4) == 0]
    rebuilder(warehouse).rebuild(0)
    assert warehouse.prefectures == [*own, 0, *sorted({code // 10_000 * 10_000 for code in PREFECTURES})]
    reached(warehouse, "new", extents=3)
    snapshot(warehouse, "new", {EXTENTS: 3})
    for row in [*warehouse.tables["snapshots"], *warehouse.tables["ingest_progress"]]:
        row["partition"] = 0
    rebuilder(warehouse).rebuild(0)
    assert warehouse.prefectures == own
    rebuilder(warehouse, "newer").rebuild(0)
    assert warehouse.prefectures == [*own, 0, *sorted({code // 10_000 * 10_000 for code in PREFECTURES})]
