"""A store runs out: its alert names who can step in, here at once and in a partner prefecture a moment later."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from producers.client import Producer
from schemas import topics
from schemas.events import Alert, StockLine, StockReport
from schemas.registry import Contact, Enterprise, Site, change
from tests.clickhouse import clickhouse_server
from tests.integration.running import READY_SECONDS, rows_of, staplewatch, stored, worker
from tests.reliability.oracle import read_log
from tests.services import kafka_server, wait_until

pytestmark = pytest.mark.services

ZONE = ZoneInfo("Asia/Shanghai")
NYINGCHI, LHOKA = 540400, 540500
#: Site, county and what it counts, kg of potatoes.
STORES = [("short", "540402", 50.0), ("near", "540402", 500.0), ("there", "540502", 900.0)]
PACK = Path(__file__).parents[1] / "streams" / "out.toml"


def now() -> str:
    return datetime.now(ZONE).isoformat(timespec="seconds")


def count(producer: Producer, site: str, county: str, kg: float) -> None:
    report = StockReport(
        f"{site}-{time.time_ns()}", "mart", site, county, now(), "OBSERVE", [StockLine("potato", kg, "kg")]
    )
    producer.send(topics.STOCK, int(county) // 100 * 100, report)


def register(producer: Producer) -> None:
    mart = Enterprise("mart", "超市", [str(NYINGCHI), str(LHOKA)], contact=Contact("央金", "0894-1"))
    for prefecture in (NYINGCHI, LHOKA):
        producer.send(topics.REGISTRY, prefecture, change(mart, prefecture, time=now(), sender="bureau"))
    for site, county, _ in STORES:
        entity = Site(site, "mart", county, "店")
        prefecture = int(county) // 100 * 100
        producer.send(topics.REGISTRY, prefecture, change(entity, prefecture, time=now(), sender="bureau"))


def newest(server: str) -> Alert | None:
    kept: Alert | None = None
    for record in read_log(server, topics.ALERTS, topics.partition_of(NYINGCHI, topics.PARTITIONS)):
        alert = msgspec.json.decode(record.value or b"", type=Alert)
        if kept is None or alert.supersedes(kept):
            kept = alert
    return kept


def test_substitutes_here_and_from_a_partner_prefecture(tmp_path: Path) -> None:
    with kafka_server(tmp_path / "kafka") as server, clickhouse_server(tmp_path / "clickhouse") as url:
        parts = ("--broker", f"kafka://{server}", "--warehouse", url)
        with worker(tmp_path, *parts, "--packs", str(PACK)), Producer(server, sender="test") as producer:
            register(producer)
            for store in STORES:
                count(producer, *store)
            producer.flush()
            wait_until(lambda: len(_counted(url)) == len(STORES), READY_SECONDS, "the counts are stored")
            count(producer, "short", "540402", 0.0)
            producer.flush()
            wait_until(lambda: len(_named(newest(server))) == 2, READY_SECONDS, "the partner's store was added")
            alert = newest(server)
            assert alert is not None
            near, there = alert.substitutes
            assert (near.site, near.gives, near.partner, near.contact.phone) == ("near", 500.0, False, "0894-1")
            assert (there.site, there.gives, there.partner, there.contact.phone) == ("there", 900.0, True, "0894-1")
            first = _first(server)
            assert [each.site for each in first.substitutes] == ["near"]  # the alert did not wait
            wait_until(lambda: len(_stored(url)) == 2, READY_SECONDS, "the row has both")
            told = staplewatch("--lang", "en", "alerts", "show", alert.id, *parts).stdout
            assert "near (mart), Bayi" in told
            assert "partner region, as last counted; call 央金 0894-1" in told


def _counted(url: str) -> list[dict[str, Any]]:
    return stored(url, "partners", {"good": "potato", "prefectures": [NYINGCHI, LHOKA], "since": 0})


def _named(alert: Alert | None) -> list[str]:
    return [] if alert is None else [each.site for each in alert.substitutes]


def _first(server: str) -> Alert:
    records = read_log(server, topics.ALERTS, topics.partition_of(NYINGCHI, topics.PARTITIONS))
    return msgspec.json.decode(records[0].value or b"", type=Alert)


def _stored(url: str) -> list[object]:
    rows = rows_of("alerts", "--warehouse", url)
    return list(rows[0]["substitutes"]) if rows else []
