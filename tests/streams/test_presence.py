"""Whether the broker answers, and who holds a slot: with a broker that is made up."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.assign import Together, run_of
from streams.membership import Member, Membership
from streams.presence import Presence
from streams.quiet import Hush, OncePer
from streams.slot import SlotTakenError, run_id

UUID = "0f6f9ce2-6e0c-4d4b-8a35-0a3b3f6f5b1e"


class Broker:
    """Answers while ``there``; hangs while ``paused``."""

    def __init__(self) -> None:
        self.there = True
        self.paused = False
        self.members: list[tuple[Any, ...]] = []

    async def start(self) -> None:
        await self.describe_cluster()

    async def close(self) -> None: ...

    async def describe_cluster(self) -> None:
        if self.paused:
            await asyncio.Event().wait()
        if not self.there:
            reason = "gone"
            raise KafkaConnectionError(reason)

    async def describe_consumer_groups(self, group_ids: list[str]) -> list[Any]:
        return [Answer([(0, group_ids[0], "Stable", "consumer", "p", self.members)])]


class Answer(NamedTuple):
    groups: list[Any]


class Wall:
    at = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


async def test_one_line_when_it_goes_and_one_when_it_comes(caplog: pytest.LogCaptureFixture) -> None:
    broker, wall = Broker(), Wall()
    presence = Presence(["k:9092"], make=lambda: broker, hushed=Hush(), patience=0.05, wall=wall)
    assert await presence.look()
    assert not presence.reason
    broker.there = False
    for _ in range(5):
        assert not await presence.look()
        wall.at += 10
    assert "the broker at k:9092 does not answer since 2023-11-14T22:13:20Z" in presence.reason
    broker.there, broker.paused = True, True
    assert not await presence.look(), "a paused broker accepts connections and says nothing"
    broker.paused = False
    assert await presence.look()
    assert [record.getMessage() for record in caplog.records] == [
        "the broker at k:9092 does not answer; waiting for it",
        "the broker at k:9092 answers again after 50 s",
    ]


async def test_members_are_read_from_their_metadata() -> None:
    broker = Broker()
    metadata = Together("0", 4, "run-7").metadata(["pos.sales"]).encode()
    broker.members = [(f"staplewatch-0-{UUID}", "client", "/10.0.0.7", metadata, b"")]
    presence = Presence(["k:9092"], make=lambda: broker, hushed=Hush())
    assert await presence.members("staplewatch") == [Member("staplewatch-0", "run-7", "10.0.0.7")]
    assert run_of(b"") == ""


def membership(members: list[Member], run: str = "b") -> Membership:
    async def ask() -> list[Member]:
        return members

    return Membership(3, "g-3", run, ask, clock=Ticks())


class Ticks:
    """Every look at this clock takes three seconds."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        self.at += 3.0
        return self.at


async def test_a_free_slot_and_a_dead_predecessor_are_not_waited_for() -> None:
    async with asyncio.timeout(0.3):
        await membership([]).claim("a", 6)
        await membership([Member("g-4", "x", "h")]).claim("a", 6)
        await membership([Member("g-3", "a", "h")]).claim("a", 6)


async def test_a_living_worker_keeps_its_slot() -> None:
    with pytest.raises(SlotTakenError, match=r"slot 3 is taken by a worker at h \(a\): choose another --slot / 槽位 3"):
        await membership([Member("g-3", "a", "h")]).claim("", 6)


async def test_a_dead_worker_elsewhere_is_gone_after_its_session() -> None:
    members = [Member("g-3", "a", "h")]
    claiming = asyncio.create_task(membership(members).claim("other", 60))
    await asyncio.sleep(0)
    members.clear()
    await asyncio.wait_for(claiming, 5)


async def test_of_two_the_one_that_came_later_gives_way() -> None:
    first, second = run_id(3, 1_700_000_000.0), run_id(3, 1_700_000_001.0)
    assert await membership([Member("g-3", first, "h")], second).look() is not None
    earlier = membership([Member("g-3", second, "h")], first)
    looks = [await earlier.look() for _ in range(7)]
    assert looks[:5] == [None] * 5
    assert isinstance(looks[5], SlotTakenError), "one that does not give way by itself"
    assert await membership([Member("g-3", first, "h")], first).look() is None


async def test_a_dead_predecessor_that_the_group_still_knows_is_no_rival() -> None:
    dead, run = run_id(3, 1_700_000_000.0), run_id(3, 1_700_000_001.0)
    members = [Member("g-3", dead, "h")]
    mine = membership(members, run)
    await mine.claim(dead, 6)
    assert [await mine.look() for _ in range(5)] == [None] * 5
    assert isinstance(await mine.look(), SlotTakenError), "a copied directory's worker is alive after all"


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@pytest.fixture
def chatter() -> logging.Logger:
    logger = logging.getLogger("tests.chatter")
    logger.handlers, logger.filters, logger.propagate = [], [], False
    return logger


def test_complaints_about_an_outage_are_dropped_and_others_come_late(chatter: logging.Logger) -> None:
    now = [0.0]
    hush = Hush(lambda: now[0], hold_seconds=10, settle_seconds=40)
    kept = Kept()
    chatter.addHandler(kept)
    chatter.addFilter(OncePer(60.0, lambda: now[0], hush))
    hush.attend()
    chatter.error("topic %s is not authorized", "x")
    hush.found()
    assert kept.texts == []
    now[0] = 11.0
    hush.found()
    assert kept.texts == ["topic x is not authorized"]
    chatter.error("connection lost")
    hush.lost()
    chatter.error("no leader")
    now[0] = 50.0
    hush.found()
    chatter.error("request timed out")
    now[0] = 95.0
    hush.found()
    assert kept.texts == ["topic x is not authorized"]
    chatter.error("something else")
    now[0] = 120.0
    hush.found()
    assert kept.texts == ["topic x is not authorized", "something else"]
