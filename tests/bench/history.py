"""Ninety days of raw rows, made by ClickHouse itself: the last hour at the rate of all China, thinly before it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.nation import COUNTIES, LINES, PARTITION, RECEIPTS, STORES, TILLS
from warehouse.engine import Engine as House

DAY, HOUR = 86_400, 3600
DAYS = 90
#: Stock reports a second: every store once an hour.
REPORTS = STORES / 3600

SALES = """INSERT INTO sales (epoch, topic, partition, `offset`, line, event_id, sender, site, region, prefecture, good,
    workstation, business_date, sequence, line_number, kind, at, quantity, amount, priced, unit_cost, repeat, ingested)
SELECT '{epoch}', 'pos.sales', {partition}, {first} + intDiv(number, {lines}), number % {lines},
    concat('r', toString(number)), 'chain', concat('store-', substring(toString(100000 + store), 2)),
    county, toUInt32(intDiv(county, 100) * 100), arrayElement({goods}, toUInt32((store + number * 7) % {many} + 1)),
    toString(till), toDate(moment + 28800), intDiv(receipt, {stores} * {tills}), number % {lines} + 1, 'sale',
    moment, 500 + number * 17 % 3000, (500 + number * 17 % 3000) * (30 + number % 20), 1, NULL, 0, moment + 2
FROM (
    SELECT number, intDiv(number, {lines}) AS receipt, receipt % {stores} AS store,
        intDiv(receipt, {stores}) % {tills} AS till, arrayElement({counties}, toUInt32(store % {areas} + 1)) AS county,
        toDateTime({start} + toUInt32(receipt / {rate}), 'UTC') AS moment
    FROM system.numbers LIMIT {rows}
)"""

STOCK = """INSERT INTO stock (epoch, topic, partition, `offset`, line, event_id, sender, site, region, prefecture, good,
    at, action, step, disposition, quantity, corrects, repeat, ingested)
SELECT '{epoch}', 'inventory.levels', {partition}, {first} + intDiv(number, {many}), number % {many},
    concat('s', toString({first} + intDiv(number, {many}))), 'chain',
    concat('store-', substring(toString(100000 + store), 2)), county, toUInt32(intDiv(county, 100) * 100),
    arrayElement({goods}, toUInt32(number % {many} + 1)), moment, 'OBSERVE', 'cycle_counting', 'sellable_accessible',
    number * 13 % 60000, emptyArrayString(), 0, moment + 2
FROM (
    SELECT number, intDiv(number, {many}) AS report, report % {stores} AS store,
        arrayElement({counties}, toUInt32(store % {areas} + 1)) AS county,
        toDateTime({start} + toUInt32(report / {rate}), 'UTC') AS moment
    FROM system.numbers LIMIT {rows}
)"""


@dataclass(frozen=True)
class History:
    """Rows of the partition: ``thin`` a day for 90 days, then one hour at the full rate until ``now``."""

    house: House
    counties: list[int]
    goods: list[str]
    epoch: str
    now: int
    thin: int

    def write(self) -> dict[str, int]:
        """Insert everything; return the next offsets by table."""
        before = self.now - HOUR
        for day in range(DAYS, 0, -1):
            start, first = before - day * DAY, (DAYS - day) * self.thin // LINES
            self._sales(PARTITION, start, first, self.thin, self.thin / LINES / DAY)
            self._sales(PARTITION + 1, start, first, self.thin, self.thin / LINES / DAY)
            reports = self.thin // 20 // len(self.goods)
            self._stock(start, (DAYS - day) * reports, reports, reports / DAY)
        receipts, reports = DAYS * self.thin // LINES, DAYS * (self.thin // 20 // len(self.goods))
        self._sales(PARTITION, before, receipts, int(HOUR * RECEIPTS) * LINES, RECEIPTS)
        self._stock(before, reports, int(HOUR * REPORTS), REPORTS)
        return {"sales": receipts + int(HOUR * RECEIPTS), "stock": reports + int(HOUR * REPORTS)}

    def _sales(self, partition: int, start: int, first: int, rows: int, rate: float) -> None:
        self._run(SALES, partition=partition, start=start, first=first, rows=rows, rate=rate)

    def _stock(self, start: int, first: int, reports: int, rate: float) -> None:
        self._run(STOCK, partition=PARTITION, start=start, first=first, rows=reports * len(self.goods), rate=rate)

    def _run(self, sql: str, **values: object) -> None:
        fixed = {"epoch": self.epoch, "goods": self.goods, "counties": self.counties, "many": len(self.goods)}
        sizes = {"lines": LINES, "stores": STORES, "tills": TILLS, "areas": COUNTIES}
        self.house.run(sql.format(**fixed, **sizes, **values))
