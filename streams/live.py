"""Newest indicators as records of topic ``indicators``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas import topics
from schemas.events import AsOf, Indicator
from streams.indicators.civil import BUCKET
from streams.indicators.groups import Ints
from streams.indicators.prices import with_prefecture
from streams.queues import NEVER
from streams.setup import Setup

if TYPE_CHECKING:
    from streams.market import Market
    from streams.prefecture import Prefecture

#: What a record of topic ``indicators`` carries, and what divides the fixed-point ones.
SCALES = {"amount": 10_000, "quantity": 1_000, "on_hand": 1_000}
TICK_NAMES = (
    *("amount", "quantity", "lines", "vwap", "vwap_1h", "vwap_24h", "baseline_24h", "spike_1h", "spike_24h"),
    *("lines_24h", "stores_24h", "on_hand", "sites_in", "sites_out", "in_stock_rate", "demand_day", "cover_days"),
)
DATE_NAMES = (
    *("price", "change_day", "change_week", "sites_present", "sites_fresh"),
    *("on_hand", "sites_in", "sites_out", "in_stock_rate", "demand_day", "cover_days", "out_days", "intermittent"),
)


def indicators_of(place: Prefecture, setup: Setup, as_of: AsOf) -> dict[str, Indicator]:
    """Return the newest records of every row that changed, by record key, and call them unchanged."""
    records: dict[str, Indicator] = {}
    heard = _heard(place)
    rows = np.flatnonzero(place.fresh)
    if len(rows) and place.values:
        end = setup.civil.iso((place.sales.head + 1) * BUCKET)
        for region, good, values in _values(place, setup, rows, place.values, TICK_NAMES):
            records[f"{region}|{good}"] = Indicator(
                region=region, good=good, at=end, values=values, as_of=as_of, heard=heard.get(region, {})
            )
        place.fresh[:] = False
    for market in place.markets.values():
        records |= _dates(place, market, setup, as_of, heard)
    return records


def _heard(place: Prefecture) -> dict[str, dict[str, int]]:
    """Return, for the prefecture's own rows, the newest event time of each input that has brought anything."""
    marks = {name: place.queues[topic].watermark for name, topic in topics.INPUT_NAMES.items()}
    return {f"{place.code:06d}": {name: mark for name, mark in marks.items() if mark != NEVER}}


def _dates(
    place: Prefecture, market: Market, setup: Setup, as_of: AsOf, heard: dict[str, dict[str, int]]
) -> dict[str, Indicator]:
    if not market.fresh.any() or market.quotes.head < 0:
        return {}
    day = market.quotes.head
    rows = np.flatnonzero(with_prefecture(market.fresh.astype(np.int64), len(setup.goods)) > 0)
    at, date = setup.civil.iso(setup.civil.midnight(day + 1)), setup.civil.date(day).isoformat()
    suffix = "" if market.kind == "retail" else f"|{market.kind}"
    market.fresh[:] = False
    return {
        f"{region}|{good}|date{suffix}": Indicator(
            region=region,
            good=good,
            at=at,
            values=values,
            as_of=as_of,
            grain="date",
            kind=market.kind,
            date=date,
            heard=heard.get(region, {}),
        )
        for region, good, values in _values(place, setup, rows, market.values(day, quoted=DATE_NAMES), DATE_NAMES)
    }


def _values(
    place: Prefecture, setup: Setup, rows: Ints, values: dict[str, NDArray[Any]], names: tuple[str, ...]
) -> list[tuple[str, str, dict[str, float]]]:
    """Return region, good and the defined values of each row."""
    columns = {name: (values[name][rows] / SCALES.get(name, 1)).tolist() for name in names}
    regions, goods = place.region_of[rows].tolist(), place.good_of[rows].tolist()
    result = []
    for index, (region, good) in enumerate(zip(regions, goods, strict=True)):
        found = ((name, column[index]) for name, column in columns.items())
        defined = {name: value for name, value in found if value == value}  # noqa: PLR0124 - only NaN differs from itself
        result.append((f"{region:06d}", setup.goods[good], defined))
    return result
