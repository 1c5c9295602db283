"""Transitions and dead letters as rows of their tables."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from schemas import identity
from schemas.events import LEVELS, Alert
from schemas.letters import DeadLetter
from streams.alerts.episode import Named
from streams.alerts.names import Trigger
from streams.alerts.rulebook import Rulebook
from streams.alerts.transition import Transition
from streams.indicators.civil import Civil

_PLAIN = (
    *("key", "id", "seq", "pack", "pack_version", "rule", "level", "level_before", "state"),
    *("site", "good", "kind", "reason", "text_zh", "text_en"),
)
_LETTER = ("topic", "partition", "offset", "line", "lines", "stage", "reason", "error")
_TIMES = ("since", "at", "processed_at")


def alert_rows(alerts: Sequence[Alert], version: int) -> dict[str, list[Any]]:
    """Return one row per transition, as columns."""
    rows: dict[str, list[Any]] = {name: [getattr(alert, name) for alert in alerts] for name in _PLAIN}
    for name in _TIMES:
        rows[name] = [int(datetime.fromisoformat(getattr(alert, name)).timestamp()) for alert in alerts]
    for column, name in (("indicators", "values"), ("thresholds", "thresholds"), ("evidence", "evidence")):
        rows[column] = [_json(getattr(alert, name)) for alert in alerts]
    rows["substitutes"] = [_json(alert.substitutes) for alert in alerts]
    rows["as_of"] = [_json(alert.as_of) for alert in alerts]
    rows["region"] = [int(alert.region) for alert in alerts]
    rows["stale"] = [int(alert.stale) for alert in alerts]
    rows["correction"] = [int(alert.correction) for alert in alerts]
    rows["version"] = [version] * len(alerts)
    return rows


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def dead_rows(dead: Sequence[DeadLetter], epoch: str, now: int) -> dict[str, list[Any]]:
    """Return one row of table ``dead_letters`` per rejected record, as columns."""
    rows: dict[str, list[Any]] = {name: [getattr(each, name) for each in dead] for name in _LETTER}
    rows |= {"epoch": [epoch] * len(dead), "at": [now] * len(dead)}
    known = [identity.identify(each.value) for each in dead]
    rows |= {name: [getattr(each, name) for each in known] for name in identity.FIELDS}
    rows["key_base64"] = [_base64(each.key or b"") for each in dead]
    rows["value_base64"] = [_base64(each.value) for each in dead]
    rows["headers"] = [_header_pairs(each.headers) for each in dead]
    rows["size"] = [len(each.value) for each in dead]
    return rows


def _header_pairs(headers: Sequence[tuple[str, bytes]]) -> str:
    """Return ``[[name, base64], …]``: a name may occur twice."""
    return _json([(name, _base64(value)) for name, value in headers]) if headers else "[]"


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def stored_transitions(rows: pa.Table, rulebook: Rulebook, civil: Civil) -> list[tuple[Transition, Named]]:
    """Return rows of table ``alert_transitions`` and what their rules are called.

    Which date a rule evaluated is not stored. A rule that no pack has any more is called by its id.
    """
    return [_stored(row, rulebook, civil) for row in rows.to_pylist()]


def _stored(row: dict[str, Any], rulebook: Rulebook, civil: Civil) -> tuple[Transition, Named]:
    ref = row["rule"] if row["kind"] == "retail" else f"{row['rule']}:{row['kind']}"
    rule, since = rulebook.at(ref, row["region"]), int(row["since"].timestamp())
    trigger: Trigger = rule.trigger if rule else "tick"
    transition = Transition(
        rule=ref,
        **{name: row[name] for name in ("key", "id", "seq", "region", "good", "site", "state", "reason")},
        level=LEVELS.index(row["level"]),
        level_before=LEVELS.index(row["level_before"]),
        start=civil.day(since) if trigger == "date" else since,
        at=int(row["at"].timestamp()),
        values=msgspec.json.decode(row["indicators"]),
        thresholds=msgspec.json.decode(row["thresholds"]),
        evidence=msgspec.json.decode(row["evidence"]),
        stale=bool(row["stale"]),
    )
    names = (row["rule"], row["pack"], row["pack_version"], row["kind"], trigger, row["rule"], row["rule"])
    return transition, Named(ref, *names)
