"""Broker and warehouse die, pause, refuse and come back under running processes: nothing is lost, little is said."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams import exits
from tests.reliability.loads import LINES_PER_RECEIPT, Load
from tests.reliability.outage import ClickHouse, Kafka, Process, both, fill, small_disk
from tests.reliability.stalling import VARIABLE
from tests.services import wait_until

pytestmark = pytest.mark.services

#: "SIGTERM always ends within 10 s, whatever is down."
STOP_SECONDS = 10.0
#: The rows of this file's tests take a tenth of it.
DISK_MIB = 256


@dataclass(frozen=True, slots=True)
class Site:
    """Two servers, a worker and a web application."""

    kafka: Kafka
    house: ClickHouse
    worker: Process
    web: Process
    data: Path
    #: Where the warehouse keeps its rows; None where it has no disk of its own.
    disk: Path | None

    @property
    def where(self) -> tuple[str, ...]:
        return addresses(self.kafka, self.house)


def addresses(kafka: Kafka, house: ClickHouse) -> tuple[str, ...]:
    return ("--broker", f"kafka://{kafka.server}", "--warehouse", house.url)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run everything once for the tests of this file; each leaves it healthy."""
    data = tmp_path_factory.mktemp("outages")
    with small_disk(data / "clickhouse" / "data", DISK_MIB) as disk, both(data) as (kafka, house):
        where = addresses(kafka, house)
        worker, web = Process(data / "w", "worker", *where), Process(data / "s", "serve", *where, probe="--port")
        with running(worker), running(web):
            worker.until_ready()
            web.until_ready()
            yield Site(kafka, house, worker, web, data, disk)


