"""Regions: provinces, prefectures and counties by their six-digit codes (GB/T 2260)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from schemas.sheet import Row
from schemas.tiles import Tile, arrange

RegionLevel = Literal["province", "prefecture", "county"]

COLUMNS: Final = ("code", "name_zh", "name_en", "parent", "level", "short_zh", "short_en", "row", "column")

#: What follows from the code or the Chinese name where it is left out.
OPTIONAL: Final = COLUMNS[2:]

#: What fits on a tile of the wall at 15 px.
LONGEST_SHORT_EN: Final = 8

#: A grid cell beyond this is a slip: the wall has 8 by 13.
LAST_CELL: Final = 199

_SUFFIX: Final = re.compile(r"(?<=..)(特别行政区|自治[区州县旗]|[省市区县旗盟州]|地区)$")


@dataclass(frozen=True, slots=True)
class Region:
    """One region. ``parent`` is 0 for a province; ``tile`` is its (row, column) on the county grid.

    The tile of a prefecture is its label cell; a province has none.
    """

    code: int
    name_zh: str
    name_en: str
    parent: int
    level: RegionLevel
    short_zh: str
    short_en: str
    tile: Tile | None


def level_of(code: int) -> RegionLevel:
    """Return the level that the code itself tells: PP0000, PPCC00 or a county."""
    if code % 10_000 == 0:
        return "province"
    return "prefecture" if code % 100 == 0 else "county"


def parent_of(code: int) -> int:
    """Return the code of the region above, 0 above a province."""
    if code % 10_000 == 0:
        return 0
    return code // 10_000 * 10_000 if code % 100 == 0 else code // 100 * 100


def parse(rows: Iterable[Row]) -> dict[int, Region]:
    """Return the regions of ``rows`` in their order; problems go to the rows' collector."""
    regions: dict[int, Region] = {}
    origin: dict[int, Row] = {}
    for row in rows:
        code = _code(row)
        if code is None:
            continue
        if code in regions:
            line = origin[code].line
            row.wrong(
                "code", f"{code} is also on line {line}: keep one of them", f"{code} 与第 {line} 行重复：请保留一行"
            )
            continue
        regions[code], origin[code] = _region(row, code), row
    _check_parents(regions, origin)
    _check_tiles(regions, origin)
    return _fill_tiles(regions)


def _code(row: Row) -> int | None:
    text = row["code"]
    if re.fullmatch(r"[1-9][0-9]{5}", text):
        return int(text)
    row.wrong(
        "code", f"{text!r} is not a code: six digits such as 540402", f"{text!r} 不是区划代码：应为六位数字，如 540402"
    )
    return None


def _region(row: Row, code: int) -> Region:
    level, parent = level_of(code), parent_of(code)
    if row["level"] not in {"", level}:
        row.wrong(
            "level",
            f"{row['level']!r} does not match code {code}: write {level}",
            f"{row['level']!r} 与代码 {code} 不符：应为 {level}",
        )
    if row["parent"] not in {"", str(parent)}:
        want = str(parent) if parent else "nothing"
        row.wrong(
            "parent",
            f"{row['parent']!r} is not the region above {code}: write {want}",
            f"{row['parent']!r} 不是 {code} 的上级：应为 {parent or '空'}",
        )
    name_zh = row.needed("name_zh")
    name_en = row["name_en"] or name_zh
    return Region(
        code,
        name_zh,
        name_en,
        parent,
        level,
        row["short_zh"] or _SUFFIX.sub("", name_zh),
        (row["short_en"] or name_en)[:LONGEST_SHORT_EN].rstrip(),
        _tile(row),
    )


def _tile(row: Row) -> Tile | None:
    if not row["row"] and not row["column"]:
        return None
    cells = []
    for column in ("row", "column"):
        text = row[column]
        if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= LAST_CELL:
            cells.append(int(text))
        else:
            row.wrong(
                column,
                f"{text!r} is not a grid position: 0 to {LAST_CELL}, or leave row and column both empty",
                f"{text!r} 不是网格坐标：应为 0 到 {LAST_CELL}，或行列都留空",
            )
    return (cells[0], cells[1]) if len(cells) == 2 else None


def _check_parents(regions: dict[int, Region], origin: dict[int, Row]) -> None:
    for code, region in regions.items():
        above = region.parent
        if above and above not in regions:
            origin[code].wrong(
                "parent",
                f"{above} is not in this file: add a row for it ({level_of(above)})",
                f"本文件没有 {above}：请补上该行（{level_of(above)}）",
            )


def _check_tiles(regions: dict[int, Region], origin: dict[int, Row]) -> None:
    taken: dict[Tile, int] = {}
    for code, region in regions.items():
        if region.tile is None:
            continue
        if region.level == "province":
            origin[code].wrong("row", "a province has no tile: leave row and column empty", "省级没有方格：行列请留空")
            continue
        other = taken.setdefault(region.tile, code)
        if other != code:
            origin[code].wrong(
                "row",
                f"tile {region.tile[0]},{region.tile[1]} is taken by {other}: choose another or leave both empty",
                f"方格 {region.tile[0]},{region.tile[1]} 已被 {other} 占用：请另选，或行列都留空",
            )


def _fill_tiles(regions: dict[int, Region]) -> dict[int, Region]:
    blocks: dict[int, list[int]] = {}
    for code, region in sorted(regions.items()):
        if region.tile is None and region.level != "province":
            blocks.setdefault(code // 100 * 100, []).append(code)
    tiles = arrange(blocks, [region.tile for region in regions.values() if region.tile])
    return {code: replace(region, tile=tiles.get(code, region.tile)) for code, region in regions.items()}
