"""Rows that wait for the warehouse, in batches that each carry the offsets they complete."""

from __future__ import annotations

import base64
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from streams.columns import Coded, Nullable, Parts, Repeated
from streams.compact import compact, size_of
from streams.ports import Rows, State
from streams.positions import Place

#: Tables that a rebuild replays: they are written before anything that is derived from them.
RAW = ("sales", "stock", "quotes", "registry")

#: Values looked at per column, and the length from which a text is long.
_SAMPLE, _LONG = 64, 64
_POINTER = 8


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of one partition after everything up to ``offsets`` (topic -> next offset).

    It takes the place of the one that is in ``slot``. ``packed`` is told the bytes and the seconds
    that packing took.
    """

    partition: int
    slot: int
    offsets: Mapping[str, int]
    fingerprint: str
    state: State
    packed: Callable[[int, float], None]

    def text(self) -> str:
        """Return the packed state as ASCII; takes a second for 100 MB, so call it outside the event loop."""
        started = time.perf_counter()
        data = self.state.pack()
        text = base64.b64encode(data).decode()
        self.packed(len(text), time.perf_counter() - started)
        return text


@dataclass(slots=True)
class Batch:
    """Rows of all partitions, and how far every place is read when they are stored."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: dict[Place, int] = field(default_factory=dict)
    #: To be awaited before the progress may be written: acknowledgements of dead letters.
    receipts: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    snapshots: Sequence[Snapshot] = ()
    count: int = 0
    bytes: int = 0
    #: Of these bytes, those that are kept elsewhere: dead letters that wait for their receipts.
    held: int = 0

    def __bool__(self) -> bool:
        """Return whether there is anything to store."""
        return bool(self.count or self.progress or self.snapshots)

    def add(self, rows: Rows, progress: Mapping[Place, int], held: int = 0) -> int:
        """Append rows and return their estimated size in bytes, ``held`` ones elsewhere among them."""
        size = held
        for table, columns in rows.items():
            length = _append(self.rows.setdefault(table, {}), columns)
            if length:
                self.count += length
                size += estimate(columns, length)
        self.progress.update(progress)
        self.held += held
        self.bytes += size
        return size

    def compact(self) -> int:
        """Keep the same rows in less memory; return the bytes that were saved."""
        before = self.bytes
        for columns in self.rows.values():
            for name, values in columns.items():
                columns[name] = compact(values)
        kept = sum(size_of(values) for columns in self.rows.values() for values in columns.values())
        self.bytes = kept + self.held
        return before - self.bytes

    def tables(self) -> list[str]:
        """Return the tables that have rows, raw ones first."""
        filled = [table for table, columns in self.rows.items() if _length(columns)]
        return sorted(filled, key=lambda table: (table not in RAW, table))


class Buffer:
    """Batches in order. The last one is open; it is sealed when it is full or its turn comes."""

    def __init__(self, batch_rows: int) -> None:
        self._batch_rows = batch_rows
        self._sealed: deque[Batch] = deque()
        self._open = Batch()
        #: Of all rows that are not stored, the batch that is being written among them.
        self.bytes = 0
        self.rows = 0

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._open or self._sealed)

    @property
    def full(self) -> bool:
        """Return whether a whole batch waits."""
        return bool(self._sealed)

    def add(
        self,
        rows: Rows,
        progress: Mapping[Place, int],
        receipts: Iterable[Callable[[], Awaitable[None]]] = (),
        held: int = 0,
        *,
        long: bool = False,
    ) -> None:
        """Append to the open batch; ``held`` bytes are kept elsewhere until it is stored.

        With ``long`` a batch that is full is packed for a long wait.
        """
        before = self._open.count
        self.bytes += self._open.add(rows, progress, held)
        self.rows += self._open.count - before
        self._open.receipts.extend(receipts)
        if self._open.count >= self._batch_rows:
            if long:
                self.bytes -= self._open.compact()
            self._sealed.append(self._open)
            self._open = Batch()

    def take(self, snapshots: Callable[[], Sequence[Snapshot]]) -> Batch:
        """Return the oldest batch.

        When it is the newest too, ``snapshots`` is asked for states that are due: between the
        rows in the batch and the states there must not be an await, and here is none.
        """
        if self._sealed:
            return self._sealed.popleft()
        batch, self._open = self._open, Batch()
        batch.snapshots = snapshots()
        return batch

    def stored(self, batch: Batch) -> None:
        """Give the room of a batch back."""
        self.bytes = max(0, self.bytes - batch.bytes)
        self.rows = max(0, self.rows - batch.count)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._sealed.clear()
        self._open = Batch()
        self.bytes = self.rows = 0


def estimate(columns: Mapping[str, Sequence[object]], length: int) -> int:
    """Return about how many bytes the values take: exact for long strings, sampled for the rest.

    A value that stands in many rows (the lines of one receipt share its texts) is counted once:
    for receipts of five lines 430 B a row were measured, and 1,050 B without that.
    """
    return sum(_size(values, length) for values in columns.values())


def _size(values: Any, length: int) -> int:
    if isinstance(values, np.ndarray):
        return int(values.nbytes)
    if isinstance(values, Repeated):
        return _size(values.values, len(values.values)) + len(values.values) * _POINTER
    if isinstance(values, Coded):
        return int(values.codes.nbytes) + min(len(values.words), len(values.codes)) * _POINTER
    if isinstance(values, Nullable):
        return int(values.numbers.nbytes + values.null.nbytes)
    distinct = {id(value): value for value in values[:_SAMPLE]}.values()
    if any(isinstance(value, str | bytes) and len(value) > _LONG for value in distinct):
        return sum(map(sys.getsizeof, values)) + length * _POINTER
    owned = sum(map(sys.getsizeof, distinct)) / max(1, min(length, _SAMPLE))
    return int(length * (owned + _POINTER))


def _length(columns: Mapping[str, Sequence[object]]) -> int:
    return len(next(iter(columns.values()), ()))


def _append(kept: dict[str, Any], columns: Mapping[str, Sequence[object]]) -> int:
    length = _length(columns)
    if length:
        for name, values in columns.items():
            kept.setdefault(name, Parts()).append(values)
    return length
