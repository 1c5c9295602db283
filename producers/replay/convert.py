"""Real data sets as canonical quotes, each with the catalogue of its own goods beside it.

``OUT_DIR/quotes.csv`` and ``OUT_DIR/catalogue/{regions,goods,categories}.csv``: start an instance
with ``--catalogue OUT_DIR/catalogue``, then replay the quotes into it. Regions are made up and say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from producers.replay import freshretail_data as fresh
from producers.replay.quotes_sheet import COLUMNS
from producers.replay.recording import ReplayError
from schemas import catalogue
from schemas.catalogue import Category, Good, Region

#: One Chinese supermarket; the data names neither it nor its town.
VEGETABLE_SITE: Final = "cumcm2023-supermarket"
VEGETABLE_PREFECTURE: Final = 990_200
VEGETABLE_COUNTY: Final = 990_201

VEGETABLE_COLUMNS: Final = ("日期", "单品编码", "批发价格(元/千克)", "单品名称", "分类编码", "分类名称")

_LEAFY: Final = (3.0, 2.0, 1.0, 0.5)
_STORABLE: Final = (10.0, 5.0, 3.0, 1.0)

#: Category of the data -> code, English name, days of cover (DOMAIN: leafy, storable, other).
_CATEGORIES: Final = {
    "花叶类": ("leafy", "Leafy vegetables", _LEAFY),
    "花菜类": ("cauliflower", "Cauliflower and broccoli", fresh.COVER),
    "水生根茎类": ("aquatic-roots", "Aquatic roots", _STORABLE),
    "茄类": ("nightshade", "Eggplants and tomatoes", fresh.COVER),
    "辣椒类": ("peppers", "Peppers", fresh.COVER),
    "食用菌": ("mushrooms", "Mushrooms", fresh.COVER),
}


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written."""

    quotes: Path
    catalogue: Path
    rows: int
    goods: int
    skipped: dict[str, int]


def vegetables(source: Path, directory: Path) -> Converted:
    """Write the daily wholesale prices of a supermarket's vegetables (CUMCM 2023 C) as quotes.

    Kind wholesale, per kg, one site. Raises ``ReplayError`` and ``OSError``.
    """
    raw = _vegetable_rows(source)
    known = raw.filter(pl.col("price") > 0)
    quotes = known.select(
        pl.col("day").alias("date"),
        pl.lit(str(VEGETABLE_COUNTY)).alias("region"),
        pl.lit(VEGETABLE_SITE).alias("site"),
        (pl.lit("v") + pl.col("code")).alias("good"),
        "price",
        pl.lit("kg").alias("unit"),
        pl.lit("wholesale").alias("kind"),
        pl.lit(None, pl.Float64).alias("sales"),
        pl.lit(None, pl.Float64).alias("stock"),
    ).sort("date", maintain_order=True)
    goods = [
        Good(f"v{code}", name, f"Vegetable {code[-6:]}", _CATEGORIES[group][0], "kg", _CATEGORIES[group][2])
        for code, name, group in raw.select("code", "name", "category").unique("code").sort("code").iter_rows()
    ]
    categories = {code: Category(zh, english) for zh, (code, english, _) in _CATEGORIES.items()}
    skipped = {"rows without a price above 0": raw.height - known.height} if raw.height > known.height else {}
    return _write(directory, quotes, _vegetable_regions(), goods, categories, skipped)


def freshretail(source: Path, directory: Path) -> Converted:
    """Write hourly sales with stock-out labels as daily quotes without prices.

    As in the emergency daily report, in by 12:00: ``sales`` are those of the day before (empty on the
    first day), ``stock`` is what was there at noon: 0 where the label says out, else the smallest
    quantity that fits the labels. Kind retail. Raises ``ReplayError`` and ``OSError``.
    """
    hours, skipped = fresh.read(source)
    day = pl.col("civil").dt.date().alias("date")
    key = ("store_id", "product_id", "date")
    noon = fresh.with_stock(hours).filter(pl.col("civil").dt.hour() == 12).with_columns(day)
    sold = hours.group_by("store_id", "product_id", (day + pl.duration(days=1))).agg(pl.col("sold").sum().round(3))
    quotes = (
        noon.drop("sold")
        .join(sold, on=key, how="left", maintain_order="left")
        .sort("date", "store_id", "product_id")
        .select(
            "date",
            pl.lit(str(fresh.COUNTY)).alias("region"),
            (pl.lit("fr-") + pl.col("store_id").cast(pl.String)).alias("site"),
            (pl.lit("product-") + pl.col("product_id").cast(pl.String)).alias("good"),
            pl.lit(None, pl.Float64).alias("price"),
            pl.lit(fresh.UNIT).alias("unit"),
            pl.lit("retail").alias("kind"),
            pl.col("sold").alias("sales"),
            pl.col("on_hand").alias("stock"),
        )
    )
    goods, categories = fresh.goods(hours)
    return _write(directory, quotes, fresh.regions(), goods, categories, skipped)


def _vegetable_rows(source: Path) -> pl.DataFrame:
    try:
        raw = pl.read_csv(source, infer_schema=False)
    except (OSError, PolarsError) as error:
        why = " ".join(str(error).split())[:200]
        msg = (
            f"{source} cannot be read as a CSV file ({why}): name the file of wholesale prices / 无法读取 {source.name}"
        )
        raise ReplayError(msg) from error
    missing = [column for column in VEGETABLE_COLUMNS if column not in raw.columns]
    if missing:
        msg = f"{source.name} lacks the columns {', '.join(missing)} / {source.name} 缺少列 {'、'.join(missing)}"
        raise ReplayError(msg)
    day, code, price, name, _, category = (pl.col(column) for column in VEGETABLE_COLUMNS)
    rows = raw.select(
        day.str.to_date("%Y-%m-%d", strict=False).alias("day"),
        code.alias("code"),
        price.cast(pl.Float64, strict=False).alias("price"),
        name.alias("name"),
        category.alias("category"),
    )
    bad = rows.with_row_index(offset=2).filter(
        pl.any_horizontal(pl.all().is_null()) | ~pl.col("category").is_in(list(_CATEGORIES))
    )
    if bad.height:
        line = bad["index"][0]
        msg = (
            f"{source.name}:{line} has an empty or odd value, as have {bad.height - 1} more: correct the file"
            f" / 第 {line} 行的值为空或无效，另有 {bad.height - 1} 行：请改正"
        )
        raise ReplayError(msg)
    return rows


def _vegetable_regions() -> list[Region]:
    return [
        fresh.regions()[0],
        fresh.region(VEGETABLE_PREFECTURE, "蔬菜样本市", "Vegetable sample city", "蔬菜样本", "VegCity"),
        fresh.region(VEGETABLE_COUNTY, "蔬菜样本区", "Vegetable sample district", "样本区", "District"),
    ]


def _write(
    directory: Path,
    quotes: pl.DataFrame,
    regions: list[Region],
    goods: list[Good],
    categories: dict[str, Category],
    skipped: dict[str, int],
) -> Converted:
    directory.mkdir(parents=True, exist_ok=True)
    catalogue.write(regions, goods, directory / "catalogue", categories)
    target = directory / "quotes.csv"
    quotes.select(COLUMNS).write_csv(target)
    return Converted(target, directory / "catalogue", quotes.height, len(goods), skipped)
