"""A recording: lines in order of their civil time, and how a group of them becomes one event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from producers import pace

#: Rows turned into Python objects at a time: memory stays flat whatever the recording's length.
SLICE: Final = 20_000

Row = dict[str, Any]


class ReplayError(Exception):
    """A recording that cannot be played: says which file, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One event, ready to be sent. ``time`` is epoch seconds."""

    time: int
    topic: str
    prefecture: int
    event: msgspec.Struct
    lines: int


#: From the rows of one group (all of one moment) to its topic, prefecture and event.
Build = Callable[[Sequence[Row]], tuple[str, int, msgspec.Struct]]


@dataclass(frozen=True, slots=True)
class Recording:
    """Lines of events, before they are placed in time.

    ``lines`` has one row per line: ``civil`` (datetime without zone), ``group`` (rows of one event
    have the same number, and follow one another) and what ``build`` needs. For ``build`` each row
    also has ``time`` (epoch seconds), ``at`` (RFC 3339 with offset) and ``date`` (ISO).
    """

    title: str
    inputs: tuple[str, ...]
    prefectures: tuple[int, ...]
    lines: pl.DataFrame
    build: Build
    #: Reason -> lines of the source that are not played.
    skipped: dict[str, int] = field(default_factory=dict)

    def placed(self, zone: str) -> Recording:
        """Return it with epoch seconds of civil time in ``zone``, in their order."""
        civil = self.lines["civil"]
        lines = self.lines.with_columns(epochs(civil, zone).alias("time"))
        return replace(self, lines=lines.sort("time", "group", maintain_order=True))

    def between(self, start: int | None, end: int | None) -> Recording:
        """Return what lies in [start, end); needs ``placed``."""
        wanted = pl.lit(value=True)
        if start is not None:
            wanted &= pl.col("time") >= start
        if end is not None:
            wanted &= pl.col("time") < end
        return replace(self, lines=self.lines.filter(wanted))

    def first(self, lines: int | None) -> Recording:
        """Return the first events with at most ``lines`` lines; events stay whole."""
        if lines is None or lines >= self.lines.height:
            return self
        kept = self.lines.head(lines)
        broken = self.lines["group"][lines] if lines else None
        return replace(self, lines=kept.filter(pl.col("group") != broken) if lines else kept)

    def moved(self, days: int, zone: str) -> Recording:
        """Return it ``days`` dates later at the same times of day; needs ``placed``."""
        if not days:
            return self
        civil = self.lines["civil"] + timedelta(days=days)
        return replace(self, lines=self.lines.with_columns(civil.alias("civil"), epochs(civil, zone).alias("time")))

    def span(self) -> tuple[int, int] | None:
        """Return the times of the first and the last event, None when there is none; needs ``placed``."""
        if self.lines.is_empty():
            return None
        return int(self.lines["time"][0]), int(self.lines["time"][-1])

    def events(self, zone: str) -> Iterator[Timed]:
        """Yield the events in order of time; needs ``placed``."""
        for _, group in groupby(self._rows(zone), key=itemgetter("group")):
            rows = list(group)
            topic, prefecture, event = self.build(rows)
            yield Timed(rows[0]["time"], topic, prefecture, event, len(rows))

    def _rows(self, zone: str) -> Iterator[Row]:
        local = pl.from_epoch("time").dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        for part in self.lines.iter_slices(SLICE):
            yield from part.with_columns(
                local.dt.strftime("%Y-%m-%dT%H:%M:%S%:z").alias("at"),
                local.dt.strftime("%Y-%m-%d").alias("date"),
            ).iter_rows(named=True)


def epochs(civil: pl.Series, zone: str) -> pl.Series:
    """Return epoch seconds of civil datetimes in ``zone``.

    A time that the clock shows twice is the earlier one; one that it jumps over is an hour later.
    """
    local = pl.DataFrame({"civil": civil.cast(pl.Datetime("us"))}).select(
        pl.coalesce(
            _in_zone(pl.col("civil"), zone),
            _in_zone(pl.col("civil") + pl.duration(hours=1), zone),
        ).dt.epoch("s")
    )
    return local.to_series()


def _in_zone(civil: pl.Expr, zone: str) -> pl.Expr:
    return civil.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")


def days_to_now(last: int, ceiling: int, now: float, zone: str) -> int:
    """Return by how many dates to move a recording whose last event is at ``last`` to end today.

    One less if ``ceiling`` (a moment of the recording, its last event or later) would then lie in
    the future. Dates are moved whole, so that times of day stay.
    """
    days = (pace.local_date(int(now), zone) - pace.local_date(last, zone)).days
    moved = datetime.fromtimestamp(ceiling, ZoneInfo(zone)) + timedelta(days=days)
    return days if moved.timestamp() <= now else days - 1
