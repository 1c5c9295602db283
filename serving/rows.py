"""What people and scripts get: flat rows, the same from the live topics and from the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec
import pyarrow as pa

from schemas.events import LEVELS, Acknowledged, Action, Alert, Indicator, Inhibited, Matcher, Substitute
from schemas.fixed import AMOUNT, QUANTITY
from schemas.registry import Contact
from serving.ledger import Comment


class IndicatorRow(msgspec.Struct, kw_only=True):
    """Indicators of one region and good. Names as in RULES; null is "undefined", never 0.

    ``at`` (UTC) is the end of a 5-minute bucket, or midnight ending ``date`` in rows of grain
    ``date``. Money is CNY, quantities are base units (kg, L, piece), ratios are fractions.
    """

    region: str
    good: str
    at: str
    grain: str = "5m"
    kind: str = "retail"
    date: str | None = None
    amount: float | None = None
    quantity: float | None = None
    lines: int | None = None
    vwap: float | None = None
    vwap_1h: float | None = None
    vwap_24h: float | None = None
    baseline_24h: float | None = None
    spike_1h: float | None = None
    spike_24h: float | None = None
    lines_24h: int | None = None
    stores_24h: int | None = None
    on_hand: float | None = None
    sites_in: int | None = None
    sites_out: int | None = None
    in_stock_rate: float | None = None
    demand_day: float | None = None
    cover_days: float | None = None
    price: float | None = None
    sites_present: int | None = None
    sites_fresh: int | None = None
    change_day: float | None = None
    change_week: float | None = None
    out_days: int | None = None
    intermittent: bool | None = None
    levels: dict[str, str] = {}


class AlertRow(msgspec.Struct, kw_only=True):
    """One transition of an alert: by default the newest of its episode ``id``.

    ``highest`` is the highest level that the episode reached as far as this instance knows. ``acknowledged``,
    ``silenced_until`` and ``inhibited`` are marks beside the state, as the stream published them with the newest
    transition; an episode that only the warehouse knows has none. ``comments`` are of the whole episode.
    """

    id: str
    key: str
    pack: str
    rule: str
    level: str
    state: str
    region: str
    site: str | None
    good: str
    since: str
    at: str
    values: dict[str, float | None]
    text_zh: str
    text_en: str
    kind: str = "retail"
    seq: int = 0
    level_before: str = "none"
    highest: str | None = None
    reason: str = ""
    thresholds: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    pack_version: str = ""
    processed_at: str | None = None
    stale: bool = False
    correction: bool = False
    acknowledged: Acknowledged | None = None
    silenced_until: str | None = None
    inhibited: Inhibited | None = None
    substitutes: list[Substitute] = []
    comments: list[Comment] = []


class ActionRow(msgspec.Struct, kw_only=True):
    """What somebody did about alerts: acknowledge, comment, silence or unsilence; times are UTC."""

    event_id: str
    kind: str
    by: str
    at: str
    note: str = ""
    alert: str = ""
    key: str = ""
    seq: int = 0
    level: str = "none"
    silence: str = ""
    matcher: Matcher | None = None
    until: str | None = None


#: Columns that hold fixed-point integers, and what divides them.
FIXED: Final = {"amount": AMOUNT, "quantity": QUANTITY, "on_hand": QUANTITY}
COUNTS: Final = (
    "lines",
    "lines_24h",
    "stores_24h",
    "sites_in",
    "sites_out",
    "sites_present",
    "sites_fresh",
    "out_days",
)
#: Indicators that a row of that grain does not speak of: the column's 0 is "not said" there.
SALES_ONLY: Final = ("amount", "quantity", "lines", "lines_24h", "stores_24h")
DATES_ONLY: Final = ("sites_present", "sites_fresh", "out_days", "intermittent")
INDICATOR_FIELDS: Final = IndicatorRow.__struct_fields__
ALERT_FIELDS: Final = AlertRow.__struct_fields__


def from_indicator(event: Indicator) -> IndicatorRow:
    """Return the row of a live record; values that RULES does not name are left out."""
    values = {name: _value(name, value) for name, value in event.values.items() if name in INDICATOR_FIELDS}
    return IndicatorRow(
        region=event.region,
        good=event.good,
        at=utc(event.at),
        grain=event.grain,
        kind=event.kind,
        date=event.date,
        levels=event.levels,
        **values,
    )


def from_alert(event: Alert) -> AlertRow:
    """Return the row of a live transition."""
    own = {name: getattr(event, name) for name in ALERT_FIELDS if hasattr(event, name)}
    own |= {name: utc(own[name]) for name in ("since", "at", "processed_at")}
    own["site"] = event.site or None
    own["silenced_until"] = utc(event.silenced.until) if event.silenced else None
    return AlertRow(**own)


def discreet(row: AlertRow) -> AlertRow:
    """Take away what is not for a screen that anybody may read: whom to call, by name and number."""
    row.substitutes = [msgspec.structs.replace(each, contact=Contact()) for each in row.substitutes]
    return row


def from_action(event: Action) -> ActionRow:
    """Return the row of an action."""
    own = {name: getattr(event, name) for name in ActionRow.__struct_fields__ if hasattr(event, name)}
    return ActionRow(**{**own, "until": utc(event.until) if event.until else None}, at=utc(event.time))


def indicators(table: pa.Table) -> list[IndicatorRow]:
    """Return the rows of a query of table ``indicators``."""
    return [IndicatorRow(**_indicator(row)) for row in _rows(table, INDICATOR_FIELDS)]


def alerts(table: pa.Table) -> list[AlertRow]:
    """Return the rows of a query of table ``alert_transitions``."""
    return [AlertRow(**_alert(row)) for row in _rows(table, (*ALERT_FIELDS, "indicators"))]


def highest(table: pa.Table) -> Iterator[tuple[str, str]]:
    """Yield (episode, level) of query ``alerts_highest``."""
    for row in _rows(table, ("id", "highest")):
        yield row["id"], LEVELS[max(row["highest"], 1) - 1]


def utc(time: str | datetime | int) -> str:
    """Return a time as RFC 3339 in UTC with ``Z``; a naive one and a number are taken as UTC."""
    if isinstance(time, int):
        time = datetime.fromtimestamp(time, UTC)
    elif isinstance(time, str):
        time = datetime.fromisoformat(time)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def region(code: int | str) -> str:
    """Return a region code as on the wire: six digits."""
    return f"{int(code):06d}"


def _rows(table: pa.Table, fields: Iterable[str]) -> Iterator[dict[str, Any]]:
    names = [name for name in table.column_names if name in set(fields)]
    columns = [table.column(name).to_pylist() for name in names]
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))


def _indicator(row: dict[str, Any]) -> dict[str, Any]:
    unsaid = SALES_ONLY if row.get("grain") == "date" else DATES_ONLY
    for name, value in row.items():
        if name in unsaid:
            row[name] = None
        elif name in FIXED and value is not None:
            row[name] = value / FIXED[name]
        elif name in COUNTS or name == "intermittent":
            row[name] = _value(name, value)
    row["region"] = region(row["region"])
    row["at"] = utc(row["at"])
    row["levels"] = _object(row.get("levels"))
    if isinstance(row.get("date"), date):
        row["date"] = row["date"].isoformat()
    return row


def _alert(row: dict[str, Any]) -> dict[str, Any]:
    row["values"] = _object(row.pop("indicators", None) or row.get("values"))
    for name in ("thresholds", "evidence"):
        row[name] = _object(row.get(name))
    for name in ("since", "at", "processed_at"):
        row[name] = utc(row[name])
    row["region"] = region(row["region"])
    row["site"] = row.get("site") or None
    for name in ("stale", "correction"):
        row[name] = bool(row.get(name))
    if isinstance(told := row.get("substitutes"), str):
        row["substitutes"] = msgspec.json.decode(told or "[]", type=list[Substitute])
    return row


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "intermittent":
        return bool(value)
    return int(value) if name in COUNTS else float(value)


def _object(text: str | Mapping[str, Any] | None) -> dict[str, Any]:
    if not text:
        return {}
    return dict(msgspec.json.decode(text) if isinstance(text, str) else text)
