"""Quote indicators and levels of the pure core against the recomputation: sites, gaps, outages, even counts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from producers.replay.recording import Timed
from schemas import catalogue, topics
from schemas.events import QuoteKind, QuoteLine, QuoteReport
from streams.options import Options
from tests.independent.comparing import differences
from tests.independent.engine import Core
from tests.independent.quotes import LIST_DAYS, Quote, evaluations, row_of

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2024, 1, 1)
DATES = 120
SITES = {"a": 540402, "b": 540402, "c": 540402, "d": 540402, "e": 540421, "f": 542521}
GOODS = ("potato", "eggs", "salt")


def generated(seed: int) -> list[Quote]:
    """Return reports with jumps of price, silent stretches, stock that runs out, prices or stock missing."""
    chance = random.Random(seed)
    quotes = []
    for site, region in SITES.items():
        for good in GOODS:
            price, silent, empty = chance.uniform(3, 30), 0, 0
            for day in range(DATES):
                price = min(max(price * chance.choice([0.6, 0.9, 1, 1, 1, 1.02, 1.3, 1.7]), 1), 90)
                silent = chance.choice([3, 9, 16, 31]) if chance.random() < 0.04 else silent - 1
                empty = chance.choice([1, 2, 4, 9]) if chance.random() < 0.05 else empty - 1
                if silent > 0:
                    continue
                stock = None if site == "d" or chance.random() < 0.2 else 0.0 if empty > 0 else 5.5
                given = None if stock is not None and chance.random() < 0.1 else round(price, 4)
                quotes.append(Quote(FIRST + timedelta(days=day), region, site, good, given, stock))
    return sorted(quotes, key=lambda quote: quote.day)


def reports(quotes: list[Quote], kind: QuoteKind) -> Iterator[Timed]:
    for number, quote in enumerate(quotes):
        moment = datetime.combine(quote.day, time(12), ZONE)
        line = QuoteLine(good=quote.good, unit="kg", price=quote.price, stock=quote.stock)
        report = QuoteReport(
            event_id=f"q{number}",
            sender="test",
            site=quote.site,
            region=str(quote.region),
            time=moment.isoformat(),
            lines=[line],
            kind=kind,
        )
        yield Timed(int(moment.timestamp()), topics.QUOTES, quote.region // 100 * 100, report, 1)


@pytest.mark.parametrize(("seed", "kind"), [(1, "retail"), (2, "wholesale"), (3, "retail")])
def test_every_row_equals_the_recomputation(seed: int, kind: QuoteKind) -> None:
    quotes = generated(seed)
    core = Core(catalogue.load(), Options(inputs=(topics.QUOTES,)), seed=seed)
    last = max(quote.day for quote in quotes)
    closed = datetime.combine(last + timedelta(days=1), time(2), ZONE)
    core.play(reports(quotes, kind), until=closed.isoformat(), inputs=[topics.QUOTES])
    expected = {
        (region, good, int(datetime.combine(day + timedelta(days=1), time(), ZONE).timestamp())): row_of(evaluation)
        for (region, good, day), evaluation in evaluations(quotes).items()
        if evaluation.silent_days is not None and evaluation.silent_days < LIST_DAYS
    }
    assert {row["level"] for row in expected.values()} == {"none", "undefined", "yellow", "orange", "red"}
    found = {key: leveled(row) for key, row in core.indicators("date", kind).items() if key[0] % 100}
    assert not differences(expected, found)


def leveled(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "level": json.loads(row["levels"])["urumqi-2007"]}
