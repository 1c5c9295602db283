"""Which regions and goods a deployment watches: the default (Tibet, 38 goods) or a directory of CSV files.

``regions.csv`` and ``goods.csv`` are required; ``categories.csv`` may be left out where the
default categories suffice. A bad catalogue is refused with file, row and column.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from schemas import goods as goods_sheet
from schemas import regions as regions_sheet
from schemas.goods import Category, Good
from schemas.regions import Region
from schemas.sheet import Problem, Problems, read

__all__ = ["Catalogue", "CatalogueError", "Category", "Good", "Problem", "Region", "load", "write"]

DEFAULT_DIRECTORY: Final = Path(__file__).parent / "data"


class CatalogueError(ValueError):
    """A catalogue that was refused: ``problems`` (at most 20), the first one's place as attributes.

    ``row`` is the 1-based line in ``file``, 0 when the file as a whole is wrong.
    """

    def __init__(self, directory: Path, problems: Sequence[Problem], omitted: int = 0) -> None:
        first = problems[0]
        self.directory = directory
        self.problems = tuple(problems)
        self.omitted = omitted
        self.file, self.row, self.column, self.message = first.file, first.row, first.column, str(first)
        count = len(problems) + omitted
        lines = [
            f"catalogue {directory} was refused, {count} problem(s) / 目录数据被拒绝，共 {count} 处问题",
            *map(str, problems),
        ]
        if omitted:
            lines.append(f"and {omitted} more / 另有 {omitted} 处")
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Regions by code and goods and categories by their code, in the order of the files. Immutable."""

    regions: Mapping[int, Region]
    goods: Mapping[str, Good]
    categories: Mapping[str, Category]
    #: Sorted codes.
    prefectures: tuple[int, ...]
    #: SHA-256 (hex) of the content, whatever the order of the rows.
    fingerprint: str
    _counties: Mapping[int, tuple[int, ...]] = field(repr=False)

    def counties(self, prefecture: int) -> tuple[int, ...]:
        """Return the sorted county codes of ``prefecture``; empty if there are none."""
        return self._counties.get(prefecture, ())

    def place_zh(self, region: int) -> str:
        """Return the full Chinese name: 林芝市巴宜区. A region that is not listed shows its code."""
        found = self.regions.get(region)
        if found is None:
            return str(region) if region else "全国"
        above = self.regions[found.parent].name_zh if found.level == "county" else ""
        return above + found.name_zh

    def place_en(self, region: int) -> str:
        """Return the full English name: "Bayi District, Nyingchi". A region that is not listed shows its code."""
        found = self.regions.get(region)
        if found is None:
            return str(region) if region else "Nationwide"
        above = f", {self.regions[found.parent].name_en}" if found.level == "county" else ""
        return found.name_en + above


def load(directory: Path | None = None) -> Catalogue:
    """Return the catalogue in ``directory``, or the default one.

    Raises ``CatalogueError`` with up to 20 problems at once.
    """
    folder = DEFAULT_DIRECTORY if directory is None else directory
    problems = Problems()
    own = folder / "categories.csv"
    categories = goods_sheet.parse_categories(
        read(own if own.exists() else DEFAULT_DIRECTORY / own.name, goods_sheet.CATEGORY_COLUMNS, problems)
    )
    regions = regions_sheet.parse(read(folder / "regions.csv", regions_sheet.COLUMNS, problems, regions_sheet.OPTIONAL))
    goods = goods_sheet.parse(
        read(folder / "goods.csv", goods_sheet.COLUMNS, problems, goods_sheet.OPTIONAL), categories
    )
    if problems.kept:
        raise CatalogueError(folder, problems.kept, problems.omitted)
    return _assemble(regions, goods, categories)


def write(
    regions: Iterable[Region],
    goods: Iterable[Good],
    directory: Path,
    categories: Mapping[str, Category] | None = None,
) -> Catalogue:
    """Write ``regions.csv``, ``goods.csv`` (and ``categories.csv``) to ``directory``; return them as loaded.

    A region whose ``tile`` is None gets one when the catalogue is loaded. Without ``categories``
    the goods must use the default ones. Raises ``CatalogueError`` and ``OSError``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _write(directory / "regions.csv", regions_sheet.COLUMNS, map(_region_cells, regions))
    _write(directory / "goods.csv", goods_sheet.COLUMNS, map(_good_cells, goods))
    own = directory / "categories.csv"
    if categories is None:
        own.unlink(missing_ok=True)
    else:
        named = ((code, category.name_zh, category.name_en) for code, category in categories.items())
        _write(own, goods_sheet.CATEGORY_COLUMNS, named)
    return load(directory)


def _assemble(regions: dict[int, Region], goods: dict[str, Good], categories: dict[str, Category]) -> Catalogue:
    counties: dict[int, list[int]] = {}
    for code in sorted(regions):
        if regions[code].level == "county":
            counties.setdefault(regions[code].parent, []).append(code)
    return Catalogue(
        MappingProxyType(regions),
        MappingProxyType(goods),
        MappingProxyType(categories),
        tuple(sorted(code for code, region in regions.items() if region.level == "prefecture")),
        _fingerprint(regions, goods, categories),
        MappingProxyType({prefecture: tuple(codes) for prefecture, codes in counties.items()}),
    )


def _fingerprint(regions: dict[int, Region], goods: dict[str, Good], categories: dict[str, Category]) -> str:
    used = {good.category for good in goods.values()}
    content = [
        [astuple(regions[code]) for code in sorted(regions)],
        [astuple(goods[code]) for code in sorted(goods)],
        [[code, *astuple(categories[code])] for code in sorted(used)],
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _region_cells(region: Region) -> Sequence[object]:
    *cells, tile = astuple(region)
    cells[3] = cells[3] or ""
    return [*cells, *(tile or ("", ""))]


def _good_cells(good: Good) -> Sequence[object]:
    *cells, cover = astuple(good)
    return [*cells, *(f"{days:.15g}" for days in cover)]
