"""All state of one partition: events in; rows, live records and alerts out. No I/O, no clock of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import AsOf, DeadLetter
from streams.alerts.lifecycle import Book
from streams.alerts.rulebook import Rulebook
from streams.chunk import Chunk
from streams.clocks import Clocks
from streams.decode import COLUMNS, TABLES, UNREADABLE, Columns, Decoder, letter
from streams.inflow import event_columns
from streams.judge import Judge
from streams.live import indicators_of
from streams.options import Options
from streams.outcome import POSITION_BITS, Outcome
from streams.prefecture import Prefecture
from streams.rows import alert_rows, dead_rows
from streams.seen import Seen
from streams.setup import Setup
from streams.snapshot import FORMAT, SnapshotMismatch, pack, unpack

SELLABLE = "sellable"
_TOPICS = {table: topic for topic, table in TABLES.items()}


class Engine:
    """Indicators and alerts of one partition.

    ``offsets`` holds the next offset of every topic; records below it are ignored. ``wall`` is
    the present in epoch seconds wherever it is asked for.
    """

    def __init__(
        self,
        partition: int,
        partitions: int,
        catalogue: Catalogue,
        rulebook: Rulebook,
        options: Options,
        epoch: str,
        ordinal: int,
    ) -> None:
        self.partition, self.epoch, self.ordinal = partition, epoch, ordinal
        self.offsets: dict[str, int] = {}
        self._setup = Setup(catalogue, options)
        self._book = Book(rulebook, catalogue, self._setup.civil.zone)
        self._judge = Judge(rulebook, self._book, self._setup.goods)
        self._seen = Seen()
        self._decoder = Decoder(catalogue, partition, partitions, self._setup.civil, options, self._seen)
        self._clocks = Clocks(options)
        self._places: dict[int, Prefecture] = {}
        self._published = 0.0
        sources = (FORMAT, f"{partition}/{partitions}", catalogue.fingerprint, rulebook.fingerprint, vars_of(options))
        text = " ".join(str(source) for source in sources)
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()

    # -- events

    def apply(self, chunk: Chunk, wall: float) -> Outcome:
        """Apply the records of one chunk and all that became due."""
        outcome = Outcome()
        expected = self.offsets.get(chunk.topic, 0)
        start = next((index for index, offset in enumerate(chunk.offsets) if offset >= expected), len(chunk.offsets))
        if chunk.topic == topics.CLOCK:
            self._read_clocks(chunk, start, wall, outcome)
        else:
            self._read_events(chunk, start, wall, outcome)
        self.offsets[chunk.topic] = max(expected, chunk.next_offset)
        self._run(wall, outcome)
        return outcome

    def _read_events(self, chunk: Chunk, start: int, wall: float, outcome: Outcome) -> None:
        decoded = self._decoder.decode(chunk, wall, start)
        self._absorb(decoded.table, decoded.columns, wall)
        self._bury(decoded.dead, wall, outcome)
        outcome.add_rows(decoded.table, self._addressed(chunk.topic, decoded.columns, int(wall)))
        lines = len(decoded.columns["offset"])
        for name, amount in (("events", decoded.events), ("lines", lines), ("repeats", decoded.repeats)):
            outcome.count(name, amount)
        outcome.count("dropped", decoded.dropped)

    def _addressed(self, topic: str, columns: Columns, now: int) -> Columns:
        size = len(columns["offset"])
        own = {"epoch": self.epoch, "topic": topic, "partition": self.partition, "ingested": now}
        return {**{name: [value] * size for name, value in own.items()}, **columns}

    def _bury(self, dead: list[DeadLetter], wall: float, outcome: Outcome) -> None:
        if not dead:
            return
        outcome.dead += dead
        outcome.add_rows("dead_letters", dead_rows(dead, self.epoch, int(wall)))

    def _read_clocks(self, chunk: Chunk, start: int, wall: float, outcome: Outcome) -> None:
        dead = []
        for index in range(start, len(chunk.offsets)):
            try:
                self._clocks.read(chunk.values[index], wall)
            except UNREADABLE as error:
                dead.append(letter(chunk, index, error))
        self._bury(dead, wall, outcome)

    def _absorb(self, table: str, columns: Mapping[str, Sequence[Any]], wall: float) -> None:
        """Hand rows of a raw table to their prefectures; repeats and unsellable stock were only stored."""
        if not len(columns["offset"]):
            return
        keep = np.array(columns["repeat"], np.int64) == 0
        if table == "stock":
            keep &= np.array([each.startswith(SELLABLE) for each in columns["disposition"]], bool)
        prefectures = np.array(columns["prefecture"], np.int64)
        for code in np.unique(prefectures[keep]).tolist():
            chosen = np.flatnonzero(keep & (prefectures == code))
            place = self._place(code)
            if place.counties:
                place.push(_TOPICS[table], event_columns(table, columns, chosen, place, self._setup), wall)

    def _place(self, code: int) -> Prefecture:
        found = self._places.get(code)
        if found is None:
            found = self._places[code] = Prefecture(code, self._setup, self._judge)
        return found

    # -- time

    def tick(self, wall: float) -> Outcome:
        """Do what the passing of time makes due; call it every second."""
        outcome = Outcome()
        self._run(wall, outcome)
        return outcome

    def drain(self, wall: float) -> Outcome:
        """Return rows of what has begun but not ended: for a clean stop."""
        outcome = Outcome()
        for place in self._places.values():
            place.drain()
        self._collect(wall, outcome, publish=True)
        return outcome

    def republish(self, wall: float) -> Outcome:
        """Return the newest live records and the open alerts, after a rebuild."""
        outcome = Outcome()
        for place in self._places.values():
            place.refresh()
        self._run(wall, outcome, publish=True)
        as_of = self._as_of(wall)
        known = {alert.key for alert in outcome.alerts}
        current = [
            self._book.to_alert(each, as_of, int(wall), self._setup.civil.zone) for each in self._book.open_alerts()
        ]
        outcome.alerts += [alert for alert in current if alert.key not in known]
        return outcome

    def _run(self, wall: float, outcome: Outcome, *, publish: bool = False) -> None:
        self._clocks.apply(self.offsets, self._places)
        for place in self._places.values():
            place.advance(wall)
        self._collect(wall, outcome, publish=publish)

    def _collect(self, wall: float, outcome: Outcome, *, publish: bool) -> None:
        as_of, position = self._as_of(wall), self._position()
        for place in self._places.values():
            if place.output:
                outcome.add_rows("indicators", place.output.take(position))
            transitions, place.transitions = place.transitions, []
            outcome.alerts += [
                self._book.to_alert(each, as_of, int(wall), self._setup.civil.zone) for each in transitions
            ]
        if outcome.alerts:
            outcome.add_rows("alert_transitions", alert_rows(outcome.alerts, self.ordinal << POSITION_BITS | position))
        if publish or wall - self._published >= self._setup.options.live_seconds:
            self._published = wall
            for place in self._places.values():
                outcome.live.update(indicators_of(place, self._setup, as_of))

    def _position(self) -> int:
        return sum(self.offsets.values())

    def _as_of(self, wall: float) -> AsOf:
        return AsOf(self.ordinal, self._position(), int(wall))

    @property
    def behind(self) -> bool:
        """Return whether more is due than one call decides (``Options.most_steps``): call ``tick`` at once."""
        return any(place.behind for place in self._places.values())

    # -- rebuild

    def snapshot(self) -> bytes:
        """Return the whole state, next offsets included."""
        return pack(
            {
                "fingerprint": self.fingerprint,
                "epoch": self.epoch,
                "offsets": self.offsets,
                "seen": self._seen.dump(),
                "clocks": self._clocks.dump(),
                "book": self._book.dump(),
                "places": [[code, place.dump()] for code, place in self._places.items()],
            }
        )

    def restore(self, data: bytes) -> None:
        """Take over a snapshot. Raises ``SnapshotMismatch`` if it is of another format, catalogue or pack version.

        From another epoch everything is taken but the offsets, which mean nothing in this one. After
        an error the engine is to be thrown away.
        """
        state = unpack(data)
        if state.get("fingerprint") != self.fingerprint:
            msg = "the snapshot is of another catalogue, other packs, other options or another format"
            raise SnapshotMismatch(msg)
        try:
            self._load(state)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            msg = f"the snapshot has another layout: {error!r}"
            raise SnapshotMismatch(msg) from error

    def _load(self, state: dict[str, Any]) -> None:
        same = state["epoch"] == self.epoch
        self.offsets = dict(state["offsets"]) if same else {}
        self._seen.load(state["seen"])
        self._clocks.load(state["clocks"] if same else [])
        self._book.load(state["book"])
        for code, saved in state["places"]:
            self._place(code).load(saved)

    def replay(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Apply raw rows of the warehouse, ascending by offset; what becomes due comes with ``republish``.

        Times are epoch seconds and dates day numbers, as in the rows that ``apply`` returned.
        """
        size = len(columns["offset"])
        if not size:
            return
        taken = {name: list(columns[name]) for name in COLUMNS[table]}
        self._remember(table, taken)
        wall = float(columns["ingested"][-1])
        self._absorb(table, taken, wall)
        if columns["epoch"][-1] == self.epoch:
            topic = _TOPICS[table]
            self.offsets[topic] = max(self.offsets.get(topic, 0), int(taken["offset"][-1]) + 1)
        self._clocks.apply(self.offsets, self._places)
        for place in self._places.values():
            place.advance(wall)
            while place.behind:
                place.advance(wall)

    def _remember(self, table: str, columns: Columns) -> None:
        """Note lines as seen, one by one: whether their receipts came whole is not known any more."""
        if table == "sales":
            names = ("business_date", "site", "workstation", "sequence", "line_number")
            for day, store, till, sequence, line in zip(*(columns[name] for name in names), strict=True):
                self._seen.receipt(day, (store, till), sequence, [line], whole=False)
            return
        days = columns["business_date"] if table == "quotes" else [self._setup.civil.day(at) for at in columns["at"]]
        for day, sender, event_id, line in zip(
            days, columns["sender"], columns["event_id"], columns["line"], strict=True
        ):
            self._seen.event(day, sender, event_id, [line])

    def sizes(self) -> dict[str, int]:
        """Return the sizes of the state, for metrics."""
        places = self._places.values()
        return {
            "prefectures": len(self._places),
            "pairs": sum(market.pairs.size for place in places for market in place.markets.values()),
            "waiting": sum(len(queue) for place in places for queue in place.queues.values()),
            "seen": self._seen.size(),
            "alerts": len(self._book.open_alerts()),
            "late_beyond": sum(place.corrections.beyond for place in places),
        }

    def watermarks(self) -> dict[int, int]:
        """Return the latest event time seen per prefecture, epoch seconds."""
        return {code: max(queue.watermark for queue in place.queues.values()) for code, place in self._places.items()}


def vars_of(options: Options) -> dict[str, object]:
    """Return the options that the state depends on, by name."""
    return {name: getattr(options, name) for name in Options.__dataclass_fields__ if name not in _NOT_STATE}


#: Options that may change between a snapshot and its use.
_NOT_STATE = {
    "most_steps",
    "max_record_bytes",
    "ahead",
    "earliest",
    "idle_after",
    "idle_reach",
    "hold",
    "alternation",
    "live_seconds",
}
