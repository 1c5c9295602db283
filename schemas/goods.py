"""Goods and their categories."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from schemas.sheet import Row
from schemas.units import BASES

COLUMNS: Final = (
    *("code", "name_zh", "name_en", "category", "unit"),
    *("cover_blue", "cover_yellow", "cover_orange", "cover_red"),
)
CATEGORY_COLUMNS: Final = ("code", "name_zh", "name_en")
COVER_COLUMNS: Final = COLUMNS[-4:]
#: A good without them has its category's days of cover, and its Chinese name in both languages.
OPTIONAL: Final = ("name_en", *COVER_COLUMNS)

#: A code is part of record keys (``region|good``), file names and addresses.
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_CODE: Final = 64

Cover = tuple[float, float, float, float]

#: Days of cover by default category (Hubei's reserves of 2021 for rice, meat, milk, eggs and vegetables) …
COVER: Final[Mapping[str, Cover]] = {
    "grain-oil": (30, 15, 7, 3),
    "meat": (20, 10, 5, 2),
    "dairy": (13, 7, 3, 1),
    "eggs": (6, 4, 2, 1),
    "storable-vegetables": (10, 5, 3, 1),
    "leafy-vegetables": (3, 2, 1, 0.5),
}
#: … and of every other one.
COVER_OTHER: Final[Cover] = (7, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Category:
    """A group of goods in both languages; its code is its key in the catalogue."""

    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Good:
    """One good. ``unit`` is its base unit (kg, L or piece).

    ``cover`` are days of cover below which it is blue, yellow, orange, red.
    """

    code: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    cover: Cover


def parse_categories(rows: Iterable[Row]) -> dict[str, Category]:
    """Return the categories of ``rows`` in their order; problems go to the rows' collector."""
    categories: dict[str, Category] = {}
    for row in rows:
        code = _new_code(row, categories)
        if code is not None:
            categories[code] = Category(row.needed("name_zh"), row.needed("name_en"))
    return categories


def parse(rows: Iterable[Row], categories: Collection[str]) -> dict[str, Good]:
    """Return the goods of ``rows`` in their order; problems go to the rows' collector."""
    goods: dict[str, Good] = {}
    for row in rows:
        code = _new_code(row, goods)
        if code is None:
            continue
        category = _member(row, "category", categories, "a category", "品类")
        unit = _member(row, "unit", BASES, "a base unit", "基准单位")
        name_zh = row.needed("name_zh")
        goods[code] = Good(code, name_zh, row["name_en"] or name_zh, category, unit, _cover(row))
    return goods


def _new_code(row: Row, seen: Collection[str]) -> str | None:
    code = row["code"]
    if len(code) > LONGEST_CODE or not _SLUG.fullmatch(code):
        row.wrong(
            "code",
            f"{code!r} is not a code: lower-case letters, digits and single hyphens, at most {LONGEST_CODE}",
            f"{code!r} 不是有效代码：只用小写字母、数字和单个连字符，最多 {LONGEST_CODE} 个",
        )
        return None
    if code in seen:
        row.wrong("code", f"{code!r} occurs before: keep one of the rows", f"{code!r} 重复：请保留一行")
        return None
    return code


def _member(row: Row, column: str, allowed: Collection[str], en: str, zh: str) -> str:
    value = row[column]
    if value not in allowed:
        near = difflib.get_close_matches(value, allowed, n=1)
        choices = near[0] if near else ", ".join(allowed)
        row.wrong(column, f"{value!r} is not {en}: use {choices}", f"{value!r} 不是已知的{zh}：请用 {choices}")
    return value


def _cover(row: Row) -> Cover:
    if not any(row[column] for column in COVER_COLUMNS):
        return COVER.get(row["category"], COVER_OTHER)
    blue, yellow, orange, red = (_days(row, column) for column in COVER_COLUMNS)
    known = [days for days in (blue, yellow, orange, red) if not math.isnan(days)]
    if len(known) == 4 and not blue > yellow > orange > red:
        row.wrong(
            "cover_blue",
            f"days must fall from blue to red, not {blue:g}, {yellow:g}, {orange:g}, {red:g}",
            f"天数应从蓝到红递减，现为 {blue:g}、{yellow:g}、{orange:g}、{red:g}",
        )
    return blue, yellow, orange, red


def _days(row: Row, column: str) -> float:
    try:
        days = float(row[column])
    except ValueError:
        days = math.nan
    if 0 < days < math.inf:
        return days
    row.wrong(column, f"{row[column]!r} is not a number of days above 0", f"{row[column]!r} 不是大于 0 的天数")
    return math.nan
