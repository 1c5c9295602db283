"""Reading topics apart from the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

import pytest
from kafka import KafkaProducer

from schemas import topics
from streams import cluster
from streams.chunk import Chunk
from streams.cluster import BrokerUnreachableError
from streams.reader import Bounds, LogReader, until
from tests import services

PARTITIONS = 4
PLACE = (topics.SALES, 1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a broker with ten numbers in one partition and one in the other."""
    with services.tansu(tmp_path_factory.mktemp("broker")) as address:
        asyncio.run(cluster.ensure_topics([address], PARTITIONS, embedded=True))
        producer = KafkaProducer(bootstrap_servers=address, enable_idempotence=False)
        for number in range(10):
            producer.send(topics.SALES, value=str(number).encode(), partition=1)
            producer.flush()  # a batch each
        producer.send(topics.SALES, value=b"x", partition=0)
        producer.close()
        yield address


def values(chunks: Iterable[Chunk]) -> list[bytes | None]:
    return [value for chunk in chunks for value in chunk.values]


def test_ends_are_found_by_reading_on_where_the_brokers_are_wrong(server: str) -> None:
    with LogReader([server], embedded=True) as log:
        assert log.bounds({PLACE: 4, (topics.SALES, 0): 0}) == {PLACE: Bounds(0, 10), (topics.SALES, 0): Bounds(0, 1)}
        assert log.bounds({}) == {}


def test_reads_from_one_offset_to_another(server: str) -> None:
    with LogReader([server], embedded=True) as log:
        assert values(log.read(PLACE, 3, 6)) == [b"3", b"4", b"5"]
        assert values(log.read(PLACE, 0, 10)) == [str(number).encode() for number in range(10)]
        assert values(log.read(PLACE, 6, 6)) == []


def test_reads_whole_topics(server: str) -> None:
    with LogReader([server], embedded=True) as log:
        assert len(values(log.topic(topics.SALES, PARTITIONS))) == 11
        assert values(log.topic(topics.QUOTES, PARTITIONS)) == []


def test_a_broker_that_does_not_answer_is_named() -> None:
    with (
        pytest.raises(BrokerUnreachableError, match=r"the broker at 127\.0\.0\.1:1 went away"),
        LogReader(["127.0.0.1:1"]),
    ):
        pass


def test_what_lies_beyond_the_end_is_cut_off() -> None:
    size = 3
    chunk = Chunk(topics.SALES, 0, [4, 6, 9], [b"a", b"b", b"c"], [None] * size, [()] * size, [1, 2, 3], 12)
    assert until(chunk, 12) is chunk
    cut = until(chunk, 7)
    assert (cut.offsets, cut.values, cut.timestamps, cut.next_offset) == ([4, 6], [b"a", b"b"], [1, 2], 7)
