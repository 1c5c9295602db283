"""Transitions as rows of table ``alert_transitions``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.events import Alert

_PLAIN = (
    *("key", "id", "seq", "pack", "pack_version", "rule", "level", "level_before", "state"),
    *("site", "good", "kind", "reason", "text_zh", "text_en"),
)
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
