"""Latency: from the moment a sale is sent to its indicator on ``indicators`` and its alert on ``alerts``.

    python -m tests.bench.latency [--rates 2000 20000] [--seconds 60]

A worker as in production (``staplewatch worker`` with the default packs) on real Kafka and a ClickHouse server
that stores everything. Beside the load, every 50 ms one line of a price that no shop asks goes to another county and
good; what comes back for that pair is timed, on one clock. Live mode, so events carry the present time.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition

from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from tests.bench.load import LINES, Load, Shape, rfc3339, settings
from tests.bench.pipe import made
from tests.clickhouse import clickhouse_server
from tests.reliability.servers import lasting_port
from tests.services import ROOT, child_of_tests, kafka_server, stop, wait_until

PARTITIONS = 4
EVERY_SECONDS = 0.05
#: Above this price (CNY per unit) it is a probe.
PRICE = 10_000
#: What the last probes may take to come back; more is lost, and then the measurement fails.
PATIENCE_SECONDS = 20.0
#: Until the worker's code and caches are warm.
WARM_SECONDS = 5.0

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from sending to arrival; ``behind`` is how late the load itself was sent at most."""

    rate: int
    what: str
    count: int
    p50: float
    p99: float
    most: float
    behind: float


class Watch(threading.Thread):
    """Reads the two topics and notes when something of a probe is first there."""

    def __init__(self, servers: str) -> None:
        super().__init__(name="watch", daemon=True)
        self.found: dict[str, dict[Pair, float]] = {topics.INDICATORS: {}, topics.ALERTS: {}}
        self.ended = threading.Event()
        self._consumer = Consumer(
            {"bootstrap.servers": servers, "group.id": "watch", "enable.auto.commit": False, "fetch.wait.max.ms": 5}
        )
        places = [TopicPartition(topic, number, 0) for topic in self.found for number in range(PARTITIONS)]
        self._consumer.assign(places)

    def run(self) -> None:
        """Read until ``ended`` is set."""
        while not self.ended.is_set():
            for message in self._consumer.consume(500, 0.02):
                self._note(message.topic(), message.value(), time.time())
        self._consumer.close()

    def _note(self, topic: str, value: bytes, now: float) -> None:
        if b"probe" in value if topic == topics.ALERTS else b'"vwap_1h":' in value:
            read: dict[str, Any] = json.loads(value)
            if topic == topics.ALERTS or read["values"]["vwap_1h"] >= PRICE:
                self.found[topic].setdefault((str(read["region"]), read["good"]), now)


class Probes(threading.Thread):
    """Sends one probe after another, each to a pair of its own."""

    def __init__(self, servers: str, where: Catalogue, until: float) -> None:
        super().__init__(name="probes", daemon=True)
        self.sent: dict[Pair, float] = {}
        #: Set to end before the time is over.
        self.ended = threading.Event()
        counties = [each for each in where.regions.values() if each.level == "county"]
        pairs = [(county, good) for good in where.goods.values() for county in counties]
        self._pairs = [pairs[place] for place in np.random.default_rng(3).permutation(len(pairs)).tolist()]
        self._until = until
        self._producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, "acks": "all"})

    def run(self) -> None:
        """Send until the time is over."""
        for number, (county, good) in enumerate(self._pairs):
            now = time.time()
            if now >= self._until or self.ended.is_set():
                break
            text = rfc3339(int(now))
            line = {"line": 1, "good": good.code, "quantity": 1, "unit": good.unit, "amount": 99_000_000}
            event = {
                "event_id": f"probe-{number}",
                "sender": "probe",
                "store": "probe",
                "region": str(county.code),
                "workstation": "1",
                "business_date": text[:10],
                "sequence": number,
                "time": text,
                "lines": [line],
            }
            place = topics.partition_of(county.parent, PARTITIONS)
            self.sent[str(county.code), good.code] = time.time()
            self._producer.produce(topics.SALES, json.dumps(event).encode(), str(county.parent).encode(), place)
            self._producer.poll(0)
            time.sleep(max(0.0, now + EVERY_SECONDS - time.time()))
        self._producer.flush(30)


