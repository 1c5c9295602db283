"""The quote packs through real workers: one by itself, and three on Kafka and ClickHouse, against pandas."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas import topics
from tests.clickhouse import clickhouse_server
from tests.independent import markets
from tests.independent.packs import RULES, backtest
from tests.integration.running import audited, rows_of, staplewatch, stored, up, worker
from tests.services import kafka_server, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

FIRST, DATES = date(2023, 3, 1), 40
QUIET_SECONDS = 4.0
Key = tuple[str, int, str, date]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[markets.Row]]:
    """Return a directory with catalogue and quotes, and the quotes."""
    directory = tmp_path_factory.mktemp("market")
    # A file for ``replay`` has one row per site, good and date: corrections are tested without servers.
    found = {(row.site, row.good, row.day): row for row in markets.generated(21, FIRST, DATES)}
    rows = sorted(found.values(), key=lambda row: row.day)
    markets.write_catalogue(directory)
    markets.write_quotes(rows, directory / "quotes.csv", "retail")
    return directory, rows


@pytest.fixture(scope="module")
def one(market: tuple[Path, list[markets.Row]], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the warehouse after one worker has read everything."""
    data = tmp_path_factory.mktemp("one")
    options = ("--event-time", "--inputs", "quotes", "--catalogue", str(market[0]), "--packs", ",".join(RULES))
    with up(data, *options) as instance:
        sent = replay(market[0], "--data", data)
        settled([instance.page], {topics.QUOTES: sent, topics.CLOCK: instance.partitions})
        audited(data)
        instance.stop()
    return f"chdb://{data}/warehouse"


@pytest.fixture(scope="module")
def three(market: tuple[Path, list[markets.Row]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the warehouse after three workers have shared the work."""
    directory = tmp_path_factory.mktemp("three")
    with ExitStack() as stack:
        broker = stack.enter_context(kafka_server(directory / "kafka"))
        url = stack.enter_context(clickhouse_server(directory / "clickhouse"))
        parts = ("--broker", f"kafka://{broker}", "--warehouse", url, "--packs", ",".join(RULES))
        options = (*parts, "--event-time", "--inputs", "quotes", "--catalogue", str(market[0]))
        pages = [stack.enter_context(worker(directory, *options, slot=slot)).page for slot in range(3)]
        sent = replay(market[0], "--broker", f"kafka://{broker}")
        settled(pages, {topics.QUOTES: sent, topics.CLOCK: topics.PARTITIONS})
        yield url


def replay(directory: Path, *options: str | Path) -> int:
    """Play the quotes; return how many records they were."""
    catalogue = ("--catalogue", directory, "--kind", "retail")
    done = staplewatch(
        "replay", "quotes", directory / "quotes.csv", *catalogue, "--final", *options, "--format", "json"
    )
    return int(json.loads(done.stdout)[topics.QUOTES])


def settled(pages: list[str], sent: dict[str, int]) -> None:
    """Wait until the workers have read everything, what they tell each other included, and stored it."""
    last, since = -1.0, time.monotonic()

    def quiet() -> bool:
        nonlocal last, since
        told = total(pages, "staplewatch_events_total", topics.EXTENTS)
        if told != last:
            last, since = told, time.monotonic()
        read = all(total(pages, "staplewatch_events_total", topic) >= count for topic, count in sent.items())
        stored = total(pages, "staplewatch_buffer_bytes") == 0
        return read and stored and told > 0 and time.monotonic() - since > QUIET_SECONDS

    wait_until(quiet, 300, "everything read and stored")


def total(pages: list[str], name: str, topic: str = "") -> float:
    """Return the sum of a metric over all workers."""
    lines = [line for page in pages for line in httpx.get(page, trust_env=False, timeout=10).text.splitlines()]
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name) and topic in line)


def levels(url: str) -> dict[Key, str]:
    rows = stored(url, "indicators_series", {"grain": "date", "kind": "retail"})
    return {
        (rule, row["region"], row["good"], row["date"]): level
        for row in rows
        for rule, level in json.loads(row["levels"]).items()
    }


def transitions(url: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Return every stored transition by episode and number, without when it was processed and what by."""
    left_out = {"processed_at", "as_of", "version", "substitutes"}
    rows = stored(url, "alerts_history")
    return {
        (row["id"], row["seq"]): {name: value for name, value in row.items() if name not in left_out} for row in rows
    }


def test_every_level_equals_the_recomputation_and_the_backtest(
    market: tuple[Path, list[markets.Row]], one: str
) -> None:
    found = levels(one)
    expected = {key: each["level"] for key, each in backtest(markets.world(market[1])).items()}
    assert {key: level for key, level in found.items() if expected[key] != level} == {}
    assert {level for key, level in expected.items() if key not in found} <= {"undefined"}
    assert {key[0] for key in found} == set(RULES)
    for rule in RULES:
        told = rows_of("backtest", "--quotes", market[0] / "quotes.csv", "--catalogue", market[0], "--pack", rule,
                       "--kind", "retail")  # fmt: skip
        judged = {
            (rule, int(row["region"]), row["good"], date.fromisoformat(row["date"])): row["level"] for row in told
        }
        assert {key: level for key, level in found.items() if key[0] == rule and judged[key] != level} == {}


@pytest.mark.soak
def test_three_workers_give_the_same_levels_and_transitions(one: str, three: str) -> None:
    assert levels(three) == levels(one)
    found = transitions(three)
    assert found == transitions(one)
    assert {row["region"] for row in found.values()} >= {0, 110000, 230000}
