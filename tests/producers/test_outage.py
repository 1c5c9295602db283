"""Producers and a broker that goes away: they wait, say so once, recover or give up."""

from __future__ import annotations

import pytest

from producers import connection
from producers.client import BrokerUnavailable
from producers.outage import QUIET_SECONDS, Link
from tests.producers.fakes import Time


def test_each_change_of_state_is_told_once() -> None:
    said: list[str] = []
    link = Link("k:9092", 900.0, said.append)
    for now, waiting, taken in (
        *((1.0, 5, 0.0), (QUIET_SECONDS, 5, 0.0)),
        *((QUIET_SECONDS + 1, 5, 0.0), (20.0, 9, 0.0), (33.0, 9, 0.0)),
        *((34.0, 8, 34.0), (50.0, 0, 34.0), (90.0, 0, 34.0)),
    ):
        link.look(now, waiting, -1.0, taken)
    assert [text.partition(" / ")[0] for text in said] == [
        "the broker at k:9092 takes nothing: sending waits and tries on for up to 15 min",
        "the broker at k:9092 takes records again after 34 s",
    ]


def test_a_sender_that_has_nothing_to_send_is_not_away() -> None:
    said: list[str] = []
    Link("k:9092", 900.0, said.append).look(1e6, 0, 0.0, 0.0)
    assert said == []


def test_records_that_were_given_up_are_not_a_broker_that_is_back() -> None:
    said: list[str] = []
    link = Link("k:9092", 10.0, said.append)
    link.look(10.0, 5, 0.0, -1.0)
    link.look(11.0, 0, 0.0, -1.0)
    link.look(12.0, 1, 11.5, -1.0)
    assert len(said) == 1


def test_a_broker_that_is_away_at_the_start_is_waited_for_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    time, tries = Time(), iter([BrokerUnavailable("nobody"), BrokerUnavailable("nobody"), None])
    there = connection.Broker(4, idempotent=True, notes=())

    def inspect(servers: str) -> connection.Broker:
        if (error := next(tries)) is not None:
            raise error
        return there

    monkeypatch.setattr(connection, "inspect", inspect)
    assert connection.inspect_patiently("k", 60.0, said.append, clock=time.clock, sleep=time.sleep) is there
    assert (len(said), time.now) == (1, 2.0)
    assert "waiting up to 60 s for the broker" in said[0]


def test_and_not_longer_than_that() -> None:
    time = Time()
    said: list[str] = []
    with pytest.raises(BrokerUnavailable, match="no Kafka broker answers"):
        connection.inspect_patiently("127.0.0.1:1", 3.0, said.append, clock=time.clock, sleep=time.sleep)
    assert (len(said), time.now) == (1, 3.0)
    with pytest.raises(BrokerUnavailable):
        connection.inspect_patiently("127.0.0.1:1", 0.0, said.append, clock=time.clock, sleep=time.sleep)
    assert (len(said), time.now) == (1, 3.0)
