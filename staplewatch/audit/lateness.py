"""Which events may have come after their time had been decided, so that what was written lacks them for now.

Rows are written when a prefecture's time passes their end, and written again with late events only
at some hours of the day, and only for so long (``streams.corrections``). So a row that lacks an
event is wrong only if the event was in time. Where that cannot be told it is called late: an audit
must not cry wolf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from staplewatch.audit.scope import ORDER_BITS, Scope
from streams.indicators.civil import BUCKET
from streams.rebuild import TABLES

#: No event, no punctuation: never overtaken.
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Punctuation:
    """A record of topic ``clock``: nothing before ``at`` comes any more.

    It holds for an input once that is read up to ``offsets[topic]``. ``taken`` is the broker's time (epoch s).
    """

    prefectures: Sequence[int]
    at: int
    taken: int
    offsets: Mapping[str, int]


class Lateness:
    """Judges events of one raw table. ``clocks`` has the punctuation that is still readable."""

    def __init__(self, scope: Scope, table: str, clocks: Sequence[Punctuation]) -> None:
        self._scope, self._table, self._clocks = scope, table, clocks
        options = scope.subject.options
        #: Only the table's own order of arrival (and punctuation) can overtake its events.
        self._strict = options.event_time and TABLES[table] in options.inputs
        self._live = not options.event_time

    def judge(self, events: pl.DataFrame) -> pl.DataFrame:
        """Add column ``late`` to events with ``prefecture``, ``order``, ``ingested`` and ``limit``.

        ``limit`` is the bucket (epoch s // 300) at whose beginning the event's time was decided.
        """
        if events.is_empty():
            return events.with_columns(late=pl.lit(False))
        since, until = events["limit"].min(), events["limit"].max()
        firsts = self._scope.ordered(
            self._scope.query("audit_firsts", since=since, until=until).rename({"first_offset": "offset"})
        )
        own, other = firsts.filter(name=self._table), firsts.filter(pl.col("name") != self._table)
        judged = overtaken(events, own, "order", "own")
        judged = overtaken(judged, other, "first_ingested", "other")
        clocks = self._punctuation()
        judged = overtaken(judged, clocks, "taken", "clock")
        judged = overtaken(judged, clocks, "order", "clock_order")
        punctuated = (pl.col("clock") <= pl.col("ingested") + 1) & (pl.col("clock_order") <= pl.col("order"))
        late = (pl.col("own") <= pl.col("order")) | punctuated
        if not self._strict:
            late |= pl.col("other") <= pl.col("ingested")
        if self._live:
            # The wall clock moves time only where the newest event is not older than this.
            reach = pl.col("ingested") - pl.col("limit") * BUCKET
            late |= reach.is_between(0, self._scope.subject.options.idle_reach)
        return judged.with_columns(late=late).drop("own", "other", "clock", "clock_order")

    def _punctuation(self) -> pl.DataFrame:
        began, topic = self._scope.subject.epoch.ordinal * 2**ORDER_BITS, TABLES[self._table]
        found = [
            (code, clock.at // BUCKET, clock.taken, began + clock.offsets.get(topic, 0))
            for clock in self._clocks
            for code in clock.prefectures
        ]
        return pl.DataFrame(found, dict.fromkeys(("prefecture", "bucket", "taken", "order"), pl.Int64), orient="row")


def overtaken(events: pl.DataFrame, firsts: pl.DataFrame, name: str, as_name: str) -> pl.DataFrame:
    """Add the least ``name`` among the prefecture's ``firsts`` whose bucket is the event's ``limit`` or later."""
    least = (
        firsts.group_by("prefecture", "bucket")
        .agg(pl.col(name).min())
        .sort("bucket", descending=True)
        .with_columns(pl.col(name).cum_min().over("prefecture").alias(as_name))
        .select("prefecture", as_name, _bucket="bucket")
        .sort("_bucket")
    )
    joined = (
        events.with_row_index("_place")
        .sort("limit")
        .join_asof(
            least, left_on="limit", right_on="_bucket", by="prefecture", strategy="forward", check_sortedness=False
        )
    )
    return joined.sort("_place").drop("_place", "_bucket").with_columns(pl.col(as_name).fill_null(_NEVER))
