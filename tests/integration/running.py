"""The product as its users run it: ``staplewatch`` commands in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

import warehouse
from staplewatch.broker import free_port
from tests.services import child_of_tests, first_line, wait_until

COMMAND = Path(sys.executable).with_name("staplewatch")
#: Ready was seen after 3 s; two cores shared with other tests need longer.
READY_SECONDS = 90.0
#: The product promises 5 s, or 10 s with everything down.
STOP_SECONDS = 30.0
COMMAND_SECONDS = 600.0


class Running:
    """A ``staplewatch up`` that takes events."""

    def __init__(self, process: subprocess.Popen[bytes], ready: str, data: Path, metrics: int) -> None:
        self.process, self.data, self.ready = process, data, ready
        self._metrics = f"http://127.0.0.1:{metrics}/metrics"

    @property
    def page(self) -> str:
        """Return the address of its metrics."""
        return self._metrics

    @property
    def broker(self) -> str:
        """Return ``host:port`` of its broker."""
        return re.search(r"broker=(\S+)", self.ready)[1]  # type: ignore[index]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over everything that has these labels."""
        text = httpx.get(self._metrics, trust_env=False, timeout=10).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = [line for line in text.splitlines() if re.match(rf"{name}[ {{]", line)]
        return sum(float(line.rpartition(" ")[2]) for line in lines if all(each in line for each in wanted))

    def replay(self, what: str, *options: str | Path) -> dict[str, Any]:
        """Play a recording to its end; returns the command's summary."""
        done = staplewatch("replay", what, *options, "--data", self.data, "--format", "json")
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def read(self, events: Mapping[str, int]) -> None:
        """Wait until it has applied that many records of each topic, and stored what came of them."""
        for topic, number in events.items():
            wait_until(partial(self._has_read, topic, number), COMMAND_SECONDS, f"{number} records of {topic} applied")
        wait_until(lambda: self.metric("staplewatch_buffer_bytes") == 0, COMMAND_SECONDS, "all rows stored")

    def _has_read(self, topic: str, number: int) -> bool:
        return self.metric("staplewatch_events_total", topic=topic) >= number

    @property
    def partitions(self) -> int:
        """Return how many partitions its worker holds."""
        return int(self.metric("staplewatch_partitions"))

    def stop(self) -> float:
        """Stop it as Ctrl-C does; return the seconds it took. Another exit code than 0 fails the test."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(STOP_SECONDS) == 0, (self.data / "up.log").read_text()[-3000:]
        return time.monotonic() - began


@contextmanager
def up(data: Path, *options: str) -> Iterator[Running]:
    """Run ``staplewatch up`` on ``data`` until the end of the block, or until ``stop``."""
    data.mkdir(parents=True, exist_ok=True)
    metrics = free_port()
    command = [str(COMMAND), "up", "--data", str(data), "--port", "0", "--metrics-port", str(metrics), *options]
    with (data / "up.log").open("wb") as log, child_of_tests(command, log) as process:
        try:
            ready = first_line(process)
            assert ready.startswith("ready: "), f"{ready!r}: {(data / 'up.log').read_text()[-3000:]}"
            yield Running(process, ready, data, metrics)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_SECONDS)


@dataclass(frozen=True, slots=True)
class Hand:
    """A ``staplewatch worker`` at work; ``page`` is the address of its metrics."""

    process: subprocess.Popen[bytes]
    page: str


@contextmanager
def worker(directory: Path, *options: str, slot: int = 0) -> Iterator[Hand]:
    """Run a worker until the end of the block, unless it is killed in it; yields once it is ready."""
    port = free_port()
    own = ("--slot", str(slot), "--data", str(directory / f"worker-{slot}"), "--metrics-port", str(port))
    with (
        (directory / f"worker-{slot}.log").open("ab") as log,
        child_of_tests([str(COMMAND), "worker", *own, *options], log) as process,
    ):
        try:
            ready = partial(_answers, f"http://127.0.0.1:{port}/readyz")
            wait_until(ready, READY_SECONDS, f"worker {slot} ready")
            yield Hand(process, f"http://127.0.0.1:{port}/metrics")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def staplewatch(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; with ``check`` a failure fails the test with what it said."""
    done = subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
        env={**os.environ, "COLUMNS": "200", "STAPLEWATCH_LANG": "en"},
    )
    assert not check or done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def rows_of(*arguments: str | Path) -> list[dict[str, Any]]:
    """Run a command with ``--format json`` and return its rows."""
    rows: list[dict[str, Any]] = json.loads(staplewatch(*arguments, "--format", "json").stdout)
    return rows


def audited(data: Path, *options: str) -> dict[str, str]:
    """Audit the instance of a directory, running or stopped; a disagreement fails the test. Returns check -> state."""
    report = json.loads(staplewatch("audit", "--data", data, *options, "--format", "json", check=False).stdout)
    assert report["findings"] == []
    return {summary["check"]: summary["state"] for summary in report["summaries"]}


def stored(url: str, query: str, parameters: dict[str, object] | None = None) -> list[dict[str, Any]]:
    """Return the rows of a named query from a warehouse that nobody else has open."""
    house = warehouse.connect(url)
    try:
        rows: list[dict[str, Any]] = house.query(query, parameters).to_pylist()
        return rows
    finally:
        house.close()
