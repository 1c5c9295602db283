"""Indicators as columns that rules are evaluated on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from schemas.fixed import QUANTITY
from streams.alerts.names import NAMES
from streams.alerts.rules import Rule
from streams.indicators.groups import Ints
from streams.indicators.quotes import QUOTED
from streams.setup import COVER_COLUMNS, Setup

if TYPE_CHECKING:
    from streams.prefecture import Prefecture

TICK_COLUMNS = (
    *("vwap_1h", "vwap_24h", "baseline_1h", "baseline_24h", "spike_1h", "spike_24h"),
    *("lines_1h", "lines_24h", "stores_1h", "stores_24h"),
    *("sites_in", "sites_out", "in_stock_rate", "demand_day", "cover_days"),
)
DATE_COLUMNS = (
    *QUOTED,
    *("sites_in", "sites_out", "in_stock_rate", "out_days", "intermittent"),
)
SITE_COLUMNS = (
    *("site_price", "over_county", "over_neighbours", "neighbours", "neighbours_z", "over_own"),
    *("site_out", "site_on_hand", "site_demand_day", "site_cover_days"),
    *("no_sale_p", "sales_expected", "sales_day", "quiet_hours", "site_quiet_hours", "profile_dates"),
)
ENTERPRISE_COLUMNS = ("feed_silent_hours", "feed_interval_hours", "feed_gaps")
#: What ``streams.counties`` adds for rules that look at counties together.
ACROSS_COLUMNS = tuple(name for name, found in NAMES.items() if found.scope in {"prefecture", "extent"})
#: What is known of a quote that is held back.
QUOTE_COLUMNS = (
    *("unit_slip", "absurd", "suspect_price", "suspect_slip", "own_price", "county_price"),
    *("own_z", "county_z", "county_sites"),
)
#: What the frames of a trigger have beside subject and moment.
CARRIED: dict[str, tuple[str, ...]] = {
    "tick": (*TICK_COLUMNS, "on_hand", *COVER_COLUMNS),
    "date": DATE_COLUMNS,
    "quote": QUOTE_COLUMNS,
}


def missing(rule: Rule) -> tuple[str, ...]:
    """Return the indicators that a rule reads and that the stream's frames do not carry."""
    carried = CARRIED[rule.trigger] if rule.trigger == "quote" else _carried(rule)
    return tuple(name for name in rule.measured if name not in carried)


def _carried(rule: Rule) -> tuple[str, ...]:
    if rule.on_regions:
        return (*CARRIED[rule.trigger], *ACROSS_COLUMNS)
    return SITE_COLUMNS if rule.on_sites else ENTERPRISE_COLUMNS


def _subject(place: Prefecture, at: int, rows: Ints) -> dict[str, NDArray[Any]]:
    return {
        "at": np.full(len(rows), at, np.int64),
        "region": place.region_of[rows],
        "good_index": place.good_of[rows],
    }


def tick_frame(setup: Setup, place: Prefecture, at: int, rows: Ints) -> dict[str, NDArray[Any]]:
    """Return the columns of tick rules for ``rows`` as they stand; ``on_hand`` in base units."""
    values = place.values
    return {
        **_subject(place, at, rows),
        **{name: values[name][rows] for name in TICK_COLUMNS},
        "on_hand": values["on_hand"][rows] / QUANTITY,
        **{name: thresholds[place.good_of[rows]] for name, thresholds in setup.cover.items()},
    }


def date_frame(place: Prefecture, at: int, rows: Ints, values: dict[str, NDArray[Any]]) -> pl.DataFrame:
    """Return the frame of date rules for ``rows``; ``values`` are columns of every row."""
    columns = {**_subject(place, at, rows), **{name: values[name][rows] for name in DATE_COLUMNS}}
    return pl.DataFrame(columns, nan_to_null=True)
