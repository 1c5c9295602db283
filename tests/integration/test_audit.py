"""``staplewatch audit`` on real servers: a clean run agrees, and what is spoilt by hand is found, nothing else."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

import warehouse
from producers.client import Producer
from schemas import topics
from tests import services
from tests.integration.running import COMMAND, STOP_SECONDS, staplewatch
from tests.streams.records import PREFECTURE, ZONE, quote, receipt
from tests.warehouse.rows import columns, sale
from warehouse.engine import Engine
from warehouse.statements import parse

pytestmark = pytest.mark.services

START = int(datetime(2024, 8, 1, 9, tzinfo=ZONE).timestamp())
HOUR, DAY = 3600, 86_400
DAYS = 9
#: What the workers and the audit must be told alike.
SETUP = ("--event-time", "--inputs", "sales,quotes", "--packs", "urumqi-2007")
MUTATION_SECONDS = 60.0
#: Offset of the receipt that is deleted: the first of the second day.
LOST = 6
#: Offset of the training receipt, which leaves no row.
TRAINING = 54
PLACE = "pos.sales/0"


def send(servers: str) -> None:
    """Send nine days of sales and quotes; on the eighth the price rises by half, which is an alert."""
    with Producer(servers) as producer:
        for day in range(DAYS):
            begin = START + day * DAY
            price = 6.0 if day >= 7 else 4.0
            for number in range(5):
                sold = receipt(begin + number * HOUR, day * 10 + number, ("potato", 2, 2 * price), ("eggs", 1, 9))
                producer.send(topics.SALES, PREFECTURE, sold)
            producer.send(topics.QUOTES, PREFECTURE, quote(begin, ("potato", price, None)))
            producer.send(topics.SALES, PREFECTURE, b"{" if day % 2 else sold)
        training = msgspec.structs.replace(receipt(begin, 99, ("potato", 1, 4)), status="training")
        producer.send(topics.SALES, PREFECTURE, training)
        late = receipt(START + 7 * DAY + HOUR, 98, ("potato", 1, 4))
        producer.send(topics.SALES, PREFECTURE, late)
        producer.final(begin + 5 * HOUR)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """Run a Kafka of this test's own: an audit looks at everything that a cluster holds."""
    try:
        with services.kafka_server(tmp_path / "kafka") as address:
            yield address
    except services.MissingServiceError as error:
        services.missing(error)


@contextmanager
def worker(data: Path, *options: str) -> Iterator[None]:
    """Run a worker until the end of the block, then stop it as Ctrl-C does."""
    data.mkdir()
    command = [str(COMMAND), "worker", "--data", str(data), "--partitions", "4", *options, *SETUP]
    with (data / "worker.log").open("wb") as log, services.child_of_tests(command, log) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)


def audit(*options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the report."""
    done = staplewatch("audit", *options, *SETUP, "--format", "json", check=False)
    assert done.returncode in {0, 1}, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report


def spoil(house: Engine, epoch: str) -> None:
    """Delete, alter and add rows as no worker would."""
    for sql in (
        f"ALTER TABLE sales DELETE WHERE offset = {LOST}",
        "ALTER TABLE quotes UPDATE price = 50000 WHERE offset = 2",
        "ALTER TABLE dead_letters DELETE WHERE offset = 11",
        "ALTER TABLE alert_transitions DELETE WHERE seq = 0",
        f"ALTER TABLE indicators DELETE WHERE grain = '5m' AND region = 540402 AND good = 'eggs' "
        f"AND toUInt32(at) = {START + 3 * DAY + 300}",
    ):
        house.run(sql)
    left = parse("mutations", "SELECT count() AS waiting FROM system.mutations WHERE is_done = 0")
    services.wait_until(partial(settled, house, left), MUTATION_SECONDS, "all mutations done")
    stray: dict[str, Any] = {
        "epoch": epoch,
        "partition": 0,
        "at": START + 20 * DAY,
        "region": 540402,
        "prefecture": PREFECTURE,
    }
    house.insert("sales", columns([sale(TRAINING, **stray)]))
    progress = {"epoch": epoch, "topic": topics.STOCK, "partition": 3, "next_offset": 9, "at": START}
    house.insert("ingest_progress", {name: [value] for name, value in progress.items()})


def settled(house: Engine, left: Any) -> bool:
    return bool(house.select(left, {}).to_pylist()[0]["waiting"] == 0)


def test_clean_runs_agree_and_spoilt_ones_do_not(broker: str, clickhouse: str, tmp_path: Path) -> None:
    url = f"{clickhouse.rpartition('/')[0]}/audit_{uuid4().hex}"
    where = ("--broker", f"kafka://{broker}", "--warehouse", url)
    with worker(tmp_path / "worker", *where):
        made = partial(topics_exist, broker)
        services.wait_until(made, services.START_SECONDS, "the worker made the topics")
        send(broker)
        code, running = audit(*where, "--wait", "60s")
    assert (code, running["findings"]) == (0, [])
    code, stopped = audit(*where)
    assert (code, stopped["findings"]) == (0, [])
    compared = {summary["check"]: summary["compared"] for summary in stopped["summaries"]}
    assert all(compared[check] for check in compared), compared

    house = warehouse.connect(url)
    assert isinstance(house, Engine)
    spoil(house, stopped["epoch"])
    house.close()
    code, spoilt = audit(*where)
    assert code == 1
    found = Counter((finding["check"], finding["problem"]) for finding in spoilt["findings"])
    assert found == {
        ("log", "beyond"): 1,
        ("records", "lost"): 1,
        ("records", "invented"): 1,
        ("records", "different"): 1,
        ("records", "unburied"): 1,
        ("buckets", "sum_missing"): 1,
        ("buckets", "sum_unfounded"): 4,
        ("dates", "date_different"): 2,
        ("alerts", "alert_topic"): 1,
        ("rebuilt", "alert_rebuilt"): 1,
        ("letters", "letter_table"): 1,
    }
    places = {finding["place"] for finding in spoilt["findings"] if finding["problem"] in {"lost", "unburied"}}
    assert places == {f"{PLACE} @{LOST}", f"{PLACE} @11"}


def topics_exist(broker: str) -> bool:
    """Return whether a producer finds what it needs."""
    try:
        Producer(broker).close()
    except Exception:
        return False
    return True
