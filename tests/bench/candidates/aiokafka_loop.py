"""The limit in asyncio: a hand-written loop over aiokafka's ``getmany``, msgspec and a dict, on uvloop."""

from __future__ import annotations

import asyncio

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.candidates.confluent_loop import Receipt
from tests.bench.candidates.contract import Left, Meter, Minutes, Task, answer, asked, flat


async def read(task: Task) -> None:
    """Read and sum."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.servers,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 << 20,
        fetch_max_wait_ms=100,
    )
    await consumer.start()
    places = [TopicPartition(task.topic, number) for number in range(len(task.counts))]
    consumer.assign(places)
    await consumer.seek_to_beginning()
    decode, minutes, sums = msgspec.json.Decoder(Receipt).decode, Minutes(), dict[tuple[str, str, int], list[int]]()
    meter, left = Meter(), Left(task.counts)
    while left.records:
        fetched = await consumer.getmany(*places, timeout_ms=1000)
        if fetched:
            meter.start()
        for place, messages in fetched.items():
            for message in messages[: left.some(place.partition, len(messages))]:
                receipt = decode(message.value)
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
    await consumer.stop()
    answer(task, meter, flat(sums))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(read(asked()))
