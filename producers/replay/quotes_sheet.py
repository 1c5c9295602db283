"""The canonical quotes sheet: ``date,region,site,good,price,unit,kind,sales,stock``, checked row by row.

``kind``, ``sales`` and ``stock`` may be left out. ``price`` may be empty where ``stock`` is given.
Price is per ``unit``, sales and stock are in it.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final, Literal, cast

from schemas import units
from schemas.catalogue import Catalogue, Good, Problem
from schemas.events import QuoteKind
from schemas.fixed import LARGEST, PRICE, QUANTITY
from schemas.sheet import Problems, Row, read

REQUIRED: Final = ("date", "region", "site", "good", "price", "unit")
COLUMNS: Final = (*REQUIRED, "kind", "sales", "stock")
KINDS: Final = ("retail", "wholesale")

#: The stream takes nothing older.
EARLIEST: Final = date(2000, 1, 1)
LONGEST_SITE: Final = 100

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Quote:
    """One good row. Price in CNY per ``unit``, sales and stock in ``unit``."""

    day: date
    region: int
    site: str
    good: str
    unit: str
    kind: QuoteKind
    price: float | None
    sales: float | None
    stock: float | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """One bad row: its line in the file, its cells, and everything wrong with it."""

    line: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Sheet:
    """What was found in a file. ``fatal``: the file as a whole cannot be used."""

    quotes: list[Quote] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    fatal: list[Problem] = field(default_factory=list)
    other_kind: int = 0
    #: First and last date of the good rows and of those of the other kind; None without any.
    first: date | None = None
    last: date | None = None

    def span(self, day: date) -> None:
        """Let ``day`` lie between the first and the last date."""
        self.first = min(self.first or day, day)
        self.last = max(self.last or day, day)


@dataclass(slots=True)
class _Seen:
    """What earlier rows said, to find a row that contradicts or (unless ``repeats``) repeats one."""

    repeats: bool = False

    regions: dict[str, tuple[int, int]] = field(default_factory=dict)
    rows: dict[tuple[date, str, str, str], int] = field(default_factory=dict)


def load(path: Path, catalogue: Catalogue, kind: QuoteKind | None = None, *, repeats: bool = False) -> Sheet:
    """Return the rows of the file, good and bad ones apart.

    ``kind`` leaves rows of the other kind out, and is the kind of rows that name none (else retail).
    ``repeats`` lets several rows have the same date, site, good and kind: later ones are corrections.
    """
    found, problems = Sheet(), Problems()
    rows = read(path, REQUIRED, problems)
    header = 1
    for problem in problems.kept:
        if rows and problem.row > header and not problems.omitted:
            found.rejected.append(Rejected(problem.row, {}, (problem,)))
        else:
            found.fatal.append(problem)
    seen = _Seen(repeats)
    for row in rows:
        _sort(row, catalogue, kind, seen, found)
    found.rejected.sort(key=lambda rejected: rejected.line)
    return found


def write_rejected(path: Path, rejected: Sequence[Rejected]) -> None:
    """Write the bad rows as they were, with their line and what is wrong, so that they can be mended."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, "row", "problem"))
        for row in rejected:
            told = "; ".join(str(problem) for problem in row.problems)
            writer.writerow((*(row.cells.get(column, "") for column in COLUMNS), row.line, told))


def _sort(row: Row, catalogue: Catalogue, kind: QuoteKind | None, seen: _Seen, found: Sheet) -> None:
    if kind and row["kind"] in KINDS and row["kind"] != kind:
        found.other_kind += 1
        day = _parsed(row["date"])
        if day is not None and day >= EARLIEST:
            found.span(day)
        return
    own = Problems()
    quote = _quote(replace(row, problems=own), catalogue, kind or "retail", seen)
    if quote is None or own.kept:
        found.rejected.append(Rejected(row.line, row.cells, tuple(own.kept)))
    else:
        found.quotes.append(quote)
        found.span(quote.day)