def flow(servers: str, load: Load, start: float, rate: int, ended: threading.Event | None = None) -> float:
    """Send the load at its rate in steps of 10 ms, up to ``ended``; return how far behind the clock it ever was."""
    producer = Producer({**settings(servers), "linger.ms": 5})
    keys, places = [str(code).encode() for code in load.prefecture.tolist()], load.places.tolist()
    behind = 0.0
    for number, value in enumerate(load.values()):
        if ended is not None and ended.is_set():
            break
        due = start + number * LINES / rate
        while (ahead := due - time.time()) > 0:
            producer.poll(0)
            time.sleep(min(ahead + 0.005, 0.01))
        behind = max(behind, -ahead)
        producer.produce(topics.SALES, value, keys[number], places[number])
    producer.flush(60)
    return behind


@contextmanager
def worker(servers: str, url: str, directory: Path, slot: int = 0) -> Iterator[None]:
    """Run one worker in a process of its own until the end of the block, ready when it begins."""
    port = lasting_port()
    command = [
        *(sys.executable, "-m", "staplewatch", "worker", "--broker", f"kafka://{servers}", "--warehouse", url),
        *("--slot", str(slot), "--data", str(directory), "--metrics-port", str(port)),
        *("--packs", f"live,cover,urumqi-2007,urumqi-2007:wholesale,{Path(__file__).with_name('probe.toml')}"),
    ]
    directory.mkdir(parents=True)
    with (directory / "log").open("wb") as log, child_of_tests(command, log, cwd=ROOT) as child:
        try:
            wait_until(lambda: _ready(port) or child.poll() is not None, 60, "the worker is ready")
            assert child.poll() is None, (directory / "log").read_text()
            yield
        finally:
            stop(child)


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def measure(servers: str, url: str, directory: Path, rate: int, seconds: int) -> list[Latency]:
    """Return the latencies at one rate, lines a second."""
    where = catalogue.load()
    with worker(servers, url, directory):
        start = time.time() + 1.0
        shape = Shape(receipts=rate // LINES * seconds, seconds=seconds)
        load = Load(shape, where, start=int(start))
        watch, probes = Watch(servers), Probes(servers, where, start + seconds)
        watch.start()
        probes.start()
        behind = flow(servers, load, start, rate)
        probes.join()
        counted = {pair: at for pair, at in probes.sent.items() if at >= start + min(WARM_SECONDS, seconds / 4)}
        complete = lambda: all(counted.keys() <= each.keys() for each in watch.found.values())  # noqa: E731
        wait_until(complete, PATIENCE_SECONDS, "every probe's indicator and alert")
        watch.ended.set()
        watch.join()
    return [_summed(rate, topic, counted, arrived, behind) for topic, arrived in watch.found.items()]


def _summed(rate: int, what: str, sent: dict[Pair, float], arrived: dict[Pair, float], behind: float) -> Latency:
    took = np.array([arrived[pair] - at for pair, at in sent.items()])
    p50, p99 = np.percentile(took, [50, 99]).tolist()
    return Latency(rate, what, len(took), p50, p99, float(took.max()), behind)


def run(directory: Path, rates: list[int], seconds: int) -> list[Latency]:
    """Measure every rate on servers of its own."""
    found = []
    for rate in rates:
        here = directory / str(rate)
        with kafka_server(here / "kafka") as servers, clickhouse_server(here / "clickhouse") as url:
            made(servers, PARTITIONS)
            found += measure(servers, url, here / "worker", rate, seconds)
    return found


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name:
        for each in run(Path(name), asked.rates, asked.seconds):
            print(json.dumps(asdict(each)))


if __name__ == "__main__":
    main()
