"""From the warehouse back to memory: newest usable snapshot, then the raw rows that came after it.

State is rebuilt from all epochs (brokers), positions from the current one. Everything here
blocks; it runs in a thread. Nothing is written but the ordinal of a broker seen for the first time.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from schemas import topics
from schemas.regions import parent_of
from streams.actions import MEMORY_SECONDS
from streams.derived import POSITION_BITS
from streams.ports import Engine, EngineFactory
from streams.positions import Place
from streams.replay import Replay, Span
from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

DAY = 86_400
#: Raw tables and the topic behind each, in the order in which rows of one moment are replayed.
TABLES = {"registry": topics.REGISTRY, "sales": topics.SALES, "stock": topics.STOCK, "quotes": topics.QUOTES}
#: What is told of an entity holds until the next version, however long ago that was: read from the beginning.
TIMELESS = ("registry",)
#: Topics that are read again instead. Changes of the rules are, although the table has them, so that those after the
#: snapshot come after the events that were judged before them.
WITHOUT_ROWS = (topics.CLOCK, topics.EXTENTS, topics.RULES)
#: Beyond every offset: an epoch that is over has no progress to stop at.
END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Epoch:
    """A broker by its cluster id, and the how-manieth one it is."""

    id: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An engine that stands at what is persisted, and how that was reached."""

    engine: Engine
    persisted: dict[Place, int]
    snapshot: str
    rows: int


@dataclass(frozen=True, slots=True)
class Found:
    """A snapshot that may be used: where it stands, and in which epoch."""

    epoch: Epoch
    position: int
    offsets: Mapping[str, int]


def register(warehouse: Warehouse, epoch: str) -> Epoch:
    """Return the broker's ordinal, giving it the next one when it was never seen."""
    known = _epochs(warehouse)
    if epoch not in known:
        ordinal = max(known.values(), default=0) + 1
        started = int(datetime.now(UTC).timestamp())
        warehouse.insert("epochs", {"epoch": [epoch], "ordinal": [ordinal], "started": [started]})
        known[epoch] = ordinal
    return Epoch(epoch, known[epoch])


def progress(warehouse: Warehouse, epoch: str) -> dict[Place, int]:
    """Return the next offset of every place that the warehouse holds rows of."""
    rows = warehouse.query("progress", {"epoch": epoch}).to_pylist()
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


