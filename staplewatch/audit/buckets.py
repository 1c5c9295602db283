"""Check *buckets*: amount, quantity and lines of every closed 5 minutes, recomputed from the raw rows."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from staplewatch.audit.lateness import Lateness
from staplewatch.audit.report import Tally, Text, facts
from staplewatch.audit.scope import Scope
from staplewatch.audit.windows import windows
from streams.indicators.civil import BUCKET, DAY
from streams.indicators.prices import CORRECTABLE

UNIT = Text("5 分钟行", "5-minute rows")
KEY = ["region", "good", "bucket"]
SUMS = ["amount", "quantity", "lines"]


def check(scope: Scope, lateness: Lateness, tally: Tally) -> None:
    """Recompute every closed bucket, a window of days at a time."""
    closed = closed_until(scope)
    days = scope.query("audit_days").filter(pl.col("name").is_in(["sales", "5m"]))
    counts = days.group_by("day").agg(pl.col("rows").sum()).sort("day")
    pending = beyond = 0
    spans = windows(counts)
    for number, (first, end) in enumerate(spans, 1):
        where = {"since": first * DAY, "until": end * DAY}
        found = scope.query("audit_buckets", **where)
        wanted = with_prefectures(scope.query("audit_sales_sums", **where))
        unequal = compare(wanted, found, closed, tally)
        if not unequal.is_empty():
            lines = scope.ordered(scope.query("audit_sales_lines", **where))
            lines = lateness.judge(lines.with_columns(limit=pl.col("bucket") + 1))
            excused = judge(unequal, lines, tally)
            old = excused.filter(pl.col("bucket") * BUCKET + CORRECTABLE * BUCKET < pl.col("until"))
            pending, beyond = pending + excused.height - old.height, beyond + old.height
        scope.tell("buckets", number, len(spans))
    if pending:
        tally.note(f"{pending:,} 行等待补入迟到的销售", f"{pending:,} rows wait to be corrected by late sales")
    if beyond:
        tally.note(
            f"{beyond:,} 行的迟到销售超过 32 小时，不再更正", f"{beyond:,} rows lack sales that came over 32 h late"
        )


def closed_until(scope: Scope) -> pl.DataFrame:
    """Return per prefecture the moment up to which buckets are closed: (prefecture, until)."""
    written = scope.query("audit_written")
    after = scope.subject.options.close_after
    midnights = [
        scope.civil.midnight(day + 1) + after if dates else 0
        for day, dates in written.select("last_day", "dates").iter_rows()
    ]
    # the newest bucket written may be one that a clean stop wrote as it stood
    ends = pl.max_horizontal(pl.col("bucket_end") - BUCKET, pl.Series(midnights, dtype=pl.Int64))
    return written.select("prefecture", until=ends).group_by("prefecture").agg(pl.col("until").max())


def with_prefectures(counties: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of counties followed by those of their prefectures."""
    sums = counties.group_by("prefecture", "good", "bucket").agg(pl.col(SUMS).sum())
    columns = [*KEY, *SUMS]
    return pl.concat([counties.select(columns), sums.rename({"prefecture": "region"}).select(columns)])


def compare(wanted: pl.DataFrame, found: pl.DataFrame, closed: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Compare recomputed sums with rows; both have ``KEY`` and ``SUMS``.

    Returns the closed ones that differ in a way that late sales could explain: fewer lines than
    there are. Stored sums have the suffix ``_found``, 0 where there is no row.
    """
    both = wanted.join(found, on=KEY, how="full", suffix="_found", coalesce=True)
    both = both.with_columns(
        absent=pl.col("lines_found").is_null(), prefecture=pl.col("region") // 100 * 100
    ).with_columns(pl.col([*SUMS, *(f"{name}_found" for name in SUMS)]).fill_null(0))
    both = both.join(closed, on="prefecture").filter((pl.col("bucket") + 1) * BUCKET <= pl.col("until"))
    tally.compared += both.height
    unequal = both.filter(pl.any_horizontal(pl.col(name) != pl.col(f"{name}_found") for name in SUMS))
    short = pl.col("lines_found") < pl.col("lines")
    for row in unequal.filter(~short).sort(KEY).iter_rows(named=True):
        _wrong("sum_unfounded" if row["lines_found"] > row["lines"] else "sum_different", row, tally)
    return unequal.filter(short)


def judge(unequal: pl.DataFrame, lines: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Judge rows that lack lines; returns those that late or unread ones explain.

    Lines are added in the order of the log, so a row that holds k of them holds the first k.
    ``lines`` has one row per line with ``order``, ``late`` and ``unread``.
    """
    everywhere = pl.concat([lines, lines.with_columns(region=pl.col("prefecture"))])
    held = (
        everywhere.join(unequal.select(*KEY, *(f"{name}_found" for name in SUMS)), on=KEY)
        .sort("order", "line")
        .with_columns(
            number=pl.int_range(1, pl.len() + 1).over(KEY),
            amount=pl.col("amount").cum_sum().over(KEY),
            quantity=pl.col("quantity").cum_sum().over(KEY),
        )
    )
    last = pl.col("number") == pl.col("lines_found")
    same = (pl.col("amount") == pl.col("amount_found")) & (pl.col("quantity") == pl.col("quantity_found"))
    nothing = (pl.col("lines_found") == 0) & (pl.col("amount_found") == 0) & (pl.col("quantity_found") == 0)
    explained = pl.col("late") | pl.col("unread")
    verdicts = held.group_by(KEY).agg(
        excused=((last & same).any() | nothing.all()) & explained.filter(pl.col("number") > pl.col("lines_found")).all()
    )
    judged = unequal.join(verdicts, on=KEY)
    for row in judged.filter(~pl.col("excused")).sort(KEY).iter_rows(named=True):
        _wrong("sum_missing" if row["absent"] else "sum_different", row, tally)
    return judged.filter("excused")


def _wrong(problem: str, row: dict[str, object], tally: Tally) -> None:
    found = {name: row[f"{name}_found"] for name in SUMS}
    start = int(str(row["bucket"])) * BUCKET
    where = f"{row['region']} {row['good']} {moment(start + BUCKET)}"
    tally.wrong(problem, where, facts(row, SUMS), None if row["absent"] else facts(found, SUMS))


def moment(at: int) -> str:
    """Return epoch seconds as RFC 3339 in UTC, as stored rows show it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
