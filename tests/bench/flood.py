"""How late good receipts are while a flood of broken ones comes in.

``python -m tests.bench.flood [--records 200000] [--embedded]`` runs an instance on real Kafka and ClickHouse (or on
the embedded engines), sends good receipts steadily to the flooded partition and to another one, and prints how long
each took from being sent to standing in topic ``indicators``, before and during the flood.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from confluent_kafka import Producer
from kafka import KafkaConsumer

from schemas import catalogue, topics
from tests import services
from tests.clickhouse import clickhouse_server
from tests.integration.running import Running, staplewatch, up

FLOODED, OTHER = 540400, 540100
COUNTIES = {FLOODED: "540402", OTHER: "540102"}
#: Probes a second and prefecture. A key goes out once a second at most, so they take turns over 30 goods.
PER_SECOND = 10
SECONDS = 20.0


def receipt(region: str, number: int, good: str) -> bytes:
    """Return a receipt of one line."""
    now = datetime.now(UTC).replace(microsecond=0)
    event = {
        "event_id": f"bench-{region}-{number}", "sender": "bench", "store": f"bench-{region}", "region": region,
        "workstation": "1", "business_date": now.date().isoformat(), "sequence": number, "time": now.isoformat(),
        "lines": [{"line": 1, "good": good, "quantity": 1, "unit": "kg", "amount": 4.0}],
    }  # fmt: skip
    return json.dumps(event).encode()


def broken(number: int, seed: random.Random) -> bytes:
    """Return a receipt that is rejected, in one of several ways."""
    good = receipt("540402", number, "potato")
    ways = (
        good[: -seed.randrange(2, 60)],
        good.replace(b"potato", b"item-%d" % seed.randrange(10_000)),
        good.replace(b"540402", b"540102"),
        good.replace(b'"kg"', b'"mL"'),
        b"\x00" * seed.randrange(1, 200),
    )
    return ways[number % len(ways)]


@dataclass
class Probes:
    """Good receipts: when each was sent, and how long it took until its indicator was there."""

    servers: str
    partitions: int
    sent: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    late: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {each: [] for each in COUNTIES.values()})
    sent_all: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def send(self) -> None:
        """Send until the end."""
        producer, numbers = (
            Producer({"bootstrap.servers": self.servers, "linger.ms": 0, "log_level": 0}),
            itertools.count(),
        )
        goods = [good for good, each in catalogue.load().goods.items() if each.unit == "kg"][:30]
        while not self.sent_all.is_set():
            number = next(numbers)
            for prefecture, region in COUNTIES.items():
                good = goods[number % len(goods)]
                self.sent.setdefault((region, good), []).append(time.time())
                place = topics.partition_of(prefecture, self.partitions)
                producer.produce(topics.SALES, receipt(region, number, good), str(prefecture), place)
            producer.poll(0)
            self.sent_all.wait(1 / PER_SECOND)
        producer.flush()

    def watch(self) -> None:
        """Follow the indicators until the end: ``lines_24h`` says how many receipts of a key are in."""
        consumer = KafkaConsumer(topics.INDICATORS, bootstrap_servers=self.servers, fetch_max_wait_ms=20)
        while not self.done.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    self._arrived(json.loads(record.value), time.time())
        consumer.close()

    def _arrived(self, value: dict[str, object], now: float) -> None:
        key, values = (str(value["region"]), str(value["good"])), value["values"]
        known, lines = self.seen.get(key, 0), int(values.get("lines_24h", 0)) if isinstance(values, dict) else 0
        for sent in self.sent.get(key, [])[known:lines]:
            self.late[key[0]].append((sent, now - sent))
        self.seen[key] = max(known, lines)

    def missing(self) -> int:
        """Return how many receipts are not in yet."""
        return sum(len(sent) - self.seen.get(key, 0) for key, sent in self.sent.items())


def flood(servers: str, partition: int, records: int) -> float:
    """Send broken records as fast as the broker takes them; return the seconds it took."""
    producer, seed, began = (
        Producer({"bootstrap.servers": servers, "queue.buffering.max.messages": 1_000_000, "log_level": 0}),
        random.Random(4),
        time.time(),
    )
    for number in range(records):
        producer.produce(topics.SALES, broken(number, seed), b"540400", partition)
        producer.poll(0)
    producer.flush()
    return time.time() - began


def quantiles(late: Sequence[tuple[float, float]], since: float, until: float) -> str:
    """Return median, 99th percentile and maximum of what was sent in a span of time."""
    found = sorted(delay for sent, delay in late if since <= sent <= until)
    if not found:
        return "none"
    median, high = found[len(found) // 2], found[int(len(found) * 0.99)]
    return f"p50 {median:6.2f} s  p99 {high:6.2f} s  max {found[-1]:6.2f} s  ({len(found)})"


def memory(instance: Running) -> Iterator[int]:
    """Yield the instance's resident memory in MiB."""
    while True:
        text = Path(f"/proc/{instance.process.pid}/status").read_text(encoding="utf-8")
        yield int(text.split("VmRSS:")[1].split()[0]) // 1024


def processor_seconds(instance: Running) -> float:
    """Return the processor time that the instance has used: on a busy machine it says more than the clock."""
    fields = Path(f"/proc/{instance.process.pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(instance: Running, records: int) -> None:
    """Run it and print what was seen."""
    partitions = instance.partitions
    probes, rss = Probes(instance.broker, partitions), memory(instance)
    threads = [threading.Thread(target=each, daemon=True) for each in (probes.watch, probes.send)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)  # the measurement itself: good receipts alone
    before, least = time.time(), next(rss)
    used = processor_seconds(instance)
    took = flood(instance.broker, topics.partition_of(FLOODED, partitions), records)
    most = least
    while instance.metric("staplewatch_dead_letters_total") < records:
        most = max(most, next(rss))
        time.sleep(0.2)
    drained = time.time()
    rows = partial(instance.metric, "staplewatch_rows_total", table="dead_letters")
    services.wait_until(lambda: rows() >= records, 120, "all dead letters stored")
    stored, used = time.time(), processor_seconds(instance) - used
    most = max(most, next(rss))
    probes.sent_all.set()
    probes.done.wait(5)  # what is still under way
    missing = probes.missing()
    probes.done.set()
    for name, region in (("flooded partition", COUNTIES[FLOODED]), ("another partition", COUNTIES[OTHER])):
        print(f"{name}, before: {quantiles(probes.late[region], 0, before)}")
        print(f"{name}, flood:  {quantiles(probes.late[region], before, drained)}")
    print(
        f"{records:,} broken records sent in {took:.1f} s, rejected after {drained - before:.1f} s "
        f"({records / (drained - before):,.0f}/s), stored after {stored - before:.1f} s, "
        f"{used:.1f} s of processor time; memory {least} → {most} MiB; "
        f"dead.letters acknowledged {instance.metric('staplewatch_sent_total', topic=topics.DEAD_LETTERS):,.0f}; "
        f"good receipts not seen at the end: {missing}"
    )
    print(staplewatch("dead-letters", "list", "--summary", "--data", instance.data).stdout)
    print((instance.data / "up.log").read_text(encoding="utf-8")[-2500:])


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--embedded", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options: list[str] = []
        if not given.embedded:
            servers = stack.enter_context(services.kafka_server(directory / "kafka"))
            url = stack.enter_context(clickhouse_server(directory / "clickhouse"))
            options = ["--broker", f"kafka://{servers}", "--warehouse", url]
        measure(stack.enter_context(up(directory / "data", *options)), given.records)


if __name__ == "__main__":
    main()
