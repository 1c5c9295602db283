"""Raw rows of several tables, merged into the order in which the stream took them in."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from streams.ports import Engine, Events
from warehouse.protocol import Warehouse

#: Offsets read in one go: bounds memory, some 150 MB with five lines a record.
WINDOW = 100_000
#: Rows read in one go, of which a record can bring one or tens of thousands; counted by so many offsets.
MOST_ROWS, STEP = 500_000, 100
#: Steps into which a replay is cut, of 100 records or more. Tables are interleaved by the second in which
#: rows came in, or more coarsely when that would be more steps than this (2 ms each over 28 prefectures).
MOST_STEPS = 600


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Offsets [begin, end) of a place in one epoch."""

    ordinal: int
    epoch: str
    topic: str
    partition: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Step:
    """Events [begin, end) of one table that came in at one moment of one epoch."""

    ordinal: int
    moment: int
    rank: int
    events: Events
    begin: int
    end: int

    @property
    def order(self) -> tuple[int, int, int]:
        """Return what steps are merged by."""
        return self.ordinal, self.moment, self.rank


class Replay:
    """Reads planned spans in windows and feeds them to an engine."""

    def __init__(self, warehouse: Warehouse, prefectures: Sequence[int], window: int = WINDOW) -> None:
        self._warehouse = warehouse
        self._prefectures = list(prefectures)
        self._window = window
        self._plans: list[tuple[str, Sequence[Span]]] = []

    def plan(self, table: str, spans: Sequence[Span]) -> None:
        """Add a table; tables planned first come first among rows of one moment."""
        self._plans.append((table, spans))

    def run(self, engine: Engine) -> int:
        """Replay everything and return the number of rows.

        All that came in at one moment is taken in before time moves, and time moves up to that
        moment first: a date that the clock had closed stays closed for what came later.
        """
        total, width = 0, self._width()
        steps = [self._steps(engine, rank, table, spans, width) for rank, (table, spans) in enumerate(self._plans)]
        merged = heapq.merge(*steps, key=lambda step: step.order)
        for _, group in groupby(merged, key=lambda step: step.order[:2]):
            moment = list(group)
            engine.settle(float(min(step.events.ingested[step.begin] for step in moment)))
            for step in moment:
                engine.replay(step.events, step.begin, step.end)
                total += step.end - step.begin
            engine.settle(float(max(step.events.ingested[step.end - 1] for step in moment)))
        return total

    def _width(self) -> int:
        """Return the seconds of one step, from how many records there are at most."""
        records = sum(span.end - span.begin for _, spans in self._plans for span in spans)
        return max(1, records // (MOST_STEPS * 100))

    def _steps(self, engine: Engine, rank: int, table: str, spans: Sequence[Span], width: int) -> Iterator[Step]:
        for span in spans:
            latest = 0
            for events in self._windows(engine, table, span):
                moments = np.maximum.accumulate(events.ingested // width).clip(latest)
                latest = int(moments[-1])
                cuts = np.flatnonzero(np.diff(moments)) + 1
                for begin, end in pairwise([0, *cuts.tolist(), len(moments)]):
                    yield Step(span.ordinal, int(moments[begin]), rank, events, begin, end)

    def _windows(self, engine: Engine, table: str, span: Span) -> Iterator[Events]:
        place = {"epoch": span.epoch, "topic": span.topic, "partition": span.partition}
        for begin, end in pairwise(self._cuts(table, span, place)):
            where = {**place, "from_offset": begin, "to_offset": end}
            rows = self._warehouse.query(f"{table}_after", {**where, "prefectures": self._prefectures})
            if rows.num_rows:
                rejected = self._warehouse.query("dead_offsets", where)
                events = engine.prepare(table, rows, rejected)
                if len(events):
                    yield events

    def _cuts(self, table: str, span: Span, place: dict[str, object]) -> list[int]:
        """Return where windows begin, and the end: of ``WINDOW`` offsets, or fewer where records hold batches."""
        if table != "sales":
            return [*range(span.begin, span.end, self._window), span.end]
        where = {**place, "from_offset": span.begin, "to_offset": span.end, "step": STEP}
        sizes = self._warehouse.query("sales_sizes", where).to_pylist()
        cuts, rows = [span.begin], 0
        for each in sizes:
            begin = max(span.begin, each["block"] * STEP)
            if begin > cuts[-1] and (rows + each["rows"] > MOST_ROWS or begin + STEP - cuts[-1] > self._window):
                cuts.append(begin)
                rows = 0
            rows += each["rows"]
        return [*cuts, span.end]
