"""Sale indicators of RULES.md, recomputed from a table of sale lines in plain Python.

Readings of RULES.md made here: the date and the clock hour of a row are those of its bucket's
start; a baseline needs three of its seven dates, the hourly one too; lines without an amount
count nowhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from statistics import median
from zoneinfo import ZoneInfo

BUCKET = 300
HOUR = 3600
DAY = 24 * HOUR
BASELINE_DATES = 7
BASELINE_LEAST = 3

#: (region, good, end of the bucket as epoch seconds)
Key = tuple[int, str, int]
#: From a moment to its date and slot.
SlotOf = Callable[[int], tuple[date, int]]


@dataclass(frozen=True, slots=True)
class Sale:
    """One counted line: quantity in 1/1,000 base unit and amount in 1/10,000 CNY, both negative for a return."""

    at: int
    county: int
    good: str
    store: str
    quantity: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """What the table ``indicators`` holds of one (region, good, bucket)."""

    amount: int
    quantity: int
    lines: int
    vwap: float | None
    vwap_1h: float | None
    vwap_24h: float | None
    baseline_24h: float | None
    spike_1h: float | None
    spike_24h: float | None
    lines_24h: int
    stores_24h: int


def indicators(sales: Iterable[Sale], timezone: str = "Asia/Shanghai") -> dict[Key, Row]:
    """Return one row per (county or prefecture, good) and bucket with a sale line, keyed by the bucket's end."""
    groups: defaultdict[tuple[int, str], list[Sale]] = defaultdict(list)
    for sale in sales:
        groups[sale.county, sale.good].append(sale)
        groups[sale.county // 100 * 100, sale.good].append(sale)
    zone = ZoneInfo(timezone)
    return {(region, good, at): row for (region, good), lines in groups.items() for at, row in of_subject(lines, zone)}


def of_subject(lines: list[Sale], zone: ZoneInfo) -> Iterator[tuple[int, Row]]:
    """Yield (end of bucket, row) of one region and good."""
    lines = sorted(lines, key=lambda line: line.at)
    priced = [line for line in lines if line.amount is not None]
    window = Window(priced)
    by_date = Totals(priced, lambda start: (local(start, zone).date(), 0))
    by_hour = Totals(priced, lambda start: (local(start, zone).date(), local(start, zone).hour))
    for start in sorted({bucket(line.at) for line in lines}):
        end = start + BUCKET
        amount, quantity, count, _ = window.sums(start, end)
        amount_1h, quantity_1h, _, _ = window.sums(end - HOUR, end)
        amount_24h, quantity_24h, count_24h, stores_24h = window.sums(end - DAY, end)
        moment = local(start, zone)
        vwap_1h, vwap_24h = price(amount_1h, quantity_1h), price(amount_24h, quantity_24h)
        baseline = by_date.baseline(moment.date(), 0)
        yield (
            end,
            Row(
                amount=amount,
                quantity=quantity,
                lines=count,
                vwap=price(amount, quantity),
                vwap_1h=vwap_1h,
                vwap_24h=vwap_24h,
                baseline_24h=baseline,
                spike_1h=change(vwap_1h, by_hour.baseline(moment.date(), moment.hour)),
                spike_24h=change(vwap_24h, baseline),
                lines_24h=count_24h,
                stores_24h=stores_24h,
            ),
        )


class Window:
    """Sums over any stretch of time of lines that are sorted by time."""

    def __init__(self, lines: list[Sale]) -> None:
        self.times = [line.at for line in lines]
        self.stores = [line.store for line in lines]
        self.amounts = [0, *accumulate(line.amount or 0 for line in lines)]
        self.quantities = [0, *accumulate(line.quantity for line in lines)]

    def sums(self, start: int, end: int) -> tuple[int, int, int, int]:
        """Return amount, quantity, lines and distinct stores of ``[start, end)``."""
        first, last = bisect_left(self.times, start), bisect_left(self.times, end)
        return (
            self.amounts[last] - self.amounts[first],
            self.quantities[last] - self.quantities[first],
            last - first,
            len(set(self.stores[first:last])),
        )


class Totals:
    """Price per (date, slot): a slot is a clock hour, or 0 for the whole date."""

    def __init__(self, lines: list[Sale], slot_of: SlotOf) -> None:
        amounts: Counter[tuple[date, int]] = Counter()
        quantities: Counter[tuple[date, int]] = Counter()
        for line in lines:
            slot = slot_of(line.at)
            amounts[slot] += line.amount or 0
            quantities[slot] += line.quantity
        self.prices = {slot: price(amounts[slot], quantities[slot]) for slot in amounts}

    def baseline(self, day: date, slot: int) -> float | None:
        """Return the median of the slot's prices on the seven dates before, None if fewer than three exist."""
        dates = [day - timedelta(days=back) for back in range(1, BASELINE_DATES + 1)]
        found = [value for value in (self.prices.get((each, slot)) for each in dates) if value is not None]
        return median(found) if len(found) >= BASELINE_LEAST else None


def bucket(at: int) -> int:
    """Return the start of the five minutes that hold a moment."""
    return at // BUCKET * BUCKET


def local(at: int, zone: ZoneInfo) -> datetime:
    """Return civil time."""
    return datetime.fromtimestamp(at, zone)


def price(amount: int, quantity: int) -> float | None:
    """Return CNY per base unit: 1/10,000 CNY over 1/1,000 unit is a tenth."""
    return amount / (10 * quantity) if quantity > 0 else None


def change(now: float | None, before: float | None) -> float | None:
    """Return ``now / before - 1`` at nine decimals."""
    return None if now is None or before is None or before == 0 else round(now / before - 1, 9)
