"""How long ``staplewatch backtest`` takes for three years of daily quotes of 50 goods.

``python -m tests.bench.backtest`` prints, per number of sites and for one pack and for all five,
the wall and CPU seconds of the whole command (start, reading the file, evaluation, CSV) and its
peak memory.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from schemas import catalogue
from schemas.catalogue import Good, Region

GOODS, DATES, FIRST = 50, 1095, date(2021, 1, 1)
COUNTIES = tuple(range(110101, 110106))
PACKS = ("urumqi-2007", "urumqi-2007-steady", "qingdao-2014", "qingdao-2015", "mofcom-2011")


def write(directory: Path, sites: int) -> Path:
    """Write a catalogue of five counties and the quotes of ``sites`` sites, each with every good on every date."""
    above = [
        Region(110000, "样本省", "Sample province", 0, "province", "样本", "Sample", None),
        Region(110100, "样本市", "Sample city", 110000, "prefecture", "样本", "City", None),
    ]
    own = [Region(code, f"区{code}", f"District {code}", 110100, "county", "区", str(code), None) for code in COUNTIES]
    goods = [
        Good(f"good-{number}", f"商品{number}", f"Good {number}", "grain-oil", "kg", (7, 4, 2, 1))
        for number in range(GOODS)
    ]
    catalogue.write([*above, *own], goods, directory / "catalogue")
    path, chance = directory / f"quotes-{sites}.csv", random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("date", "region", "site", "good", "price", "unit", "stock"))
        for day in range(DATES):
            text = (FIRST + timedelta(days=day)).isoformat()
            for site in range(sites):
                region = COUNTIES[site % len(COUNTIES)]
                for good in range(GOODS):
                    price = round(10 * chance.lognormvariate(0, 0.2), 2)
                    writer.writerow((text, region, f"site-{site}", f"good-{good}", price, "kg", chance.choice((0, 50))))
    return path


def measure(quotes: Path, packs: Sequence[str]) -> tuple[float, float, float, int]:
    """Return wall seconds, CPU seconds, peak MiB and rows of one run."""
    named = [part for pack in packs for part in ("--pack", pack)]
    command = [sys.executable, "-m", "staplewatch", "backtest", "--quotes", str(quotes), *named, "--format", "csv"]
    out = quotes.with_suffix(".out")
    began = time.monotonic()
    with out.open("wb") as sink:
        process = subprocess.Popen([*command, "--catalogue", str(quotes.parent / "catalogue")], stdout=sink)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    with out.open("rb") as lines:
        rows = sum(1 for _ in lines) - 1
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, rows


def main() -> None:
    """Print the table."""
    print(f"{'sites':>6} {'quotes':>8} {'packs':>6} {'rows':>9} {'wall s':>7} {'CPU s':>6} {'MiB':>6}")
    with tempfile.TemporaryDirectory() as directory:
        for sites in (1, 5, 15):
            quotes = write(Path(directory), sites)
            for packs in (PACKS[:1], PACKS):
                wall, cpu, memory, rows = measure(quotes, packs)
                size = sites * GOODS * DATES
                print(f"{sites:6} {size:8,} {len(packs):6} {rows:9,} {wall:7.1f} {cpu:6.1f} {memory:6.0f}", flush=True)


if __name__ == "__main__":
    main()
