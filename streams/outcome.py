"""What applying events brings about: rows for the warehouse, records for the topics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.events import Alert, Extent, Indicator
from schemas.letters import DeadLetter
from streams.columns import joined
from streams.standby import Need

Rows = dict[str, Any]


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
        if not len(next(iter(rows.values()), ())):
            return
        kept = self.rows.get(table)
        self.rows[table] = rows if kept is None else {name: joined([kept[name], rows[name]]) for name in rows}

    def count(self, name: str, amount: int) -> None:
        """Add to a counter."""
        if amount:
            self.counts[name] = self.counts.get(name, 0) + amount
