"""Broken input beside good input: everything broken is a dead letter with a reason, everything good counts."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer

from producers.client import Producer
from schemas import topics
from tests import services
from tests.integration.running import Running, audited, rows_of, stored, up

pytestmark = pytest.mark.services

NYINGCHI = 540400
BAYI = "540402"
NOW = datetime.now(UTC).replace(microsecond=0)


def receipt(sequence: int, line: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return one sale of a kilogram of potatoes, with something changed."""
    return {
        "event_id": f"r-{sequence}",
        "sender": "shop",
        "store": "store-1",
        "region": BAYI,
        "workstation": "1",
        "business_date": NOW.date().isoformat(),
        "sequence": sequence,
        "time": NOW.isoformat(),
        "lines": [{"line": 1, "good": "potato", "quantity": 1, "unit": "kg", "amount": 4.0} | (line or {})],
        "schema": 1,
    } | fields


def text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


#: Name → bytes that must be rejected. Sequence numbers from 1,000 on.
BROKEN = {
    "empty": b"",
    "truncated": text(receipt(1000))[:-20],
    "not an object": b"[1, 2]",
    "two documents": text(receipt(1001)) + text(receipt(1002)),
    "wrong type": text(receipt(1003, lines="potato")),
    "quantity is text": text(receipt(1004, {"quantity": "1"})),
    "missing field": text({name: value for name, value in receipt(1005).items() if name != "store"}),
    "unknown good": text(receipt(1006, {"good": "unobtainium"})),
    "unit of another dimension": text(receipt(1007, {"unit": "mL"})),
    "negative price": text(receipt(1008, {"amount": -4.0})),
    "negative quantity": text(receipt(1009, {"quantity": -1})),
    "unknown region": text(receipt(1010, region="999999")),
    "year 1900": text(receipt(1011, time="1900-08-08T10:00:00+08:00", business_date="1900-08-08")),
    "year 2100": text(receipt(1012, time="2100-08-08T10:00:00+08:00", business_date="2100-08-08")),
    "time without offset": text(receipt(1013, time="2024-08-08T10:00:00")),
    "invalid UTF-8": text(receipt(1014, sender="商店")).replace("店".encode(), b"\xff\xfe"),
    "NaN": text(receipt(1015)).replace(b"4.0", b"NaN"),
    "infinite": text(receipt(1016)).replace(b"4.0", b"1e999"),
    "lone surrogate": text(receipt(1017)).replace(b'"shop"', rb'"\ud800"'),
    "10 MB": text(receipt(1018, sender="x" * 10_000_000)),
    "deeply nested": b"[" * 100_000,
    "region of 5,000 digits": text(receipt(1019, region="9" * 5000)),
    "line number beyond its column": text(receipt(1020, {"line": 2**32})),
    "time of a week date": text(receipt(1021, time="2026-W47-4T12:00:00+08:00")),
}
GOOD = 200


def send(producer: Producer) -> None:
    """Send the broken records among the good ones, in few batches."""
    broken = list(BROKEN.values())
    for number in range(GOOD):
        producer.send(topics.SALES, NYINGCHI, text(receipt(number)))
        if number % 5 == 0 and broken:
            producer.send(topics.SALES, NYINGCHI, broken.pop())
    assert not broken
    producer.flush()


def published(servers: str, number: int) -> dict[bytes, dict[str, bytes]]:
    """Return the dead letters of the topic: original bytes → headers."""
    consumer = KafkaConsumer(
        topics.DEAD_LETTERS,
        bootstrap_servers=servers,
        auto_offset_reset="earliest",
        consumer_timeout_ms=30_000,
        max_partition_fetch_bytes=topics.MAX_DEAD_LETTER_BYTES,
        fetch_max_bytes=4 * topics.MAX_DEAD_LETTER_BYTES,
    )
    try:
        found = {}
        for record in consumer:
            found[record.value or b""] = dict(record.headers)
            if len(found) == number:
                break
        return found
    finally:
        consumer.close()


def check(instance: Running) -> None:
    """Send everything; hold the command's, the topic's and the warehouse's dead letters against it."""
    with Producer(instance.broker) as producer:
        send(producer)
    instance.read({topics.SALES: GOOD + len(BROKEN)})
    by_topic = published(instance.broker, len(BROKEN))
    services.wait_until(
        lambda: len(rows_of("dead-letters", "list", "--data", instance.data, "--limit", "100")) >= len(BROKEN),
        30,
        "all dead letters stored",
    )
    listed = rows_of("dead-letters", "list", "--data", instance.data, "--limit", "100")
    by_command = {base64.b64decode(row["value_base64"]): row for row in listed}
    for name, value in BROKEN.items():
        assert value in by_topic, f"{name}: not in the topic"
        assert value in by_command, f"{name}: not listed"
        assert by_topic[value]["__connect.errors.topic"] == topics.SALES.encode()
        assert by_topic[value]["__connect.errors.exception.message"], name
        assert by_command[value]["reason"], name
        assert by_command[value]["stage"] in {"size", "decode", "validate"}, name
    assert by_command[BROKEN["10 MB"]]["stage"] == "size"
    assert "unobtainium" in by_command[BROKEN["unknown good"]]["reason"]
    assert len(listed) == len(BROKEN)
    states = audited(instance.data, "--wait", "30s")
    assert (states["log"], states["records"], states["letters"]) == ("agrees", "agrees", "agrees")


def check_stored(url: str) -> None:
    """Every good record is in the raw table, no broken one is."""
    raw = [part for part in stored(url, "audit") if part["name"] == "sales"]
    assert sum(part["rows"] for part in raw) == GOOD


def test_on_the_embedded_engines(tmp_path: Path) -> None:
    with up(tmp_path) as instance:
        check(instance)
        instance.stop()
    states = audited(tmp_path)
    assert (states["rows"], states["records"], states["letters"]) == ("agrees", "skipped", "skipped")
    check_stored(f"chdb://{tmp_path}/warehouse")


@pytest.mark.slow
def test_on_kafka_and_clickhouse_server(tmp_path: Path, clickhouse: str) -> None:
    url = f"{clickhouse.rpartition('/')[0]}/broken_input"
    with (
        services.kafka_server(tmp_path / "kafka") as servers,
        up(tmp_path / "data", "--broker", f"kafka://{servers}", "--warehouse", url) as instance,
    ):
        check(instance)
        instance.stop()
    check_stored(url)
