"""Actions between the live view and the warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

import warehouse
from schemas import topics
from schemas.events import Matcher
from serving import recorder
from serving.live import LiveView
from serving.recorder import Recorder
from tests.serving.examples import alert
from tests.serving.test_ledger import NOW, action, silence
from warehouse.errors import WarehouseUnavailable

ACTIONS = [action(), action("comment", 2), silence(3, matcher=Matcher(goods=["potato"])), action("unsilence", 4)]


class Table:
    """Keeps what was inserted; ``away`` makes it fail."""

    def __init__(self) -> None:
        self.away = False
        self.inserted: list[str] = []

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        if self.away:
            raise WarehouseUnavailable
        assert table == "alert_actions"
        self.inserted += [str(each) for each in columns["event_id"]]


async def nothing(_: str, __: dict[str, object]) -> pa.Table:
    return pa.table({})


async def test_what_the_topic_brings_is_stored_once_also_after_a_failure() -> None:
    live, table = LiveView("localhost:1"), Table()
    found = Recorder(live, nothing, table)
    for each in [*ACTIONS, *ACTIONS]:
        live.latest.apply(topics.ACTIONS, b"key", msgspec.json.encode(each))
    table.away = True
    with pytest.raises(WarehouseUnavailable):
        await found.write()
    table.away = False
    await found.write()
    await found.write()
    assert table.inserted == [each.event_id for each in ACTIONS]


@pytest.mark.parametrize("order", ["table first", "topic first"])
async def test_what_is_stored_is_told_and_not_stored_again(tmp_path: Path, order: str) -> None:
    house = warehouse.connect(f"chdb://{tmp_path}")
    try:
        house.migrate()
        house.insert("alert_actions", recorder.columns(ACTIONS))
        house.insert("alert_actions", recorder.columns(ACTIONS[:2]))  # twice, by another process

        async def ask(name: str, parameters: dict[str, object]) -> pa.Table:
            return house.query(name, parameters)

        live, table = LiveView("localhost:1"), Table()
        live.latest.take("live|540402|potato", alert())
        found = Recorder(live, ask, table, clock=lambda: NOW)
        if order == "topic first":
            live.latest.apply(topics.ACTIONS, b"key", msgspec.json.encode(ACTIONS[0]))
        await found.load()
        if order == "table first":
            live.latest.apply(topics.ACTIONS, b"key", msgspec.json.encode(ACTIONS[0]))
        await found.write()
    finally:
        house.close()
    assert table.inserted == []
    ledger = live.latest.ledger
    acknowledged = ledger.acknowledged("one", "orange")
    assert acknowledged is not None
    assert (acknowledged.by, acknowledged.note) == ("次仁", "已联系")
    assert len(ledger.comments("one")) == 1
    assert ledger.silences["s3"].matcher == Matcher(goods=["potato"])


def test_an_action_of_another_make_is_counted_and_not_raised() -> None:
    latest = LiveView("localhost:1").latest
    for value in (b"", b"{", b"[]", b'{"event_id":1}', msgspec.json.encode(action(time="yesterday"))):
        assert not latest.apply(topics.ACTIONS, b"key", value)
    assert latest.rejected == 4
    assert latest.ledger.known == {}
