"""A warehouse in memory, and an engine that only counts: what the shell around the core is tested with."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from schemas import topics
from schemas.events import Alert, Extent, Indicator, Substitute
from schemas.letters import DeadLetter
from streams.chunk import Chunk
from streams.columns import listed
from streams.indicators.groups import Ints
from streams.rebuild import TABLES
from streams.standby import Need

TABLE_OF = {topic: table for table, topic in TABLES.items()}
PREFECTURES = (540100, 540200, 540300, 540400)


@dataclass
class Outcome:
    rows: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    live: dict[str, Indicator] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    marked: list[Alert] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    extents: list[Extent] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    needs: list[Need] = field(default_factory=list)


@dataclass
class FrozenCount:
    """The state of a ``CountingEngine``."""

    data: bytes

    def pack(self) -> bytes:
        return self.data


@dataclass
class StoredRows:
    """Raw rows as ``CountingEngine`` takes them in."""

    table: str
    rows: pa.Table

    @property
    def ingested(self) -> Ints:
        return np.array(self.rows["ingested"].to_pylist(), np.int64)

    def __len__(self) -> int:
        return int(self.rows.num_rows)


class CountingEngine:
    """Counts records and adds up the number that each one's value is; b"bad" becomes a dead letter."""

    def __init__(self, partition: int, epoch: str, ordinal: int, fingerprint: str = "f1") -> None:
        self.partition = partition
        self.epoch = epoch
        self.ordinal = ordinal
        self.fingerprint = fingerprint
        self.offsets: dict[str, int] = {}
        self.count = 0
        self.sum = 0
        self.clocks = 0
        self.replayed: list[tuple[str, int]] = []
        self.settled: list[float] = []
        self.adopted = -1
        self.recalled = (-1, -1)
        self.behind = False

    def ahead(self, chunk: Chunk) -> None:
        """Do nothing before its turn."""

    def apply(self, chunk: Chunk, wall: float) -> Outcome:
        expected = self.offsets.get(chunk.topic, 0)
        records = [(o, v) for o, v in zip(chunk.offsets, chunk.values, strict=True) if o >= expected]
        self.offsets[chunk.topic] = max(expected, chunk.next_offset)
        if chunk.topic == topics.CLOCK:
            self.clocks += len(records)
            return Outcome()
        good = [(offset, int(value or b"0")) for offset, value in records if value != b"bad"]
        self.count += len(good)
        self.sum += sum(value for _, value in good)
        dead = [self._dead(chunk, offset) for offset, value in records if value == b"bad"]
        return Outcome(rows={TABLE_OF[chunk.topic]: self._rows(chunk.topic, good, wall)}, dead=dead)

    def _dead(self, chunk: Chunk, offset: int) -> DeadLetter:
        return DeadLetter(chunk.topic, chunk.partition, offset, "decode", "not a number", "ValueError", b"bad")

    def _rows(self, topic: str, good: Sequence[tuple[int, int]], wall: float) -> dict[str, list[object]]:
        many = len(good)
        return {
            "epoch": [self.epoch] * many,
            "topic": [topic] * many,
            "partition": [self.partition] * many,
            "offset": [offset for offset, _ in good],
            "line": [0] * many,
            "quantity": [value for _, value in good],
            "ingested": [int(wall)] * many,
        }

    def tick(self, wall: float) -> Outcome:
        return Outcome()

    def drain(self, wall: float) -> Outcome:
        return Outcome()

    def republish(self, wall: float) -> Outcome:
        return Outcome()

    def support(self, need: Need, found: Sequence[Substitute], wall: float) -> Outcome:
        return Outcome()

    def snapshot(self) -> FrozenCount:
        state = {"count": self.count, "sum": self.sum, "clocks": self.clocks, "offsets": self.offsets}
        return FrozenCount(json.dumps(state).encode())

    def restore(self, data: bytes) -> None:
        state = json.loads(data)
        self.count, self.sum, self.clocks = state["count"], state["sum"], state["clocks"]
        self.offsets = state["offsets"]

    def prepare(self, table: str, rows: pa.Table, rejected: pa.Table) -> StoredRows:
        return StoredRows(table, rows)

    def replay(self, events: StoredRows, begin: int, end: int) -> None:
        for row in events.rows.slice(begin, end - begin).to_pylist():
            self.count += 1
            self.sum += row["quantity"]
            self.replayed.append((events.table, row["offset"]))

    def settle(self, wall: float) -> None:
        self.settled.append(wall)

    def rule(self, stored: pa.Table, *, read_again: bool) -> None:
        del stored, read_again

    def adopt(self, stored: pa.Table) -> None:
        self.adopted = stored.num_rows

    def recall(self, actions: pa.Table, rises: pa.Table, wall: float) -> None:
        self.recalled = (actions.num_rows, rises.num_rows)

    def sizes(self) -> dict[str, int]:
        return {"records": self.count}


