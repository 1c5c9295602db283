"""Queries of the wall and of analysts with many raw rows behind them, in chdb.

    python -m tests.bench.queries [--rows 100000000]

Rows are made by the engine itself. *Cold* is a query's first run in a new process that has reached the engine, as
one that answers has (the system's page cache is warm: dropping it is not ours to do); *warm* are 20 runs after it,
10 of an analyst's query.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from schemas import catalogue
from tests.services import ROOT
from warehouse import connect
from warehouse.engine import Engine as House
from warehouse.statements import Statement

DAY, BUCKET = 86_400, 300
END = 1_790_000_100
DAYS, RUNS, ANALYST_RUNS = 7, 20, 10
STEP = 10_000_000

SALES = """INSERT INTO sales (epoch, topic, partition, `offset`, line, event_id, sender, site, region, prefecture, good,
    workstation, business_date, sequence, line_number, kind, at, quantity, amount, priced, unit_cost, repeat, ingested)
SELECT 'bench', 'pos.sales', number % 4, intDiv(number, 5), number % 5, concat('r', toString(intDiv(number, 5))),
    'chain', concat('store-', toString(store)),
    arrayElement({counties}, toUInt32(store % length({counties}) + 1)) AS county,
    toUInt32(intDiv(county, 100) * 100), arrayElement({goods}, toUInt32(cityHash64(number) % length({goods}) + 1)),
    toString(number % 3), toDate(moment + 28800), intDiv(number, 15), number % 5 + 1, 'sale', moment,
    500 + number % 3000, (500 + number % 3000) * 40, 1, NULL, 0, moment + 2
FROM (SELECT number, intDiv(number, 5) % 740 AS store,
    toDateTime(toUInt32({end} - {span} + number * {span} / {rows}), 'UTC') AS moment
    FROM numbers({first}, {count}))"""

INDICATORS = """INSERT INTO indicators (region, good, grain, kind, at, date, amount, quantity, lines, vwap, vwap_1h,
    vwap_24h, baseline_24h, spike_24h, lines_24h, stores_24h, on_hand, sites_in, sites_out, levels, version)
SELECT arrayElement({regions}, toUInt32(number % length({regions}) + 1)),
    arrayElement({goods}, toUInt32(intDiv(number, length({regions})) % length({goods}) + 1)), '5m', 'retail',
    toDateTime(toUInt32({end} - {day} * {span} + intDiv(number, length({regions}) * length({goods})) * 300), 'UTC')
        AS moment,
    toDate(moment + 28800), 40000000, 1000000, 20, 4.0, 4.1, 4.2, 4.0, 0.05, 5000, 10, 300000, 10, 0, '{{}}', number
FROM numbers(length({regions}) * length({goods}) * {buckets})"""

ANALYST = {
    "amount by county and date, one week": """SELECT region, business_date, sum(amount), sum(quantity) FROM sales
        WHERE repeat = 0 GROUP BY region, business_date ORDER BY region, business_date""",
    "price by hour of one good": """SELECT toStartOfHour(at) AS hour, sum(amount) / sum(quantity) / 10 FROM sales
        WHERE good = 'potato' AND repeat = 0 GROUP BY hour ORDER BY hour""",
}
WALL: dict[str, tuple[str, Mapping[str, object]]] = {
    "wall: newest of a prefecture": ("indicators_latest", {"prefecture": 540100}),
    "wall: newest of a good everywhere": ("indicators_latest", {"good": "potato"}),
    "wall: a day of one county and good": (
        "indicators_series",
        {"region": 540102, "good": "potato", "since": END - DAY, "until": END},
    ),
}


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of one query."""

    what: str
    cold: float
    p50: float
    p99: float
    result: int


def make(house: House, rows: int) -> None:
    """Make the tables and their rows."""
    house.migrate()
    where = catalogue.load()
    regions = sorted(code for code, each in where.regions.items() if each.level in {"county", "prefecture"})
    counties = [code for code in regions if code % 100]
    fixed = {"counties": counties, "regions": regions, "goods": sorted(where.goods), "end": END, "rows": rows}
    for first in range(0, rows, STEP):
        count = min(STEP, rows - first)
        house.run(SALES.format(**fixed, span=DAYS * DAY, first=first, count=count))
    for day in range(DAYS, 0, -1):
        house.run(INDICATORS.format(**fixed, day=day, span=DAY, buckets=DAY // BUCKET))


def timed(house: House) -> list[Timed]:
    """Time every query."""
    ways: dict[str, Callable[[], pa.Table]] = {
        what: partial(house.query, name, parameters) for what, (name, parameters) in WALL.items()
    }
    for what, sql in ANALYST.items():
        ways[f"analyst: {what}"] = partial(house.select, Statement(what, sql, {}), {})
    found = []
    house.ping()  # the engine's first answer of all takes 0.3 s, whatever the question
    for what, run in ways.items():
        took, size = [], 0
        for _ in range(1 + (RUNS if what in WALL else ANALYST_RUNS)):
            started = time.perf_counter()
            size = run().num_rows
            took.append((time.perf_counter() - started) * 1000)
        assert size, f"{what}: no rows"
        p50, p99 = np.percentile(took[1:], [50, 99]).tolist()
        found.append(Timed(what, took[0], p50, p99, size))
    return found


def run(directory: Path, rows: int) -> list[Timed]:
    """Make the rows here, and time the queries in a process of their own."""
    house = connect(f"chdb://{directory}")
    try:
        make(house, rows)  # type: ignore[arg-type]
    finally:
        house.close()
    command = [sys.executable, "-m", "tests.bench.queries", "--directory", str(directory)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [Timed(**each) for each in json.loads(said.splitlines()[-1])]


def wall_p99(found: list[Timed]) -> float:
    """Return the slowest p99 of the wall's queries, ms, the cold run among them."""
    return max(max(each.cold, each.p99) for each in found if each.what.startswith("wall"))


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--directory", type=Path, help="of rows that are there")
    asked = parser.parse_args()
    if asked.directory:
        house = connect(f"chdb://{asked.directory}")
        print(json.dumps([asdict(each) for each in timed(house)]))  # type: ignore[arg-type]
        house.close()
        return
    with tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name:
        started = time.perf_counter()
        found = run(Path(name) / "chdb", asked.rows)
        print(f"{asked.rows:,} rows, {time.perf_counter() - started:.0f} s")
        for each in found:
            print(f"{each.what:<50} cold {each.cold:8.1f}  p50 {each.p50:8.1f}  p99 {each.p99:8.1f} ms {each.result}")


if __name__ == "__main__":
    main()
