"""The registry as a bureau uses it: loaded from sheets, listed, exported, known after a kill; lost feeds found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from producers.simulate import Truth, read
from schemas import topics
from tests.clickhouse import clickhouse_server
from tests.integration.running import audited, rows_of, staplewatch, up, worker
from tests.services import kafka_server, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

ENTERPRISES = """企业编码,企业名称,服务地市,库存上报方式,联系人,联系电话
E5404-9,雪域商贸,540400;540500,流水,次仁,0894-5550001
"""
SITES = """code,enterprise,county,name_zh,name_en,hours,contact_name,contact_phone
540402-99,E5404-9,540402,八一店,Bayi,Mo-Sa 09:00-18:00; 2026-02-17 off,卓玛,0894-5550002
540402-98,E5404-9,540402,,,,,
"""


def test_a_lost_feed_in_the_stream_and_the_registry_beside_it(tmp_path: Path) -> None:
    """One command each: the simulator registers its enterprises, and the one that falls silent is named."""
    with up(tmp_path / "data", "--event-time", "--packs", "feed") as instance:
        truth = tmp_path / "truth.jsonl"
        arguments = ("feed-loss", "--data", instance.data, "--prefectures", "540400", "--speed", "1000000x")
        # all of it in the past, so that nothing is paced by the wall clock
        span = ("--from", "2026-01-01", "--final", "--truth", truth, "--format", "json")
        sent = json.loads(staplewatch("simulate", *arguments, *span).stdout)
        instance.read({topic: sent[topic] for topic in (topics.SALES, topics.STOCK, topics.QUOTES)})
        registered = rows_of("registry", "list", "--data", instance.data)
        assert {row["kind"] for row in registered} == {"enterprise", "site"}
        assert all(row["contact_phone"] for row in registered)
        told = read(truth)
        wait_until(lambda: found(instance.data) == lost(told), 60, "the silent enterprise is found")
        audited(instance.data)


def lost(truths: list[Truth]) -> set[tuple[str, str]]:
    return {(each.region, each.site) for truth in truths for each in truth.expects if each.rule == "feed"}


def found(data: Path) -> set[tuple[str, str]]:
    rows = rows_of("alerts", "--data", data)
    assert {row["good"] for row in rows} <= {""}
    return {(row["region"], row["site"]) for row in rows if row["highest"] == "blue"}


def test_sheets_on_kafka_and_clickhouse_survive_a_kill(tmp_path: Path) -> None:
    with kafka_server(tmp_path / "kafka") as broker, clickhouse_server(tmp_path / "clickhouse") as url:
        place = ("--broker", f"kafka://{broker}", "--warehouse", url)
        enterprises, sites = tmp_path / "enterprises.csv", tmp_path / "sites.csv"
        enterprises.write_text(ENTERPRISES, encoding="utf-8")
        sites.write_text(SITES, encoding="utf-8")
        with worker(tmp_path, *place) as hand:
            refused = staplewatch("registry", "load", sites, *place, check=False)
            assert refused.returncode == 2
            assert "sites.csv:3 name_zh: is empty: fill it in" in refused.stderr
            told = json.loads(staplewatch("registry", "load", enterprises, *place, "--format", "json").stdout)
            assert (told["changed"], told["sent"]) == (1, 2)
            staplewatch("registry", "load", sites, *place, "--skip-bad")
            wait_until(lambda: len(rows_of("registry", "list", *place)) == 2, 60, "both are in the warehouse")
            hand.process.kill()
        shop, site = rows_of("registry", "list", *place)
        assert (shop["code"], shop["prefectures"], shop["feed"]) == ("E5404-9", ["540400", "540500"], "movements")
        assert (site["code"], site["contact_phone"]) == ("540402-99", "0894-5550002")
        with worker(tmp_path, *place):
            again = json.loads(staplewatch("registry", "load", enterprises, *place, "--format", "json").stdout)
            assert (again["changed"], again["sent"]) == (0, 0)
            exported = tmp_path / "exported.csv"
            exported.write_text(staplewatch("registry", "export", "--kind", "sites", *place).stdout, encoding="utf-8")
            back = json.loads(staplewatch("registry", "load", exported, *place, "--format", "json").stdout)
            assert (back["kind"], back["rows"], back["changed"]) == ("sites", 1, 0)
