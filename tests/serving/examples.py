"""Records and tables that the tests of serving share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pyarrow as pa

from schemas.events import Alert, AsOf, Indicator
from serving.rows import FIXED, INDICATOR_FIELDS

AT = datetime(2022, 8, 8, 2, 5, tzinfo=UTC)


def indicator(**changes: Any) -> Indicator:
    """Return potato in 林芝市巴宜区 at 10:05 local time."""
    plain = Indicator(
        region="540402", good="potato", at="2022-08-08T10:05:00+08:00", values={"vwap_24h": 5.5}, as_of=AsOf(1, 10, 0)
    )
    return msgspec.structs.replace(plain, **changes)


def alert(**changes: Any) -> Alert:
    """Return an orange alert on its price."""
    plain = Alert(
        id="one", key="live|540402|potato", seq=1, pack="live", pack_version="1", rule="spike", level="orange",
        level_before="none", state="firing", region="540402", good="potato", since="2022-08-08T10:00:00+08:00",
        at="2022-08-08T10:05:00+08:00", processed_at="2022-08-08T10:05:01+08:00", reason="raised",
        values={"spike_24h": 0.34}, thresholds={"spike_24h": 0.3}, evidence={"stores_24h": 5},
        text_zh="林芝市巴宜区 土豆 24 小时均价 上涨 34 %（橙色）", text_en="Potato up 34 %", as_of=AsOf(1, 10, 0),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def indicator_table(*rows: Mapping[str, Any]) -> pa.Table:
    """Return what query ``indicators_latest`` would for rows with some columns given."""
    full = dict.fromkeys(INDICATOR_FIELDS) | dict.fromkeys(FIXED, 0)
    plain = {
        **full, "region": 540402, "good": "potato", "grain": "5m", "kind": "retail", "at": AT, "date": date(2022, 8, 8),
        "lines": 1, "intermittent": 0, "levels": "", "version": 1,
    }  # fmt: skip
    return pa.Table.from_pylist([{**plain, **row} for row in rows])


def alert_table(*rows: Mapping[str, Any]) -> pa.Table:
    """Return what query ``alerts_latest`` would for rows with some columns given."""
    plain = {
        "key": "live|540402|potato", "id": "one", "seq": 0, "pack": "live", "pack_version": "1", "rule": "spike",
        "level": "yellow", "level_before": "none", "state": "firing", "region": 540402, "site": "", "good": "potato",
        "kind": "retail", "since": AT, "at": AT, "processed_at": AT, "reason": "raised",
        "indicators": '{"spike_24h":0.2}', "thresholds": "{}", "evidence": "{}",
        "text_zh": "涨", "text_en": "up", "stale": 0, "correction": 0,
    }  # fmt: skip
    return pa.Table.from_pylist([{**plain, **row} for row in rows])


class FakeWarehouse:
    """Answers named queries from a dictionary; an exception there is raised."""

    def __init__(self, **tables: Any) -> None:
        self.tables = tables
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.inserted: list[tuple[str, dict[str, list[object]]]] = []

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return the table of that name, an empty one when there is none."""
        self.asked.append((name, dict(parameters or {})))
        found = self.tables.get(name, pa.table({}))
        if isinstance(found, Exception):
            raise found
        return found

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Keep what is inserted."""
        self.inserted.append((table, {name: list(values) for name, values in columns.items()}))
