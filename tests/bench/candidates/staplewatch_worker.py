"""staplewatch itself, its worker as it is: without a warehouse (pipe), or with one and every rule (whole job).

The sums are taken from the rows of ``indicators`` that it hands to its warehouse, so nothing in the
product knows that it is being measured. The clock starts when the partitions are taken over, before
the first fetch; the whole job's ends when all is stored. ``--way`` is the warehouse's URL, or empty;
``python`` leaves the decoder in Rust unused, which else reads the receipts where it is installed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import pyarrow as pa
import sqlglot
import uvloop

import warehouse as stores
from schemas import catalogue, topics
from streams import native
from streams.alerts import DEFAULT, load
from streams.alerts.rulebook import Rulebook
from streams.columns import listed
from streams.engine import Engine
from streams.options import Options, WorkerOptions
from streams.worker import Worker
from tests.bench.candidates.contract import BUCKET, Meter, Task, Totals, answer, asked
from tests.bench.sampling import Sampler
from warehouse import statements
from warehouse.protocol import Warehouse

STEPS_AT_ONCE = 150
#: Where the whole job writes its profile, if anywhere.
PROFILE = "BENCH_PROFILE"
#: What ClickHouse has behind LIMIT … BY, and sqlglot does not read.
LAST_LIMIT = re.compile(r"\nLIMIT \{limit.*$", re.DOTALL)
#: No warehouse, and no decoder in Rust.
PYTHON = "python"


class Nowhere:
    """A ``Warehouse`` that stores nothing and answers "nothing yet"."""

    address = "nowhere"

    def __init__(self) -> None:
        self.epochs: list[dict[str, object]] = []

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Remember the epoch only."""
        if table == "epochs":
            self.epochs.append({name: values[0] for name, values in columns.items()})

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return nothing but the epochs, in the columns of the query."""
        if name == "epochs" and self.epochs:
            return pa.Table.from_pylist(self.epochs)
        return pa.table({column: pa.array([], pa.null()) for column in selected(name)})

    def migrate(self) -> list[str]:
        """Do nothing."""
        return []

    def ping(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class Watched:
    """Passes everything on to a warehouse, and keeps the 5-minute sums on their way."""

    def __init__(self, inner: Warehouse) -> None:
        self._inner = inner
        self.address = inner.address
        self.query, self.migrate, self.ping, self.close = inner.query, inner.migrate, inner.ping, inner.close
        self._kept: list[list[Sequence[object]]] = []

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Insert."""
        self._inner.insert(table, columns)
        if table == "indicators":
            self._kept.append([columns[name] for name in ("region", "good", "at", "grain", "amount", "quantity")])

    def totals(self, counties: set[int]) -> Totals:
        """Return the sums by county, good and start of the bucket; of two rows of one key the later one holds."""
        rows = (zip(*map(listed, columns), strict=True) for columns in self._kept)
        return {
            f"{region}|{good}|{at - BUCKET}": [amount, quantity]
            for region, good, at, grain, amount, quantity in chain.from_iterable(rows)
            if grain == "5m" and region in counties
        }


def selected(name: str) -> list[str]:
    """Return the columns of a named query."""
    text = LAST_LIMIT.sub("", statements.named(name).text)
    columns: list[str] = sqlglot.parse_one(text, read="clickhouse").named_selects
    return columns


async def until(condition: Callable[[], bool], fine: asyncio.Task[None], seconds: float = 0.002) -> None:
    """Return when ``condition()`` holds; raises what ended ``fine``: a worker that failed never gets there."""
    while not condition():
        if fine.done():
            fine.result()
        await asyncio.sleep(seconds)


async def read(task: Task) -> None:
    """Run the worker until every partition is read, and stop it in order."""
    where, meter = catalogue.load(), Meter()
    url, rust = task.way.removeprefix(PYTHON), task.way != PYTHON and native.available()
    house = Watched(opened(url) if url else Nowhere())
    rules = Rulebook([load(name) for name in DEFAULT] if url else [], where)
    engine = Options(event_time=True, inputs=(topics.SALES,), most_steps=STEPS_AT_ONCE, native=rust)
    count = len(task.counts)
    options = WorkerOptions(task.servers, task.directory, partitions=count, group=task.directory.name, engine=engine)

    def new(partition: int, epoch: str, ordinal: int) -> Engine:
        return Engine(partition, count, where, rules, engine, epoch, ordinal)

    worker = Worker(options, house, new, where.prefectures)
    started = asyncio.create_task(worker.start())
    fine = asyncio.create_task(worker.run_until(asyncio.Event()))
    try:
        await until(
            lambda: started.done() or (hasattr(worker, "pipeline") and not worker.pipeline.suspended), fine, 0.001
        )
        meter.start()
        with Sampler(os.environ.get(PROFILE, "")):
            await until(started.done, fine)
            ends = {(topics.SALES, number): size for number, size in enumerate(task.counts)}
            ends |= {(topics.CLOCK, number): 1 for number in range(count)}
            reached = worker.pipeline.persisted if url else worker.pipeline.positions
            await until(lambda: all(reached().get(place, 0) >= end for place, end in ends.items()), fine)
        meter.stop()
    finally:
        fine.cancel()
        started.cancel()
        await worker.stop()
    counties = {code for code, each in where.regions.items() if each.level == "county"}
    stored = {row["name"]: row["rows"] for row in house.query("counts").to_pylist()} if url else {}
    answer(task, meter, house.totals(counties), stored=stored, decoder="Rust" if rust else "Python")


def opened(url: str) -> Warehouse:
    """Return a warehouse with all its tables."""
    house = stores.connect(url)
    house.migrate()
    return house


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(read(asked()))
