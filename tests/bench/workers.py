"""Workers: what 1, 2 and 3 of them store of a burst, and how long nobody reads while partitions change hands.

    python -m tests.bench.workers [--receipts 200000]

Workers as in production (``staplewatch worker``, default packs) on real Kafka and a ClickHouse server, one slot each.
*Burst*: all are ready, then the load is sent at once; the clock runs until every line is stored. Two cores
carry workers, broker, server and sender, so a second worker gains what the first leaves idle and a third costs.
*Pause*: at 2,000 lines/s a second worker joins and leaves again, and the alert of a sale that is sent every
50 ms is waited for: the one that waited longest was sent when the old owner had stopped reading.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import warehouse
from schemas import catalogue, topics
from tests.bench.latency import PARTITIONS, PATIENCE_SECONDS, Probes, Watch, flow, worker
from tests.bench.load import LINES, Load, Shape
from tests.bench.pipe import made
from tests.clickhouse import clickhouse_server
from tests.services import kafka_server, wait_until

RATE = 2000
#: Before the second worker joins, with it, and after it left.
PHASE_SECONDS = 8.0
#: What probes sent so long before a change may still have waited for it.
BEFORE_SECONDS = 1.0
#: Longest for a burst; one worker takes 10 s.
MOST_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Lines a second from the first one sent to the last one stored."""

    workers: int
    lines: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return lines a second."""
        return self.lines / self.seconds


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds from the longest-waiting sale to its alert while partitions changed hands."""

    what: str
    seconds: float
    probes: int


def burst(directory: Path, workers: int, receipts: int) -> Burst:
    """Return what so many workers make of the load."""
    load = Load(Shape(receipts=receipts), catalogue.load())
    expected = int((~load.broken).sum()) * LINES
    with ExitStack() as stack:
        servers = stack.enter_context(kafka_server(directory / "kafka"))
        url = stack.enter_context(clickhouse_server(directory / "clickhouse"))
        made(servers, PARTITIONS)
        for slot in range(workers):
            stack.enter_context(worker(servers, url, directory / f"worker-{slot}", slot))
        house = warehouse.connect(url)
        stack.callback(house.close)
        started = time.perf_counter()
        load.send(servers)
        wait_until(lambda: _stored(house) >= expected, MOST_SECONDS, f"{expected:,} lines stored")
        return Burst(workers, expected, time.perf_counter() - started)


def _stored(house: warehouse.protocol.Warehouse) -> int:
    counts = {row["name"]: int(row["rows"]) for row in house.query("counts").to_pylist()}
    return counts["sales"]


def pauses(directory: Path, phase: float = PHASE_SECONDS) -> list[Pause]:
    """Return how long alerts waited when a second worker joined, and when it left."""
    where, seconds = catalogue.load(), 60.0 + 3 * phase
    with kafka_server(directory / "kafka") as servers, clickhouse_server(directory / "clickhouse") as url:
        made(servers, PARTITIONS)
        with worker(servers, url, directory / "worker-0"):
            start = time.time()
            load = Load(Shape(receipts=int(RATE * seconds) // LINES, seconds=int(seconds)), where, start=int(start))
            watch, probes = Watch(servers), Probes(servers, where, start + seconds)
            ended = threading.Event()
            sender = threading.Thread(target=flow, args=(servers, load, start, RATE, ended), daemon=True)
            for each in (watch, probes, sender):
                each.start()
            time.sleep(phase)  # the measurement itself, as are the other two
            moments = [time.time()]
            with worker(servers, url, directory / "worker-1", 1):
                time.sleep(phase)
                moments.append(time.time())
            time.sleep(phase)
            moments.append(time.time())
            probes.ended.set()
            probes.join()
            found = watch.found[topics.ALERTS]
            wait_until(lambda: probes.sent.keys() <= found.keys(), PATIENCE_SECONDS, "the alert of every probe")
            watch.ended.set()
            ended.set()
            watch.join()
            sender.join()
    return [
        _longest(what, probes.sent, found, begin - BEFORE_SECONDS, end - BEFORE_SECONDS)
        for what, (begin, end) in zip(("join", "leave"), pairwise(moments), strict=True)
    ]


def _longest(
    what: str, sent: dict[tuple[str, str], float], found: dict[tuple[str, str], float], begin: float, end: float
) -> Pause:
    took = [found[pair] - at for pair, at in sent.items() if begin <= at < end]
    return Pause(what, max(took), len(took))


def run(directory: Path, receipts: int) -> tuple[list[Burst], list[Pause]]:
    """Measure both."""
    bursts = [burst(directory / str(workers), workers, receipts) for workers in (1, 2, 3)]
    return bursts, pauses(directory / "pauses")


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--receipts", type=int, default=200_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name:
        bursts, waits = run(Path(name), asked.receipts)
    for each in bursts:
        print(f"{each.workers} workers {each.rate:>12,.0f} lines/s  {each.seconds:.1f} s")
    for pause in waits:
        print(f"{pause.what:<10} {pause.seconds:.2f} s at most, of {pause.probes} probes")


if __name__ == "__main__":
    main()
