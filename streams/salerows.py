"""Rows of table ``sales`` that come partly in bulk and partly one record at a time, in one set of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from streams.columns import Repeated, joined
from streams.fields import Flags
from streams.indicators.groups import Ints
from streams.receipts import Receipts

#: Columns that are the same on every line of a receipt, and those that are numbers and never NULL.
_BY_RECEIPT: Final = (
    *("offset", "event_id", "sender", "site", "region", "prefecture", "workstation"),
    *("business_date", "sequence", "at"),
)
_NUMBERS: Final = ("line", "line_number", "quantity", "amount", "priced", "repeat")


class SaleRows:
    """Parts of one chunk's rows in the order of their offsets."""

    def __init__(self, names: Sequence[str]) -> None:
        self._parts: dict[str, list[Any]] = {name: [] for name in names}

    def add(self, part: Receipts, offsets: Sequence[int] | Ints, repeats: Ints) -> None:
        """Append receipts read in bulk; ``repeats`` says which lines were seen before, 0 or 1."""
        counts, lines = part.counts, part.lines
        sizes = np.array(counts, np.int64)
        size = len(lines.number)
        shared = (offsets, part.event_id, part.sender, part.store, part.region, part.prefecture, part.workstation)
        own: tuple[Any, ...] = (*shared, part.day, part.sequence, part.at)
        for name, values in zip(_BY_RECEIPT, own, strict=True):
            self._parts[name].append(Repeated(values, counts, size))
        columns = {
            "line": np.arange(size) - np.repeat(np.cumsum(sizes) - sizes - part.first, sizes),
            "good": lines.good,
            "line_number": lines.number,
            "kind": lines.kind,
            "quantity": lines.quantity,
            "amount": lines.amount,
            "priced": lines.priced.astype(np.int64),
            "unit_cost": lines.cost,
            "repeat": repeats,
        }
        for name, column in columns.items():
            self._parts[name].append(column)

    def take(self, rows: dict[str, list[Any]]) -> None:
        """Append the rows of one record, emptying ``rows``."""
        size = len(rows["offset"])
        if not size:
            return
        for name, values in rows.items():
            part: Any = values.copy()
            if name in _BY_RECEIPT:
                part = Repeated(part, [1] * size, size)
            elif name in _NUMBERS:
                part = np.array(values, np.int64)
            self._parts[name].append(part)
            values.clear()

    def joined(self) -> dict[str, Any]:
        """Return all rows as columns, the numbers as arrays and what is shared by a receipt once."""
        return {name: joined(parts) if parts else _nothing(name) for name, parts in self._parts.items()}


def by_line(counts: Sequence[int] | Ints, repeats: Sequence[bool] | Flags, partly: dict[int, list[bool]]) -> Ints:
    """Return 1 for every line that was seen before and 0 for the others, of what ``Seen.whole`` returned."""
    flags = np.repeat(np.array(repeats, np.int64), counts)
    for place, lines in partly.items():
        first = sum(counts[:place])
        flags[first : first + len(lines)] = lines
    return flags


def _nothing(name: str) -> Any:
    if name in _BY_RECEIPT:
        return Repeated([], [], 0)
    return np.zeros(0, np.int64) if name in _NUMBERS else []
