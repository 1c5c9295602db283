"""Acting on alerts from the command line: what is sent, where to, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from schemas import catalogue, topics
from schemas.events import Action, Matcher
from staplewatch import acting, sending, settings, source
from staplewatch.errors import CommandError
from streams.actions import ActionReader
from streams.options import Options

PARTITIONS = 12
ALERT = {
    "id": "e1",
    "key": "live-24h|540402|potato",
    "seq": 2,
    "level": "orange",
    "state": "firing",
    "region": "540402",
}


class Wire:
    """Takes what is sent: (partition, action), each read as the stream reads it."""

    partitions = PARTITIONS

    def __init__(self) -> None:
        self.sent: list[tuple[int, Action]] = []
        self.keys: list[bytes] = []

    def forward(self, topic: str, partition: int, key: bytes, value: bytes, headers: list[Any]) -> None:
        assert topic == topics.ACTIONS
        assert headers == []
        self.keys.append(key)
        now = datetime.now(UTC).timestamp()
        self.sent.append((partition, ActionReader(partition, PARTITIONS, Options()).read(value, now)))


class Asked:
    """Answers with the rows of an address."""

    def __init__(self, rows: Mapping[str, list[dict[str, Any]]]) -> None:
        self.rows = rows

    def ask(self, what: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        del parameters
        return self.rows[what]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()

    @contextmanager
    def producer(place: sending.Target) -> Iterator[Wire]:
        assert place.servers == "broker:9092"
        yield found

    monkeypatch.setattr(sending, "producer", producer)
    return found


def answering(monkeypatch: pytest.MonkeyPatch, **rows: list[dict[str, Any]]) -> None:
    @contextmanager
    def opened(chosen: settings.Settings, *, direct: bool) -> Iterator[Asked]:
        del chosen, direct
        yield Asked({name.replace("_", "/"): each for name, each in rows.items()})

    monkeypatch.setattr(source, "opened", opened)


CHOSEN = settings.load(None, broker="kafka://broker:9092")


def on_alert(kind: Any, note: str = "", by: str | None = "tsering") -> dict[str, Any]:
    return acting.on_alert(CHOSEN, "e1", kind, note, by, direct=True, patience=1)


def test_an_acknowledgement_is_of_the_transition_that_was_seen(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    answering(monkeypatch, alerts_transitions=[{**ALERT, "seq": 1, "level": "yellow"}, ALERT])
    told = on_alert("acknowledge", " called three stores ")
    ((partition, sent),) = wire.sent
    assert partition == topics.partition_of(540400, PARTITIONS)
    assert (sent.alert, sent.key, sent.seq, sent.level) == ("e1", ALERT["key"], 2, "orange")
    assert (sent.by, sent.sender, sent.note) == ("tsering", "cli", "called three stores")
    assert told["event_id"] == sent.event_id
    assert wire.keys == [f"live-24h|540402|potato|{sent.event_id}".encode()]


def test_what_is_resolved_can_be_commented_on_and_not_acknowledged(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    answering(monkeypatch, alerts_transitions=[{**ALERT, "state": "resolved", "level": "none"}])
    with pytest.raises(CommandError, match="not firing"):
        on_alert("acknowledge")
    on_alert("comment", "was a typing error")
    assert [sent.kind for _, sent in wire.sent] == ["comment"]


def test_an_alert_of_a_province_is_acted_on_where_it_is(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    key = "mofcom-2011|540000|potato"
    answering(monkeypatch, alerts_transitions=[{**ALERT, "key": key, "region": "540000"}])
    on_alert("acknowledge")
    assert [partition for partition, _ in wire.sent] == [0]


@pytest.mark.parametrize(
    ("note", "by", "said"),
    [("x" * 2001, "tsering", "--note: 2001 characters"), ("", "", "--by: give a name"), ("", "x" * 201, "--by")],
)
def test_what_the_stream_would_refuse_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, wire: Wire, note: str, by: str, said: str
) -> None:
    answering(monkeypatch, alerts_transitions=[ALERT])
    with pytest.raises(CommandError, match=said):
        on_alert("acknowledge", note, by)
    assert wire.sent == []


def test_nobody_acts_on_what_is_not_there(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    answering(monkeypatch, alerts_transitions=[])
    with pytest.raises(CommandError, match="there is no alert e1"):
        on_alert("acknowledge")
    assert wire.sent == []


def test_a_silence_goes_to_every_partition_it_can_concern_and_its_end_to_the_same(
    monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    told = acting.silence(CHOSEN, Matcher(["540402"], ["potato"], levels=["blue"]), until, "counting", None, patience=1)
    assert [partition for partition, _ in wire.sent] == [0, topics.partition_of(540400, PARTITIONS)]
    assert wire.sent[0][1] == wire.sent[1][1]
    assert wire.sent[0][1].matcher == Matcher(["540402"], ["potato"], levels=["blue"])
    assert wire.sent[0][1].until == f"{until.replace(microsecond=0):%Y-%m-%dT%H:%M:%SZ}"
    answering(monkeypatch, silences=[told])
    acting.unsilence(CHOSEN, told["silence"], None, direct=True, patience=1)
    assert [(partition, sent.kind) for partition, sent in wire.sent[2:]] == [
        (partition, "unsilence") for partition, _ in wire.sent[:2]
    ]
    with pytest.raises(CommandError, match="no silence other stands"):
        acting.unsilence(CHOSEN, "other", None, direct=True, patience=1)


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        (Matcher(), "silence what"),
        (Matcher(goods=["unobtainium"]), "not in the catalogue: unobtainium"),
        (Matcher(sites=["x" * 201]), "--site: at most 1000 entries of 1 to 200"),
    ],
)
def test_a_silence_that_the_stream_would_refuse_is_not_sent(wire: Wire, matcher: Matcher, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        acting.silence(CHOSEN, matcher, datetime.now(UTC) + timedelta(hours=2), "counting", None, patience=1)
    assert wire.sent == []


def test_a_silence_of_a_good_concerns_every_partition(wire: Wire) -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    acting.silence(CHOSEN, Matcher(goods=["potato"]), until, "counting", None, patience=1)
    places = [0, *catalogue.load().prefectures]
    assert [partition for partition, _ in wire.sent] == sorted(
        {topics.partition_of(each, PARTITIONS) for each in places}
    )


def test_a_silence_is_told_in_one_line() -> None:
    matcher = msgspec.to_builtins(Matcher(["540400"], ["potato", "tea"]))
    assert acting.covered(matcher) == "regions=540400 goods=potato,tea"


def test_a_silence_ends_at_a_moment_or_after_a_while() -> None:
    assert acting.ending("2026-11-25T08:00:00+08:00", None) == datetime(2026, 11, 25, tzinfo=UTC)
    left = acting.ending(None, 7200) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=59) < left <= timedelta(hours=2)
