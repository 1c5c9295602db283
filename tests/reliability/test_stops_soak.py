"""SIGTERM ends worker, ``up`` and web within 10 s, whatever is down and whatever they are doing."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas import topics
from streams import exits
from tests.reliability.loads import Load
from tests.reliability.outage import ClickHouse, Kafka, Process, both
from tests.services import wait_until

pytestmark = [
    pytest.mark.services,
    pytest.mark.soak,
    # kafka-python, which makes the load, forgets to close sockets that a dead broker never accepted
    pytest.mark.filterwarnings(r"ignore:Exception ignored in. <socket\.socket:pytest.PytestUnraisableExceptionWarning"),
]

STOP_SECONDS = 10.0
#: The least that can be asked for: full after some seconds of the load.
BUFFER_MIB = "16"
LINES_PER_SECOND = 10_000
COMMANDS = {"worker": "--metrics-port", "up": "--metrics-port", "serve": "--port"}
CODES = {exits.STORED, exits.UNSTORED}


@dataclass(frozen=True, slots=True)
class Site:
    """Two servers and the addresses of both."""

    kafka: Kafka
    house: ClickHouse
    where: tuple[str, ...]
    data: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("stops")
    with both(data) as (kafka, house):
        yield Site(kafka, house, ("--broker", f"kafka://{kafka.server}", "--warehouse", house.url), data)


DOWN = [f"{which} {way}" for which in ("kafka", "clickhouse", "both") for way in ("killed", "paused")]


def servers(site: Site, down: str) -> list[Kafka | ClickHouse]:
    named: dict[str, Kafka | ClickHouse] = {"kafka": site.kafka, "clickhouse": site.house}
    return [server for name, server in named.items() if down.startswith((name, "both"))]


def fail(site: Site, down: str) -> None:
    for server in servers(site, down):
        server.kill() if down.endswith("killed") else server.send(signal.SIGSTOP)


def mend(site: Site, down: str) -> None:
    for server in servers(site, down):
        server.start() if down.endswith("killed") else server.send(signal.SIGCONT)


def start(site: Site, stack: ExitStack, name: str, group: str) -> Process:
    slot = () if name == "serve" else ("--group", group, "--slot", "0" if name == "worker" else "1")
    port = ("--port", "0") if name == "up" else ()
    process = Process(site.data / f"{group}-{name}", name, *site.where, *slot, *port, probe=COMMANDS[name])
    stack.callback(process.end)
    return process


def stop(processes: dict[str, Process], what: str) -> dict[str, int]:
    """Send SIGTERM to all; return their exit codes, once each was quick enough."""
    began = time.monotonic()
    for process in processes.values():
        process.process.terminate()
    codes, took = {}, {}
    for name, process in processes.items():
        codes[name] = process.process.wait(60)
        took[name] = round(time.monotonic() - began, 1)
    print(f"{what}: codes {codes}, seconds at most {took}")
    slow = {name: processes[name].log[-5:] for name, seconds in took.items() if seconds >= STOP_SECONDS}
    assert not slow, (what, took, slow)
    assert set(codes.values()) <= CODES, (what, codes, {name: p.log[-5:] for name, p in processes.items()})
    return codes


@pytest.mark.parametrize("down", DOWN)
@pytest.mark.parametrize("seconds_down", [0.0, 15.0])
def test_while_running(site: Site, down: str, seconds_down: float) -> None:
    group = f"run-{down.replace(' ', '-')}-{seconds_down:.0f}"
    load = Load(site.kafka.server, 1000)
    with ExitStack() as stack:
        processes = {name: start(site, stack, name, group) for name in COMMANDS}
        for process in processes.values():
            process.until_ready()
        load.start()
        wait_until(lambda: processes["worker"].metric("staplewatch_rows_total") > 0, 60, "rows flow")
        stack.callback(load.stop)
        stack.callback(mend, site, down)
        fail(site, down)
        time.sleep(seconds_down)
        assert stop(processes, f"{down} for {seconds_down:.0f} s")["serve"] == exits.STORED


@pytest.mark.parametrize("down", DOWN)
def test_while_starting(site: Site, down: str) -> None:
    with ExitStack() as stack:
        stack.callback(mend, site, down)
        fail(site, down)
        processes = {name: start(site, stack, name, f"start-{down.replace(' ', '-')}") for name in ("worker", "serve")}
        for process in processes.values():
            wait_until(lambda: bool(process.health()), 60, "it answers")  # noqa: B023
        assert set(stop(processes, f"starting, {down}").values()) == {exits.STORED}


@pytest.mark.parametrize("pause", [0.0, 0.3, 1.0, 2.0, 3.0, 4.0, 6.0])
def test_at_any_moment_of_a_start(site: Site, pause: float) -> None:
    with ExitStack() as stack:
        processes = {name: start(site, stack, name, f"moment-{pause:.1f}") for name in COMMANDS}
        time.sleep(pause)
        began = time.monotonic()
        for process in processes.values():
            process.process.terminate()
        codes = {name: process.process.wait(60) for name, process in processes.items()}
        took = time.monotonic() - began
        print(f"{pause} s after the start: {codes}, {took:.1f} s")
        assert took < STOP_SECONDS
        # before Python has taken the signal over, it ends the process by itself
        assert set(codes.values()) <= CODES | {-signal.SIGTERM}, {name: p.log[-5:] for name, p in processes.items()}


def test_in_a_rebalance_and_with_a_full_buffer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAPLEWATCH_BUFFER_MIB", BUFFER_MIB)
    load = Load(site.kafka.server, LINES_PER_SECOND)
    with ExitStack() as stack:
        first = start(site, stack, "worker", "full")
        first.until_ready()
        load.start()
        stack.callback(load.stop)
        wait_until(lambda: first.metric("staplewatch_rows_total") > 0, 60, "rows flow")
        second = start(site, stack, "up", "full")
        wait_until(lambda: not first.ready or second.ready, 60, "a rebalance has begun")
        stop({"worker": first}, "in a rebalance")
        # a rebuild would wait for the paused warehouse, and nothing would be read
        wait_until(lambda: second.metric("staplewatch_partitions") == topics.PARTITIONS, 60, "it has all partitions")
        second.until_ready()
        site.house.send(signal.SIGSTOP)
        stack.callback(site.house.send, signal.SIGCONT)
        wait_until(lambda: second.metric("staplewatch_paused") == 1, 120, "the buffer is full")
        assert stop({"up": second}, "full buffer")["up"] == exits.UNSTORED
