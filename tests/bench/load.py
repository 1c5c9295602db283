"""The load: receipts of five lines on ``pos.sales``, made beforehand, and what their sums must come to.

Keys, partitions, compression and batching are those of ``producers.client``; the sender is
confluent-kafka, so that making 3,000,000 lines takes some ten seconds and never limits a reader.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
from confluent_kafka import Producer
from numpy.typing import NDArray

from schemas import receipt_batch, topics
from schemas.catalogue import Catalogue
from schemas.events import Clock, Receipt
from tests.bench.candidates.contract import BUCKET, UNKNOWN, Totals

Ints = NDArray[np.int64]

LINES = 5
#: Receipts of one record in Arrow: 5,000 lines, what ``producers.batches`` gathers.
BATCH = 1000
Encoding = Literal["json", "arrow"]
#: One receipt in a thousand names a county that does not exist: a dead letter here, a group nobody looks at there.
BROKEN = 1000
SHANGHAI = 8 * 3600


@dataclass(frozen=True, slots=True)
class Shape:
    """How many receipts of how many places; ``seconds`` of event time."""

    receipts: int = 600_000
    partitions: int = 4
    stores: int = 740
    tills: int = 3
    seconds: int = 7200
    seed: int = 6


class Load:
    """Receipts as columns, in the order in which they are sent; ``places`` has the partition of each."""

    def __init__(self, shape: Shape, where: Catalogue, start: int | None = None) -> None:
        self.shape = shape
        self.goods = sorted(where.goods)
        self.units = [where.goods[good].unit for good in self.goods]
        counties = sorted(code for code, each in where.regions.items() if each.level == "county")
        chance, many = np.random.default_rng(shape.seed), shape.receipts
        if start is None:
            start = (int(time.time()) - 600) // BUCKET * BUCKET - shape.seconds
        self.at: Ints = start + np.arange(many, dtype=np.int64) * shape.seconds // many
        self.store: Ints = chance.integers(0, shape.stores, many)
        self.region: Ints = np.array(counties, np.int64)[self.store % len(counties)]
        prefecture = {county: where.regions[county].parent for county in counties}
        self.prefecture: Ints = np.array([prefecture[code] for code in self.region.tolist()], np.int64)
        self.places: Ints = np.array(
            [topics.partition_of(code, shape.partitions) for code in self.prefecture.tolist()], np.int64
        )
        self._totals: dict[tuple[int, ...], Totals] = {}
        self.broken = chance.random(many) < 1 / BROKEN
        first = chance.integers(0, len(self.goods), many)
        step = chance.integers(1, len(self.goods) // LINES, many)
        self.good: Ints = (first[:, None] + step[:, None] * np.arange(LINES)) % len(self.goods)
        #: In 1/1,000 base unit and in 1/100 CNY.
        self.quantity: Ints = chance.integers(100, 5000, (many, LINES))
        self.cents: Ints = self.quantity * (300 + self.good * 90 + chance.integers(0, 60, (many, LINES))) // 1000 + 1

    def values(self) -> Iterator[bytes]:
        """Return the records, written as ``producers`` do, by a template: ten times as fast as encoding objects."""
        texts = {at: rfc3339(at) for at in np.unique(self.at).tolist()}
        lines = [
            f'"good":"{good}","quantity":%.3f,"unit":"{unit}","amount":%.2f}}'
            for good, unit in zip(self.goods, self.units, strict=True)
        ]
        counts: dict[tuple[int, int], int] = {}
        columns = (self.at, self.store, self.region, self.broken, self.good, self.quantity / 1000, self.cents / 100)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for number, (at, store, region, broken, goods, quantities, amounts) in enumerate(rows):
            till = number % self.shape.tills
            sequence = counts[store, till] = counts.get((store, till), 0) + 1
            body = ",".join(
                f'{{"line":{line + 1},{lines[good] % (quantity, amount)}'
                for line, (good, quantity, amount) in enumerate(zip(goods, quantities, amounts, strict=True))
            )
            yield (
                f'{{"event_id":"s{store}-{till}-{sequence}","sender":"chain-{store % 20}","store":"store-{store:05d}",'
                f'"region":"{str(region)[:4] + UNKNOWN if broken else region}",'
                f'"workstation":"{till}","business_date":"{texts[at][:10]}",'
                f'"sequence":{sequence},"time":"{texts[at]}","lines":[{body}]}}'
            ).encode()

    def batches(self) -> Iterator[tuple[int, bytes]]:
        """Return partition and value of the records that hold the same in Arrow, ``BATCH`` receipts each."""
        decode = msgspec.json.Decoder(Receipt).decode
        waiting: list[list[Receipt]] = [[] for _ in range(self.shape.partitions)]
        for value, place in zip(self.values(), self.places.tolist(), strict=True):
            waiting[place].append(decode(value))
            if len(waiting[place]) == BATCH:
                yield place, receipt_batch.encode(waiting[place])
                waiting[place].clear()
        yield from ((place, receipt_batch.encode(rest)) for place, rest in enumerate(waiting) if rest)

    def send(self, servers: str, encoding: Encoding = "json", topic: str = topics.SALES) -> None:
        """Send everything and wait for the broker."""
        producer = Producer(settings(servers))
        if encoding == "json":
            keys = [str(code).encode() for code in self.prefecture.tolist()]
            stamps = (self.at * 1000).tolist()
            for value, key, place, stamp in zip(self.values(), keys, self.places.tolist(), stamps, strict=True):
                put(producer, topic, value, key, place, stamp)
        else:
            headers = [(receipt_batch.HEADER, receipt_batch.CONTENT_TYPE)]
            for place, value in self.batches():
                put(producer, topic, value, str(place).encode(), place, int(self.at[-1]) * 1000, headers)
        assert producer.flush(120) == 0, "the broker did not take the load"
        self._close(producer, encoding)
        assert producer.flush(120) == 0, "the broker did not take the clocks"

    def _close(self, producer: Producer, encoding: Encoding) -> None:
        """Say that nothing comes before the end of the last bucket, as ``replay --final`` does."""
        end = -(-int(self.at[-1] + 1) // BUCKET) * BUCKET
        for place, count in enumerate(self.records(self.counts(), encoding)):
            clock = Clock(time=rfc3339(end), sender="bench", offsets={topics.SALES: count})
            producer.produce(topics.CLOCK, msgspec.json.encode(clock), str(place).encode(), place)

    def records(self, counts: list[int], encoding: Encoding) -> list[int]:
        """Return in how many records so many receipts of each partition are: all of them, where it is Arrow."""
        return counts if encoding == "json" else [-(-count // BATCH) for count in counts]

    def counts(self, share: float = 1.0) -> list[int]:
        """Return how many receipts of each partition make up the first ``share`` of each."""
        whole = np.bincount(self.places, minlength=self.shape.partitions)
        return [int(count * share) for count in whole.tolist()]

    def totals(self, counts: list[int]) -> Totals:
        """Return the sums over the first ``counts`` receipts of each partition, the truth for every candidate."""
        key = tuple(counts)
        if key not in self._totals:
            self._totals[key] = self._summed(counts)
        return self._totals[key]

    def _summed(self, counts: list[int]) -> Totals:
        taken = np.zeros(self.shape.receipts, bool)
        for place, count in enumerate(counts):
            taken[np.flatnonzero(self.places == place)[:count]] = True
        taken &= ~self.broken
        bucket = self.at[taken] // BUCKET
        first, span = int(bucket.min()), int(np.ptp(bucket)) + 1
        goods = len(self.goods)
        cell = (np.repeat(self.region[taken], LINES) * goods + self.good[taken].ravel()) * span
        keys, group = np.unique(cell + np.repeat(bucket - first, LINES), return_inverse=True)
        sums = np.zeros((2, len(keys)), np.int64)
        np.add.at(sums[0], group, self.cents[taken].ravel() * 100)
        np.add.at(sums[1], group, self.quantity[taken].ravel())
        found = zip(
            *(each.tolist() for each in (keys // span // goods, keys // span % goods, keys % span, *sums)), strict=True
        )
        return {
            f"{region}|{self.goods[good]}|{(first + bucket) * BUCKET}": [amount, quantity]
            for region, good, bucket, amount, quantity in found
        }


def put(producer: Producer, topic: str, value: bytes, key: bytes, place: int, stamp: int, headers: Any = None) -> None:
    """Hand over a record, waiting where the queue is full."""
    while True:
        try:
            producer.produce(topic, value, key, place, timestamp=stamp, headers=headers)
            return
        except BufferError:
            producer.poll(0.1)


def settings(servers: str) -> dict[str, object]:
    """Return how records are sent: as ``producers.connection`` does."""
    return {
        "bootstrap.servers": servers,
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": "lz4",
        "linger.ms": 20,
        "batch.size": 256 * 1024,
        "queue.buffering.max.messages": 200_000,
    }


def rfc3339(at: int) -> str:
    """Return the local time of the default catalogue."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(at + SHANGHAI))
