"""Live: receipts and counts of right now, of which it is known beforehand what must come of them.

Shelves are counted down step by step, and each step is a level of ``livetraffic.toml``. A shelf becomes low at a time
at which no grid point of 5 minutes is near, and stays low over the next one, so that its episode, its id and its
highest level do not depend on when a worker was dead.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from schemas import topics
from schemas.catalogue import load as load_catalogue
from schemas.events import LEVELS, Level, Receipt, SaleLine, StockLine, StockReport
from tests.reliability.traffic import Counting, Sending

PACK: Final = Path(__file__).with_suffix(".toml")
RULE: Final = "shelf"
#: What is counted, base units, and the level of the pack that it means.
STEPS: Final[dict[float, Level]] = {200.0: "none", 50.0: "yellow", 20.0: "orange", 5.0: "red"}
BUCKET: Final = 300
#: Written down once more, for the ids of what is stored must never change (streams/alerts/lifecycle.py).
NAMESPACE: Final = uuid.UUID("6f1d3b0e-5d0a-5f0c-9a51-7c8a3f1f2b64")
#: No shelf becomes low so shortly before a grid point: a broker is away for 24 s, a worker dead for as long again.
MARGIN: Final = 100
STEP_SECONDS: Final = 0.1
RECEIPTS_A_STEP: Final = 10
#: Seconds between two counts of one shelf.
PAUSES: Final = (10.0, 90.0)
REPEATED, BROKEN = 0.02, 0.01
ZONE: Final = ZoneInfo("Asia/Shanghai")

Cell = tuple[int, str, int]
"""Region, good, end of the bucket."""


@dataclass(slots=True)
class Shelf:
    """One good in one county, in its only store that is counted."""

    county: int
    good: str
    unit: str
    due: float
    step: int = 0
    #: When it became low, epoch seconds.
    since: int = 0

    @property
    def key(self) -> str:
        """Return the key of its alert."""
        return f"{RULE}|{self.county:06d}|{self.good}"

    @property
    def episode(self) -> tuple[str, str]:
        """Return key and id of its episode, by RULES, "Life of an alert"."""
        return self.key, str(uuid.uuid5(NAMESPACE, f"{self.key}|{self.since // BUCKET * BUCKET}"))


@dataclass(slots=True)
class Sold:
    """Sums of one cell: amount in 1/10,000 CNY, quantity in 1/1,000 base units, lines."""

    amount: int = 0
    quantity: int = 0
    lines: int = 0


@dataclass(slots=True)
class Truth:
    """What must come of what was sent."""

    sold: dict[Cell, Sold] = field(default_factory=lambda: defaultdict(Sold))
    #: Index of the highest level by (key, id).
    episodes: dict[tuple[str, str], int] = field(default_factory=dict)
    #: Lines sold, lines sent again, counts of shelves, broken records.
    counts: Counter[str] = field(default_factory=Counter)


class LiveTraffic(Sending):
    """Sends until ``hurry`` is called."""

    def __init__(self, server: str, partitions: int, prefectures: Sequence[int], seed: int) -> None:
        super().__init__(server, partitions)
        self._chance = random.Random(seed)
        self._catalogue = load_catalogue()
        self._counties = [county for code in prefectures for county in self._catalogue.counties(code)]
        goods = list(self._catalogue.goods.values())
        half = len(goods) // 2
        #: Goods that are sold and goods that are counted are others: nothing but counts moves the stock of those.
        self._sold, counted = goods[:half], goods[half:]
        now = time.time()
        self._shelves = [
            Shelf(county, good.code, good.unit, now + self._chance.uniform(0, 240))
            for county in self._counties
            for good in counted
        ]
        self._sequences: Counter[str] = Counter()
        self.truth = Truth()

    def _run(self, producer: Counting) -> None:
        for shelf in self._shelves:
            self._count(producer, shelf, 200.0)
        producer.flush()
        self._paced.set()
        while not self._hurry.wait(STEP_SECONDS):
            for _ in range(RECEIPTS_A_STEP):
                self._sell(producer)
            for shelf in self._due(time.time()):
                self._lower(producer, shelf)

    # -- shelves

    def _due(self, now: float) -> Iterator[Shelf]:
        away = now % BUCKET < BUCKET - MARGIN
        return (
            each for each in self._shelves if each.due <= now and each.step < len(STEPS) - 1 and (each.step or away)
        )

    def _lower(self, producer: Counting, shelf: Shelf) -> None:
        shelf.step += self._chance.choice((1, 1, 2)) if shelf.step < len(STEPS) - 2 else 1
        quantity, level = list(STEPS.items())[shelf.step]
        at = self._count(producer, shelf, quantity)
        shelf.since = shelf.since or at
        shelf.due = at + self._chance.uniform(*PAUSES)
        known = self.truth.episodes.get(shelf.episode, 0)
        self.truth.episodes[shelf.episode] = max(known, LEVELS.index(level))

    def _count(self, producer: Counting, shelf: Shelf, quantity: float) -> int:
        now = time.time()
        report = StockReport(
            event_id=f"count-{shelf.county}-{shelf.good}-{quantity}",
            sender="counts",
            site=f"counted-{shelf.county}",
            region=str(shelf.county),
            time=_text(now),
            action="OBSERVE",
            lines=[StockLine(shelf.good, quantity, shelf.unit)],
        )
        producer.send(topics.STOCK, shelf.county // 100 * 100, report)
        self.truth.counts["counted"] += 1
        return int(now)

    # -- sales

    def _sell(self, producer: Counting) -> None:
        county, now = self._chance.choice(self._counties), time.time()
        prefecture = county // 100 * 100
        if self._chance.random() < BROKEN:
            producer.send(topics.SALES, prefecture, b'{"event_id":"broken"')
            self.truth.counts["broken"] += 1
            return
        receipt = self._receipt(county, now)
        self._note(receipt, county, int(now))
        producer.send(topics.SALES, prefecture, receipt)
        if self._chance.random() < REPEATED:
            producer.send(topics.SALES, prefecture, receipt)
            self.truth.counts["repeated"] += len(receipt.lines)

    def _receipt(self, county: int, now: float) -> Receipt:
        store = f"s-{county}-{self._chance.randrange(3)}"
        self._sequences[store] += 1
        number = self._sequences[store]
        goods = self._chance.sample(self._sold, self._chance.randint(1, 5))
        lines = [
            SaleLine(line, good.code, self._chance.randint(1, 40) / 4, good.unit, self._chance.randint(10, 400) / 10)
            for line, good in enumerate(goods, 1)
        ]
        text = _text(now)
        return Receipt(f"{store}-{number}", "sales", store, str(county), "1", text[:10], number, text, lines)

    def _note(self, receipt: Receipt, county: int, at: int) -> None:
        end = at // BUCKET * BUCKET + BUCKET
        for line in receipt.lines:
            for region in (county, county // 100 * 100):
                cell = self.truth.sold[region, line.good, end]
                cell.amount += round((line.amount or 0) * 10_000)
                cell.quantity += round(line.quantity * 1_000)
                cell.lines += 1
        self.truth.counts["sold"] += len(receipt.lines)


def _text(now: float) -> str:
    return datetime.fromtimestamp(int(now), ZONE).isoformat(timespec="seconds")
