"""Price indices from sales: Jevons per good, Laspeyres per category. RULES, "Prices from sales".

Source: ILO/IMF/OECD/UNECE/Eurostat/World Bank, *Consumer Price Index Manual: Theory and Practice* (2004),
chapter 20, "Elementary indices" (Jevons: the geometric mean of matched price relatives), and chapter 9,
"Calculating consumer price indices in practice" (Laspeyres-type: an arithmetic mean of elementary indices
weighted by expenditure of an earlier period). Every index compares a date with the date before: 1.02 is +2 %.

Frames of *daily sales* (``DAILY``) have one row per site, good and date with net sales: ``region`` the
county, ``day`` the date's number since 1970-01-01, ``amount`` 1/10,000 CNY, ``quantity`` 1/1,000 base unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from streams.indicators.groups import RATIO_DECIMALS

DAILY: Final = pl.Schema({
    "region": pl.Int64, "site": pl.String, "good": pl.String, "day": pl.Int64, "amount": pl.Int64,
    "quantity": pl.Int64,
})  # fmt: skip
#: Region codes of a level are multiples of this.
STEPS: Final[Mapping[str, int]] = {"county": 1, "prefecture": 100, "province": 10_000}
#: Dates before the index's own whose amounts are the weights of a category's goods.
WEIGHTED: Final = 28
#: The value of a chained index before its first date.
BASE: Final = 100.0

_SITE: Final = ["region", "site", "good"]


def relatives(daily: pl.DataFrame) -> pl.DataFrame:
    """Return ``region, site, good, day, log``: ln(v(s,d) / v(s,d-1)) of stores selling a good on both dates.

    v, the unit value of a store's date, is net amount / net quantity; a date on which either is 0
    or below (more came back than was sold, or it was given away) has none.
    """
    priced = daily.filter((pl.col("amount") > 0) & (pl.col("quantity") > 0)).select(
        *_SITE, "day", (pl.col("amount") / pl.col("quantity")).log().alias("log")
    )
    before = priced.with_columns(pl.col("day") + 1)
    matched = priced.join(before, on=[*_SITE, "day"], suffix="_before")
    return matched.select(*_SITE, "day", pl.col("log") - pl.col("log_before"))


def elementary(daily: pl.DataFrame, step: int) -> pl.DataFrame:
    """Return ``region, good, day, index, stores``: Jevons, exp(mean of ln(v(s,d) / v(s,d-1))).

    ``step`` is of ``STEPS``: the mean of a prefecture or province is over all its stores, not over its
    counties' indices. Rows ascend; where no store matches there is none.
    """
    keys = [_above(step), "good", "day"]
    means = relatives(daily).group_by(keys).agg(pl.col("log").mean(), pl.len().cast(pl.Int64).alias("stores"))
    index = pl.col("log").exp().round(RATIO_DECIMALS).alias("index")
    return means.select("region", "good", "day", index, "stores").sort("region", "good", "day")


def category(daily: pl.DataFrame, categories: Mapping[str, str], step: int) -> pl.DataFrame:
    """Return ``region, category, day, index, goods, weight``: sum of w(g) × I(g) / sum of w(g).

    I is the elementary index, w the good's net amount in the region on the ``WEIGHTED`` dates before;
    goods without an index or without sales on these dates do not count. ``categories`` maps goods to
    their category, ``goods`` counts those that counted, ``weight`` is sum of w(g) in 1/10,000 CNY.
    """
    named = pl.DataFrame({"good": list(categories), "category": list(categories.values())}, schema_overrides=_TEXT)
    weighted = (
        elementary(daily, step)
        .join(_weights(daily, step), on=["region", "good", "day"])
        .filter(pl.col("weight") > 0)
        .join(named, on="good")
    )
    mean = (pl.col("index") * pl.col("weight")).sum() / pl.col("weight").sum()
    grouped = weighted.group_by("region", "category", "day").agg(
        mean.round(RATIO_DECIMALS).alias("index"), pl.len().cast(pl.Int64).alias("goods"), pl.col("weight").sum()
    )
    return grouped.sort("region", "category", "day")


def chained(indices: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Return ``indices`` with ``chained``: ``BASE`` × the product of a series' indices up to each date.

    ``keys`` name the series. A date without an index is left out of the product, as if nothing had changed
    between it and the date before: prices that move while no store sells on two dates running are lost.
    Daily links also drift where prices bounce while the stores that match or the weights change (*Manual*,
    chapter 9, on chaining): over weeks compare the quotes' ``change_month`` as well.
    """
    ordered = indices.sort(*keys, "day")
    return ordered.with_columns((BASE * pl.col("index").cum_prod().over(keys)).round(RATIO_DECIMALS).alias("chained"))


_TEXT: Final = {"good": pl.String, "category": pl.String}


def _above(step: int) -> pl.Expr:
    return (pl.col("region") // step * step).alias("region")


def _weights(daily: pl.DataFrame, step: int) -> pl.DataFrame:
    """Return ``region, good, day, weight``: amounts of the ``WEIGHTED`` dates before each date with sales."""
    days = daily.group_by(_above(step), "good", "day").agg(pl.col("amount").sum()).sort("region", "good", "day")
    before = days.rolling("day", period=f"{WEIGHTED}i", closed="left", group_by=["region", "good"])
    return before.agg(pl.col("amount").sum().alias("weight"))