class Rebuilder:
    """Rebuilds partitions of one epoch."""

    def __init__(
        self,
        warehouse: Warehouse,
        new_engine: EngineFactory,
        epoch: Epoch,
        *,
        partitions: int,
        prefectures: Sequence[int],
        history_days: int,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._warehouse = warehouse
        self._new_engine = new_engine
        self._epoch = epoch
        self._partitions = partitions
        self._prefectures = prefectures
        self._history_days = history_days
        self._wall = wall

    def rebuild(self, partition: int) -> Rebuilt:
        """Return the engine of a partition as of what is persisted.

        The clock, and what prefectures told the extents above them, have no raw rows, so they are
        read again from where the snapshot stood. Raises what the warehouse raises.
        """
        persisted = {
            place: offset
            for place, offset in progress(self._warehouse, self._epoch.id).items()
            if place[1] == partition
        }
        engine, found = self._restored(partition, persisted)
        self._rule(engine, found)
        rows = self._replay(engine, partition, found, persisted)
        self._adopt(engine, partition, found)
        self._recall(engine, partition, found)
        same = found is not None and found.epoch.id == self._epoch.id
        before = found.offsets if found and same else {}
        engine.offsets.clear()
        engine.offsets.update({topic: offset for (topic, _), offset in persisted.items()})
        engine.offsets.update({topic: before.get(topic, 0) for topic in WITHOUT_ROWS})
        name = f"{found.epoch.id}@{found.position}" if found else ""
        return Rebuilt(engine, persisted, name, rows)

    def _restored(self, partition: int, persisted: Mapping[Place, int]) -> tuple[Engine, Found | None]:
        engine = self._fresh(partition)
        epochs = sorted(_epochs(self._warehouse).items(), key=lambda item: -item[1])
        for epoch in (Epoch(*item) for item in epochs if item[1] <= self._epoch.ordinal):
            reached = persisted if epoch.id == self._epoch.id else progress(self._warehouse, epoch.id)
            for found in self._usable(epoch, partition, reached, engine.fingerprint):
                if self._restore(engine, partition, found):
                    return engine, found
                engine = self._fresh(partition)
        return engine, None

    def _fresh(self, partition: int) -> Engine:
        return self._new_engine(partition, self._epoch.id, self._epoch.ordinal)

    def _usable(self, epoch: Epoch, partition: int, reached: Mapping[Place, int], fingerprint: str) -> list[Found]:
        """Return the epoch's snapshots that fit and lie behind its progress on every topic, newest first."""
        listed = self._warehouse.query("snapshots_newest", {"epoch": epoch.id, "partition": partition})
        usable = []
        for row in listed.to_pylist():
            offsets: dict[str, int] = json.loads(row["offsets"])
            behind = all(offset <= reached.get((topic, partition), 0) for topic, offset in offsets.items())
            if behind and row["fingerprint"] == fingerprint:
                usable.append(Found(epoch, row["position"], offsets))
        return usable

    def _restore(self, engine: Engine, partition: int, found: Found) -> bool:
        where = {"epoch": found.epoch.id, "partition": partition, "position": found.position}
        for row in self._warehouse.query("snapshot_state", where).to_pylist():
            try:
                engine.restore(base64.b64decode(row["state"]))
            except ValueError as error:
                log.warning("partition %d: snapshot %d left out: %s", partition, found.position, error)
                return False
            return True
        return False

    def _replay(self, engine: Engine, partition: int, found: Found | None, persisted: Mapping[Place, int]) -> int:
        replay = Replay(self._warehouse, self._mine(partition))
        for table, topic in TABLES.items():
            replay.plan(table, self._spans(table, topic, partition, found, persisted))
        return replay.run(engine)

    def _rule(self, engine: Engine, found: Found | None) -> None:
        """Tell the engine of the newest change of the rules, of whichever broker: before anything is judged."""
        try:
            same = found is not None and found.epoch.id == self._epoch.id
            engine.rule(self._warehouse.query("rule_changes", {"limit": 1}), read_again=same)
        except ValueError as error:
            log.error("the rules in force cannot be followed by this version, others hold: %s", error)

    def _adopt(self, engine: Engine, partition: int, found: Found | None) -> None:
        """Let the engine go on from the alerts that were stored after the snapshot.

        Those of provinces and the nation come of the topic that is read again. But another broker does not have it,
        and without a snapshot it may have forgotten what they rest on: nothing else would ever end them.
        """
        after = self._after(partition, found)
        if partition == 0 and not (found and found.epoch.id == self._epoch.id):
            after["prefectures"] = [*self._mine(partition), *above(self._prefectures)]
        engine.adopt(self._warehouse.query("episodes_newest", after))

    def _recall(self, engine: Engine, partition: int, found: Found | None) -> None:
        """Tell the engine what people did about alerts, also while other brokers were there."""
        now = self._wall()
        actions = self._warehouse.query("alert_actions", {"since": int(now - MEMORY_SECONDS)})
        engine.recall(actions, self._warehouse.query("episodes_rises", self._after(partition, found)), now)

    def _after(self, partition: int, found: Found | None) -> dict[str, object]:
        """Return the parameters of queries for transitions that the snapshot does not know of."""
        version = found.epoch.ordinal << POSITION_BITS | found.position if found else 0
        since = 0 if found else self._since(partition)
        return {"prefectures": self._mine(partition), "version": version, "since": since}

    def _spans(
        self, table: str, topic: str, partition: int, found: Found | None, persisted: Mapping[Place, int]
    ) -> list[Span]:
        """Return which raw rows to replay, from which offset to which, epochs in their order.

        An epoch that is over cannot be read again, so its rows count even without progress.
        """
        till = persisted.get((topic, partition), 0)
        if found and found.epoch.id == self._epoch.id:
            return [Span(self._epoch.ordinal, self._epoch.id, topic, partition, found.offsets.get(topic, 0), till)]
        ordinals, first = _epochs(self._warehouse), found.epoch.ordinal if found else 0
        spans = []
        whole = found is not None or table in TIMELESS
        for row in self._extents(table, partition, since=0 if whole else self._since(partition)):
            ordinal = ordinals.get(row["epoch"], 0)
            current = ordinal == self._epoch.ordinal
            begin, end = row["first_offset"], min(row["next_offset"], till if current else END)
            if (current and row["partition"] != partition) or not first <= ordinal <= self._epoch.ordinal:
                continue
            if found and ordinal == first:
                begin = max(begin, found.offsets.get(topic, 0))
            spans.append(Span(ordinal, row["epoch"], row["topic"], row["partition"], begin, end))
        return sorted(span for span in spans if span.begin < span.end)

    def _extents(self, table: str, partition: int, since: int) -> list[dict[str, Any]]:
        where = {"prefectures": self._mine(partition), "since": since}
        rows: list[dict[str, Any]] = self._warehouse.query(f"{table}_extent", where).to_pylist()
        return rows

    def _since(self, partition: int) -> int:
        """Return where the history that indicators look back on begins, for the prefecture furthest behind."""
        rows = self._warehouse.query("events_newest", {"prefectures": self._mine(partition)}).to_pylist()
        oldest = min((int(row["newest"].timestamp()) for row in rows), default=0)
        return max(0, oldest - self._history_days * DAY)

    def _mine(self, partition: int) -> list[int]:
        return [code for code in self._prefectures if topics.partition_of(code, self._partitions) == partition]


def above(prefectures: Iterable[int]) -> list[int]:
    """Return the nation and the provinces of these prefectures."""
    return sorted({0, *map(parent_of, prefectures)})


def _epochs(warehouse: Warehouse) -> dict[str, int]:
    table: pa.Table = warehouse.query("epochs")
    return {row["epoch"]: row["ordinal"] for row in table.to_pylist()}
