"""The limit: a hand-written loop over confluent-kafka, msgspec and a dict. No checks, no state, no recovery."""

from __future__ import annotations

import msgspec
from confluent_kafka import Consumer, TopicPartition

from tests.bench.candidates.contract import Left, Meter, Minutes, answer, asked, flat


class Line(msgspec.Struct, gc=False):
    """What the sums need of a line."""

    good: str
    quantity: float
    amount: float


class Receipt(msgspec.Struct, gc=False):
    """What the sums need of a receipt."""

    region: str
    time: str
    lines: list[Line]


def main() -> None:
    """Read and sum."""
    task = asked()
    consumer = Consumer(
        {
            "bootstrap.servers": task.servers,
            "group.id": "confluent-loop",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "fetch.message.max.bytes": 4 << 20,
            "fetch.max.bytes": 64 << 20,
            "queued.min.messages": 200_000,
            "queued.max.messages.kbytes": 256 << 10,
            "fetch.wait.max.ms": 100,
        }
    )
    consumer.assign([TopicPartition(task.topic, number, 0) for number in range(len(task.counts))])
    decode, minutes, sums = msgspec.json.Decoder(Receipt).decode, Minutes(), dict[tuple[str, str, int], list[int]]()
    meter, left = Meter(), Left(task.counts)
    while left.records:
        messages = consumer.consume(5000, 1.0)
        if messages:
            meter.start()
        for message in messages:
            if not left.take(message.partition()):
                continue
            receipt = decode(message.value())
            region, bucket = receipt.region, minutes.bucket(receipt.time)
            for line in receipt.lines:
                amount, quantity = round(line.amount * 10_000), round(line.quantity * 1000)
                found = sums.get((region, line.good, bucket))
                if found is None:
                    sums[region, line.good, bucket] = [amount, quantity]
                else:
                    found[0] += amount
                    found[1] += quantity
    meter.stop()
    consumer.close()
    answer(task, meter, flat(sums))


if __name__ == "__main__":
    main()
