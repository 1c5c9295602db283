"""Quote indicators and the levels of ``urumqi-2007``, recomputed date by date in plain Python.

Nothing is carried from date to date: every value is found again from all quotes, slowly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

CARRY_DAYS = 3
LIST_DAYS = 28
FOREVER = 10**6
WEEK = range(7, 14)

#: True, False or None for undefined.
Truth = bool | None


@dataclass(frozen=True, slots=True)
class Quote:
    """One line of a site's daily report, in the order of arrival: price in CNY per base unit, stock in base units."""

    day: date
    region: int
    site: str
    good: str
    price: float | None
    stock: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Values and level of one (region, good) at the close of one date."""

    price: float | None
    present: int
    fresh: int
    change_day: float | None
    change_week: float | None
    reporting: int
    in_stock_rate: float | None
    out_days: int
    intermittent: bool
    level: str
    #: Dates since the last quote or stock event; None before the first.
    silent_days: int | None


def evaluations(quotes: Iterable[Quote]) -> dict[tuple[int, str, date], Evaluation]:
    """Return the evaluation of every (region, good) on every calendar date of the input, of one kind of quotes."""
    by_subject: defaultdict[tuple[int, str], list[Quote]] = defaultdict(list)
    for quote in quotes:
        by_subject[quote.region, quote.good].append(quote)
    days = [quote.day for found in by_subject.values() for quote in found]
    first, last = min(days), max(days)
    calendar = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {
        (region, good, day): subject.evaluate(day)
        for (region, good), found in by_subject.items()
        for subject in [Subject(found)]
        for day in calendar
    }


def row_of(evaluation: Evaluation) -> dict[str, object]:
    """Return it under the names of table ``indicators``, and ``level``."""
    return {
        "price": evaluation.price,
        "sites_present": evaluation.present,
        "sites_fresh": evaluation.fresh,
        "change_day": evaluation.change_day,
        "change_week": evaluation.change_week,
        "out_days": float(evaluation.out_days),
        "intermittent": int(evaluation.intermittent),
        "level": evaluation.level,
    }


class Subject:
    """All quotes of one region and good."""

    def __init__(self, quotes: list[Quote]) -> None:
        self.prices = last_of_day(quotes, lambda quote: quote.price)
        self.stocks = last_of_day(quotes, lambda quote: quote.stock)
        self.seen = last_of_day(quotes, lambda _: 0.0)

    def evaluate(self, day: date) -> Evaluation:
        """Return everything about one date."""
        present = self.present(day)
        week, out_days, intermittent = self.change_week(day), self.out_days(day), self.intermittent(day)
        return Evaluation(
            price=median(present.values()) if present else None,
            present=len(present),
            fresh=len(self.fresh(day)),
            change_day=ratio(self.fresh(day), self.fresh(day - timedelta(days=1))),
            change_week=week,
            reporting=len(self.reporting(day)),
            in_stock_rate=self.in_stock_rate(day),
            out_days=out_days,
            intermittent=intermittent,
            level=urumqi_2007(week, out_days, intermittent),
            silent_days=self.silent_days(day),
        )

    def fresh(self, day: date) -> dict[str, float]:
        """Return the price of every site that quoted on ``day``."""
        return latest(self.prices, day, 1)

    def present(self, day: date) -> dict[str, float]:
        """Return the latest price of every site whose latest quote is dated within ``CARRY_DAYS``."""
        return latest(self.prices, day, CARRY_DAYS)

    def change_week(self, day: date) -> float | None:
        """Return the change of matched sites against the latest base date that has one."""
        now = self.present(day)
        for back in WEEK:
            base = self.present(day - timedelta(days=back))
            if base.keys() & now.keys():
                return ratio(now, base)
        return None

    def reporting(self, day: date) -> dict[str, float]:
        """Return on-hand at the close of ``day`` of the sites that list the good and ever reported stock."""
        listing = latest(self.seen, day, LIST_DAYS)
        known = latest(self.stocks, day, FOREVER)
        return {site: stock for site, stock in known.items() if site in listing}

    def in_stock_rate(self, day: date) -> float | None:
        """Return the share of reporting sites that have some."""
        stocks = self.reporting(day).values()
        return sum(stock > 0 for stock in stocks) / len(stocks) if stocks else None

    def out(self, day: date) -> bool:
        """Return whether at least one site reports and all that do are out."""
        stocks = self.reporting(day).values()
        return bool(stocks) and all(stock <= 0 for stock in stocks)

    def out_days(self, day: date) -> int:
        """Return the number of consecutive dates up to ``day`` on which the region is out."""
        number = 0
        while self.out(day - timedelta(days=number)):
            number += 1
        return number

    def intermittent(self, day: date) -> bool:
        """Return whether supply comes and goes, as RULES.md has it."""
        if not self.reporting(day) or self.out_days(day) >= 3:
            return False
        week = [day - timedelta(days=back) for back in range(7)]
        rates = [self.in_stock_rate(each) for each in week]
        return any(self.out(each) for each in week) or sum(rate is not None and rate < 0.5 for rate in rates) >= 2

    def silent_days(self, day: date) -> int | None:
        """Return how many dates ago the last event of any site was."""
        last = [found[0] for history in self.seen.values() if (found := history.until(day))]
        return (day - max(last)).days if last else None


class History:
    """A value per date."""

    def __init__(self, values: Mapping[date, float]) -> None:
        self.values = values
        self.dates = sorted(values)

    def until(self, day: date) -> tuple[date, float] | None:
        """Return the latest date up to ``day`` and its value."""
        position = bisect_right(self.dates, day)
        if not position:
            return None
        found = self.dates[position - 1]
        return found, self.values[found]


def last_of_day(quotes: list[Quote], value: Callable[[Quote], float | None]) -> dict[str, History]:
    """Return, by site, the last defined value of each date."""
    found: defaultdict[str, dict[date, float]] = defaultdict(dict)
    for quote in quotes:
        if (number := value(quote)) is not None:
            found[quote.site][quote.day] = number
    return {site: History(by_date) for site, by_date in found.items()}


def latest(histories: Mapping[str, History], day: date, days: int) -> dict[str, float]:
    """Return each site's latest value, of sites where it is dated within the ``days`` dates up to ``day``."""
    found = ((site, history.until(day)) for site, history in histories.items())
    return {site: known[1] for site, known in found if known and (day - known[0]).days < days}


def ratio(now: Mapping[str, float], before: Mapping[str, float]) -> float | None:
    """Return the change between medians over the sites that are in both, at nine decimals."""
    matched = now.keys() & before.keys()
    if not matched:
        return None
    return round(median(now[site] for site in matched) / median(before[site] for site in matched) - 1, 9)


def urumqi_2007(change_week: float | None, out_days: int, intermittent: bool) -> str:
    """Return the highest level whose condition holds; ``undefined`` when none does and one is undefined."""
    conditions: list[tuple[str, Truth]] = [
        ("red", either(at_least(change_week, 1.00), out_days > 7)),
        ("orange", either(at_least(change_week, 0.50), out_days >= 3)),
        ("yellow", either(at_least(change_week, 0.30), intermittent)),
    ]
    for level, holds in conditions:
        if holds:
            return level
    return "undefined" if any(holds is None for _, holds in conditions) else "none"


def at_least(value: float | None, threshold: float) -> Truth:
    """Compare as SQL does."""
    return None if value is None else value >= threshold


def either(left: Truth, right: Truth) -> Truth:
    """Kleene's ``or``."""
    if left or right:
        return True
    return None if left is None or right is None else False
