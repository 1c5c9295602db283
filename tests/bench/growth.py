"""Growth: what a line costs with more counties, stores and goods, and what the state of all China takes.

    python -m tests.bench.growth

The engine alone, all indicators and rules of the default packs, at 2,000 lines a second of event time in one
partition, so that what a bucket costs whatever its number of lines is in the figures too. Measured are two buckets,
the end of two among them, once every prefecture has begun and knows its sites; how long that took is told apart. They
lie within one hour: what the next hour costs, once in twelve buckets, is left out. One bucket does where no bar is.
"""

from __future__ import annotations

import ctypes
import gc
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.goods import Good
from schemas.regions import Region
from streams.alerts import DEFAULT, Rulebook
from streams.alerts import load as load_pack
from streams.chunk import Chunk
from streams.engine import Engine
from streams.indicators.civil import BUCKET, HOUR
from streams.native import available
from streams.options import Options
from streams.worker import GC_THRESHOLDS
from tests.bench.load import LINES, Load, Shape
from tests.bench.nation import PARTITIONS, Nation, filled, memory, region
from tests.services import ROOT

RATE = 2000
#: Before these seconds everything begins; the rest are measured, so many buckets.
WARM = 400
BUCKETS = 2
CHUNK = 4000
#: Counties, stores, goods: one thing grows at a time. Every county has a store. The first two say how much a line
#: costs more, so they are measured several times.
ENDS = ((10, 2850, 38), (2850, 2850, 38))
OTHERS = (
    *((100, 2850, 38), (1000, 2850, 38)),
    *((100, 1000, 38), (100, 10_000, 38), (100, 100_000, 38), (100, 1000, 1000)),
)
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU per line, receipts being read in Python, and by the decoder in Rust if it is there."""

    counties: int
    stores: int
    goods: int
    lines: int
    microseconds: float
    rust: float | None
    #: Seconds of CPU of the beginning, read in Python.
    beginning: float


def catalogue_of(counties: int, goods: int, directory: Path) -> Catalogue:
    """Write and return a catalogue of made-up counties, ten to a prefecture, and goods."""
    prefectures = [110_000 + number // 90 * 10_000 + (number % 90 + 1) * 100 for number in range(-(-counties // 10))]
    regions: dict[int, Region] = {}
    for number in range(counties):
        prefecture = prefectures[number // 10]
        for code, level in ((prefecture // 10_000 * 10_000, "province"), (prefecture, "prefecture")):
            regions.setdefault(code, region(code, level))
        code = prefecture + 1 + number % 10
        regions[code] = region(code, "county")
    return catalogue.write(regions.values(), _goods(goods), directory)


def _goods(count: int) -> Iterator[Good]:
    known = list(catalogue.load().goods.values())
    for number in range(count):
        good = known[number % len(known)]
        turn = number // len(known)
        yield replace(good, code=f"{good.code}-{turn}", name_zh=f"{good.name_zh}{turn}") if turn else good


def chunks(load: Load) -> Iterator[Chunk]:
    """Yield the load as a transport would."""
    values = list(load.values())
    for first in range(0, len(values), CHUNK):
        part = values[first : first + CHUNK]
        size, end = len(part), first + len(part)
        yield Chunk(topics.SALES, 0, range(first, end), part, [b"0"] * size, [()] * size, [0] * size, end)


Step = tuple[int, int, int]


def cost(steps: Sequence[Step], rounds: int, buckets: int = BUCKETS) -> list[Cost]:
    """Measure steps in turn, each in every round: what slows the machine down for a minute must not hit one alone."""
    with tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name:
        seconds = WARM + buckets * BUCKET
        loads = [_load(*step, seconds, Path(name) / str(number)) for number, step in enumerate(steps)]
        ways = (False, True) if available() else (False,)
        runs = [[[_seconds(*load, WARM / seconds, rust=way) for way in ways] for load in loads] for _ in range(rounds)]
    lines = RATE * buckets * BUCKET
    return [_median(step, lines, each) for step, *each in zip(steps, *runs, strict=True)]


def _load(counties: int, stores: int, goods: int, seconds: int, directory: Path) -> tuple[list[Chunk], Catalogue]:
    where = catalogue_of(counties, goods, directory)
    shape = Shape(receipts=RATE * seconds // LINES, partitions=1, stores=stores, seconds=seconds)
    start = (int(time.time()) - seconds) // HOUR * HOUR - HOUR + BUCKET
    return list(chunks(Load(shape, where, start))), where


def _median(step: Step, lines: int, runs: Sequence[Sequence[tuple[float, float]]]) -> Cost:
    own = [median(taken for taken, _ in way) / lines * 1e6 for way in zip(*runs, strict=True)]
    rust = own[1] if len(own) > 1 else None
    return Cost(*step, lines, own[0], rust, median(run[0][1] for run in runs))


def _seconds(made: Sequence[Chunk], where: Catalogue, warm: float, *, rust: bool) -> tuple[float, float]:
    """Return what applying chunks takes after a first share of them, and up to then, seconds of CPU."""
    rules = Rulebook([load_pack(name) for name in DEFAULT], where)
    options = Options(event_time=True, inputs=(topics.SALES,), native=rust)
    engine = Engine(0, 1, where, rules, options, "bench", 1)
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # as a worker does
    gc.set_threshold(*GC_THRESHOLDS)
    first = int(len(made) * warm)
    wall, taken = time.time(), list[float]()
    for part in (made[:first], made[first:]):
        started = time.process_time()
        for chunk in part:
            engine.apply(chunk, wall)
        taken.append(time.process_time() - started)
    return taken[1], taken[0]


def state_bytes(directory: Path) -> int:
    """Return the memory of one of 12 partitions of all China after weeks of trade; call it in a process of its own."""
    nation = Nation.of(directory / "catalogue")
    trim = ctypes.CDLL(None).malloc_trim
    gc.collect()
    trim(0)
    before = memory()
    engine = filled(nation, int(time.time()), "bench")
    gc.collect()
    trim(0)
    taken = memory() - before
    assert engine.sizes()["pairs"]
    return taken


def state_gib() -> float:
    """Return the memory of the states of all partitions, GiB."""
    code = "from pathlib import Path; from tests.bench.growth import state_bytes; print(state_bytes(Path('catalogue')))"
    with tempfile.TemporaryDirectory(prefix="staplewatch-bench-") as name:
        said = subprocess.run(
            [sys.executable, "-c", code.replace("catalogue", name)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return int(said) * PARTITIONS / 2**30


def growth(found: Sequence[Cost]) -> tuple[float, float | None]:
    """Return how many times as much a line costs at 2,850 counties as at 10: read in Python, and by Rust."""
    first, last = (next(each for each in found if each.counties == counties) for counties in (10, 2850))
    return last.microseconds / first.microseconds, last.rust / first.rust if last.rust and first.rust else None


def run() -> list[Cost]:
    """Measure all steps, printing each."""
    found = cost(ENDS, ROUNDS)
    for step in OTHERS:
        found += cost([step], 1, buckets=1)
    found.sort(key=lambda each: (each.goods, each.stores != ENDS[0][1], each.counties, each.stores))
    for each in found:
        print(json.dumps(asdict(each)), flush=True)
    return found


if __name__ == "__main__":
    costs = run()
    python, rust = growth(costs)
    print(f"10 -> 2,850 counties: x {python:.2f} (Rust: x {rust or math.nan:.2f}); all China: {state_gib():.2f} GiB")
