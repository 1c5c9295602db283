"""One partition of 12 at the size of all China: 237 counties, 8,333 stores, 38 goods; made up, no data of anybody's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.regions import Region
from streams.alerts import DEFAULT, Rulebook, load
from streams.engine import Engine
from streams.indicators.civil import BUCKET, DAY, HOUR
from streams.options import Options
from streams.prefecture import Prefecture
from streams.seen import Seen

PARTITIONS, PARTITION = 12, 0
COUNTIES, STORES, TILLS = 2850 // 12, 100_000 // 12, 3
PREFECTURES = 28
#: All of China: 4,000 receipts a second of five lines each.
RECEIPTS = 4000 / 12
LINES = 5


def places() -> list[int]:
    """Return codes of prefectures that belong to the partition."""
    codes = (province * 10_000 + number * 100 for province in range(11, 66) for number in range(1, 91))
    mine = (code for code in codes if topics.partition_of(code, PARTITIONS) == PARTITION)
    return [next(mine) for _ in range(PREFECTURES)]


def made_up(directory: Path) -> Catalogue:
    """Write and return a catalogue of the partition's share of counties, with the default goods."""
    prefectures = places()
    regions = [region(code // 10_000 * 10_000, "province") for code in prefectures]
    regions = list({each.code: each for each in regions}.values())
    regions += [region(code, "prefecture") for code in prefectures]
    regions += [region(prefectures[n % PREFECTURES] + 1 + n // PREFECTURES, "county") for n in range(COUNTIES)]
    return catalogue.write(regions, catalogue.load().goods.values(), directory)


def region(code: int, level: str) -> Region:
    parent = {"province": 0, "prefecture": code // 10_000 * 10_000, "county": code // 100 * 100}[level]
    return Region(code, f"区{code}", f"Region {code}", parent, level, f"{code}", f"{code}", None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Nation:
    """Makes engines of the partition."""

    catalogue: Catalogue
    rulebook: Rulebook
    options: Options

    @classmethod
    def of(cls, directory: Path) -> Nation:
        """Return the partition with the default packs, live."""
        own = made_up(directory)
        return cls(own, Rulebook([load(name) for name in DEFAULT], own), Options())

    def engine(self, partition: int, epoch: str, ordinal: int) -> Engine:
        """Return an empty engine (an ``EngineFactory``)."""
        return Engine(partition, PARTITIONS, self.catalogue, self.rulebook, self.options, epoch, ordinal)

    @property
    def counties(self) -> list[int]:
        """Return all county codes, ascending."""
        return sorted(code for code, each in self.catalogue.regions.items() if each.level == "county")


def filled(nation: Nation, now: int, epoch: str) -> Engine:
    """Return an engine as after weeks of trade up to ``now``: every window, store and till in use."""
    engine = nation.engine(PARTITION, epoch, 1)
    chance = np.random.default_rng(7)
    counties = nation.counties
    for code in nation.catalogue.prefectures:
        place = engine._place(code)
        stores = [store for store in range(STORES) if counties[store % COUNTIES] // 100 * 100 == code]
        sites = np.array([place.site("retail", name_of(store), counties[store % COUNTIES]) for store in stores])
        fill(place, sites, now, len(engine._setup.goods), chance)
    remember(engine._seen, now // DAY)
    return engine


def name_of(store: int) -> str:
    return f"store-{store:05d}"


def fill(place: Prefecture, sites: np.ndarray, now: int, goods: int, chance: np.random.Generator) -> None:
    """Fill one prefecture's windows: 56 hours of buckets, nine dates of hours, four counts a pair, a day of rows."""
    moment, shelf = now // BUCKET * BUCKET, place.markets["retail"].shelf
    place.enter(moment)
    place.closed_day = place._setup.civil.day(moment) - 1
    for step, back in ((BUCKET, 56 * HOUR), (HOUR, 9 * DAY)):
        moments = np.arange(moment - back, moment, step)
        at, cell = np.repeat(moments, place.cells), np.tile(np.arange(place.cells), len(moments))
        quantity = chance.integers(500, 5000, len(at))
        place.sales.add(at, cell, quantity * chance.integers(30, 50, len(at)), quantity)
    pair = place.markets["retail"].pairs.of(np.repeat(sites, goods), np.tile(np.arange(goods), len(sites)))
    for hour in range(4, 0, -1):
        at = np.full(len(pair), moment - hour * HOUR)
        shelf.report(pair, at, chance.integers(0, 90_000, len(pair)), chance.integers(1, 2**62, len(pair)))
        shelf.sell(pair, at + 60, chance.integers(500, 5000, len(pair)), np.ones(len(pair), bool), deplete=True)
    shelf.forget(moment)
    values, rows = place._measure(), np.arange(place.rows)
    for bucket in range(moment // BUCKET - 384, moment // BUCKET):
        noise = {
            name: np.where(chance.random(place.rows) < 0.3, column, column + bucket % 7)
            for name, column in values.items()
        }
        place.corrections.remember(bucket, rows, noise)
    for queue in place.queues.values():
        queue.watermark = moment


def remember(seen: Seen, today: int, *, stores: int = STORES, dates: int = 7) -> None:
    """Let ``seen`` know ``dates`` of receipts of three tills a store, with a dozen gaps each, and hourly reports.

    1,152 receipts a till and day of which 1 % are training: twelve runs, whatever their length.
    """
    tills = [(name_of(store), str(till)) for store in range(stores) for till in range(TILLS)]
    till = np.repeat(np.arange(len(tills)), 12)
    for day in range(today - dates + 1, today + 1):
        for end in (0, 1):
            sequence = np.tile(np.arange(12) * 96, len(tills)) + end
            seen.receipts(np.full(len(till), day), tills, till, sequence)
        for store in range(stores):
            for hour in range(24):
                seen.event("stock", day, "chain", f"{name_of(store)}/{day}/{hour}/5b7a", range(38), whole=True)


def memory() -> int:
    """Return the resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
