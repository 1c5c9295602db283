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
from streams.indicators.quotes import QuoteBook
from streams.indicators.silences import Silences
from streams.indicators.stock import Shelf
from streams.lockstep import measure
from streams.options import Options
from streams.prefecture import Prefecture
from streams.seen import Seen

PARTITIONS, PARTITION = 12, 0
COUNTIES, STORES, TILLS = 2850 // 12, 100_000 // 12, 3
PREFECTURES = 28
#: Every so many stores also report prices day by day: 10,000 places in all.
QUOTING = 10
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
    """Fill one prefecture: windows, stock, which hours had sales, quotes, and what was written beside prices."""
    moment = now // BUCKET * BUCKET
    place.enter(moment)
    place.closed_day = place._setup.civil.day(moment) - 1
    _sell(place, moment, chance)
    pair = place.markets["retail"].pairs.of(np.repeat(sites, goods), np.tile(np.arange(goods), len(sites)))
    _stock(place.markets["retail"].shelf, pair, moment, place.closed_day, chance)
    _hear(place.sites.silences, pair, moment, chance)
    _quote(place.markets["retail"].quotes, pair[pair // goods % QUOTING == 0], place.closed_day, chance)
    place.sites.close(place.closed_day)
    measure([place])
    values, rows = place.values, np.arange(place.rows)
    for bucket in range(moment // BUCKET - 384, moment // BUCKET):
        sold = chance.random(place.rows) < 0.7
        on_hand = np.where(sold, values["on_hand"] - chance.integers(0, 9000, place.rows), values["on_hand"])
        place.corrections.remember(bucket, rows, values | {"on_hand": on_hand})
    for queue in place.queues.values():
        queue.watermark = moment


def _sell(place: Prefecture, moment: int, chance: np.random.Generator) -> None:
    """Fill 56 hours of buckets and nine dates of hours."""
    cell = np.arange(place.cells)
    for step, back in ((BUCKET, 56 * HOUR), (HOUR, 9 * DAY)):
        for at in range(moment - back, moment, step):
            quantity = chance.integers(500, 5000, place.cells)
            place.sales.add(np.full(place.cells, at), cell, quantity * chance.integers(30, 50, place.cells), quantity)


def _stock(shelf: Shelf, pair: np.ndarray, moment: int, closed: int, chance: np.random.Generator) -> None:
    """Fill the last counts of every pair, what moved since, and nine dates of units sold and hours in stock."""
    for hour in range(4, 0, -1):
        at = np.full(len(pair), moment - hour * HOUR)
        shelf.report(pair, at, chance.integers(0, 90_000, len(pair)), chance.integers(1, 2**62, len(pair)))
        shelf.sell(pair, at + 60, chance.integers(500, 5000, len(pair)), np.ones(len(pair), bool), deplete=True)
    shelf.forget(moment)
    # So little that stock lasts for months: ten thousand open alerts would be another state.
    shelf.state["units"][:] = chance.integers(0, 900, shelf.state["units"].shape)
    shelf.state["hours"][:] = _open_hours(shelf.state["hours"].shape, chance)
    shelf.close(closed)


def _hear(silences: Silences, pair: np.ndarray, moment: int, chance: np.random.Generator) -> None:
    """Fill the hours with a sale of 30 dates."""
    silences.sell(pair, np.full(len(pair), moment - HOUR), np.ones(len(pair), np.int64))
    silences.state["hours"][:] = _open_hours(silences.state["hours"].shape, chance)


def _open_hours(shape: tuple[int, ...], chance: np.random.Generator) -> np.ndarray:
    """Return a bit for each of 24 hours, half of those from 08 to 22 set."""
    return chance.integers(0, 1 << 14, shape) << 8


def _quote(quotes: QuoteBook, pair: np.ndarray, day: int, chance: np.random.Generator) -> None:
    """Let pairs have a quote on each of the dates that are kept."""
    for each in pair.tolist():
        quotes.quote(each, day, day * DAY, 1)
    quotes.state["price"][:] = chance.integers(20_000, 900_000, quotes.state["price"].shape)
    quotes.state["at"][:] = day * DAY


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
