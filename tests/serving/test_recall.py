"""Actions that the warehouse has, told to the live view."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

import warehouse
from schemas import topics
from schemas.events import Matcher
from serving.live import LiveView
from serving.recall import Recall
from streams.actions import action_rows
from tests.streams.alerts.actions import NOW, action, silence
from warehouse.errors import WarehouseUnavailable

ACTIONS = [action(), action("comment", 2), silence(3, matcher=Matcher(goods=["potato"])), action("unsilence", 4)]


@pytest.mark.parametrize("order", ["table first", "topic first"])
async def test_what_is_stored_is_told_once(tmp_path: Path, order: str) -> None:
    house = warehouse.connect(f"chdb://{tmp_path}")
    live = LiveView("localhost:1")
    try:
        house.migrate()
        house.insert("alert_actions", action_rows(ACTIONS))
        house.insert("alert_actions", action_rows(ACTIONS[:2]))  # by the worker of another partition

        async def ask(name: str, parameters: dict[str, object]) -> pa.Table:
            return house.query(name, parameters)

        found = Recall(live, ask, clock=lambda: NOW)
        if order == "topic first":
            live.latest.apply(topics.ACTIONS, b"key", msgspec.json.encode(ACTIONS[0]))
        await found.load()
        if order == "table first":
            live.latest.apply(topics.ACTIONS, b"key", msgspec.json.encode(ACTIONS[0]))
    finally:
        house.close()
    ledger = live.latest.ledger
    assert [each.kind for each in ledger.of("one")] == ["acknowledge", "comment"]
    assert [(each.by, each.note) for each in ledger.comments("one")] == [("次仁", "已联系")]
    assert ledger.silences["s3"].matcher == Matcher(goods=["potato"])


async def test_a_warehouse_that_is_away_is_waited_for() -> None:
    live, asked, done = LiveView("localhost:1"), 0, asyncio.Event()

    async def ask(_: str, __: dict[str, object]) -> pa.Table:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise WarehouseUnavailable
        done.set()
        return pa.table({})

    found = Recall(live, ask, retry_seconds=0.001)
    await found.start()
    await asyncio.wait_for(done.wait(), 5)
    await found.stop()
    assert asked == 3


def test_an_action_of_another_make_is_counted_and_not_raised() -> None:
    latest = LiveView("localhost:1").latest
    for value in (b"", b"{", b"[]", b'{"event_id":1}', msgspec.json.encode(action(time="yesterday"))):
        assert not latest.apply(topics.ACTIONS, b"key", value)
    assert latest.rejected == 4
    assert latest.ledger.known == {}
