"""What applying events brings about: rows for the warehouse, records for the topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.events import Alert, Extent, Indicator
from schemas.letters import DeadLetter
from streams.indicators.civil import BUCKET
from streams.standby import Need

Rows = dict[str, list[Any]]

#: Columns of table ``indicators`` that are 0 and those that are NULL where nothing is known.
COUNTS = ("amount", "quantity", "lines", "lines_24h", "stores_24h", "sites_in", "sites_out")
COUNTS_OF_DATE = ("sites_present", "sites_fresh", "intermittent")
MEASURES = (
    *("vwap", "vwap_1h", "vwap_24h", "baseline_24h", "spike_1h", "spike_24h"),
    *("in_stock_rate", "demand_day", "cover_days", "price", "change_day", "change_week", "out_days"),
)
VALUES = (*COUNTS, *COUNTS_OF_DATE, *MEASURES, "on_hand")
#: Bits of a version left for the position: 1.1e12 records per partition and epoch, and 159 years of grid points.
POSITION_BITS = 40
#: Kept in 1/1,000 base unit.
FIXED = ("on_hand",)


@dataclass(slots=True)
class Outcome:
    """Rows per table (columns of equal length), newest indicators by record key, transitions, dead letters."""

    rows: dict[str, Rows] = field(default_factory=dict)
    live: dict[str, Indicator] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    #: Newest transitions again, with other marks; they come after ``alerts``.
    marked: list[Alert] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    #: What the substitutes of these alerts leave open.
    needs: list[Need] = field(default_factory=list)
    #: What the extents above prefectures are told.
    extents: list[Extent] = field(default_factory=list)
    #: Lines by what happened to them, for metrics.
    counts: dict[str, int] = field(default_factory=dict)

    def add_rows(self, table: str, rows: Rows) -> None:
        """Append columns to a table's rows."""
        if not next(iter(rows.values()), None):
            return
        kept = self.rows.get(table)
        if kept is None:
            self.rows[table] = rows
            return
        for name, values in rows.items():
            kept[name].extend(values)

    def count(self, name: str, amount: int) -> None:
        """Add to a counter."""
        if amount:
            self.counts[name] = self.counts.get(name, 0) + amount


class IndicatorRows:
    """Rows of table ``indicators`` being gathered as arrays."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []

    def add(self, size: int, **columns: Any) -> None:
        """Add ``size`` rows; a column is an array of that length or one value for all."""
        if size:
            self.parts.append({"size": size, **columns})


def taken(outputs: Sequence[IndicatorRows], position: int) -> Rows:
    """Return all gathered rows as columns of plain values, NULL for NaN, leaving none.

    ``position`` (next offsets of the partition, summed) goes into the version. Of many prefectures together: a
    column of each of 285 costs more than its values.
    """
    parts = [part for each in outputs for part in each.parts]
    for each in outputs:
        if each.parts:
            each.parts = []
    names = ("region", "good", "grain", "kind", "at", "date", *VALUES, "levels")
    rows = {name: _joined(name, [(part.get(name), part["size"]) for part in parts]) for name in names}
    rows["version"] = _joined("version", [(version(part["written"], position), part["size"]) for part in parts])
    return rows


def _joined(name: str, parts: list[tuple[Any, int]]) -> list[Any]:
    """Return the parts of a column, (values or one value for all, rows), as one list."""
    arrays = [values for values, _ in parts if isinstance(values, np.ndarray)]
    if len(arrays) == len(parts) and len({each.dtype.kind for each in arrays}) == 1:
        return _listed(name, np.concatenate(arrays))
    return list(chain.from_iterable(_column(name, values, size) for values, size in parts))


def version(written: int, position: int) -> int:
    """Return what of two rows of one key says which holds: the one written at the later grid point.

    Not the position alone: a row and its correction can come of one chunk. It decides between
    rows of one grid point, of which only those of a clean stop are not final.
    """
    return written // BUCKET << POSITION_BITS | position


def _column(name: str, values: Any, size: int) -> list[Any]:
    if isinstance(values, np.ndarray):
        return _listed(name, values)
    if isinstance(values, list):
        return values
    if values is None:
        values = {"levels": "{}"}.get(name, None if name in MEASURES or name in FIXED else 0)
    return [values] * size


def _listed(name: str, values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind != "f":
        listed: list[Any] = values.astype(np.int64).tolist() if values.dtype.kind == "b" else values.tolist()
        return listed
    if name in COUNTS or name in COUNTS_OF_DATE:  # corrected rows: NaN where nothing was counted
        counted: list[Any] = np.nan_to_num(values).astype(np.int64).tolist()
        return counted
    known = values == values  # noqa: PLR0124 - only NaN differs from itself
    listed = (values[known].astype(np.int64) if name in FIXED else values[known]).tolist()
    if len(listed) == len(values):
        return listed
    spread = np.full(len(values), None, object)
    spread[known] = listed
    found: list[Any] = spread.tolist()
    return found
