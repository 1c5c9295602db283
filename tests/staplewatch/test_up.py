"""``staplewatch up`` for real: broker, warehouse, worker and web in one command."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from producers.client import Producer
from schemas import topics
from schemas.events import Receipt, SaleLine
from staplewatch import instance
from tests.staplewatch.test_broker import gone, until

READY = re.compile(r"ready: http=http://127\.0\.0\.1:\d+ broker=127\.0\.0\.1:\d+\n")
#: A loaded machine: joining a group on tansu alone takes seconds.
START_SECONDS = 60


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "staplewatch", "--lang", "en", *arguments]


@contextmanager
def up(data: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run an instance and yield it once it is ready."""
    started = command("up", "--data", str(data), "--port", "0", *arguments)
    with (data.parent / "up.log").open("w") as log:
        process = subprocess.Popen(started, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        assert READY.fullmatch(process.stdout.readline()), (data.parent / "up.log").read_text()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def ask(*arguments: str) -> Any:
    done = subprocess.run(
        command(*arguments, "--format", "json"), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def receipt() -> Receipt:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = SaleLine(line=1, good="potato", quantity=2.0, unit="kg", amount=9.0)
    return Receipt(
        event_id="one", sender="test", store="s-1", region="540402", workstation="1", business_date=now[:10],
        sequence=1, time=now, lines=[line],
    )  # fmt: skip


def send(broker: str) -> None:
    with Producer(broker) as producer:
        producer.send(topics.SALES, 540400, receipt())
        producer.send(topics.SALES, 540400, b'{"broken')
        producer.flush()


def eventually(look: Callable[[], list[Any]]) -> list[Any]:
    found: list[Any] = []

    def some() -> bool:
        found[:] = look()
        return bool(found)

    until(some, 30)
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_events_in_answers_out_and_a_clean_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data) as process:
        found = instance.find(data)
        assert found is not None
        assert found.pid == process.pid
        assert stat.S_IMODE((data / "instance.json").stat().st_mode) == 0o600
        send(found.broker)
        where = ["--data", str(data)]
        (row,) = eventually(
            lambda: ask("indicators", *where, "--region", "540402", "--good", "potato", "--grain", "5m")
        )
        assert row["lines_24h"] == 1
        assert row["vwap_24h"] == 4.5
        assert row["spike_24h"] is None
        (letter,) = eventually(lambda: ask("dead-letters", "list", *where, "--limit", "5"))
        assert (letter["topic"], letter["stage"]) == ("pos.sales", "decode")
        assert letter["value_base64"] == "eyJicm9rZW4="
        assert ask("alerts", *where) == []
        assert {check["state"] for check in ask("doctor", *where)} == {"ok"}

        second = subprocess.run(command("up", *where), capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == 2
        assert f"in use by process {process.pid}" in second.stderr

        broker, began = children(process.pid), time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
        assert all(gone(child) for child in broker)
        assert not (data / "instance.json").exists()
    assert [letter["offset"] for letter in ask("dead-letters", "list", *where)] == [1]
    assert [row["lines"] for row in ask("indicators", *where, "--region", "540402")] == [1]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_broker_that_dies_is_one_line_and_code_1(tmp_path: Path) -> None:
    with up(tmp_path / "data") as process:
        for child in children(process.pid):
            os.kill(child, signal.SIGKILL)
        assert process.wait(10) == 1
    said = (tmp_path / "up.log").read_text().splitlines()
    assert len([line for line in said if line.startswith("staplewatch: the embedded broker")]) == 1
    assert len(said) < 20


def test_it_ends_by_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data, "--duration", "1s") as process:
        assert process.wait(15) == 0
    assert instance.find(data) is None
