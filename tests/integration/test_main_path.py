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

from producers.client import Producer
from producers.replay import completejourney
from producers.replay.playback import Playback, play
from producers.replay.recording import Recording
from schemas import catalogue, topics
from tests import services
from tests.independent.comparing import differences
from tests.independent.sales import Key, Sale, indicators
from tests.integration.running import Running, stored, up

pytestmark = [pytest.mark.services, pytest.mark.slow]

LINES = 100_000
#: A quarter of a year: 5-minute grids, windows of 24 hours and baselines of 7 days are all passed a hundred times.
QUARTER = 25_000
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
def whole_year() -> Recording:
    """Return every line of 2017 that has a price per kg, L or piece."""
    return completejourney.recording(catalogue.load())


@cache
def parts(lines: int) -> tuple[Recording, ...]:
    """Return about so many lines. The year has fewer than ``LINES``: its beginning then comes again 53 weeks later."""
    year = whole_year().placed(ZONE.key)
    if lines <= year.lines.height:
        return (year.first(lines),)
    return (year, year.first(lines - year.lines.height + 10).moved(371, ZONE.key))


def sales(lines: int) -> list[Sale]:
    """Return what is sent, from the source's columns."""
    return [sale(row) for part in parts(lines) for row in part.lines.iter_rows(named=True)]


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


def play_all(instance: Running, lines: int) -> None:
    """Send about so many lines, wait until they are read and stop."""
    _, *more = parts(lines)
    first = instance.replay("completejourney", "--max-lines", str(lines), *([] if more else ["--final"]))
    sent, receipts = first["lines"], first[topics.SALES]
    with Producer(instance.broker) as producer:
        for part in more:
            summary = play(part, producer, Playback(final=True))
            sent, receipts = sent + summary.lines, receipts + summary.events[topics.SALES]
    assert sent == sum(part.lines.height for part in parts(lines))
    instance.read({topics.SALES: receipts, topics.CLOCK: instance.partitions})
    instance.stop()


@cache
def expected_rows(lines: int) -> tuple[dict[Key, dict[str, Any]], int]:
    """Return the recomputed rows and the number of lines they come from."""
    sold = sales(lines)
    return {key: asdict(row) for key, row in indicators(sold).items()}, len(sold)


def compare(url: str, about: int) -> None:
    """Hold the warehouse against the recomputation: every row equal, sums exact, raw rows complete."""
    expected, lines = expected_rows(about)
    found = {
        (row["region"], row["good"], int(row["at"].timestamp())): row
        for row in stored(url, "indicators_series", {"grain": "5m"})
    }
    assert lines > 0.99 * about
    assert len(expected) > about
    assert not differences(expected, found)
    raw = [part for part in stored(url, "audit") if part["name"] == "sales"]
    assert {part["topic"] for part in raw} == {topics.SALES}
    assert sum(part["rows"] for part in raw) == lines


# A date costs the stream 0.3 s, on any engines: all of the year is played on the real ones only, and on both in a soak.
@pytest.mark.parametrize("lines", [QUARTER, pytest.param(LINES, marks=pytest.mark.soak)])
def test_embedded_engines(tmp_path: Path, lines: int) -> None:
    with up(tmp_path, "--event-time", "--inputs", "sales") as instance:
        play_all(instance, lines)
    compare(f"chdb://{tmp_path}/warehouse", lines)


def test_kafka_and_clickhouse_server(tmp_path: Path, clickhouse: str) -> None:
    url = f"{clickhouse.rpartition('/')[0]}/main_path"
    with services.kafka_server(tmp_path / "kafka") as servers:
        options = ("--broker", f"kafka://{servers}", "--warehouse", url, "--event-time", "--inputs", "sales")
        with up(tmp_path / "data", *options) as instance:
            play_all(instance, LINES)
    compare(url, LINES)
