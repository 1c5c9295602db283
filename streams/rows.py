"""Transitions and dead letters as rows of their tables."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.events import Alert, DeadLetter

_PLAIN = (
    *("key", "id", "seq", "pack", "pack_version", "rule", "level", "level_before", "state"),
    *("site", "good", "kind", "reason", "text_zh", "text_en"),
)
_LETTER = ("topic", "partition", "offset", "stage", "reason", "error")
_TIMES = ("since", "at", "processed_at")


def alert_rows(alerts: Sequence[Alert], version: int) -> dict[str, list[Any]]:
    """Return one row per transition, as columns."""
    rows: dict[str, list[Any]] = {name: [getattr(alert, name) for alert in alerts] for name in _PLAIN}
    for name in _TIMES:
        rows[name] = [int(datetime.fromisoformat(getattr(alert, name)).timestamp()) for alert in alerts]
    for column, name in (("indicators", "values"), ("thresholds", "thresholds"), ("evidence", "evidence")):
        rows[column] = [_json(getattr(alert, name)) for alert in alerts]
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
    rows["key_base64"] = [_base64(each.key or b"") for each in dead]
    rows["value_base64"] = [_base64(each.value) for each in dead]
    rows["headers"] = [json.dumps([(name, _base64(value)) for name, value in each.headers]) for each in dead]
    return rows


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
