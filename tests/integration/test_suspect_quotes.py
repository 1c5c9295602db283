"""A quote in the wrong unit on a running instance: held back, listed, corrected by the command, and the alert ends."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from producers.client import Producer
from schemas import topics
from tests import services
from tests.integration.running import Running, audited, rows_of, staplewatch, up
from tests.streams.records import BAYI, PREFECTURE, quote

pytestmark = pytest.mark.services

DAY = 86_400
SITES = "abcde"
DATES = 6


def send(servers: str, slips: dict[str, float]) -> int:
    """Send what five sites quote for potatoes on six dates up to now; on the last one some are off by a factor."""
    now, count = int(time.time()) - 600, 0
    with Producer(servers) as producer:
        for back in reversed(range(DATES)):
            for number, site in enumerate(SITES):
                price = (5 + number / 10) * (slips.get(site, 1) if back == 0 else 1)
                report = quote(now - back * DAY + number, ("potato", price, None), site=site)
                producer.send(topics.QUOTES, PREFECTURE, report)
                count += 1
    return count


def listed(instance: Running, state: str = "waiting") -> list[dict[str, Any]]:
    return rows_of("quotes", "suspects", "--data", instance.data, "--state", state)


def told(instance: Running) -> dict[str, tuple[str, str]]:
    """Return site -> state and reason of the alerts on suspect quotes."""
    found = rows_of("alerts", "--data", instance.data, "--pack", "suspect")
    return {row["site"]: (row["state"], row["reason"]) for row in found}


def said(instance: Running, *words: str) -> dict[str, Any]:
    done = staplewatch("quotes", *words, "--data", instance.data, "--settle", "60s", "--format", "json")
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def check(instance: Running) -> None:
    count = send(instance.broker, {"a": 10, "e": 500})
    services.wait_until(lambda: len(listed(instance)) == 2, 90, "both quotes are held back")
    slip, absurd = sorted(listed(instance), key=lambda row: row["site"])
    assert (slip["site"], slip["price"], slip["slip"], slip["state"]) == ("a", 50.0, 10.0, "waiting")
    assert (absurd["site"], absurd["price"], absurd["own_price"]) == ("e", 2700.0, 5.4)
    assert (slip["region"], slip["good"], slip["sender"]) == (str(BAYI), "potato", "shop")
    assert slip["event_id"].startswith("a-")
    assert told(instance) == {"a": ("firing", "raised"), "e": ("firing", "raised")}

    corrected = said(instance, "correct", slip["id"], "--price", "2.55", "--unit", "斤")
    assert (corrected["read"], corrected["state"]) == (True, "corrected")
    assert (corrected["was"], corrected["price"]) == (50.0, 5.1)
    confirmed = said(instance, "confirm", "--site", "e", "--good", "potato", "--date", absurd["date"])
    assert (confirmed["read"], confirmed["state"]) == (True, "confirmed")
    ended = {"a": ("resolved", "corrected"), "e": ("resolved", "confirmed")}
    services.wait_until(lambda: told(instance) == ended, 30, "both alerts have ended")
    assert listed(instance) == []
    assert [row["state"] for row in listed(instance, "all")] != []

    again = staplewatch("quotes", "confirm", slip["id"], "--data", instance.data, check=False)
    assert again.returncode == 2
    assert "is corrected already" in again.stderr
    instance.read({topics.QUOTES: count + 2})
    table = staplewatch("quotes", "suspects", "--data", instance.data, "--state", "all").stdout
    assert "unit slip ×10" in table


def test_on_kafka_and_clickhouse_server(tmp_path: Path, clickhouse: str) -> None:
    url = f"{clickhouse.rpartition('/')[0]}/suspect_quotes"
    with services.kafka_server(tmp_path / "kafka") as servers:
        options = ("--broker", f"kafka://{servers}", "--warehouse", url)
        with up(tmp_path / "data", *options) as instance:
            check(instance)
            services.wait_until(partial(agrees, instance), 60, "the audit agrees")
            instance.stop()
        with up(tmp_path / "data", *options) as instance:
            assert [row["state"] for row in listed(instance, "all")].count("corrected") == 1
            instance.stop()


def agrees(instance: Running) -> bool:
    return "dates" in audited(instance.data)


def test_on_the_embedded_engines(tmp_path: Path) -> None:
    with up(tmp_path / "data") as instance:
        check(instance)
        instance.stop()


def test_with_the_quarantine_off_nothing_is_held_back(tmp_path: Path) -> None:
    with up(tmp_path / "data", "--quarantine", "off") as instance:
        instance.read({topics.QUOTES: send(instance.broker, {"a": 10})})
        assert listed(instance, "all") == []
        assert told(instance) == {}
        instance.stop()
