"""Quotes for a backtest, from a canonical sheet or from the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from producers.replay import quotes_sheet
from producers.replay.quotes import MOST_SHOWN
from producers.replay.quotes_sheet import Quote, Rejected, Sheet
from schemas import units
from schemas.catalogue import Catalogue
from schemas.events import QuoteKind
from schemas.fixed import PRICE, QUANTITY, to_fixed
from staplewatch.errors import CommandError
from staplewatch.words import say
from streams.backtest.quotes import LINES, History
from streams.backtest.suspects import CHECKED
from streams.indicators.civil import Civil
from warehouse.protocol import Warehouse


def from_sheet(path: Path, catalogue: Catalogue, kind: QuoteKind, *, skip_bad: bool) -> tuple[History, int]:
    """Return the quotes of a sheet and how many bad rows were left out.

    Of rows with the same date, site and good the last in the file wins. Raises ``CommandError``
    that names row and column of everything wrong.
    """
    sheet = quotes_sheet.load(path, catalogue, kind, repeats=True)
    if sheet.fatal:
        raise CommandError("\n".join(map(str, sheet.fatal)))
    if sheet.rejected and not skip_bad:
        raise CommandError(_bad_rows(path, sheet.rejected))
    if not sheet.quotes or sheet.first is None or sheet.last is None:
        raise CommandError(_nothing(path.name, kind, sheet))
    rows = [_line(quote, catalogue) for quote in sheet.quotes]
    lines = pl.DataFrame(rows, schema=LINES, orient="row")
    return _history(lines, catalogue, Civil.number(sheet.first), Civil.number(sheet.last)), len(sheet.rejected)


def from_warehouse(store: Warehouse, catalogue: Catalogue, kind: QuoteKind) -> History:
    """Return all quotes of ``kind`` that the warehouse holds. Raises ``CommandError``."""
    table: Any = store.query("quotes_history", {"kind": kind})
    found: Any = pl.from_arrow(table)
    day = pl.col("business_date").cast(pl.Int32).alias("day")
    lines = found.select(day, *list(LINES)[1:], CHECKED).cast({**LINES, CHECKED: pl.Int64})
    if not lines.height:
        msg = say(f"{store.address} 中没有 {kind} 报价", f"{store.address} holds no {kind} quotes")
        raise CommandError(msg)
    _check_known(lines, catalogue)
    return _history(lines, catalogue, lines["day"].min(), lines["day"].max())


def _history(lines: pl.DataFrame, catalogue: Catalogue, first: int, last: int) -> History:
    return History(lines, tuple(sorted(catalogue.goods)), first, last)


def _line(quote: Quote, catalogue: Catalogue) -> tuple[object, ...]:
    """Return one row of ``LINES``, converted as the stream's decoder does."""
    factor = units.factor(quote.unit, catalogue.goods[quote.good].unit)
    price = None if quote.price is None else to_fixed(quote.price / factor, PRICE)
    stock = None if quote.stock is None else to_fixed(quote.stock * factor, QUANTITY)
    return Civil.number(quote.day), quote.region, quote.site, quote.good, price, stock


def _check_known(lines: pl.DataFrame, catalogue: Catalogue) -> None:
    goods = set(lines["good"].unique()) - catalogue.goods.keys()
    regions = set(lines["region"].unique()) - catalogue.regions.keys()
    if goods or regions:
        some = ", ".join(sorted(map(str, [*goods, *regions]))[:5])
        msg = say(
            f"仓库中的 {some} 不在目录中：用 --catalogue 指定写入时的目录",
            f"the warehouse has quotes of {some}, not in the catalogue: name the one they came with by --catalogue",
        )
        raise CommandError(msg)


def _bad_rows(path: Path, rejected: Sequence[Rejected]) -> str:
    problems = [problem for row in rejected for problem in row.problems]
    shown = [str(problem) for problem in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        left = len(problems) - MOST_SHOWN
        shown.append(say(f"另有 {left} 处", f"and {left} more"))
    head = say(
        f"{path.name}：{len(rejected)} 行有错：请改正，或用 --skip-bad 跳过",
        f"{path.name}: {len(rejected)} bad row(s): correct them, or leave them out with --skip-bad",
    )
    return "\n".join([head, *shown])


def _nothing(name: str, kind: QuoteKind, sheet: Sheet) -> str:
    if not sheet.other_kind:
        return say(f"{name} 中没有可用的行", f"{name} has no row that can be used")
    other = "retail" if kind == "wholesale" else "wholesale"
    return say(
        f"{name} 中没有 {kind} 报价，有 {sheet.other_kind} 行 {other}：用 --kind {other}",
        f"{name} has no {kind} quotes but {sheet.other_kind} of kind {other}: use --kind {other}",
    )
