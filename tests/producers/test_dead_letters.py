"""Rejected records made ready to be sent again, and enterprises' item codes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from producers.replay import ReplayError, item_mapping
from producers.replay.dead_letters import Ready, UnreadableError, ready
from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.letters import REPLAY_OF, Replay, replay_of

EVENT = {
    "event_id": "r-1",
    "sender": "shop",
    "region": "540102",
    "odd": [1.5, "文"],
    "lines": [{"good": "0017", "unit": "kg"}],
}


@pytest.fixture(scope="module")
def tibet() -> Catalogue:
    return catalogue.load()


def row(value: bytes = json.dumps(EVENT).encode(), **fields: Any) -> dict[str, Any]:
    return {
        "epoch": "e", "topic": topics.SALES, "partition": 0, "offset": 7, "stage": "partition", "replays": [],
        "value_base64": base64.b64encode(value).decode(), "key_base64": "b2xk", "headers": [], "line": 0, "lines": 0,
    } | fields  # fmt: skip


def test_it_goes_to_the_partition_of_its_region_as_it_was(tibet: Catalogue) -> None:
    found = ready(row(headers=[("trace", "MQ=="), ("trace", "Mg==")]), tibet, 4)
    assert (found.partition, found.key) == (topics.partition_of(540100, 4), b"540100")
    assert found.value == json.dumps(EVENT).encode()
    assert found.headers == (
        *(("trace", b"1"), ("trace", b"2")),
        *(("staplewatch.replay.of", b"e/pos.sales/0/7"), ("staplewatch.replay.attempt", b"1")),
    )


@pytest.mark.parametrize(
    "value", [b"\xff{", b"", b'{"region": "999999"}', b'{"region": "540100"}', b'{"region": "\xd9\xa3"}']
)
def test_what_tells_no_county_goes_back_to_where_it_came_from(tibet: Catalogue, value: bytes) -> None:
    found = ready(row(value, partition=3), tibet, 4)
    assert (found.partition, found.key, found.value) == (3, b"old", value)
    assert ready(row(value, partition=11, key_base64=""), tibet, 4).partition == 3


@pytest.mark.parametrize(
    ("value", "partition"),
    [
        (b'{"event_id":"1","sender":"s","kind":"comment","by":"b","time":"t","key":"live|540102|tea"}', 1),
        (b'{"event_id":"1","sender":"s","kind":"unsilence","by":"b","time":"t","silence":"s1"}', 7),
        (b"{", 7),
    ],
)
def test_an_action_goes_to_the_partition_of_its_alert(tibet: Catalogue, value: bytes, partition: int) -> None:
    sent = ready(row(value, topic="alert.actions", partition=7), tibet, 12)
    assert (sent.partition, sent.value, sent.replay.topic) == (partition, value, "alert.actions")


def test_attempts_are_counted_over_replays_and_over_letters_of_letters(tibet: Catalogue) -> None:
    assert attempt(ready(row(replays=[{"attempt": 1}, {"attempt": 2}]), tibet, 4)) == b"3"
    of, number = base64.b64encode(b"e/pos.sales/0/1").decode(), base64.b64encode(b"4").decode()
    earlier = [("staplewatch.replay.of", of), ("staplewatch.replay.attempt", number)]
    found = ready(row(headers=earlier), tibet, 4)
    assert attempt(found) == b"5"
    assert len(found.headers) == 2


def attempt(found: Ready) -> bytes:
    return dict(found.headers)["staplewatch.replay.attempt"]


def test_damaged_bytes_and_bytes_beyond_the_brokers_limit_are_told(tibet: Catalogue) -> None:
    with pytest.raises(UnreadableError, match="damaged"):
        ready(row(value_base64="?"), tibet, 4)
    with pytest.raises(UnreadableError, match="more than the broker takes"):
        ready(row(b"x" * topics.MAX_MESSAGE_BYTES), tibet, 4)
    with pytest.raises(UnreadableError, match="does not read"):
        ready(row(topic="elsewhere"), tibet, 4)


def sheet(tmp_path: Path, *lines: str, header: str = "sender,item,good,unit") -> Path:
    path = tmp_path / "items.csv"
    path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return path


def test_items_become_goods_and_the_rest_stays(tmp_path: Path, tibet: Catalogue) -> None:
    mapping = item_mapping.load(sheet(tmp_path, "shop,0017,potato,袋(5kg)", "*,0017,tomato,", "*,0018,tomato,"), tibet)
    found = ready(row(), tibet, 4, mapping)
    assert json.loads(found.value) == {**EVENT, "lines": [{"good": "potato", "unit": "袋(5kg)"}]}
    assert found.mapped == 1
    lines = [{"good": "0017", "unit": "斤"}, {"good": "0018", "unit": "kg"}, {"good": "egg", "unit": "kg"}]
    other = json.dumps({**EVENT, "sender": "market", "lines": lines}).encode()
    changed, count = mapping.apply(other)
    assert [(line["good"], line["unit"]) for line in json.loads(changed)["lines"]] == [
        ("tomato", "斤"), ("tomato", "kg"), ("egg", "kg")
    ]  # fmt: skip
    assert count == 2


@pytest.mark.parametrize(
    "value", [b"\xff", b"[]", b"3", b'{"lines": 3}', b'{"lines": [3]}', b'{"lines": [{"good": null}]}']
)
def test_what_is_no_event_comes_back_untouched(tmp_path: Path, tibet: Catalogue, value: bytes) -> None:
    mapping = item_mapping.load(sheet(tmp_path, "*,3,potato,"), tibet)
    assert mapping.apply(value) == (value, 0)


def test_without_the_column_unit_units_stay(tmp_path: Path, tibet: Catalogue) -> None:
    mapping = item_mapping.load(sheet(tmp_path, "shop,0017,potato", header="sender,item,good"), tibet)
    assert json.loads(mapping.apply(json.dumps(EVENT).encode())[0])["lines"] == [{"good": "potato", "unit": "kg"}]


def test_every_wrong_row_is_named(tmp_path: Path, tibet: Catalogue) -> None:
    path = sheet(tmp_path, "shop,1,potatoe,", "shop,2,potato,mL", "shop,2,potato,", ",3,potato,")
    with pytest.raises(ReplayError) as found:
        item_mapping.load(path, tibet)
    first, *others = str(found.value).splitlines()
    assert "items.csv was not taken" in first
    assert [line.split(": ")[0] for line in others] == [
        "items.csv:2 good", "items.csv:3 unit", "items.csv:4 item", "items.csv:5 sender"
    ]  # fmt: skip
    assert "did you mean 'potato'?" in others[0]


def test_a_receipt_of_a_batch_is_known_by_its_line(tibet: Catalogue) -> None:
    found = ready(row(line=120, lines=5), tibet, 4)
    assert found.replay == Replay("e", topics.SALES, 0, 7, 1, 120)
    assert (REPLAY_OF, b"e/pos.sales/0/7.120") in found.headers
    assert replay_of(found.headers) == found.replay
