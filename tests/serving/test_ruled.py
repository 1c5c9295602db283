"""Changes of the rules over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

from streams import ruling
from streams.alerts import packs
from tests.serving.examples import FakeWarehouse
from tests.serving.test_api import BEARER, client

LIVE, COVER = packs.load("live"), packs.load("cover")


def test_a_change_tells_which_packs_hold_where_since_when_and_by_whom() -> None:
    chosen: dict[int, Any] = {0: [("live", LIVE)], 540100: [("live", LIVE), ("cover", COVER)]}
    change = ruling.change(chosen, sender="cli", by="次仁", at=1_767_225_600.5, note="节日")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = {"event_id": change.event_id, "sender": "cli", "author": change.by, "at": at, "note": change.note}
    row |= {"change": msgspec.json.encode(change).decode(), "partitions": 12, "ingested": at}
    with client(FakeWarehouse(rule_changes=pa.Table.from_pylist([row]))) as ask:
        (shown,) = ask.get("/api/rules/changes", headers=BEARER).json()
    assert (shown["by"], shown["note"], shown["partitions"], shown["at"]) == (
        "次仁",
        "节日",
        12,
        "2026-01-01T00:00:00Z",
    )
    assert [(each["region"], each["pack"], each["version"]) for each in shown["packs"]] == [
        ("000000", "live", LIVE.version),
        ("540100", "live", LIVE.version),
        ("540100", "cover", COVER.version),
    ]
    assert len(change.packs) == 2, "a pack is in the record once"
