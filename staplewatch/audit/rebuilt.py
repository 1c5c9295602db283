"""Check *rebuilt*: open alerts as a fresh engine works them out from the raw rows alone (event-time mode)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import polars as pl

from schemas import topics
from staplewatch.audit.alerts import RESOLVED, Differing, State, newest_stored, settled, text, unequal
from staplewatch.audit.report import Tally, Text
from staplewatch.audit.scope import Scope
from streams import rebuild
from streams.rebuild import Rebuilder

if TYPE_CHECKING:
    import pyarrow as pa

    from streams.chunk import Chunk
    from streams.ports import Engine
    from streams.positions import Place
    from streams.reader import LogReader
    from warehouse.protocol import Warehouse

UNIT = Text("未结束的预警", "open alerts")
#: All of history: an alert that began before a worker's look-back must be found again too.
HISTORY_DAYS: Final = 36_500


class WithoutSnapshots:
    """A warehouse that claims to hold no snapshots, so that a rebuild reads raw rows."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Answer as the warehouse does, but for snapshots."""
        table = self._warehouse.query(name, parameters)
        return table.slice(0, 0) if name == "snapshots_newest" else table


def check(scope: Scope, log: LogReader | None, tally: Tally) -> None:
    """Rebuild every partition that has progress, and compare its open alerts with those stored."""
    if scope.subject.warehouse.query("rule_changes", {"limit": 1}).num_rows:
        tally.skip(
            Text(
                "规则曾在运行中更换：原始数据不足以推出当时的预警，未核对",
                "the rules were changed while workers ran: raw rows alone do not tell what was decided under which",
            )
        )
        return
    numbers = sorted({number for topic, number in scope.reached if topic in topics.INPUTS})
    for done, partition in enumerate(numbers, 1):
        _partition(scope, log, partition, tally)
        scope.tell("rebuilt", done, len(numbers))


def _partition(scope: Scope, log: LogReader | None, partition: int, tally: Tally) -> None:
    place = (topics.CLOCK, partition)
    if log is None and scope.reached.get(place, 0):
        tally.skip(
            Text(
                f"分区 {partition} 未核对：时钟记录已随代理消失",
                f"partition {partition} not checked: its punctuation ended with the broker's log",
            )
        )
        return
    before = _progress(scope, partition)
    expected = worked_out(_rebuilt(scope, partition), _clocks(log, partition, before.get(place, 0)), scope.present)

    def differing() -> list[Differing]:
        return unequal(newest_stored(_stored(scope, partition)), expected)

    found = settled(differing(), differing)
    if _progress(scope, partition) != before:
        tally.note(f"分区 {partition} 正在读取，未核对", f"partition {partition} is being read: not compared")
        return
    tally.compared += len(expected)
    for key, stored, wanted in found:
        tally.wrong("alert_rebuilt", key, text(wanted), text(stored))


def worked_out(engine: Engine, clocks: Iterable[Chunk], present: float) -> dict[str, State]:
    """Return the open alerts of an engine that has all raw rows and now reads the clock, which has none.

    ``present`` (epoch s) is what the clock may not run ahead of.
    """
    for chunk in clocks:
        engine.apply(chunk, present)
    while engine.behind:
        engine.tick(present)
    newest = {alert.key: (alert.id, alert.seq, alert.state, alert.level) for alert in engine.republish(present).alerts}
    return {key: state for key, state in newest.items() if state[2] != RESOLVED}


def _clocks(log: LogReader | None, partition: int, end: int) -> Iterable[Chunk]:
    return log.read((topics.CLOCK, partition), 0, end) if log is not None else ()


def _progress(scope: Scope, partition: int) -> dict[Place, int]:
    found = rebuild.progress(scope.subject.warehouse, scope.subject.epoch.id)
    return {place: offset for place, offset in found.items() if place[1] == partition}


def _stored(scope: Scope, partition: int) -> pl.DataFrame:
    newest = scope.query("audit_alerts")
    prefectures = [
        code
        for code in scope.subject.catalogue.prefectures
        if topics.partition_of(code, scope.subject.partitions) == partition
    ]
    return newest.filter((pl.col("region") // 100 * 100).is_in(prefectures))


def _rebuilt(scope: Scope, partition: int) -> Engine:
    subject = scope.subject
    rebuilder = Rebuilder(
        WithoutSnapshots(subject.warehouse),  # type: ignore[arg-type] # a rebuild only asks
        subject.new_engine,
        subject.epoch,
        partitions=subject.partitions,
        prefectures=subject.catalogue.prefectures,
        history_days=HISTORY_DAYS,
    )
    return rebuilder.rebuild(partition).engine
