"""Servers that fail on command, workers and web as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from clickhouse_driver import Client

from staplewatch.broker import free_port
from tests import services
from tests.clickhouse import NOT_INSTALLED
from tests.clickhouse import RUN as CLICKHOUSE
from tests.integration.running import COMMAND

#: Two crowded cores: starts were seen to take 40 s there, 3 s on idle ones.
PATIENCE = 120.0
MIB = 1024 * 1024
ALL_LINES = """SELECT count(), sum(quantity) FROM
(SELECT any(quantity) AS quantity FROM {database}.sales GROUP BY epoch, topic, partition, offset, line)"""


class ClickHouse:
    """A clickhouse-server on a directory and port of its own that can be killed, paused and started again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._port = free_port()
        self.url = f"clickhouse://default@127.0.0.1:{self._port}/staplewatch"

    @property
    def pid(self) -> int:
        return int((self.directory / "clickhouse-server.pid").read_text())

    def start(self, *, readonly: bool = False) -> None:
        """Start it; with ``readonly`` its only user may not write."""
        command = [sys.executable, str(self._script(readonly)), "--data", str(self.directory), "--background"]
        done = subprocess.run(
            [*command, "--port", str(self._port)], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode == NOT_INSTALLED:
            raise services.MissingServiceError(done.stderr)
        assert done.returncode == 0, done.stderr

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        pid = self.pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGKILL)
        services.wait_until(lambda: not _alive(pid), 20, "the server is gone")

    def _script(self, readonly: bool) -> Path:
        """Return what starts the server: the product's own script, or a copy that writes another profile."""
        if not readonly:
            return CLICKHOUSE
        copy = self.directory.with_suffix(".readonly")
        profile = "<profiles><default>"
        text = CLICKHOUSE.read_text()
        assert profile in text
        copy.write_text(text.replace(profile, f"{profile}<readonly>1</readonly>"))
        return copy

    def lines(self) -> tuple[int, int]:
        """Return how many sale lines there are, each once, and the sum of their quantities."""
        client = Client("127.0.0.1", self._port)
        try:
            [(count, total)] = client.execute(ALL_LINES.format(database="staplewatch"))
            return count, total
        finally:
            client.disconnect()


class Kafka:
    """A real broker that can be killed, paused and started again on the same port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.server = ""

    @property
    def pid(self) -> int:
        return int((self.directory / "pid").read_text())

    def start(self) -> None:
        if not any(services.KAFKA_JARS.glob(".complete-*")):
            msg = "no Kafka: run deploy/kafka-local/run fetch"
            raise services.MissingServiceError(msg)
        command = [str(services.KAFKA), "start", "--background", "--data", str(self.directory)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        self.server = done.stdout.strip().removeprefix("kafka://")

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        pid = self.pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGKILL)
        services.wait_until(lambda: not _alive(pid), 20, "the broker is gone")


@contextmanager
def small_disk(directory: Path, mib: int) -> Iterator[Path | None]:
    """Make ``directory`` a disk of its own; None where this user may not mount one."""
    directory.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", str(directory)],
                          capture_output=True, check=False)  # fmt: skip
    try:
        yield None if done.returncode else directory
    finally:
        if not done.returncode:
            subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(filler: Path) -> None:
    """Let a file grow until its disk is full to the last byte."""
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * MIB):
            pass


@contextmanager
def both(directory: Path) -> Iterator[tuple[Kafka, ClickHouse]]:
    """Run both servers; whatever state they are in at the end, they are gone afterwards."""
    kafka, house = Kafka(directory / "kafka"), ClickHouse(directory / "clickhouse")
    try:
        try:
            kafka.start()
            house.start()
        except services.MissingServiceError as error:
            services.missing(error)
        yield kafka, house
    finally:
        for server in (kafka, house):
            with suppress(OSError):
                server.kill()


class Process:
    """A ``staplewatch`` command that runs until it is stopped, and its probes."""

    def __init__(
        self,
        data: Path,
        command: str,
        *options: str,
        probe: str = "--metrics-port",
        run: Sequence[str] = (str(COMMAND),),
        **variables: str,
    ) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._path = "readyz" if probe == "--metrics-port" else "api/health"
        self._log = data / f"{command}.log"
        given = [*run, "--lang", "en", command, "--data", str(data), probe, str(self.port), *options]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                given, stdout=subprocess.DEVNULL, stderr=log, cwd=services.ROOT, env=os.environ | variables
            )

    @property
    def log(self) -> list[str]:
        return self._log.read_text().splitlines()

    def told(self, *words: str) -> list[str]:
        """Return the log's lines that have all these words."""
        return [line for line in self.log if all(word in line for word in words)]

    def health(self) -> dict[str, Any]:
        """Return what the probe says; nothing while it does not answer."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/{self._path}", trust_env=False, timeout=5)
        except httpx.HTTPError:
            return {}
        told: dict[str, Any] = answer.json()
        return {**told, "http": answer.status_code}

    @property
    def ready(self) -> bool:
        return self.health().get("http") == httpx.codes.OK

    def says(self, *words: str) -> bool:
        """Return whether the probe speaks of all these words."""
        text = json.dumps(self.health())
        return all(word in text for word in words)

    def until_ready(self, seconds: float = PATIENCE) -> float:
        """Wait until it is ready; return the seconds that took."""
        began = time.monotonic()
        services.wait_until(lambda: self._alive() and self.ready, seconds, f"ready: {self.health()}")
        return time.monotonic() - began

    def until_says(self, *words: str, seconds: float = PATIENCE) -> None:
        services.wait_until(lambda: self._alive() and self.says(*words), seconds, f"{words}: {self.health()}")

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}/{path}", trust_env=False, timeout=30)

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False, timeout=10).text
        return sum(
            float(line.rpartition(" ")[2]) for line in text.splitlines() if line.split("{")[0].split()[0] == name
        )

    @property
    def memory(self) -> int:
        """Return the bytes of memory that the process takes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal; return the exit code and the seconds until the end."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(60), time.monotonic() - began

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _alive(self) -> bool:
        assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log[-5:]}"
        return True


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
