"""What goes over the live stream: server-sent events of compact JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.catalogue import Catalogue
from schemas.events import LEVELS, Alert, Indicator
from serving import rows
from serving.county_map import CountyMap
from serving.live import Latest

#: What a wall shows or sorts by. Order matters: a row's values come in it, null for undefined.
FIELDS: Final = (
    *("vwap_24h", "baseline_24h", "spike_24h", "lines_24h", "on_hand", "demand_day", "cover_days"),
    *("sites_in", "sites_out", "price", "change_day", "change_week", "out_days", "sites_present", "sites_fresh"),
)
#: Ratios have 9 decimals (RULES); nobody reads more than 6.
DECIMALS: Final = 6
#: Resolved alerts that a wall shows when nothing is open, and some for the desk.
RESOLVED_KEPT: Final = 20

_encode: Final = msgspec.json.Encoder().encode


def event(name: str, content: Any, identity: str = "") -> bytes:
    """Return one server-sent event; JSON has no line breaks of its own."""
    head = f"id: {identity}\nevent: {name}\ndata: " if identity else f"event: {name}\ndata: "
    return head.encode() + _encode(content) + b"\n\n"


def indicator(record: Indicator) -> list[Any]:
    """Return ``[region, good, grain, kind, at, date, *FIELDS]``."""
    values = record.values
    told = [None if (value := values.get(name)) is None else round(value, DECIMALS) for name in FIELDS]
    return [record.region, record.good, record.grain, record.kind, rows.utc(record.at), record.date, *told]


def changes(records: Iterable[Indicator | Alert], latest: Latest, now: float) -> dict[str, Any]:
    """Return what changed: rows of indicators and alerts, each the newest of its key."""
    found: dict[str, list[Any]] = {"indicators": [], "alerts": []}
    for record in records:
        if isinstance(record, Indicator):
            found["indicators"].append(indicator(record))
        else:
            found["alerts"].append(alert(record, latest, now))
    return found


def everything(latest: Latest, now: float) -> dict[str, Any]:
    """Return the newest indicators, the alerts that are not resolved and the last that are."""
    alerts = [change.record for change in latest.alerts.values() if isinstance(change.record, Alert)]
    resolved = sorted((each for each in alerts if each.state == "resolved"), key=lambda each: each.at)
    shown = [each for each in alerts if each.state != "resolved"] + resolved[-RESOLVED_KEPT:]
    indicators = (change.record for change in latest.indicators.values())
    return changes([*indicators, *shown], latest, now)


def alert(record: Alert, latest: Latest, now: float) -> rows.AlertRow:
    """Return the row of a transition, with the highest level of its episode and what was done about it."""
    row = rows.from_alert(record)
    _, level = latest.highest.get(record.key, ("", LEVELS.index(record.level)))
    row.highest = LEVELS[level]
    return rows.discreet(completed(row, latest, now))


def completed(row: rows.AlertRow, latest: Latest, now: float) -> rows.AlertRow:
    """Give a row what is not on its record: comments, and the province that covers it; ``now`` is epoch seconds.

    A silence that is over by our clock is none, whether or not the stream has said so yet.
    """
    if row.silenced_until and datetime.fromisoformat(row.silenced_until).timestamp() <= now:
        row.silenced_until = None
    row.inhibited = row.inhibited or latest.provinces.of(row)
    row.comments = latest.ledger.comments(row.id)
    return row


def catalogue(
    found: Catalogue, timezone: str, *, exercise: bool, county_map: CountyMap | None = None
) -> dict[str, Any]:
    """Return what a page needs to know once: names, tiles, thresholds, and whether there is a map instead of tiles."""
    return {
        "regions": [region(code, found) for code in found.regions],
        "goods": [good(code, found) for code in found.goods],
        "categories": [
            {"code": code, "name_zh": each.name_zh, "name_en": each.name_en} for code, each in found.categories.items()
        ],
        "fields": FIELDS,
        "timezone": timezone,
        "exercise": exercise,
        "map": county_map
        and {
            "review_number": county_map.review_number,
            "missing": [rows.region(code) for code in county_map.missing],
        },
        "fingerprint": found.fingerprint,
    }


def region(code: int, found: Catalogue) -> dict[str, Any]:
    """Return a region by its code; ``tile`` is [row, column] on the county grid, null for a province."""
    each = found.regions[code]
    return {
        "code": rows.region(code),
        "name_zh": each.name_zh,
        "name_en": each.name_en,
        "short_zh": each.short_zh,
        "short_en": each.short_en,
        "parent": rows.region(each.parent) if each.parent else None,
        "level": each.level,
        "tile": each.tile,
    }


def good(code: str, found: Catalogue) -> dict[str, Any]:
    """Return a good by its code; ``cover`` are days below which it is blue, yellow, orange, red."""
    each = found.goods[code]
    names = {"name_zh": each.name_zh, "name_en": each.name_en}
    return {"code": code, **names, "category": each.category, "unit": each.unit, "cover": each.cover}
