"""Real supermarket sales through the whole product, against a recomputation from the input."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from producers.replay import completejourney
from schemas import catalogue, topics
from tests import services
from tests.independent.sales import Sale, indicators
from tests.integration.running import Running, differences, staplewatch, stored, up

pytestmark = [pytest.mark.services, pytest.mark.slow]

LINES = 100_000
ZONE = ZoneInfo("Asia/Shanghai")
#: NIST: base units of one unit, kg for weights and L for volumes.
FACTORS = {
    "lb": Decimal("0.45359237"),
    "oz": Decimal("0.028349523125"),
    "gal": Decimal("3.785411784"),
    "qt": Decimal("0.946352946"),
    "pt": Decimal("0.473176473"),
    "fl oz": Decimal("0.0295735295625"),
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "L": Decimal(1),
    "mL": Decimal("0.001"),
    "piece": Decimal(1),
    "dozen": Decimal(12),
}


@cache
def played() -> tuple[tuple[Sale, ...], int]:
    """Return the lines that are sent first, in whole receipts, and the number of receipts."""
    frame = completejourney.lines_frame(catalogue.load())
    following = frame["basket_id"][LINES]
    frame = frame.head(LINES).filter(frame.head(LINES)["basket_id"] != following)
    sales = tuple(sale(row) for row in frame.iter_rows(named=True))
    return sales, frame["basket_id"].n_unique()


def sale(row: dict[str, Any]) -> Sale:
    civil: datetime = row["civil"]
    return Sale(
        at=int(civil.replace(tzinfo=ZONE).timestamp()),
        county=row["region"],
        good=row["good"],
        store=str(row["store_id"]),
        quantity=fixed(Decimal(repr(row["quantity"])) * FACTORS[row["unit"]], 1_000),
        amount=fixed(Decimal(repr(row["amount"])), 10_000),
    )


def fixed(value: Decimal, scale: int) -> int:
    return int((value * scale).quantize(Decimal(1), ROUND_HALF_EVEN))


def play(instance: Running) -> None:
    _, receipts = played()
    staplewatch("replay", "completejourney", "--data", instance.data, "--limit", str(LINES), "--final")
    instance.read(pos_sales=receipts)
    partitions = instance.metric("staplewatch_partitions")
    instance.read(clock=int(partitions))
    instance.stop()


def compare(url: str) -> None:
    sales, receipts = played()
    expected = {key: asdict(row) for key, row in indicators(sales).items()}
    found = {
        (row["region"], row["good"], int(row["at"].timestamp())): row
        for row in stored(url, "indicators_series", {"grain": "5m"})
    }
    assert len(expected) > LINES / 2
    assert not differences(expected, found)
    raw = [part for part in stored(url, "audit") if part["name"] == "sales"]
    assert sum(part["rows"] for part in raw) == len(sales)
    assert sum(part["last_offset"] - part["first_offset"] + 1 for part in raw) == receipts
    assert {part["topic"] for part in raw} == {topics.SALES}


def test_embedded_engines(tmp_path: Path) -> None:
    with up(tmp_path, "--event-time", "--inputs", "sales") as instance:
        play(instance)
    compare(f"chdb://{tmp_path}/warehouse")


def test_kafka_and_clickhouse_server(tmp_path: Path, clickhouse: str) -> None:
    url = f"{clickhouse.rpartition('/')[0]}/main_path"
    with services.kafka_server(tmp_path / "kafka") as servers:
        options = ("--broker", f"kafka://{servers}", "--warehouse", url, "--event-time", "--inputs", "sales")
        with up(tmp_path / "data", *options) as instance:
            play(instance)
    compare(url)
