"""Held against what must come out: nothing lost, nothing doubled, every number and every transition."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from schemas.events import LEVELS, Alert
from tests.integration.running import staplewatch
from tests.reliability.livetraffic import LiveTraffic, Sold
from tests.reliability.oracle import INDICATOR_KEY, Expected, plain
from tests.reliability.traffic import Traffic
from warehouse.protocol import Warehouse

ZONE: Final = ZoneInfo("Asia/Shanghai")
#: Differences shown of each kind.
SHOWN: Final = 5
#: Columns of table ``alert_transitions`` that depend on when and by whom a row was made.
INCIDENTAL: Final = ("as_of", "processed_at", "version", "substitutes")
#: What a live round of minutes has nothing of: dates that closed, and states that a rebuild must find again exactly.
LIVE_IDLE: Final = ("dates", "rebuilt")


def live(house: Warehouse, traffic: LiveTraffic) -> list[str]:
    """Return everything that is not as it must be after a live round; nothing if all is well."""
    return [*_live_rows(house, traffic), *_live_sums(house, traffic), *_live_episodes(house, traffic)]


def _live_rows(house: Warehouse, traffic: LiveTraffic) -> list[str]:
    stored = {part["name"]: part["rows"] for part in _summed(house.query("audit").to_pylist())}
    counts = traffic.truth.counts
    return _wrong(
        [
            ("dead letters", stored.get("dead_letters", 0), counts["broken"]),
            ("rows of sales", stored.get("sales", 0), counts["sold"] + counts["repeated"]),
            ("rows of stock", stored.get("stock", 0), counts["counted"]),
        ]
    )


def _live_sums(house: Warehouse, traffic: LiveTraffic) -> list[str]:
    """Compare what was sold in every bucket; stock is as of the moment at which a row was written, and may differ."""
    rows = stored_indicators(house).filter((pl.col("grain") == "5m") & (pl.col("lines") != 0))
    found = {
        (row["region"], row["good"], row["at"]): Sold(row["amount"], row["quantity"], row["lines"])
        for row in rows.iter_rows(named=True)
    }
    return _differences("sums", found, traffic.truth.sold)


def _live_episodes(house: Warehouse, traffic: LiveTraffic) -> list[str]:
    """Compare the episodes, their ids and highest levels."""
    found: dict[Any, int] = {}
    for row in house.query("alerts_history", {"limit": 2**32 - 1}).to_pylist():
        episode = (row["key"], row["id"])
        found[episode] = max(found.get(episode, 0), LEVELS.index(row["level"]))
    return _differences("episodes", found, traffic.truth.episodes)


def event_time(house: Warehouse, traffic: Traffic, expected: Expected) -> list[str]:
    """Return the same of an event-time round: there every number and every transition is determined."""
    return [*records(house, traffic, expected), *indicators(house, expected), *transitions(house, expected)]


def records(house: Warehouse, traffic: Traffic, expected: Expected) -> list[str]:
    """Compare what was stored with what the producer says that it sent, and with what the log holds."""
    stored = {part["name"]: part["rows"] for part in _summed(house.query("audit").to_pylist())}
    repeats = expected.lines.get("repeats", 0)
    totals = traffic.totals
    pairs = [
        ("dead letters", stored.get("dead_letters", 0), totals["broken"]),
        ("dead letters of the undisturbed run", expected.dead, totals["broken"]),
        ("lines", sum(stored.get(name, 0) for name in ("sales", "stock", "quotes")) - repeats, totals["lines"]),
    ]
    return _wrong(pairs)


def _wrong(pairs: Iterable[tuple[str, int, int]]) -> list[str]:
    return [f"{what}: {found} instead of {wanted}" for what, found, wanted in pairs if found != wanted]


def _summed(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, int] = {}
    for part in parts:
        sums[part["name"]] = sums.get(part["name"], 0) + part["rows"]
    return [{"name": name, "rows": rows} for name, rows in sums.items()]


def indicators(house: Warehouse, expected: Expected) -> list[str]:
    """Compare every row of table ``indicators``, every column but the version."""
    return _unequal(expected.indicators, stored_indicators(house))


def _unequal(wanted: pl.DataFrame, found: pl.DataFrame) -> list[str]:
    found = found.select(wanted.columns)
    types = {name: kind for name, kind in wanted.schema.items() if kind != pl.Null}
    found = found.cast({name: kind for name, kind in types.items() if found.schema[name] != kind})
    wanted = wanted.cast({name: found.schema[name] for name, kind in wanted.schema.items() if kind == pl.Null})
    missing = wanted.join(found, on=INDICATOR_KEY, how="anti")
    extra = found.join(wanted, on=INDICATOR_KEY, how="anti")
    both = wanted.join(found, on=INDICATOR_KEY, how="inner", suffix="_found")
    other = [name for name in wanted.columns if name not in INDICATOR_KEY]
    different = both.filter(_differing(other))
    told = [("missing", missing), ("too many", extra), ("different", different)]
    return [f"indicators {what}: {frame.height}, {_sample(frame, other)}" for what, frame in told if frame.height]


def _differing(names: list[str]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(False), *(pl.col(name).ne_missing(pl.col(f"{name}_found")) for name in names))


def _sample(frame: pl.DataFrame, names: list[str]) -> list[str]:
    shown = []
    for row in frame.head(SHOWN).iter_rows(named=True):
        key = [row[name] for name in INDICATOR_KEY]
        pairs = {
            name: (row[name], row[f"{name}_found"])
            for name in names
            if f"{name}_found" in row and row[name] != row[f"{name}_found"]
        }
        shown.append(f"{key} {pairs}")
    return shown


def stored_indicators(house: Warehouse) -> pl.DataFrame:
    """Return the newest row of every key, with times as epoch seconds and dates as day numbers."""
    found = house.query("indicators_series", {"since": 0, "until": 2**32 - 1})
    frame = pl.from_arrow(found)
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(
        pl.col("at").dt.epoch("s"),
        pl.col("date").cast(pl.Int32),
        *(pl.col(name).cast(pl.String) for name in ("good", "grain", "kind", "levels")),
    )


def transitions(house: Warehouse, expected: Expected) -> list[str]:
    """Event-time mode: every transition is the same, whatever happened on the way."""
    found = {_key(row): _comparable(row) for row in house.query("alerts_history", {"limit": 2**32 - 1}).to_pylist()}
    return _differences("transitions", found, {key: _expected(each) for key, each in expected.transitions.items()})


def _differences(what: str, found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> list[str]:
    missing = [key for key in wanted if key not in found]
    extra = [key for key in found if key not in wanted]
    different = [(wanted[key], found[key]) for key in wanted if key in found and wanted[key] != found[key]]
    told: list[tuple[str, list[Any]]] = [("missing", missing), ("too many", extra), ("different", different)]
    return [f"{what} {kind}: {len(cases)} of {len(wanted)}, {cases[:SHOWN]}" for kind, cases in told if cases]


def _key(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["key"], row["id"], row["seq"]


def _comparable(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in INCIDENTAL}
    for name in ("indicators", "thresholds", "evidence"):
        kept[name] = json.loads(kept[name])
    for name in ("since", "at"):
        kept[name] = int(kept[name].timestamp())
    return kept


def _expected(alert: Alert) -> dict[str, Any]:
    told = {**plain(alert), "indicators": alert.values, "region": int(alert.region), "schema": None}
    for name in ("since", "at"):
        told[name] = int(datetime.fromisoformat(told[name]).astimezone(UTC).timestamp())
    defaults = {"site": alert.site, "kind": alert.kind, "stale": int(alert.stale), "correction": int(alert.correction)}
    told |= defaults
    return {name: value for name, value in told.items() if name not in {"values", "schema"}}


def audit(server: str, url: str, *options: str) -> list[str]:
    """Return what the product's own audit of a round finds; a check that compared nothing is a finding."""
    done = staplewatch(
        *("audit", "--broker", f"kafka://{server}", "--warehouse", url, *options, "--format", "json"), check=False
    )
    assert done.returncode in {0, 1}, f"audit ended with {done.returncode}: {done.stderr[-2000:]}"
    report = json.loads(done.stdout)
    wrong = report["findings"]
    shown = [_told(each) for each in wrong[:SHOWN]] + [f"audit: {len(wrong)} findings in all"] * (len(wrong) > SHOWN)
    unasked = () if "--event-time" in options else LIVE_IDLE
    idle = [
        f"audit: {each['check']} is {each['state']}"
        for each in report["summaries"]
        if not each["compared"] and each["check"] not in unasked
    ]
    assert bool(wrong) == bool(done.returncode), f"exit code {done.returncode} with {len(wrong)} findings"
    return [*shown, *idle]


def _told(finding: Mapping[str, Any]) -> str:
    return "audit: {check} {problem} {place}: {found} instead of {expected} ({count})".format_map(finding)
