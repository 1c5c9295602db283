"""Sale indicators of the pure core against the recomputation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from producers.replay.recording import Timed
from schemas import catalogue, topics
from schemas.events import Receipt, SaleLine
from streams.options import Options
from tests.independent.comparing import differences
from tests.independent.engine import Core
from tests.independent.sales import Sale, indicators

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = datetime(2024, 8, 1, 7, 0, tzinfo=ZONE)
DAYS = 11
COUNTIES = (540402, 540421, 540102, 542521)
GOODS = ("potato", "beef", "milk")


def generated(seed: int) -> list[tuple[Sale, str]]:
    """Return lines in order of time with their kind: quiet nights, quiet dates, returns, lines without amount."""
    chance = random.Random(seed)
    sold = []
    for _ in range(6_000):
        day, second = chance.randrange(DAYS), chance.randrange(14 * 3600)
        county, good = chance.choice(COUNTIES), chance.choice(GOODS)
        if day == 4 and county == COUNTIES[0]:
            continue
        kind = "return" if chance.random() < 0.05 else "sale"
        sign = -1 if kind == "return" else 1
        quantity = chance.randrange(1, 5_000)
        amount = None if chance.random() < 0.1 else sign * round(quantity * chance.uniform(2, 9) * 10)
        at = int((FIRST + timedelta(days=day, seconds=second)).timestamp())
        store = f"s{county}-{chance.randrange(4)}"
        sold.append((Sale(at, county, good, store, sign * quantity, amount), kind))
    return sorted(sold, key=lambda each: each[0].at)


def receipts(sold: list[tuple[Sale, str]]) -> Iterator[Timed]:
    for number, (sale, kind) in enumerate(sold):
        moment = datetime.fromtimestamp(sale.at, ZONE)
        line = SaleLine(
            line=1,
            good=sale.good,
            quantity=abs(sale.quantity) / 1000,
            unit={"milk": "L"}.get(sale.good, "kg"),
            amount=None if sale.amount is None else abs(sale.amount) / 10_000,
            kind="return" if kind == "return" else "sale",
        )
        receipt = Receipt(
            event_id=f"r{number}",
            sender="test",
            store=sale.store,
            region=str(sale.county),
            workstation="1",
            business_date=moment.date().isoformat(),
            sequence=number,
            time=moment.isoformat(),
            lines=[line],
        )
        yield Timed(sale.at, topics.SALES, sale.county // 100 * 100, receipt, 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_row_equals_the_recomputation(seed: int) -> None:
    sold = generated(seed)
    core = Core(catalogue.load(), Options(inputs=(topics.SALES,)), seed=seed)
    core.play(receipts(sold), until="2024-08-13T02:00:00+08:00", inputs=[topics.SALES])
    expected = {key: asdict(row) for key, row in indicators(sale for sale, _ in sold).items()}
    assert any(row["spike_24h"] is not None for row in expected.values())
    assert any(row["spike_1h"] is not None for row in expected.values())
    assert not differences(expected, core.indicators("5m"))
