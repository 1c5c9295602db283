"""Everything of ``make bench``: measured, checked for right answers, written down. Speed itself fails nothing.

``BENCH=quick`` takes a tenth of the load, one round and ten seconds, to try a change;
``BENCH_SECONDS`` and ``BENCH_ROWS`` set the seconds per rate of the latency and the rows behind the queries.
"""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from rich.console import Console

from schemas import catalogue, topics
from tests.bench import growth, latency, pipe, queries, rebuild, workers
from tests.bench.candidates.staplewatch_worker import PROFILE
from tests.bench.compare import Candidate, interleaved, run
from tests.bench.load import Load, Shape
from tests.bench.results import DIRECTORY, Results
from tests.clickhouse import clickhouse_server
from tests.services import ROOT

QUICK = os.environ.get("BENCH") == "quick"
ROUNDS = 1 if QUICK else 3
RECEIPTS = Shape().receipts // (10 if QUICK else 1)
SECONDS = int(os.environ.get("BENCH_SECONDS", "10" if QUICK else "60"))
ROWS = int(os.environ.get("BENCH_ROWS", "2000000" if QUICK else "100000000"))

pytestmark = [pytest.mark.services, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def results() -> Iterator[Results]:
    """Return where measurements go; written and shown at the end, also of a run that was cut short."""
    found = Results()
    yield found
    path = found.write()
    console = Console(width=110)
    found.show(console)
    console.print(f"written: {path.relative_to(ROOT)}")


def test_pipe_and_whole_job(results: Results, tmp_path: Path) -> None:
    subprocess.run([ROOT / "scripts" / "bench-peers"], check=True)
    load = Load(Shape(receipts=RECEIPTS), catalogue.load())
    with ExitStack() as stack:
        servers = stack.enter_context(pipe.brokers(tmp_path))
        url = stack.enter_context(clickhouse_server(tmp_path / "clickhouse")).rpartition("/")[0]
        pipe.filled(servers, load)
        jobs = [Candidate("whole job", "staplewatch_worker", way=f"{url}/job{number}") for number in range(ROUNDS + 1)]
        once = partial(run, load=load, servers=servers, topic=topics.SALES, directory=tmp_path)
        databases = iter(jobs)

        def each(candidate: Candidate) -> object:
            return once(next(databases) if candidate.name == "whole job" else candidate)

        found = interleaved((*pipe.ALL, jobs[0]), ROUNDS, each)  # type: ignore[arg-type]
        profile = DIRECTORY / "whole-job-profile.txt"
        DIRECTORY.mkdir(exist_ok=True)
        os.environ[PROFILE] = str(profile)
        once(jobs[-1])
        del os.environ[PROFILE]
    ours, confluent = pipe.OURS.name, pipe.CONFLUENT.name
    best = max((each.name for each in pipe.WINDOWS), key=found.rate)
    results.ratios["pipe_vs_best_peer"] = found.ratio(ours, best)
    results.ratios["pipe_vs_confluent"] = found.ratio(ours, confluent)
    results.figures["python_vs_confluent"] = found.ratio(pipe.PYTHON.name, confluent)
    results.figures["arrow_vs_confluent"] = found.ratio(pipe.ARROW.name, confluent)
    results.ratios["pipe_vs_faust"] = found.ratio(ours, pipe.FAUST.name)
    results.ratios["job_vs_confluent"] = found.ratio("whole job", confluent)
    for candidate in (*pipe.ALL, jobs[0]):
        name, share = candidate.name, candidate.share
        results.figures[name] = (
            f"{found.rate(name):,.0f} lines/s, {found.cpu(name):.2f} µs CPU/line, {found.peak(name):,.0f} MiB"
            + (f", decoder in {found.decoder(name)}" if found.decoder(name) else "")
            + (f", first {share:.0%}" if share < 1 else "")
        )
    for tuned in pipe.TUNED:
        results.figures[f"pipe_vs_{tuned.name}"] = found.ratio(ours, tuned.name)
    results.raw["pipe_and_job"] = found.raw()


def test_latency(results: Results, tmp_path: Path) -> None:
    found = latency.run(tmp_path, [2000, 20_000], SECONDS)
    for each in found:
        if each.what == topics.ALERTS and each.rate == 20_000:
            results.ratios["alert_p99_s_20k"] = each.p99
        text = f"p50 {each.p50 * 1000:.0f} ms, p99 {each.p99 * 1000:.0f} ms, most {each.most * 1000:.0f} ms"
        results.figures[f"{each.what} at {each.rate:,} lines/s"] = f"{text} ({each.count} probes)"
    results.raw["latency"] = [asdict(each) for each in found]


def test_growth_and_state(results: Results) -> None:
    found = growth.run()
    results.ratios["cost_growth"], rust = growth.growth(found)
    if rust:
        results.figures["cost growth, decoder in Rust"] = rust
    for each in found:
        results.figures[f"a line: {each.counties:,} counties, {each.stores:,} stores, {each.goods:,} goods"] = (
            f"{each.microseconds:.2f} µs CPU, {each.rust or math.nan:.2f} with the decoder in Rust; "
            f"{each.beginning:.1f} s until all have begun"
        )
    results.ratios["state_gib"] = growth.state_gib()
    results.raw["growth"] = [asdict(each) for each in found]


def test_rebuild(results: Results) -> None:
    found = rebuild.main(["--server", *(["--thin", "5000"] if QUICK else [])])
    took = {str(each["what"]): each for each in found["clickhouse-server"]}
    amounts = [int(str(each["amount"])) for what, each in took.items() if what.startswith("rebuild")]
    assert len(amounts) == 3
    assert amounts == sorted(amounts, reverse=True), "the younger the snapshot, the less is read"
    results.ratios["rebuild_s"] = float(str(took["rebuild: snapshot 60 seconds old"]["wall"]))
    for what, each in took.items():
        if what.startswith("rebuild"):
            results.figures[what] = f"{each['wall']:.1f} s, {each['amount']:,} events"
    results.raw["rebuild"] = found


def test_workers(results: Results, tmp_path: Path) -> None:
    bursts, pauses = workers.run(tmp_path, RECEIPTS // 3)
    for burst in bursts:
        results.figures[f"burst, {burst.workers} workers"] = f"{burst.rate:,.0f} lines/s, {burst.seconds:.1f} s"
    for pause in pauses:
        results.figures[f"rebalance, a worker's {pause.what}"] = f"alerts wait {pause.seconds:.2f} s at most"
    results.raw["workers"] = {"bursts": [asdict(each) for each in bursts], "pauses": [asdict(each) for each in pauses]}


def test_queries(results: Results, tmp_path: Path) -> None:
    found = queries.run(tmp_path / "chdb", ROWS)
    results.ratios["wall_query_p99_ms"] = queries.wall_p99(found)
    for each in found:
        results.figures[each.what] = f"cold {each.cold:.0f} ms, p50 {each.p50:.0f} ms, p99 {each.p99:.0f} ms"
    results.raw["queries"] = {"rows": ROWS, "found": [asdict(each) for each in found]}
