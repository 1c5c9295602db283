"""The way into Kafka, against the embedded broker: nothing is lost without an error."""

from __future__ import annotations

import gc
import json
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from producers import connection
from producers.client import BrokerUnavailable, DeliveryError, Ledger, Producer
from producers.connection import Broker
from schemas import receipt_batch, topics
from schemas.events import Receipt, SaleLine
from tests import services
from tests.conftest import start
from tests.producers.fakes import Time

pytestmark = pytest.mark.services

PARTITIONS = 4


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ExitStack() as stack:
        servers = start(services.tansu(tmp_path_factory.mktemp("tansu")), stack)
        create(servers, dict.fromkeys(topics.ALL, PARTITIONS))
        yield servers


def create(servers: str, counts: dict[str, int]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(name, count, 1) for name, count in counts.items()])
    admin.close()


def receipt(number: int, lines: int = 2) -> Receipt:
    sold = [SaleLine(line=line, good="potato", quantity=1.5, unit="kg", amount=3.2) for line in range(1, lines + 1)]
    return Receipt(
        event_id=f"e{number}",
        sender="test",
        store="shop",
        region="540402",
        workstation="1",
        business_date="2026-05-20",
        sequence=number,
        time="2026-05-20T10:00:00+08:00",
        lines=sold,
    )


class Record(NamedTuple):
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def read(servers: str, topic: str, offsets: dict[int, int]) -> list[Record]:
    """Return the records from where each partition is told to start, in order of offset."""
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    places = {partition: TopicPartition(topic, partition) for partition in range(PARTITIONS)}
    consumer.assign(list(places.values()))
    for partition, place in places.items():
        consumer.seek(place, offsets.get(partition, 0))
    found: list[Record] = []
    quiet = 0
    while quiet < 5:
        records = [record for batch in consumer.poll(timeout_ms=100).values() for record in batch]
        quiet = 0 if records else quiet + 1
        found.extend(Record(*(getattr(record, name) for name in Record._fields)) for record in records)
    consumer.close()
    return sorted(found, key=lambda record: (record.offset, record.partition))


def test_partition_and_key_are_those_of_the_prefecture(broker: str) -> None:
    with Producer(broker) as producer:
        assert producer.partitions == PARTITIONS
        before = positions(producer, topics.SALES)
        for prefecture in (540100, 540400, 540000):
            producer.send(topics.SALES, prefecture, receipt(prefecture), headers=[("note", b"x")])
        producer.flush()
    found = read(broker, topics.SALES, before)
    assert {(record.partition, record.key) for record in found} == {(0, b"540000"), (0, b"540400"), (1, b"540100")}
    assert json.loads(found[0].value)["lines"][0]["unit"] == "kg"
    assert list(found[0].headers) == [("note", b"x")]


def positions(producer: Producer, topic: str) -> dict[int, int]:
    """Return the next offset of each partition, found by sending one record to it."""
    for partition in range(PARTITIONS):
        producer.send(topic, 540_000 + partition * 100 or 540_400, b"{}")
    producer.flush()
    return {place: offset for (name, place), offset in producer.acknowledged.items() if name == topic}


def test_receipts_go_together_and_what_no_column_holds_goes_alone(broker: str) -> None:
    odd = msgspec.structs.replace(receipt(2), time="soon")
    with Producer(broker) as producer:
        before = positions(producer, topics.SALES)
        producer.send_batch(540100, [receipt(1), odd, receipt(3)])
        producer.send_batch(540100, [odd])
        producer.flush()
    batch, *alone = read(broker, topics.SALES, before)
    assert (batch.partition, batch.key) == (1, b"540100")
    assert receipt_batch.is_batch(batch.headers)
    assert batch.value == receipt_batch.encode([receipt(1), receipt(3)])
    assert [msgspec.json.decode(each.value, type=Receipt) for each in alone] == [odd, odd]


def test_bytes_go_as_they_are(broker: str) -> None:
    with Producer(broker) as producer:
        before = positions(producer, topics.QUOTES)
        producer.send(topics.QUOTES, 540100, b"\xff{broken")
        producer.flush()
    assert [record.value for record in read(broker, topics.QUOTES, before)] == [b"\xff{broken"]


def test_acknowledged_offsets_are_those_of_the_broker(broker: str) -> None:
    with Producer(broker) as producer:
        for number in range(2000):
            producer.send(topics.STOCK, 540100 + number % 7 * 100, receipt(number))
        producer.flush()
        said = {partition: offset for (_, partition), offset in producer.acknowledged.items()}
    found = read(broker, topics.STOCK, {})
    ends = {
        partition: max(record.offset for record in found if record.partition == partition) + 1 for partition in said
    }
    assert said == ends
    assert len(found) == 2000


