"""A replay over a real Kafka that is killed and started again in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from schemas import topics
from streams import cluster
from tests import services
from tests.conftest import start
from tests.integration.running import COMMAND, COMMAND_SECONDS, staplewatch
from tests.services import ROOT, wait_until

PARTITIONS = 4
LINES, PER_SECOND = 20_000, 2_500


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """Return a directory with quotes and their catalogue."""
    staplewatch("convert", "vegetables", ROOT / "tests/data/vegetables_12_goods.csv.gz", tmp_path / "veg")
    return tmp_path / "veg"


def command(quotes: Path, servers: str, *options: str) -> list[str | Path]:
    """Return the command that replays the quotes to a broker."""
    given = ["--broker", f"kafka://{servers}", "--lang", "en", *options]
    return [COMMAND, "replay", "quotes", quotes / "quotes.csv", "--catalogue", quotes / "catalogue", *given]


def arrived(servers: str) -> Generator[list[str], None, None]:
    """Yield again and again the ids of all events that the broker has, in order."""
    consumer = KafkaConsumer(bootstrap_servers=servers)
    places = [TopicPartition(topics.QUOTES, partition) for partition in range(PARTITIONS)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    found: list[str] = []
    try:
        while True:
            batches = consumer.poll(timeout_ms=500).values()
            found += [json.loads(record.value)["event_id"] for batch in batches for record in batch]
            yield found
    finally:
        consumer.close()


@pytest.mark.services
def test_nothing_is_lost_or_doubled_and_each_change_is_one_line(tmp_path: Path, quotes: Path) -> None:
    directory = tmp_path / "kafka"
    with ExitStack() as first:
        servers = start(services.kafka_server(directory), first)
        asyncio.run(cluster.ensure_topics([servers], PARTITIONS, embedded=False))
        replaying = subprocess.Popen(
            command(quotes, servers, "--max-lines", str(LINES), "--rate", str(PER_SECOND)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first.callback(replaying.kill)
        seen = arrived(servers)
        wait_until(lambda: len(next(seen)) > 50, 60, "some events arrived")
        seen.close()
        os.kill(int((directory / "pid").read_text()), signal.SIGKILL)
        first.pop_all()  # the script that ran it has ended with it
    with ExitStack() as second:
        second.callback(replaying.kill)
        assert start(services.kafka_server(directory), second) == servers
        out, err = replaying.communicate(timeout=COMMAND_SECONDS)
        assert replaying.returncode == 0, err
        sent = int(out.partition(f"{topics.QUOTES}=")[2].split()[0])
        seen = arrived(servers)
        wait_until(lambda: len(next(seen)) >= sent, 60, "everything read")
        found = next(seen)
        seen.close()
    assert len(found) == len(set(found)) == sent
    said = [line.partition(" / ")[0] for line in err.splitlines()]
    assert len(said) == 2, err
    assert said[0] == f"staplewatch: the broker at {servers} takes nothing: sending waits and tries on for up to 15 min"
    assert said[1].startswith(f"staplewatch: the broker at {servers} takes records again after ")


@pytest.mark.services
def test_a_broker_that_stays_away_is_given_up_with_one_line(tmp_path: Path, quotes: Path) -> None:
    with services.tansu(tmp_path / "tansu") as servers:
        asyncio.run(cluster.ensure_topics([servers], PARTITIONS, embedded=True))
        replaying = subprocess.Popen(
            command(quotes, servers, "--rate", "500", "--give-up-after", "6s"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        seen = arrived(servers)
        wait_until(lambda: bool(next(seen)), 60, "some events arrived")
        seen.close()
    out, err = replaying.communicate(timeout=COMMAND_SECONDS)
    notes, away, given_up = err.splitlines() if "producer ids" in err else ["", *err.splitlines()]
    assert (replaying.returncode, out) == (1, "")
    assert "tries on for up to 6 s" in away
    assert "records were not delivered" in given_up, notes