def _quote(row: Row, catalogue: Catalogue, kind: QuoteKind, seen: _Seen) -> Quote | None:
    day, region, site = _day(row), _county(row, catalogue), _site(row)
    good = _good(row, catalogue)
    factor = _factor(row, good) if good else None
    price = _number(row, "price", PRICE)
    sales, stock = _number(row, "sales", QUANTITY), _number(row, "stock", QUANTITY)
    named = _kind(row, kind)
    if price is not None and factor and round(price / factor * PRICE) <= 0:
        row.wrong("price", f"{row['price']} is not above 0: leave it empty if unknown", "价格须大于 0；未知请留空")
    if price is None and stock is None and not row["price"] and not row["stock"]:
        row.wrong("price", "neither price nor stock is given: fill in one", "价格和库存都为空：请至少填写一项")
    if day is None or region is None or good is None or factor is None or named is None or not site:
        return None
    _check_seen(row, seen, day, region, site, good.code, named)
    return Quote(day, region, site, good.code, row["unit"], named, price, sales, stock)


def _check_seen(row: Row, seen: _Seen, day: date, region: int, site: str, good: str, kind: str) -> None:
    known, line = seen.regions.setdefault(site, (region, row.line))
    if known != region:
        row.wrong(
            "region",
            f"site {site!r} is in {known} on line {line}: a site has one region",
            f"第 {line} 行中站点 {site!r} 属于 {known}：一个站点只能属于一个区县",
        )
    before = seen.rows.setdefault((day, site, good, kind), row.line)
    if before != row.line and not seen.repeats:
        row.wrong(
            "good",
            f"the same date, site, good and kind as line {before}: keep one of them",
            f"与第 {before} 行的日期、站点、商品、类别相同：请保留一行",
        )


def _day(row: Row) -> date | None:
    text = row["date"]
    day = _parsed(text)
    if day is None:
        row.wrong("date", f"{text!r} is not a date: write 2021-07-01", f"{text!r} 不是日期：请写成 2021-07-01")
    elif day < EARLIEST:
        row.wrong("date", f"{text} is before {EARLIEST}: correct the year", f"{text} 早于 {EARLIEST}：请核对年份")
        return None
    return day


def _parsed(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2021-07-01") else None
    except ValueError:
        return None


def _county(row: Row, catalogue: Catalogue) -> int | None:
    text = row["region"]
    region = catalogue.regions.get(int(text)) if re.fullmatch(r"[1-9]\d{5}", text) else None
    if region is None or region.level != "county":
        example = catalogue.counties(catalogue.prefectures[0])[:1] if catalogue.prefectures else ()
        write = example[0] if example else "a county"
        row.wrong(
            "region",
            f"{text!r} is no county of the catalogue: write its code, for example {write}",
            f"{text!r} 不是目录中的区县：请填写区县代码，例如 {write}",
        )
        return None
    return region.code


def _site(row: Row) -> str:
    site = row.needed("site")
    if len(site) > LONGEST_SITE:
        row.wrong("site", f"has over {LONGEST_SITE} characters: shorten it", f"超过 {LONGEST_SITE} 个字符：请缩短")
    return site


def _good(row: Row, catalogue: Catalogue) -> Good | None:
    good = catalogue.goods.get(row["good"])
    if good is None:
        row.wrong(
            "good",
            f"{row['good']!r} is no good of the catalogue: use a code of its goods.csv, or start with --catalogue",
            f"{row['good']!r} 不是目录中的商品：请使用 goods.csv 中的代码，或用 --catalogue 指定目录",
        )
    return good


def _factor(row: Row, good: Good) -> float | None:
    try:
        return units.factor(row["unit"], good.unit)
    except units.UnitError as error:
        english, _, chinese = str(error).partition(" / ")
        row.wrong("unit", english, chinese or english)
        return None


def _kind(row: Row, kind: QuoteKind) -> QuoteKind | None:
    text = row["kind"]
    if text and text not in KINDS:
        row.wrong("kind", f"{text!r} is no kind: write retail or wholesale", f"{text!r} 无效：请写 retail 或 wholesale")
        return None
    return cast("Literal['retail', 'wholesale']", text or kind)


def _number(row: Row, column: str, scale: int) -> float | None:
    text = row[column]
    if not text:
        return None
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value) or abs(value) * scale >= LARGEST:
        row.wrong(column, f"{text!r} is not a number: write digits, as in 12.5", f"{text!r} 不是数字：请写成 12.5")
        return None
    if value < 0:
        row.wrong(column, f"{text} is below 0: correct it", f"{text} 小于 0：请改正")
        return None
    return value