def test_the_clock_carries_this_producers_offsets_and_its_scope(broker: str) -> None:
    with Producer(broker, sender="replay") as producer:
        before = positions(producer, topics.CLOCK)
        producer.send(topics.SALES, 540100, receipt(1))
        producer.clock(1_483_200_000, inputs=[topics.SALES], prefectures=[540100, 540500])
        offset = producer.acknowledged[topics.SALES, 1]
        closed = producer.final(1_483_200_000)
    found = read(broker, topics.CLOCK, before)
    scoped = next(record for record in found if record.partition == 1)
    everywhere = [json.loads(record.value) for record in found if record is not scoped]
    assert json.loads(scoped.value) == {
        "time": "2017-01-01T00:00:00+08:00",
        "sender": "replay",
        "offsets": {topics.SALES: offset},
        "inputs": [topics.SALES],
        "prefectures": ["540100", "540500"],
    }
    assert closed == 1_483_200_000 + 26 * 3600
    assert [event["time"] for event in everywhere] == ["2017-01-02T02:00:00+08:00"] * PARTITIONS
    assert sum(event.get("offsets", {}) == {topics.SALES: offset} for event in everywhere) == 1


def test_rate_is_in_lines(broker: str) -> None:
    passed = Time()
    with Producer(broker, rate=100, clock=passed.clock, sleep=passed.sleep) as producer:
        for number in range(11):
            producer.send(topics.SALES, 540100, receipt(number, lines=10))
    assert passed.now == pytest.approx(1.0)


def test_what_is_under_way_is_bounded(broker: str) -> None:
    with Producer(broker, most_records=50) as producer:
        for number in range(2000):
            producer.send(topics.SALES, 540100, receipt(number))
        producer.flush()
        assert producer.acknowledged[topics.SALES, 1] >= 2000


def test_a_record_too_large_for_any_broker_is_an_error_at_once(broker: str) -> None:
    with Producer(broker) as producer, pytest.raises(DeliveryError, match=r"1 to pos.sales\[1\]: MessageSizeTooLarge"):
        producer.send(topics.SALES, 540100, b"x" * (18 * topics.MIB))


# kafka-python leaves the sockets of refused connections to the garbage collector, which must find
# them here: a log record that is kept would hold them through the error it tells of
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_broker_that_dies_is_an_error_that_counts_what_was_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="kafka")
    with ExitStack() as stack:
        servers = start(services.tansu(tmp_path), stack)
        create(servers, dict.fromkeys(topics.ALL, PARTITIONS))
        producer = Producer(servers, give_up_seconds=2.0)
        producer.send(topics.SALES, 540100, receipt(0))
        producer.flush()
        stack.close()
        for number in range(20):
            producer.send(topics.SALES, 540100, receipt(number))
        started = time.monotonic()
        with pytest.raises(DeliveryError) as found:
            producer.flush()
        assert time.monotonic() - started < 10
    assert sum(found.value.lost.values()) == 20
    assert {(topic, partition) for topic, partition, _ in found.value.lost} == {(topics.SALES, 1)}
    assert "20 records were not delivered" in str(found.value)
    assert "有 20 条记录未送达" in str(found.value)
    producer.close()
    del producer, found
    gc.collect()


@pytest.mark.parametrize("servers", ["127.0.0.1:1", "127.0.0.1", "127.0.0.1:1,127.0.0.1:2"])
def test_no_broker(servers: str) -> None:
    with pytest.raises(BrokerUnavailable, match=rf"no Kafka broker answers at {servers} .*staplewatch up"):
        Producer(servers)


def test_topics_that_are_missing_or_unequal(tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = start(services.tansu(tmp_path), stack)
        with pytest.raises(BrokerUnavailable, match=r"lacks the topics clock, inventory\.levels"):
            Producer(servers)
        create(servers, {**dict.fromkeys(topics.CONSUMED, 4), topics.CLOCK: 3})
        with pytest.raises(BrokerUnavailable, match=r"unequal numbers of partitions \(clock 3, inventory.levels 4"):
            Producer(servers)


def test_without_producer_ids_one_request_at_a_time_keeps_the_order(broker: str) -> None:
    client = connection.connect(broker, Broker(PARTITIONS, idempotent=False, notes=()), 10.0)
    assert client.config["max_in_flight_requests_per_connection"] == 1
    assert client.config["enable_idempotence"] is False
    client.close()


def test_an_acknowledgement_without_offset_lies_behind_all_before() -> None:
    ledger = Ledger()
    for offset in (5, -1, 3):
        ledger.enter(1, 10, 10, lambda: None)
        ledger.delivered("t", 0, offset, 1)
    assert ledger.acknowledged == {("t", 0): 7}
    assert (ledger.records, ledger.bytes) == (0, 0)