@contextmanager
def running(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.end()


@contextmanager
def loaded(site: Site, lines_per_second: int = 2000) -> Iterator[Load]:
    """Run a load, and check at the end that exactly its lines were stored on top of what there was."""
    before = site.house.lines()[0]
    load = Load(site.kafka.server, lines_per_second)
    load.start()
    try:
        yield load
    finally:
        load.stop()
    wait_until(lambda: site.house.lines()[0] >= before + load.lines, 60, "everything is stored")
    count, total = site.house.lines()
    assert count == before + load.lines
    assert total == count * 2_500


def outage(site: Site, state: str, fail: Callable[[], None], mend: Callable[[], None]) -> None:
    """Make the warehouse fail and mend it again; the worker stays ready, says what it is, and recovers by itself."""
    fail()
    site.worker.until_says(f'"state": "{state}"', "rows (", "wait")
    assert site.worker.ready
    mend()
    wait_until(lambda: site.worker.says('"state": "ok"'), 90, "rows are stored again")


def test_a_warehouse_that_dies_pauses_and_refuses(site: Site, tmp_path: Path) -> None:
    house = site.house
    with loaded(site):
        outage(site, "away", house.kill, house.start)
        outage(site, "away", lambda: house.send(signal.SIGSTOP), lambda: house.send(signal.SIGCONT))

        def refuse() -> None:
            house.kill()
            house.start(readonly=True)

        def allow() -> None:
            house.kill()
            house.start()

        outage(site, "read-only", refuse, allow)
    site.web.until_ready()


def test_a_disk_that_is_full(site: Site) -> None:
    if site.disk is None:
        pytest.skip("only root can mount a small disk")
    filler = site.disk / "filler"
    with loaded(site):
        outage(site, "disk full", lambda: fill(filler), filler.unlink)


def test_live_values_without_a_warehouse(site: Site) -> None:
    site.house.kill()
    site.web.until_says("live ones go on")
    assert site.web.ready
    assert site.web.get("api/indicators").headers["staplewatch-incomplete"] == "warehouse"
    with running(Process(site.data / "late", "serve", *site.where, probe="--port")) as late:
        late.until_says("live ones go on", '"connected": true')
        assert late.ready
        assert late.get("api/indicators").status_code == 200
        site.house.start()
        wait_until(lambda: not late.says("live ones go on"), 60, "stored values are there")
        assert late.stop()[0] == 0


def test_a_broker_that_dies_is_two_lines(site: Site) -> None:
    said = {process: len(process.log) for process in (site.worker, site.web)}
    site.kafka.kill()
    site.worker.until_says("does not answer since")
    site.web.until_says("live values stand still")
    assert not site.worker.ready
    with running(Process(site.data / "late-worker", "worker", *site.where, "--slot", "1")) as late:
        late.until_says("cannot reach the Kafka broker")  # the probes answer from the start
        site.kafka.start()
        late.until_ready()
        assert len(late.log) == len(late.told("waiting for it")) + len(late.told("is there")) == 2
        assert late.stop()[0] == 0
    site.worker.until_ready()
    site.web.until_ready()
    with loaded(site):
        wait_until(lambda: site.worker.metric("staplewatch_rows_total") > 0, 60, "rows flow")
    for process, before in said.items():
        events = [json.loads(line)["event"].partition(" at ")[0] for line in process.log[before:]]
        assert events == ["the broker", "the broker"], process.log[before:]
        assert process.told("answers again after")


def test_the_second_worker_on_a_slot_is_refused(site: Site) -> None:
    with running(Process(site.data / "elsewhere", "worker", *site.where)) as second:
        assert second.process.wait(60) == 2
        assert len(second.log) == 1
        assert "slot 0 is taken by a worker at 127.0.0.1" in second.log[0]
    assert site.worker.ready
    assert site.worker.process.poll() is None


@pytest.mark.parametrize(
    ("kind", "told"),
    [("poll", "no progress for"), ("loop", "the event loop stands still"), ("group", "no partitions were shared out")],
)
def test_a_worker_that_stands_still_ends_itself(site: Site, kind: str, told: str) -> None:
    where = (*site.where, "--group", f"still-{kind}", "--stall-seconds", "2", "--stall-exit-seconds", "5")
    run = (sys.executable, "-m", "tests.reliability.stalling")
    with loaded(site), running(Process(site.data / kind, "worker", *where, run=run, **{VARIABLE: kind})) as still:
        if kind == "poll":
            still.until_says("no progress in spite of lag: pos.sales/")
        assert still.process.wait(60) == exits.STALLED
        assert [line for line in still.log if told in line] == still.log


def test_sigterm_ends_everything_while_everything_is_paused(site: Site) -> None:
    load = Load(site.kafka.server, 2000)
    with (
        running(Process(site.data / "w2", "worker", *site.where, "--slot", "2")) as worker,
        running(Process(site.data / "u", "up", *site.where, "--slot", "3", "--port", "0")) as up,
        running(Process(site.data / "s2", "serve", *site.where, probe="--port")) as web,
    ):
        for process in (worker, up, web):
            process.until_ready()
        load.start()
        wait_until(lambda: worker.metric("staplewatch_rows_total") > 10 * LINES_PER_RECEIPT, 60, "rows flow")
        site.house.send(signal.SIGSTOP)
        wait_until(lambda: worker.metric("staplewatch_buffer_bytes") > 0, 30, "rows wait")
        load.stop()
        site.kafka.send(signal.SIGSTOP)
        try:
            began = time.monotonic()
            for process in (worker, up, web):
                process.process.terminate()
            codes = [process.process.wait(60) for process in (worker, up, web)]
            assert time.monotonic() - began < STOP_SECONDS
            assert codes[0] == exits.UNSTORED, worker.log
            assert codes[1] in {exits.STORED, exits.UNSTORED}, up.log
            assert codes[2] == 0, web.log
            assert worker.told("read again after the next start")
            starting = Process(site.data / "w2", "worker", *site.where, "--slot", "2")
            with running(starting):
                starting.until_says("does not answer")
                code, seconds = starting.stop()
                assert code == 0
                assert seconds < STOP_SECONDS
        finally:
            site.kafka.send(signal.SIGCONT)
            site.house.send(signal.SIGCONT)
    site.worker.until_ready()
