"""Raw rows of several tables, merged into the order in which the stream took them in."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from streams.ports import Engine
from warehouse.protocol import Warehouse

#: Offsets read in one go: bounds memory, some 100 MB with five lines a record.
WINDOW = 50_000
#: Steps into which a replay is cut at most. Tables are interleaved by the second in which rows
#: came in, or more coarsely when that would be more steps than this (some 0.3 ms each).
MOST_STEPS = 20_000


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
    """Rows of one table that came in at one moment of one epoch."""

    ordinal: int
    moment: int
    rank: int
    table: str
    rows: pa.Table

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
        """Replay everything and return the number of rows."""
        total = 0
        width = self._width()
        steps = [self._steps(rank, table, spans, width) for rank, (table, spans) in enumerate(self._plans)]
        for step in heapq.merge(*steps, key=lambda step: step.order):
            engine.replay(step.table, plain(step.rows))
            total += step.rows.num_rows
        return total

    def _width(self) -> int:
        """Return the seconds of one step, from how many records there are at most."""
        records = sum(span.end - span.begin for _, spans in self._plans for span in spans)
        return max(1, records // (MOST_STEPS * 100))

    def _steps(self, rank: int, table: str, spans: Sequence[Span], width: int) -> Iterator[Step]:
        for span in spans:
            latest = 0
            for rows in self._windows(table, span):
                moments = np.maximum.accumulate(_seconds(rows["ingested"]) // width).clip(latest)
                latest = int(moments[-1])
                cuts = np.flatnonzero(np.diff(moments)) + 1
                for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(moments)], strict=True):
                    yield Step(span.ordinal, int(moments[begin]), rank, table, rows.slice(begin, end - begin))

    def _windows(self, table: str, span: Span) -> Iterator[pa.Table]:
        for begin in range(span.begin, span.end, self._window):
            rows = self._warehouse.query(
                f"{table}_after",
                {
                    "epoch": span.epoch,
                    "topic": span.topic,
                    "partition": span.partition,
                    "from_offset": begin,
                    "to_offset": min(begin + self._window, span.end),
                    "prefectures": self._prefectures,
                },
            )
            if rows.num_rows:
                yield rows


def plain(rows: pa.Table) -> Mapping[str, Sequence[object]]:
    """Return columns in the form in which they were inserted: times as epoch seconds, dates as days."""
    return {name: _plain(rows[name]).to_pylist() for name in rows.column_names}


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32())
    return column


def _seconds(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return column.cast(pa.int64()).to_numpy()  # type: ignore[no-any-return]
