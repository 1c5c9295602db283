"""FreshRetailNet-50K-shaped hourly sales with stock-out labels: reading, and what they say about stock.

A label says only whether a product was out in an hour. In an hour that opens a stock-out the shop
has 0. In an hour that opens a run in stock it has at least what it sold up to the next stock-out,
and one base unit more, because it did not run out: that smallest quantity is what is observed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from producers.replay.recording import ReplayError
from schemas.catalogue import Category, Good, Region
from schemas.regions import level_of, parent_of

#: Region codes of no real division: GB/T 2260 gives out nothing above 82.
PROVINCE: Final = 990_000
PREFECTURE: Final = 990_100
COUNTY: Final = 990_101

UNIT: Final = "piece"
#: Days of cover for goods of no known kind (DOMAIN, "other").
COVER: Final = (7.0, 4.0, 2.0, 1.0)

COLUMNS: Final = ("store_id", "category_id", "product_id", "dt", "hour", "hourly_sale", "hourly_stockout")
BAD_VALUES: Final = "hours with an empty, negative or impossible value"
REPEATED: Final = "hours that occur twice"

_KEY: Final = ("store_id", "product_id", "civil")


def read(path: Path) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the hours in order of store, product and time, and how many were left out for which reason.

    Columns: ``store_id``, ``category_id``, ``product_id``, ``civil`` (start of the hour), ``sold`` (in
    the data's own scaled units, 3 decimals), ``out``. Raises ``ReplayError``.
    """
    try:
        raw = pl.read_parquet(path)
    except (OSError, PolarsError) as error:
        why = " ".join(str(error).split())[:200]
        msg = f"{path} cannot be read as a Parquet file ({why}): name the file of hourly sales / 无法读取 {path.name}"
        raise ReplayError(msg) from error
    missing = [column for column in COLUMNS if column not in raw.columns]
    if missing:
        msg = (
            f"{path.name} lacks the columns {', '.join(missing)}: it must have {', '.join(COLUMNS)}"
            f" / 缺少列 {', '.join(missing)}"
        )
        raise ReplayError(msg)
    return _clean(raw, path)


def _clean(raw: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, dict[str, int]]:
    try:
        hours = raw.select(
            pl.col("store_id", "category_id", "product_id").cast(pl.Int64),
            (
                pl.col("dt").cast(pl.Date).cast(pl.Datetime("us"))
                + pl.duration(hours=pl.col("hour").cast(pl.Int64), time_unit="us")
            ).alias("civil"),
            pl.col("hourly_sale").cast(pl.Float64).round(3).alias("sold"),
            (pl.col("hourly_stockout").cast(pl.Int64) == 1).alias("out"),
            pl.col("hour").cast(pl.Int64),
        )
    except PolarsError as error:
        why = " ".join(str(error).split())[:200]
        msg = f"{path.name} has a column of another type ({why}): see the FreshRetailNet-50K format / 列类型不符"
        raise ReplayError(msg) from error
    good = hours.drop_nulls().filter(
        pl.col("sold").is_finite() & (pl.col("sold") >= 0) & pl.col("hour").is_between(0, 23)
    )
    once = good.unique(_KEY, keep="first", maintain_order=True)
    skipped = {BAD_VALUES: hours.height - good.height, REPEATED: good.height - once.height}
    return once.drop("hour").sort(_KEY), {reason: count for reason, count in skipped.items() if count}


def with_stock(hours: pl.DataFrame) -> pl.DataFrame:
    """Return the hours with ``opens`` (first hour of a run in or out of stock) and ``on_hand``.

    ``on_hand`` is the smallest stock at the start of the hour that fits the labels. A gap in the
    data ends a run.
    """
    series = ("store_id", "product_id")
    gap = pl.col("civil").diff() != pl.duration(hours=1)
    opens = ((pl.col("out") != pl.col("out").shift()) | gap).fill_null(value=True).over(series)
    run = (*series, "run")
    sold_later = pl.col("sold").reverse().cum_sum().reverse().over(run).round(3)
    return (
        hours.with_columns(opens.alias("opens"))
        .with_columns(pl.col("opens").cum_sum().over(series).alias("run"))
        .with_columns(pl.when("out").then(0.0).otherwise(sold_later + 1.0).alias("on_hand"))
        .drop("run")
    )


def good_code(product: int) -> str:
    """Return the good of a product id."""
    return f"product-{product}"


def site_code(store: int) -> str:
    """Return the site of a store id."""
    return f"fr-{store}"


def regions() -> list[Region]:
    """Return the made-up regions of the city of the data; their names say that they are no real ones."""
    return [
        region(PROVINCE, "样本省", "Sample Province", "样本省", "Sample"),
        region(PREFECTURE, "鲜零售样本市", "FreshRetail sample city", "鲜零售", "FreshRtl"),
        region(COUNTY, "鲜零售样本区", "FreshRetail sample district", "样本区", "District"),
    ]


def region(code: int, zh: str, en: str, short_zh: str, short_en: str) -> Region:
    """Return a region whose names say that it is made up."""
    return Region(
        code, f"{zh}（非真实区划）", f"{en} (not real)", parent_of(code), level_of(code), short_zh, short_en, None
    )


def goods(hours: pl.DataFrame) -> tuple[list[Good], dict[str, Category]]:
    """Return the products as goods, and their categories."""
    pairs = hours.select("product_id", "category_id").unique("product_id", keep="first").sort("product_id")
    listed = [
        Good(good_code(product), f"商品 {product}", f"Product {product}", f"category-{category}", UNIT, COVER)
        for product, category in pairs.iter_rows()
    ]
    numbers = sorted(set(pairs["category_id"]))
    return listed, {f"category-{number}": Category(f"品类 {number}", f"Category {number}") for number in numbers}
