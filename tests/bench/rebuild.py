"""How long a worker takes to have one partition of 12, all of China, back after 90 days of history.

    python -m tests.bench.rebuild [--server | --embedded] [--thin ROWS_A_DAY] [--raw]

Prints a table and, as the last line, JSON. Seconds are of the wall clock; ``cpu`` is this process alone.
"""

from __future__ import annotations

import argparse
import base64
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from schemas import topics
from streams.engine import Engine
from streams.rebuild import Rebuilder, Rebuilt, register
from streams.snapshot import Frozen
from tests.bench.history import DAYS, HOUR, REPORTS, History
from tests.bench.nation import PARTITION, PARTITIONS, RECEIPTS, Nation, filled, memory
from tests.clickhouse import clickhouse_server
from warehouse import connect
from warehouse.engine import Engine as House

EPOCH = "bench"
NOW = 1_790_000_100  # some time on a full grid point


@dataclass(frozen=True)
class Measured:
    """One measurement: seconds of the wall clock and of this process's CPU, rows or bytes handled."""

    what: str
    wall: float
    cpu: float
    amount: int
    unit: str


class Bench:
    """One warehouse with history, and what was measured with it."""

    def __init__(self, house: House, directory: Path, thin: int) -> None:
        self.house, self.thin = house, thin
        self.nation = Nation.of(directory / "catalogue")
        self.measured: list[Measured] = []

    @contextmanager
    def timed(self, what: str, amount: Callable[[], int], unit: str) -> Iterator[None]:
        """Measure the block."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        found = Measured(what, time.perf_counter() - wall, time.process_time() - cpu, amount(), unit)
        self.measured.append(found)
        print(f"{found.what:<52} {found.wall:8.2f} s  {found.cpu:8.2f} s cpu  {found.amount:>14,} {unit}", flush=True)

    def run(self, *, raw: bool) -> None:
        """Measure everything in order; ``raw``: also the rebuild without a snapshot."""
        self.house.migrate()
        register(self.house, EPOCH)
        goods = sorted(self.nation.catalogue.goods)
        history = History(self.house, self.nation.counties, goods, EPOCH, NOW, self.thin)
        ends: dict[str, int] = {}
        with self.timed("make the history", self._rows, "rows"):
            ends.update(history.write())
        before = memory()
        with self.timed("fill a state (part of the bench)", lambda: memory() - before, "B of memory"):
            engine = filled(self.nation, NOW - HOUR, EPOCH)
        for ago, since, age in ((HOUR, 660, "49 minutes"), (660, 60, "10 minutes"), (60, 0, "60 seconds")):
            self._store(engine, self._back(ends, ago), NOW - ago)
            self._progress(self._back(ends, since))
            del engine
            engine = self._rebuild(f"rebuild: snapshot {age} old").engine  # type: ignore[assignment]
        engine.snapshot().pack()
        with self.timed("snapshot again: copy and pack what changed", lambda: 1, "state"):
            engine.snapshot().pack()
        if raw:
            self.house.run("TRUNCATE TABLE snapshots")
            self._rebuild(f"rebuild: no snapshot, 35 of {DAYS} days, thin history")

    @staticmethod
    def _back(ends: dict[str, int], seconds: int) -> dict[str, int]:
        """Return the next offsets of so many seconds ago."""
        return {"sales": ends["sales"] - int(seconds * RECEIPTS), "stock": ends["stock"] - int(seconds * REPORTS)}

    def _rows(self) -> int:
        return sum(row["rows"] for row in self.house.query("counts").to_pylist() if row["name"] in {"sales", "stock"})

    def _store(self, engine: Engine, offsets: dict[str, int], at: int) -> None:
        """Take, pack and store a snapshot as the pipeline and the writer do."""
        engine.offsets = {topics.SALES: offsets["sales"], topics.STOCK: offsets["stock"]}
        frozen: list[Frozen] = []
        with self.timed("snapshot: copy, in the event loop", lambda: frozen[0].size, "B"):
            frozen.append(engine.snapshot())
        packed: list[bytes] = []
        with self.timed("snapshot: pack, in a thread", lambda: len(packed[0]), "B"):
            packed.append(frozen[0].pack())
        text = base64.b64encode(packed[0]).decode()
        row: dict[str, list[object]] = {
            "epoch": [EPOCH],
            "partition": [PARTITION],
            "slot": [at % 4],
            "position": [sum(engine.offsets.values())],
            "offsets": [json.dumps(engine.offsets)],
            "format": [1],
            "fingerprint": [engine.fingerprint],
            "state": [text],
            "at": [at],
        }
        with self.timed("snapshot: store", lambda: len(text), "B"):
            self.house.insert("snapshots", row)

    def _progress(self, offsets: dict[str, int]) -> None:
        for table, topic in (("sales", topics.SALES), ("stock", topics.STOCK)):
            row: dict[str, list[object]] = {
                "epoch": [EPOCH],
                "topic": [topic],
                "partition": [PARTITION],
                "next_offset": [offsets[table]],
                "at": [NOW],
            }
            self.house.insert("ingest_progress", row)

    def _rebuild(self, what: str) -> Rebuilt:
        rebuilder = Rebuilder(
            self.house,
            self.nation.engine,
            register(self.house, EPOCH),
            partitions=PARTITIONS,
            prefectures=self.nation.catalogue.prefectures,
            history_days=35,
        )
        found: list[Rebuilt] = []
        with self.timed(what, lambda: found[0].rows, "raw events"):
            found.append(rebuilder.rebuild(PARTITION))
            found[0].engine.republish(NOW + 5)
        assert found[0].rows, "nothing was replayed"
        return found[0]


@contextmanager
def houses(directory: Path, *, server: bool, embedded: bool) -> Iterator[dict[str, Callable[[], House]]]:
    """Yield what opens each warehouse asked for."""
    openers: dict[str, Callable[[], House]] = {}
    if embedded:
        openers["chdb"] = partial(connect, f"chdb://{directory}/chdb")  # type: ignore[assignment]
    if not server:
        yield openers
        return
    with clickhouse_server(directory / "server") as url:
        openers["clickhouse-server"] = partial(connect, url, answer_seconds=600.0)  # type: ignore[assignment]
        yield openers


def main(arguments: list[str] | None = None) -> dict[str, list[dict[str, object]]]:
    """Measure, print a table and JSON, and return what the JSON says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", action="store_true", help="only a ClickHouse server")
    parser.add_argument("--embedded", action="store_true", help="only chdb")
    parser.add_argument(
        "--thin", type=int, default=100_000, metavar="ROWS", help="sale lines a day before the last hour"
    )
    parser.add_argument("--raw", action="store_true", help="also without any snapshot")
    asked = parser.parse_args(arguments)
    both = asked.server == asked.embedded
    results: dict[str, list[dict[str, object]]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name,
        houses(Path(name), server=asked.server or both, embedded=asked.embedded or both) as openers,
    ):
        for house, opened in openers.items():
            print(f"-- {house}", flush=True)
            warehouse = opened()
            bench = Bench(warehouse, Path(name) / house, asked.thin)
            try:
                bench.run(raw=asked.raw)
            finally:
                warehouse.close()
            results[house] = [asdict(each) for each in bench.measured]
    results["peak"] = [{"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}]
    print(json.dumps(results))
    return results


if __name__ == "__main__":
    main()
