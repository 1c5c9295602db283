"""Sheets of enterprises and sites: CSV in, entities or problems with row and column out, and back to CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, get_args

from schemas import opening
from schemas.catalogue import Catalogue
from schemas.registry import Contact, Enterprise, FeedKind, Site
from schemas.sheet import Problem, Problems, Row, heading, read

Sheet = Literal["enterprises", "sites"]
Entity = Enterprise | Site

ENTERPRISE_COLUMNS: Final = ("code", "name_zh", "name_en", "prefectures", "feed", "contact_name", "contact_phone")
SITE_COLUMNS: Final = (
    *("code", "enterprise", "county", "name_zh", "name_en", "hours", "contact_name", "contact_phone"),
)  # fmt: skip
COLUMNS: Final[Mapping[Sheet, tuple[str, ...]]] = MappingProxyType(
    {"enterprises": ENTERPRISE_COLUMNS, "sites": SITE_COLUMNS}
)
OPTIONAL: Final = ("name_en", "feed", "hours", "contact_name", "contact_phone")
#: Headings as bureaus write them.
CHINESE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "编码": "code", "企业编码": "code", "网点编码": "code", "名称": "name_zh", "中文名": "name_zh",
        "企业名称": "name_zh", "网点名称": "name_zh", "英文名": "name_en", "服务地市": "prefectures",
        "地市": "prefectures", "库存上报方式": "feed", "联系人": "contact_name", "联系电话": "contact_phone",
        "电话": "contact_phone", "所属企业": "enterprise", "县区": "county", "县区代码": "county", "营业时间": "hours",
    }
)  # fmt: skip
_FEEDS: Final[Mapping[str, FeedKind]] = MappingProxyType(
    {"盘点": "snapshots", "流水": "movements", **{name: name for name in get_args(FeedKind)}}
)
#: As long as a name may be in an event.
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a sheet says: its entities, and what is wrong with its other rows."""

    sheet: Sheet
    entities: list[Entity]
    problems: Sequence[Problem]
    omitted: int

    @property
    def wrong(self) -> int:
        """Return how many problems there are."""
        return len(self.problems) + self.omitted


def sheet_of(path: Path) -> Sheet | None:
    """Return what a file lists, from its headings; None where they do not say."""
    names = {CHINESE.get(name, name) for name in heading(path)}
    if "county" in names:
        return "sites"
    return "enterprises" if "prefectures" in names else None


def load(path: Path, sheet: Sheet, catalogue: Catalogue) -> Loaded:
    """Return what the CSV file at ``path`` says of enterprises or sites; a row that is wrong is left out and told."""
    problems = Problems()
    optional = [name for name in COLUMNS[sheet] if name in OPTIONAL]
    rows = read(path, COLUMNS[sheet], problems, optional, aliases=CHINESE)
    build: Callable[[Row, Catalogue], Entity] = _enterprise if sheet == "enterprises" else _site
    entities: list[Entity] = []
    lines: dict[str, int] = {}
    for row in rows:
        before = len(problems.kept) + problems.omitted
        entity = build(row, catalogue)
        if entity.code in lines:
            row.wrong("code", f"is already on line {lines[entity.code]}", f"与第 {lines[entity.code]} 行重复")
        if len(problems.kept) + problems.omitted == before:
            entities.append(entity)
        lines.setdefault(entity.code, row.line)
    return Loaded(sheet, entities, problems.kept, problems.omitted)


def cells(entity: Entity) -> dict[str, str]:
    """Return an entity as the row of a sheet, by column."""
    contact = {"contact_name": entity.contact.name, "contact_phone": entity.contact.phone}
    if isinstance(entity, Site):
        own = {"enterprise": entity.enterprise, "county": entity.county, "hours": entity.hours}
    else:
        own = {"prefectures": ";".join(entity.prefectures), "feed": entity.feed or ""}
    known = {"code": entity.code, "name_zh": entity.name_zh, "name_en": entity.name_en, **own, **contact}
    return {name: known[name] for name in COLUMNS["sites" if isinstance(entity, Site) else "enterprises"]}


def _enterprise(row: Row, catalogue: Catalogue) -> Enterprise:
    codes = [part for part in re.split(r"[;,，；、\s]+", row.needed("prefectures")) if part]
    for code in codes:
        if code not in {str(known) for known in catalogue.prefectures}:
            row.wrong("prefectures", f"{code} is no prefecture of the catalogue", f"{code} 不是目录中的地市")
    feed = _FEEDS.get(row["feed"])
    if row["feed"] and feed is None:
        row.wrong("feed", f"{row['feed']!r}: write snapshots, movements or nothing", "请写 盘点、流水 或留空")
    return Enterprise(
        code=_name(row, "code"),
        name_zh=_name(row, "name_zh"),
        prefectures=codes,
        name_en=_short(row, "name_en"),
        contact=_contact(row),
        feed=feed,
    )


def _site(row: Row, catalogue: Catalogue) -> Site:
    county = row.needed("county")
    if county and not any(county == str(code) for code, found in catalogue.regions.items() if found.level == "county"):
        row.wrong("county", f"{county} is no county of the catalogue", f"{county} 不是目录中的县区")
    if row["hours"]:
        try:
            opening.parse(row["hours"])
        except opening.OpeningError as error:
            row.wrong("hours", error.english, error.chinese)
    return Site(
        code=_name(row, "code"),
        enterprise=_name(row, "enterprise"),
        county=county,
        name_zh=_name(row, "name_zh"),
        name_en=_short(row, "name_en"),
        hours=row["hours"],
        contact=_contact(row),
    )


def _contact(row: Row) -> Contact:
    return Contact(_short(row, "contact_name"), _short(row, "contact_phone"))


def _name(row: Row, column: str) -> str:
    row.needed(column)
    return _short(row, column)


def _short(row: Row, column: str) -> str:
    if len(row[column]) > LONGEST:
        row.wrong(column, f"is longer than {LONGEST} characters", f"超过 {LONGEST} 个字符")
    return row[column]
