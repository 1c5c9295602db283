"""Kafka and ClickHouse that can be killed and come back on the same port with what they had stored."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests import clickhouse, services
from tests.services import child_of_tests, first_line

#: A broker that was killed says for some seconds that it leads nothing.
LEADER_SECONDS = 30.0


class Server:
    """A server behind one of the scripts in ``deploy``; ``url`` stays the same over restarts."""

    def __init__(self, command: Sequence[str], directory: Path, pid_file: str) -> None:
        self._command = list(command)
        self._directory = directory
        self._pid_file = directory / pid_file
        self._child: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.kills = 0

    def start(self) -> None:
        """Start, or start again, and return when it answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / "start.log").open("ab") as log:
            self._child = child_of_tests(self._command, log)
        line = first_line(self._child)
        said = (self._directory / "start.log").read_text(errors="replace")[-2000:]
        if "://" not in line:
            raise services.failure(self._child, self._command[0], said)
        assert self.url in {"", line}, f"{self.url} came back as {line}"
        self.url = line

    def kill(self) -> None:
        """Kill the server itself, as a crash of its machine would."""
        os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
        self._wait()
        self.kills += 1

    def stop(self) -> None:
        """End it in order."""
        if self._child is not None:
            services.stop(self._child)
            services.gone(self._child)
        self._child = None

    def _wait(self) -> None:
        assert self._child is not None
        services.gone(self._child)


def kafka(directory: Path) -> Server:
    """Return an Apache Kafka that was not started."""
    if not any(services.KAFKA_JARS.glob(".complete-*")):
        msg = f"no Kafka: run {services.KAFKA.relative_to(services.ROOT)} fetch"
        raise services.MissingServiceError(msg)
    return Server([str(services.KAFKA), "start", "--data", str(directory)], directory, "pid")


def clickhouse_server(directory: Path) -> Server:
    """Return a ClickHouse server that was not started."""
    command = [sys.executable, str(clickhouse.RUN), "--data", str(directory), "--die-with-parent"]
    command += ["--port", str(lasting_port()), "--http-port", str(lasting_port())]
    return Server(command, directory, "clickhouse-server.pid")


def log_ends(server: str, topics: Iterable[str], partitions: int) -> dict[tuple[str, int], int]:
    """Return the next offset of every place; a broker that has just come back is asked until it knows them."""
    consumer = Consumer({"bootstrap.servers": server, "group.id": "ends"})
    try:
        places = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
        return {(place.topic, place.partition): log_end(consumer, place) for place in places}
    finally:
        consumer.close()


def log_end(consumer: Consumer, place: TopicPartition) -> int:
    """Return the next offset of a place."""
    deadline = time.monotonic() + LEADER_SECONDS
    while True:
        try:
            _, end = consumer.get_watermark_offsets(place, timeout=5.0)
            return int(end)
        except KafkaException:
            if time.monotonic() > deadline:
                raise


def lasting_port() -> int:
    """Return a free port that stays ours while its server is down: below those that connections are given."""
    while True:
        port = random.SystemRandom().randrange(10_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
