"""Check *dates*: price, present and fresh sites of every closed date, recomputed from the quotes (RULES)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from schemas.fixed import PRICE
from staplewatch.audit.lateness import Lateness
from staplewatch.audit.report import Tally, Text, facts
from staplewatch.audit.scope import Scope
from staplewatch.audit.windows import windows
from streams.indicators.civil import BUCKET, Civil

UNIT = Text("日期行", "date rows")
KEY: Final = ["region", "good", "kind", "day"]
#: What tells quotes of one site apart.
QUOTE: Final = ["kind", "region", "site", "good", "day", "at", "price"]
VALUES: Final = ["price", "sites_present", "sites_fresh"]
#: Prices are kept in 1/10,000: medians differ by half of that or not at all.
TOLERANCE: Final = 1e-6

Row = Mapping[str, Any]


def check(scope: Scope, lateness: Lateness, tally: Tally) -> None:
    """Recompute every closed date, a window of dates at a time."""
    options, closed = scope.subject.options, written(scope)
    days = scope.query("audit_days").filter(pl.col("name").is_in(["quotes", "date"]))
    spans = windows(days.group_by("day").agg(pl.col("rows").sum()).sort("day"))
    pending = 0
    for number, (first, end) in enumerate(spans, 1):
        quotes = counting(scope, max(0, first - options.carry_days + 1), end)
        quotes = scope.ordered(quotes).sort("order", "line")
        wanted = values(quotes, options.carry_days).filter(pl.col("day").is_between(first, end - 1))
        unequal = compare(wanted, scope.query("audit_dates", since=first, until=end), closed, tally)
        if not unequal.is_empty():
            behind = behind_rows(unequal, quotes, options.carry_days, scope.civil, options.close_after)
            pending += judge(unequal, lateness.judge(behind), tally)
        scope.tell("dates", number, len(spans))
    if pending:
        tally.note(f"{pending:,} 行等待补入迟到的报价", f"{pending:,} rows wait to be corrected by late quotes")


def counting(scope: Scope, since: int, until: int) -> pl.DataFrame:
    """Return the quotes that count; ``doubted``: it was held back first, so a row may wait to be corrected by it."""
    quotes = scope.query("audit_quotes", since=since, until=until)
    if not scope.subject.options.quarantine:
        return quotes.with_columns(doubted=pl.lit(False))
    held = scope.query("audit_suspects", since=since, until=until)
    confirmed = held.filter(state="confirmed").select(*QUOTE, doubted=pl.lit(True)).unique()
    counted = quotes.join(held.filter(pl.col("state") != "confirmed"), on=QUOTE, how="anti", maintain_order="left")
    counted = counted.join(confirmed, on=QUOTE, how="left", maintain_order="left")
    return counted.with_columns(pl.col("doubted").fill_null(False))


def written(scope: Scope) -> pl.DataFrame:
    """Return (prefecture, kind, first_day, last_day): which dates of each kind were closed."""
    rows = scope.query("audit_written").filter(pl.col("dates") > 0)
    last = rows.group_by("prefecture").agg(pl.col("last_day").max())
    return rows.select("prefecture", "kind", "first_day").join(last, on="prefecture")


def values(quotes: pl.DataFrame, carry_days: int) -> pl.DataFrame:
    """Return ``KEY`` and ``VALUES`` of counties and prefectures; ``quotes`` ascending in the order of the stream.

    A site's quote of a date is the last by event time, then by order; it stands for ``carry_days`` dates.
    """
    site = ["prefecture", "region", "site", "good", "kind"]
    last = quotes.sort("at", maintain_order=True).group_by([*site, "day"]).agg(pl.col("price").last())
    spread = pl.concat(last.with_columns(pl.col("day") + back, back=pl.lit(back)) for back in range(carry_days))
    newest = spread.sort("back").group_by([*site, "day"], maintain_order=True).first()
    everywhere = pl.concat([newest, newest.with_columns(region=pl.col("prefecture"))])
    return everywhere.group_by(KEY).agg(
        price=pl.col("price").median() / PRICE,
        sites_present=pl.len().cast(pl.Int64),
        sites_fresh=(pl.col("back") == 0).sum().cast(pl.Int64),
    )


def compare(wanted: pl.DataFrame, found: pl.DataFrame, closed: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Return the closed dates whose rows differ from the recomputed ones; stored values have the suffix ``_found``.

    A date on which no site is present needs no row; one that has a row says 0 sites.
    """
    both = wanted.join(found, on=KEY, how="full", suffix="_found", coalesce=True)
    both = both.with_columns(
        pl.col("sites_present", "sites_fresh").fill_null(0),
        absent=pl.col("sites_present_found").is_null(),
        prefecture=pl.col("region") // 100 * 100,
    ).join(closed, on=["prefecture", "kind"])
    both = both.filter(pl.col("day").is_between(pl.col("first_day"), pl.col("last_day")))
    tally.compared += both.height
    same = ((pl.col("price") - pl.col("price_found")).abs() <= TOLERANCE).fill_null(
        pl.col("price").is_null() & pl.col("price_found").is_null()
    )
    counted = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_found")) for name in VALUES[1:])
    return both.filter(~(same & counted)).sort(KEY)


