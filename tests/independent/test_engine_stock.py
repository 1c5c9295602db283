"""Stock indicators of the pure core against the recomputation: counts, deliveries, sales, cover."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from producers.replay.recording import Timed
from schemas import catalogue, topics
from schemas.events import Receipt, SaleLine, StockLine, StockReport
from streams.options import Options
from tests.independent.comparing import differences
from tests.independent.engine import Core
from tests.independent.stock import Event, stock

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2024, 8, 1, tzinfo=ZONE)
DAYS = 10
CLOSE_AFTER = timedelta(hours=2)
SITES = {"a": 540402, "b": 540402, "c": 540402, "d": 540421}
GOODS = ("potato", "beef")
#: Rows that are held against the recomputation, which takes 10 ms each.
CHECKED = 400


def generated(seed: int) -> list[Event]:
    """Return events of four sites: every site is counted on the first morning, most sell, some run dry."""
    chance = random.Random(seed)
    events = []
    for site, county in SITES.items():
        for good in GOODS:
            opening = FIRST + timedelta(minutes=chance.randrange(1, 55))
            events.append(Event(int(opening.timestamp()), county, site, good, "OBSERVE", 40_000))
            for _ in range(140):
                moment = FIRST + timedelta(days=chance.randrange(DAYS), seconds=8 * 3600 + chance.randrange(13 * 3600))
                if moment.minute == 0 or moment <= opening:
                    continue
                action = chance.choices(["sale", "DELETE", "ADD", "OBSERVE"], [90, 4, 4, 2])[0]
                quantity = {"sale": 1500, "DELETE": 3000, "ADD": 9000, "OBSERVE": 12_000}[action]
                amount = 0 if action == "OBSERVE" and chance.random() < 0.4 else chance.randrange(1, quantity)
                events.append(Event(int(moment.timestamp()), county, site, good, action, amount))  # type: ignore[arg-type]
    return sorted(events, key=lambda event: event.at)


def sent(events: list[Event]) -> Iterator[Timed]:
    for number, event in enumerate(events):
        time = datetime.fromtimestamp(event.at, ZONE).isoformat()
        own: msgspec.Struct
        if event.action == "sale":
            line = SaleLine(line=1, good=event.good, quantity=event.quantity / 1000, unit="kg", amount=5.0)
            own = Receipt(
                event_id=f"r{number}",
                sender="test",
                store=event.site,
                region=str(event.county),
                workstation="1",
                business_date=time[:10],
                sequence=number,
                time=time,
                lines=[line],
            )
        else:
            assert event.action != "quote"
            own = StockReport(
                event_id=f"s{number}",
                sender="test",
                site=event.site,
                region=str(event.county),
                time=time,
                action=event.action,
                lines=[StockLine(good=event.good, quantity=event.quantity / 1000, unit="kg")],
            )
        topic = topics.SALES if event.action == "sale" else topics.STOCK
        yield Timed(event.at, topic, event.county // 100 * 100, own, 1)


def last_closed(moment: int) -> date:
    """Return the newest date that is closed at a grid point."""
    return (datetime.fromtimestamp(moment, ZONE) - CLOSE_AFTER).date() - timedelta(days=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_equals_the_recomputation(seed: int) -> None:
    events = generated(seed)
    core = Core(catalogue.load(), Options(inputs=(topics.SALES, topics.STOCK)), seed=seed)
    core.play(sent(events), until="2024-08-12T02:00:00+08:00", inputs=[topics.SALES, topics.STOCK])
    rows = core.indicators("5m")
    found = {key: rows[key] for key in random.Random(seed).sample(sorted(rows), CHECKED)}
    expected = {}
    for region, good, at in found:
        values = stock(events, region, good, at - 1, last_closed(at))
        row = asdict(values)
        row["demand_day"] = values.demand_day / 1000 if values.demand_day else None
        expected[region, good, at] = row
    assert {540402, 540421, 540400} <= {region for region, _, _ in found}
    assert any(row["sites_out"] for row in expected.values())
    assert any(row["cover_days"] is not None for row in expected.values())
    assert not differences(expected, found)
