"""How far a county rule's alarm has spread: prefectures, provinces, the nation (``mofcom-2011``).

Frames have ``region``, ``good_index`` and ``day`` (days since 1970-01-01), one row per subject and
date. Counts are null where nothing below reports: the extent is undefined there.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from streams.alerts.evaluation import UNDEFINED
from streams.alerts.rules import Rule

YELLOW: Final = 2
_SUBJECT: Final = ("region", "good_index", "day")

#: Names of the extents from the county upward, and what their region codes are multiples of.
EXTENTS: Final = {"county": 1, "prefecture": 100, "province": 10_000, "nation": 1_000_000}


def region_of(extent: str) -> pl.Expr:
    """Return the code of the ``extent`` that a row's region lies in: PPPP00, PP0000, 000000."""
    step = EXTENTS[extent]
    return (pl.col("region") // step * step).alias("region")


def described(rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
    """Say which extent each row of ``frame`` is; what is counted for others, or not measured, is undefined there."""
    code = pl.col("region")
    known = {
        "county": code % 100 != 0,
        "prefecture": (code % 100 == 0) & (code % 10_000 != 0),
        "province": (code % 10_000 == 0) & (code != 0),
        "nation": code == 0,
    }
    undefined = {each: pl.lit(None, pl.Float64) for each in rule.measured if each not in frame.columns}
    return frame.with_columns(**{**undefined, **known})


def counties(levels: pl.DataFrame) -> pl.DataFrame:
    """Return ``affected`` of counties: their ``level`` is yellow or above; null where it is undefined."""
    level = pl.col("level")
    return levels.select(*_SUBJECT, pl.when(level != UNDEFINED).then(level >= YELLOW).alias("affected"))


def prefectures(affected: pl.DataFrame) -> pl.DataFrame:
    """Return ``counties_affected`` and ``counties_reporting`` of the prefectures of ``affected`` counties."""
    return _counted(affected, "prefecture", "counties")


def affected_prefectures(evaluated: pl.DataFrame) -> pl.DataFrame:
    """Return ``affected`` of prefectures from their ``level`` and counts.

    One is affected where it is yellow, or where its only reporting county is; it reports where a county does.
    """
    alone = (pl.col("counties_reporting") == 1) & (pl.col("counties_affected") == 1)
    reports = pl.col("counties_reporting").is_not_null()
    return evaluated.select(*_SUBJECT, pl.when(reports).then((pl.col("level") >= YELLOW) | alone).alias("affected"))


def provinces(affected: pl.DataFrame) -> pl.DataFrame:
    """Return ``prefectures_affected``, ``prefectures_reporting`` and ``capital_affected`` of provinces.

    The capital is the prefecture whose code ends in 01 before its two zeros.
    """
    capital = (pl.col("region") // 100 % 100 == 1) & pl.col("affected").fill_null(False)
    capitals = affected.group_by(region_of("province"), "good_index", "day").agg(capital.any().alias("capital"))
    reports = pl.col("prefectures_reporting").is_not_null()
    return (
        _counted(affected, "province", "prefectures")
        .join(capitals, on=_SUBJECT, how="left", maintain_order="left")
        .with_columns(pl.when(reports).then("capital").alias("capital_affected"))
        .drop("capital")
    )


def nation(of_provinces: pl.DataFrame) -> pl.DataFrame:
    """Return ``provinces_affected`` (those with an affected prefecture) and ``provinces_reporting``."""
    affected = of_provinces.select(*_SUBJECT, (pl.col("prefectures_affected") >= 1).alias("affected"))
    return _counted(affected, "nation", "provinces")


def _counted(affected: pl.DataFrame, extent: str, what: str) -> pl.DataFrame:
    reporting = pl.col("affected").is_not_null().sum().cast(pl.Int64)
    counts = {f"{what}_affected": pl.col("affected").sum().cast(pl.Int64), f"{what}_reporting": reporting}
    found = affected.group_by(region_of(extent), "good_index", "day").agg(**counts)
    some = pl.col(f"{what}_reporting") > 0
    return found.select(*_SUBJECT, *(pl.when(some).then(name).alias(name) for name in counts)).sort(_SUBJECT)
