"""staplewatch itself, its worker as it is, on a warehouse that keeps nothing but the rows of ``indicators``.

The sums are taken from those rows, so nothing in the product knows that it is being measured. The
clock starts when the partitions are taken over, before the first fetch: late by nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import pyarrow as pa
import uvloop

from schemas import catalogue, topics
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.options import Options, WorkerOptions
from streams.worker import Worker
from tests.bench.candidates.contract import BUCKET, Meter, Task, Totals, answer, asked

STEPS_AT_ONCE = 150


class Nowhere:
    """A ``Warehouse`` that answers "nothing yet" and keeps the 5-minute sums of the rows it is given."""

    address = "nowhere"

    def __init__(self) -> None:
        self.sums: dict[tuple[int, str, int], list[int]] = {}
        self.epochs: list[dict[str, object]] = []

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Look at indicators only."""
        if table == "epochs":
            self.epochs.append({name: values[0] for name, values in columns.items()})
        if table == "indicators":
            names = ("region", "good", "at", "grain", "amount", "quantity")
            for region, good, at, grain, amount, quantity in zip(*(columns[name] for name in names), strict=True):
                if grain == "5m":
                    self.sums[region, good, at] = [amount, quantity]  # type: ignore[index,list-item]

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Return nothing but the epochs."""
        return pa.Table.from_pylist(self.epochs if name == "epochs" else [])

    def migrate(self) -> list[str]:
        """Do nothing."""
        return []

    def ping(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def totals(self, counties: set[int]) -> Totals:
        """Return the sums by county, good and start of the bucket."""
        return {
            f"{region}|{good}|{at - BUCKET}": values
            for (region, good, at), values in self.sums.items()
            if region in counties
        }


async def read(task: Task) -> None:
    """Run the worker until every partition is read, and stop it in order."""
    where = catalogue.load()
    engine = Options(event_time=True, inputs=(topics.SALES,), most_steps=STEPS_AT_ONCE)
    partitions = len(task.counts)
    options = WorkerOptions(
        task.servers, task.directory, partitions=partitions, group=task.directory.name, engine=engine
    )
    rules, nowhere, meter = Rulebook([], where), Nowhere(), Meter()

    def new(partition: int, epoch: str, ordinal: int) -> Engine:
        return Engine(partition, partitions, where, rules, engine, epoch, ordinal)

    worker = Worker(options, nowhere, new, where.prefectures)
    started = asyncio.create_task(worker.start())
    while not hasattr(worker, "pipeline") or worker.pipeline.suspended:
        await asyncio.sleep(0.001)
        if started.done():
            started.result()
    meter.start()
    await started
    ends = {(topics.SALES, number): count for number, count in enumerate(task.counts)}
    ends |= {(topics.CLOCK, number): 1 for number in range(partitions)}
    while any(worker.pipeline.positions().get(place, 0) < end for place, end in ends.items()):
        await asyncio.sleep(0.002)
    meter.stop()
    await worker.stop()
    counties = {code for code, each in where.regions.items() if each.level == "county"}
    answer(task, meter, nowhere.totals(counties))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(read(asked()))