class MemoryWarehouse:
    """Tables as lists of rows; ``broken`` is raised by every call while it is set."""

    address = "memory"

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, object]]] = defaultdict(list)
        self.inserts: list[str] = []
        self.broken: Exception | None = None
        self.refuse: Callable[[str], Exception | None] = lambda table: None
        self._lock = threading.Lock()

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        with self._lock:
            error = self.broken or self.refuse(table)
            if error:
                raise error
            names = list(columns)
            lists = [listed(values) for values in columns.values()]
            rows = [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]
            self.tables[table] += rows
            self.inserts.append(table)

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        with self._lock:
            if self.broken:
                raise self.broken
            if name == "dead_offsets":
                found = self._after("dead_letters", dict(parameters or {}))
                columns = {name: [row.get(name, 0) for row in found] for name in ("offset", "line", "lines")}
                return pa.table({name: pa.array(values, pa.uint64()) for name, values in columns.items()})
            rows = self._answer(name, dict(parameters or {}))
        return pa.Table.from_pylist(rows)

    def migrate(self) -> list[str]:
        return []

    def ping(self) -> None:
        if self.broken:
            raise self.broken

    def close(self) -> None:
        pass

    def _answer(self, name: str, where: dict[str, object]) -> list[dict[str, object]]:
        if name in {"epochs", "events_newest", "episodes_newest", "episodes_rises", "alert_actions", "rule_changes"}:
            return list(self.tables[name])
        if name == "progress":
            return self._progress(where["epoch"])
        if name in {"snapshots_newest", "snapshot_state"}:
            keys = where.keys() & {"epoch", "partition", "position"}
            found = [row for row in self.tables["snapshots"] if all(row[key] == where[key] for key in keys)]
            return found[::-1]
        if name == "sales_sizes":
            return self._sizes(where)
        if name.endswith("_after"):
            return self._after(name.removesuffix("_after"), where)
        return self._extent(name.removesuffix("_extent"))

    def _sizes(self, where: dict[str, object]) -> list[dict[str, object]]:
        step = int(str(where["step"]))
        blocks = Counter(int(str(row["offset"])) // step for row in self._after("sales", where))
        return [{"block": block, "rows": rows} for block, rows in sorted(blocks.items())]

    def _progress(self, epoch: object) -> list[dict[str, object]]:
        newest: dict[tuple[object, object], int] = {}
        for row in self.tables["ingest_progress"]:
            if row["epoch"] == epoch:
                place = row["topic"], row["partition"]
                newest[place] = max(newest.get(place, 0), int(str(row["next_offset"])))
        return [{"topic": t, "partition": p, "next_offset": offset} for (t, p), offset in newest.items()]

    def _after(self, table: str, where: dict[str, object]) -> list[dict[str, object]]:
        begin, end = int(str(where["from_offset"])), int(str(where["to_offset"]))
        found = {
            int(str(row["offset"])): row
            for row in self.tables[table]
            if all(row[key] == where[key] for key in ("epoch", "topic", "partition"))
            and begin <= int(str(row["offset"])) < end
        }
        return [found[offset] for offset in sorted(found)]

    def _extent(self, table: str) -> list[dict[str, object]]:
        offsets: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for row in self.tables[table]:
            offsets[row["epoch"], row["topic"], row["partition"]].append(int(str(row["offset"])))
        return [
            {"epoch": e, "topic": t, "partition": p, "first_offset": min(found), "next_offset": max(found) + 1}
            for (e, t, p), found in offsets.items()
        ]

    def unique(self, table: str) -> dict[tuple[object, ...], object]:
        """Return the rows by key, as a ReplacingMergeTree would keep them."""
        return {
            (row["epoch"], row["topic"], row["partition"], row["offset"]): row["quantity"] for row in self.tables[table]
        }


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Return when ``condition()`` holds, from a test without an event loop."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.01)
