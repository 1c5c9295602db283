"""The live view: newest record per key, whatever the order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from schemas import topics
from schemas.events import Acknowledged, AsOf, Inhibited, Silenced
from serving import wire
from serving.live import Latest, LiveView
from streams.app import servers as addresses
from streams.cluster import ensure_topics
from tests.serving.examples import alert, indicator


class Record(NamedTuple):
    topic: str
    key: bytes
    value: bytes
    timestamp: int = 1_660_000_000_500


def record(event: Any) -> Record:
    topic = topics.ALERTS if hasattr(event, "seq") else topics.INDICATORS
    return Record(topic, getattr(event, "key", "540402|potato").encode(), msgspec.json.encode(event))


def test_the_newest_by_as_of_stays() -> None:
    latest = Latest()
    assert latest.take("k", indicator(as_of=AsOf(1, 10, 0)))
    assert not latest.take("k", indicator(as_of=AsOf(1, 9, 5)))
    assert not latest.take("k", indicator(as_of=AsOf(1, 10, 0)))
    assert latest.take("k", indicator(as_of=AsOf(2, 1, 0)))
    assert latest.indicators["k"].record.as_of == AsOf(2, 1, 0)
    assert latest.cursor == 2


def test_transitions_of_one_evaluation_are_told_apart_by_seq() -> None:
    latest = Latest()
    assert latest.take("k", alert(seq=0, state="pending", level="none"))
    assert latest.take("k", alert(seq=1))
    assert [change.record.seq for change in latest.transitions if hasattr(change.record, "seq")] == [0, 1]


def test_a_new_episode_counts_from_0_even_where_the_last_one_ended_in_the_same_evaluation() -> None:
    latest = Latest()
    assert latest.take("k", alert(seq=3, state="resolved", level="none", since="2026-11-01T00:00:00+08:00"))
    assert latest.take("k", alert(id="two", seq=0, since="2026-11-09T00:00:00+08:00"))
    assert not latest.take("k", alert(seq=3, state="resolved", level="none", since="2026-11-01T00:00:00+08:00"))
    assert msgspec.to_builtins(latest.alerts["k"].record)["id"] == "two"


def test_other_marks_are_news_and_no_transition() -> None:
    latest = Latest()
    marked = alert(acknowledged=Acknowledged("扎西", "2022-08-08T02:06:00Z"), actions_offset=1, as_of=AsOf(1, 11, 0))
    assert latest.take("k", alert())
    cursor = latest.cursor
    assert latest.take("k", marked)
    assert not latest.take("k", marked)
    assert not latest.take("k", alert())
    assert latest.cursor == cursor + 1
    assert latest.take_changed() == [marked]
    assert [change.record for change in latest.transitions] == [alert()]


def test_a_province_covers_counties_that_other_partitions_have() -> None:
    latest, county = Latest(), alert()
    province = alert(id="p", key="mofcom-2011|540000|potato", region="540000", rule="mofcom-2011")
    latest.take(county.key, county)
    latest.take_changed()
    latest.take(province.key, province)
    assert county in latest.take_changed(), "it is told again, with what covers it"
    assert wire.alert(county, latest, 0.0).inhibited == Inhibited("p", province.key, "orange")
    assert wire.alert(alert(level="red"), latest, 0.0).inhibited is None
    latest.take(province.key, alert(**{**msgspec.structs.asdict(province), "seq": 2, "state": "resolved"}))
    assert wire.alert(county, latest, 0.0).inhibited is None


def test_a_silence_that_is_over_is_none_whatever_the_record_says() -> None:
    silenced = alert(silenced=Silenced("s1", "2022-08-08T12:00:00+08:00", "扎西"))
    end = 1_659_931_200.0
    assert wire.alert(silenced, Latest(), end - 1).silenced_until == "2022-08-08T04:00:00Z"
    assert wire.alert(silenced, Latest(), end).silenced_until is None


def test_the_highest_level_is_that_of_the_episode() -> None:
    latest = Latest()
    latest.take("k", alert(level="red", seq=0))
    latest.take("k", alert(level="none", state="resolved", seq=1))
    assert latest.highest["k"] == ("one", 4)
    latest.take("k", alert(id="two", level="blue", seq=0, as_of=AsOf(1, 11, 0)))
    assert latest.highest["k"] == ("two", 1)


def test_a_record_of_another_make_is_counted() -> None:
    latest = Latest()
    assert not latest.apply(topics.ALERTS, b"k", b'{"id": 5}')
    assert not latest.apply(topics.ALERTS, b"k", None)
    assert latest.rejected == 1


class FakeConsumer:
    """Yields what ``batches`` holds, then nothing."""

    def __init__(self, batches: list[list[Record]], *topics: str, **settings: Any) -> None:
        self.batches = batches
        self.names = topics
        self.settings = settings

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def topics(self) -> set[str]:
        return set(self.names)

    async def getmany(self, timeout_ms: int) -> dict[str, list[Record]]:
        await asyncio.sleep(0)
        return {"some partition": self.batches.pop(0)} if self.batches else {}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the view tells nobody
            await asyncio.sleep(0.005)


async def test_follows_all_partitions_from_the_beginning_without_a_group() -> None:
    made: list[FakeConsumer] = []

    def make(*names: str, **settings: Any) -> FakeConsumer:
        made.append(FakeConsumer([[record(indicator())], [record(alert())]], *names, **settings))
        return made[-1]

    view = LiveView("localhost:1", consumer=make)
    await view.start()
    assert await view.wait(0, 5) >= 1
    await until(lambda: view.caught_up)
    await view.stop()
    assert view.latest.cursor == 2
    assert made[0].settings["group_id"] is None
    assert made[0].settings["auto_offset_reset"] == "earliest"
    assert made[0].names == ("indicators", "alerts", "alert.actions")


async def test_a_lost_broker_is_waited_for() -> None:
    class Lost(FakeConsumer):
        async def getmany(self, timeout_ms: int) -> dict[str, list[Record]]:
            reason = "gone"
            raise KafkaConnectionError(reason)

    consumers: list[type[FakeConsumer]] = [Lost, FakeConsumer]
    view = LiveView(
        "localhost:1", consumer=lambda *names, **settings: consumers.pop(0)([[record(indicator())]]), retry_seconds=0.01
    )
    await view.start()
    await until(lambda: view.caught_up and view.connected)
    await view.stop()
    assert view.latest.cursor == 1


async def test_a_broker_that_is_silently_gone_is_noticed_and_found_again() -> None:
    class Silent(FakeConsumer):
        """As aiokafka: fetches bring nothing while the broker is away, and raise nothing."""

        answers = True

        async def topics(self) -> set[str]:
            if not self.answers:
                reason = "gone"
                raise KafkaConnectionError(reason)
            return set()

    consumer = Silent([])
    view = LiveView("localhost:1", consumer=lambda *names, **settings: consumer, retry_seconds=0.01)
    await view.start()
    await until(lambda: view.connected)
    consumer.answers = False
    await until(lambda: not view.connected)
    consumer.answers = True
    await until(lambda: view.connected)
    await view.stop()


def test_what_changed_is_taken_once_the_newest_of_each_key() -> None:
    latest = Latest()
    latest.take("a", indicator(as_of=AsOf(1, 10, 0)))
    latest.take("a", indicator(as_of=AsOf(1, 11, 0)))
    latest.take("b", alert())
    assert [record.as_of.position for record in latest.take_changed()] == [11, 10]
    assert latest.take_changed() == []


def test_feeds_are_heard_of_with_records() -> None:
    latest = Latest()
    told = record(indicator(region="540400", heard={"sales": 1_660_000_000}))
    assert latest.apply(told.topic, told.key, told.value, told.timestamp / 1000)
    assert latest.feeds.told()["sales"].heard == 1_660_000_000.5


async def test_waiting_ends_when_the_time_is_over() -> None:
    view = LiveView("localhost:1", consumer=FakeConsumer)
    assert await view.wait(0, 0.01) == 0


@pytest.mark.parametrize("broker", ["tansu", pytest.param("kafka", marks=pytest.mark.services)])
async def test_follows_a_real_broker(request: pytest.FixtureRequest, broker: str) -> None:
    servers = addresses(request.getfixturevalue(broker))
    await ensure_topics(servers, 4, embedded=broker == "tansu")
    view = LiveView(servers[0])
    await view.start()
    producer = AIOKafkaProducer(bootstrap_servers=servers[0])
    await producer.start()
    try:
        for number, event in enumerate((indicator(), alert())):
            sent = record(event)
            await producer.send_and_wait(sent.topic, sent.value, sent.key, partition=number)
        await until(lambda: view.latest.cursor >= 2 and view.caught_up)
    finally:
        await producer.stop()
        await view.stop()
    assert view.latest.alerts["live|540402|potato"].record.region == "540402"
