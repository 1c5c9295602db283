"""Generated markets for backtests: provinces, sites, gaps, corrections, outages, leap days; and their files."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from schemas import catalogue
from schemas.catalogue import Good, Region
from tests.independent.packs import World

#: Three provinces: one with its capital, one whose capital is not in the catalogue, one with a single prefecture.
COUNTIES: dict[int, tuple[int, ...]] = {
    110100: (110101, 110102, 110103),
    110300: (110301, 110302),
    110400: (110401,),
    230200: (230201, 230202),
    230500: (230501, 230502, 230503),
    370100: (370101, 370102),
}
#: Code -> base unit, and the units it is quoted in with how many base units each is.
GOODS: dict[str, tuple[str, dict[str, float]]] = {
    "apple": ("kg", {"kg": 1.0, "斤": 0.5}),
    "oil": ("L", {"L": 1.0, "500ml": 0.5}),
    "egg": ("piece", {"piece": 1.0, "打": 12.0}),
    "tea": ("kg", {"kg": 1.0, "500g": 0.5}),
}
COVER = (7.0, 4.0, 2.0, 1.0)


@dataclass(frozen=True)
class Row:
    """One line of the file; ``price`` and ``stock`` are in ``unit``."""

    day: date
    region: int
    site: str
    good: str
    price: float | None
    stock: float | None
    unit: str


@dataclass(frozen=True)
class Shock:
    """Something that happens to a good in a region and all below it: prices times ``factor``, or no stock."""

    good: str
    region: int
    first: int
    last: int
    factor: float

    def hits(self, row_region: int, good: str, day: int) -> bool:
        """Return whether a county's good is hit on a date."""
        step = next(each for each in (1_000_000, 10_000, 100, 1) if self.region % each == 0)
        return good == self.good and self.first <= day <= self.last and row_region // step * step == self.region


def write_catalogue(directory: Path, counties: Mapping[int, Sequence[int]] = COUNTIES) -> None:
    """Write the regions and goods."""
    provinces = sorted({code // 10_000 * 10_000 for code in counties})
    codes = [*provinces, *counties, *(code for own in counties.values() for code in own)]
    levels = {0: "province", 1: "prefecture"}
    regions = []
    for code in codes:
        parent = 0 if code in provinces else code // 10_000 * 10_000 if code in counties else code // 100 * 100
        level: Any = levels[0] if code in provinces else levels[1] if code in counties else "county"
        regions.append(Region(code, f"区{code}", f"Region {code}", parent, level, f"区{code}", str(code), None))
    goods = [Good(code, f"商品{code}", code.title(), "grain-oil", unit, COVER) for code, (unit, _) in GOODS.items()]
    catalogue.write(regions, goods, directory)


def generated(seed: int, first: date, dates: int) -> list[Row]:
    """Return the rows of a market, in the order of the file: dates mixed, corrections after what they correct."""
    chance = random.Random(seed)
    counties = [code for own in COUNTIES.values() for code in own]
    sites = {f"s{county}-{number}": county for county in counties for number in range(chance.choice([1, 2, 2, 3, 4]))}
    rises, outages = _shocks(chance, counties, dates, 26), _shocks(chance, counties, dates, 14)
    rows: list[Row] = []
    for site, region in sites.items():
        for good, (_, units) in GOODS.items():
            if chance.random() < 0.12:
                continue  # not every site has every good
            base, silent = chance.uniform(3, 40), 0
            begins = chance.choice([0, 0, 0, dates // 3])
            mute = chance.random() < 0.15
            for day in range(begins, dates):
                base = min(max(base * chance.choice([0.97, 1, 1, 1, 1.03]), 1.0), 80.0)
                silent = chance.choice([1, 2, 3, 5, 12, 31]) if chance.random() < 0.05 else silent - 1
                if silent > 0:
                    continue
                factor = 1.0
                for shock in rises:
                    factor *= shock.factor if shock.hits(region, good, day) else 1.0
                empty = any(shock.hits(region, good, day) and chance.random() < 0.9 for shock in outages)
                stock = None if mute or chance.random() < 0.3 else 0.0 if empty else round(chance.uniform(0.001, 90), 3)
                unit = chance.choice(list(units))
                price = round(base * factor * units[unit], 2)
                given = None if stock is not None and chance.random() < 0.1 else price
                if given is None and stock is None:
                    continue
                rows.append(Row(first + timedelta(days=day), region, site, good, given, stock, unit))
    return _disordered(rows, chance)


def _shocks(chance: random.Random, counties: Sequence[int], dates: int, number: int) -> list[Shock]:
    shocks = []
    for _ in range(number):
        county = chance.choice(counties)
        region = chance.choice([county, county // 100 * 100, county // 10_000 * 10_000, 0])
        start = chance.randrange(dates)
        length = chance.choice([1, 2, 5, 9, 15])
        factor = chance.choice([0.6, 1.33, 1.45, 1.62, 1.85, 2.3])
        shocks.append(Shock(chance.choice(list(GOODS)), region, start, start + length, factor))
    return shocks


def _disordered(rows: list[Row], chance: random.Random) -> list[Row]:
    """Shuffle the rows, and let some be corrected by a later row: the price, the stock, or both."""
    shuffled = rows[:]
    chance.shuffle(shuffled)
    corrections = []
    for row in chance.sample(rows, len(rows) // 25):
        price = None if row.price is None or chance.random() < 0.2 else round(row.price * chance.choice([0.5, 1.5]), 2)
        stock = chance.choice([None, 0.0, 5.0]) if price is not None else chance.choice([0.0, 5.0])
        corrections.append(Row(row.day, row.region, row.site, row.good, price, stock, row.unit))
    return shuffled + corrections


def write_quotes(rows: Sequence[Row], path: Path, kind: str) -> None:
    """Write the canonical file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("date", "region", "site", "good", "price", "unit", "kind", "sales", "stock"))
        for row in rows:
            cells = ["" if value is None else value for value in (row.price, row.stock)]
            writer.writerow((row.day, row.region, row.site, row.good, cells[0], row.unit, kind, "", cells[1]))


def world(rows: Sequence[Row]) -> World:
    """Return the rows in base units, for the recomputation."""
    records = []
    for row in rows:
        size = GOODS[row.good][1][row.unit]
        price = None if row.price is None else round(row.price / size, 4)
        stock = None if row.stock is None else round(row.stock * size, 3)
        records.append((row.day, row.region, row.site, row.good, price, stock))
    columns = ["day", "region", "site", "good", "price", "stock"]
    return World(pd.DataFrame(records, columns=columns), {code: len(own) for code, own in COUNTIES.items()})
