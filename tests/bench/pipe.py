"""Pipe: sums per county, good and 5 minutes over 3,000,000 sale lines, staplewatch against its peers.

python -m tests.bench.pipe [--rounds 3] [--only NAME …] [--receipts 600000]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from schemas import catalogue, topics
from streams.cluster import ensure_topics
from tests.bench.compare import Candidate, Comparison, interleaved, run
from tests.bench.load import Encoding, Load, Shape
from tests.services import kafka_server

OURS = Candidate("staplewatch", "staplewatch_worker")
PYTHON = Candidate("staplewatch, Python", "staplewatch_worker", way="python")
ARROW = Candidate("staplewatch-arrow", "staplewatch_worker", encoding="arrow")
CONFLUENT = Candidate("confluent-kafka loop", "confluent_loop")
AIOKAFKA = Candidate("aiokafka loop", "aiokafka_loop")
BYTEWAX = Candidate("Bytewax", "bytewax_windows", 0.5, "bytewax")
COMBINED = Candidate("Bytewax, combined", "bytewax_windows", 0.5, "bytewax", "combine")
QUIX = Candidate("Quix Streams", "quix_windows", 0.1, "quix", "county")
STATE = Candidate("Quix, state", "quix_windows", 0.2, "quix", "state")
FAUST = Candidate("plain Faust", "plain_faust", 0.03)
GROUP = Candidate("Quix, group_by", "quix_windows", 0.03, "quix", "group")

#: Windows as the bar of issue 6 means them, and what an expert may still get out of the same libraries without them.
WINDOWS, TUNED = (BYTEWAX, QUIX), (COMBINED, STATE)
ALL = (OURS, PYTHON, ARROW, CONFLUENT, AIOKAFKA, *WINDOWS, *TUNED, FAUST)

Servers = Mapping[Encoding, str]


def compare(
    load: Load, servers: Servers, directory: Path, candidates: tuple[Candidate, ...] = ALL, rounds: int = 3
) -> Comparison:
    """Return the comparison; the topics must hold the load."""
    once = partial(run, load=load, servers=servers, topic=topics.SALES, directory=directory)
    return interleaved(candidates, rounds, once)


def made(servers: str, partitions: int) -> None:
    """Make the topics."""
    asyncio.run(ensure_topics([servers], partitions))


def filled(servers: Servers, load: Load) -> float:
    """Make the topics, send the load in each encoding, return the seconds that took."""
    started = time.perf_counter()
    for encoding, broker in servers.items():
        made(broker, load.shape.partitions)
        load.send(broker, encoding)
    return time.perf_counter() - started


@contextmanager
def brokers(directory: Path) -> Iterator[Servers]:
    """Start a broker for each encoding: the worker reads one topic, and what is in it all of it."""
    with kafka_server(directory / "kafka") as json, kafka_server(directory / "kafka-arrow") as arrow:
        yield {"json": json, "arrow": arrow}


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--receipts", type=int, default=Shape().receipts)
    parser.add_argument("--only", nargs="+", metavar="NAME", help=", ".join(each.name for each in (*ALL, GROUP)))
    asked = parser.parse_args()
    candidates = tuple(each for each in (*ALL, GROUP) if asked.only and each.name in asked.only) or ALL
    load = Load(Shape(receipts=asked.receipts), catalogue.load())
    with (
        tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name,
        brokers(Path(name)) as servers,
    ):
        print(f"made and sent {asked.receipts:,} receipts in {filled(servers, load):.1f} s")
        found = compare(load, servers, Path(name), candidates, asked.rounds)
    for each in candidates:
        print(f"{each.name:<22} {found.rate(each.name):>12,.0f} lines/s {found.cpu(each.name):8.2f} µs/line")


if __name__ == "__main__":
    main()
