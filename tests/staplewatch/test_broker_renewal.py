"""An embedded broker that has grown too large is read to its end and replaced; what was stored stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from schemas import topics
from staplewatch.instance import find
from tests.integration.running import up
from tests.reliability.loads import LINES_PER_RECEIPT, receipt
from tests.services import wait_until
from tests.staplewatch.test_up import ask

COUNTY, PREFECTURE = 540402, 540400
PARTITION = topics.partition_of(PREFECTURE, topics.PARTITIONS_EMBEDDED)
#: The least that can be asked for; an empty broker takes 30.
MEMORY_MIB = "64"
#: Each goes through the broker twice, the second time as a dead letter.
LARGE = b"x" * 1_000_000
RECEIPTS = 50


def send(server: str, first: int, *others: bytes) -> None:
    """Send ``RECEIPTS`` receipts from number ``first`` on, then other records."""
    producer = KafkaProducer(
        bootstrap_servers=server, acks="all", enable_idempotence=False, max_request_size=2 * len(LARGE)
    )
    for value in (*(receipt(COUNTY, number) for number in range(first, first + RECEIPTS)), *others):
        producer.send(topics.SALES, value, str(PREFECTURE).encode(), partition=PARTITION)
    producer.flush()
    producer.close()


def sales(data: Path) -> int:
    """Return the number of lines in the newest bucket and those before it, as the county's 24 hours tell."""
    rows: list[dict[str, Any]] = ask("indicators", "--data", str(data), "--region", str(COUNTY), "--grain", "5m")
    return sum(row["lines_24h"] for row in rows)


def test_a_broker_that_has_grown_is_replaced_and_nothing_stored_is_lost(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data, "--broker-memory", MEMORY_MIB) as running:
        before = find(data)
        assert before is not None
        send(running.broker, 0, *[LARGE] * 40)
        log = data / "up.log"
        wait_until(lambda: "an empty embedded broker goes on" in log.read_text(), 120, "a new broker")
        wait_until(lambda: running.metric("staplewatch_partitions") == topics.PARTITIONS_EMBEDDED, 60, "a new worker")
        send(running.broker, RECEIPTS)
        lines = 2 * RECEIPTS * LINES_PER_RECEIPT
        wait_until(lambda: sales(data) == lines, 60, "both brokers' sales count")
        assert find(data) == before
        running.stop()
