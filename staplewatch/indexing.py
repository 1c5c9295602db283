"""Price indices from the sales that a warehouse holds, as rows for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import polars as pl

from schemas.catalogue import Catalogue
from schemas.fixed import AMOUNT
from staplewatch import selecting
from streams.indicators import indices
from streams.indicators.civil import Civil
from warehouse.protocol import Warehouse

By = Literal["good", "category"]
Level = Literal["county", "prefecture", "province"]

#: Day number of the last date that fits into ClickHouse's Date.
_LAST: Final = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which indices: of goods or categories, of regions of a level, inside ``region``, from ``since`` to ``until``.

    None: all of them. ``level`` None: that of ``region``, else prefectures. ``chain`` adds the chained index.
    """

    by: By = "category"
    level: Level | None = None
    region: int | None = None
    category: str | None = None
    good: str | None = None
    since: date | None = None
    until: date | None = None
    chain: bool = False

    @property
    def step(self) -> int:
        """Return what region codes are multiples of."""
        if self.level is not None:
            return indices.STEPS[self.level]
        own = selecting.step(self.region) if self.region else indices.STEPS["prefecture"]
        return min(own, indices.STEPS["province"])


def compute(store: Warehouse, catalogue: Catalogue, wanted: Wanted) -> list[dict[str, Any]]:
    """Return a row per region, good or category, and date, ascending. Raises what the warehouse raises.

    ``index`` compares the date with the date before; ``chained`` is 100 before the first date shown;
    ``weight`` is CNY. A date is the sale's business date.
    """
    goods = {code: good.category for code, good in catalogue.goods.items() if _chosen(wanted, code, good.category)}
    daily = sales(store, wanted).filter(pl.col("good").is_in(list(goods)))
    if wanted.by == "good":
        found, name = indices.elementary(daily, wanted.step), "good"
    else:
        found, name = indices.category(daily, goods, wanted.step), "category"
    shown = found.filter(_shown(wanted))
    if wanted.chain:
        shown = indices.chained(shown, ["region", name])
    return _readable(shown).to_dicts()


def sales(store: Warehouse, wanted: Wanted) -> pl.DataFrame:
    """Return the daily sales (``indices.DAILY``) that the indices wanted are made of."""
    since = 0 if wanted.since is None else Civil.number(wanted.since) - indices.WEIGHTED
    until = _LAST if wanted.until is None else Civil.number(wanted.until)
    place = _reach(wanted)
    table: Any = store.query(
        "sales_daily",
        {"since": max(0, since), "until": max(0, until), "from_region": place.start, "to_region": place.stop},
    )
    found: Any = pl.from_arrow(table)
    return pl.DataFrame(found).select(indices.DAILY.names()).cast(indices.DAILY)


def _reach(wanted: Wanted) -> range:
    """Return the region codes of the whole region of the wanted level: its index is over all of its stores."""
    if not wanted.region:
        return range(1_000_000)
    size = max(wanted.step, selecting.step(wanted.region))
    first = wanted.region // size * size
    return range(first, first + size)


def _chosen(wanted: Wanted, good: str, category: str) -> bool:
    return wanted.category in {None, category} and wanted.good in {None, good}


def _shown(wanted: Wanted) -> pl.Expr:
    shown = pl.lit(value=True)
    if wanted.since is not None:
        shown &= pl.col("day") >= Civil.number(wanted.since)
    if wanted.until is not None:
        shown &= pl.col("day") <= Civil.number(wanted.until)
    return shown


def _readable(found: pl.DataFrame) -> pl.DataFrame:
    """Return codes of six digits, ISO dates and weights in CNY."""
    changed = found.with_columns(
        pl.col("region").cast(pl.String).str.zfill(6),
        pl.col("day").cast(pl.Int32).cast(pl.Date).cast(pl.String).alias("date"),
    )
    if "weight" in changed.columns:
        changed = changed.with_columns(pl.col("weight") / AMOUNT)
    first = [name for name in ("region", "good", "category", "date", "index", "chained") if name in changed.columns]
    return changed.select(*first, pl.exclude([*first, "day"]))
