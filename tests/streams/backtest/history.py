"""Histories of one good, written site by site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from streams.backtest.quotes import LINES, History

PRICE, QUANTITY = 10_000, 1_000
COUNTY = 110101

Quoted = Mapping[str, Mapping[int, float]]


def history(prices: Quoted, stock: Quoted | None = None, regions: Mapping[str, int] | None = None) -> History:
    """Return quotes of good ``tea``: site -> day -> price in CNY, and stock in base units. Days are small numbers."""
    rows: list[tuple[Any, ...]] = [
        (day, site, round(price * PRICE), None) for site, own in prices.items() for day, price in own.items()
    ]
    rows += [
        (day, site, None, round(left * QUANTITY)) for site, own in (stock or {}).items() for day, left in own.items()
    ]
    known = regions or {}
    lines = pl.DataFrame(
        [(day, known.get(site, COUNTY), site, "tea", price, left) for day, site, price, left in rows],
        schema=LINES,
        orient="row",
    )
    days = lines["day"].to_list()
    return History(lines, ("tea",), min(days), max(days))


def value(found: History, name: str, day: int, extent: str = "county") -> Any:
    """Return an indicator of the first region on a day."""
    frame = found.measure(extent, [name])
    return frame.filter(pl.col("day") == day)[name][0]