def behind_rows(
    unequal: pl.DataFrame, quotes: pl.DataFrame, carry_days: int, civil: Civil, close_after: int
) -> pl.DataFrame:
    """Return the quotes behind some rows: ``row`` is its number, ``limit`` the bucket at which its date closed."""
    rows = unequal.select(KEY).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    limits = [-(-(civil.midnight(day + 1) + close_after) // BUCKET) for day in rows["day"]]
    rows = rows.with_columns(limit=pl.Series(limits, dtype=pl.Int64))
    everywhere = pl.concat(
        [quotes.with_columns(subject=pl.col("region")), quotes.with_columns(subject=pl.col("prefecture"))]
    )
    joined = everywhere.join(
        rows, left_on=["subject", "good", "kind"], right_on=["region", "good", "kind"], suffix="_row"
    )
    age = pl.col("day_row") - pl.col("day")
    return joined.filter((age >= 0) & (age < carry_days)).sort("row", "order", "line")


def judge(unequal: pl.DataFrame, behind: pl.DataFrame, tally: Tally) -> int:
    """Judge rows that differ; returns how many late or unread quotes explain: without the last few they agree."""
    groups = {int(key[0]): group.to_dicts() for key, group in behind.group_by("row", maintain_order=True)}
    excused = 0
    for number, row in enumerate(unequal.iter_rows(named=True)):
        if _explained(row, groups.get(number, [])):
            excused += 1
        else:
            _wrong(row, tally)
    return excused


def _explained(row: Row, quotes: Sequence[Row]) -> bool:
    left = list(quotes)
    if any(quote["doubted"] for quote in quotes) and _agrees(row, [each for each in quotes if not each["doubted"]]):
        return True
    while left and (left[-1]["late"] or left[-1]["unread"]):
        left.pop()
        if _agrees(row, left):
            return True
    return False


def _agrees(row: Row, quotes: Sequence[Row]) -> bool:
    """Return whether a row is what these quotes give: the slow way, in plain Python."""
    newest: dict[tuple[int, str], Row] = {}
    for quote in quotes:
        site = (quote["region"], quote["site"])
        known = newest.get(site)
        if known is None or (quote["day"], quote["at"]) >= (known["day"], known["at"]):
            newest[site] = quote
    prices = sorted(quote["price"] for quote in newest.values())
    fresh = sum(quote["day"] == row["day"] for quote in newest.values())
    if not prices:
        return bool(row["absent"] or (row["price_found"] is None and row["sites_present_found"] == 0))
    price = (prices[(len(prices) - 1) // 2] + prices[len(prices) // 2]) / 2 / PRICE
    found = row["price_found"]
    counts = (row["sites_present_found"], row["sites_fresh_found"]) == (len(prices), fresh)
    return found is not None and counts and abs(price - found) <= TOLERANCE


def _wrong(row: Row, tally: Tally) -> None:
    where = f"{row['region']} {row['good']} {row['kind']} {Civil.date(row['day'])}"
    found = {name: row[f"{name}_found"] for name in VALUES}
    problem = "date_missing" if row["absent"] else "date_different"
    tally.wrong(problem, where, facts(dict(row), VALUES), None if row["absent"] else facts(found, VALUES))
