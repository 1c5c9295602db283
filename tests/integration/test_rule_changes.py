"""Other rules for a running worker, on real servers: by command, by SIGHUP, refused, and after a kill."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import topics
from schemas.ruling import RulesChange
from streams.alerts import packs
from tests.clickhouse import clickhouse_server
from tests.integration.running import READY_SECONDS, rows_of, staplewatch, stored, worker
from tests.integration.test_alert_marks import KEY, is_at, newest, quote
from tests.reliability.oracle import read_log
from tests.services import kafka_server, wait_until

pytestmark = pytest.mark.services

RELOAD_SECONDS = 30.0


def write(file: Path, *, orange: str) -> str:
    """Write a bureau's copy of ``urumqi-2007`` with another threshold; return its version."""
    text = (packs.DIRECTORY / "urumqi-2007.toml").read_text(encoding="utf-8")
    assert "0.50" in text
    file.write_text(text.replace("0.50", orange), encoding="utf-8")
    return packs.load(str(file)).version


def course(url: str) -> list[tuple[str, str, str]]:
    """Return level, reason and the pack's version of every transition of our alert."""
    rows = stored(url, "alerts_history", {"limit": 100})
    return [(row["level"], row["reason"], row["pack_version"]) for row in rows if row["key"] == KEY]


def log_of(server: str) -> list[RulesChange]:
    records = read_log(server, topics.RULES, topics.partition_of(540400, topics.PARTITIONS))
    return [msgspec.json.decode(record.value or b"", type=RulesChange) for record in records]


def is_kept(url: str) -> bool:
    """Return whether a snapshot of our partition knows of both changes."""
    epochs = [row["epoch"] for row in stored(url, "epochs")]
    where = {"epoch": epochs[-1], "partition": topics.partition_of(540400, topics.PARTITIONS)}
    return any(json.loads(row["offsets"]).get(topics.RULES) == 2 for row in stored(url, "snapshots_newest", where))


def until(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, READY_SECONDS, what)


def test_a_changed_pack_takes_force_without_a_restart_and_outlives_a_kill(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    versions = [write(mine, orange="0.50")]
    with kafka_server(tmp_path / "kafka") as server, clickhouse_server(tmp_path / "clickhouse") as url:
        parts = ("--broker", f"kafka://{server}", "--warehouse", url)
        rules = ("--event-time", "--inputs", "quotes", "--packs", str(mine))
        changes: Callable[[], list[dict[str, Any]]] = partial(rows_of, "rules", "changes", "--warehouse", url)
        with worker(tmp_path, *parts, *rules) as hand:
            quote(server, range(8), 4.0)
            quote(server, range(8, 9), 5.5)  # 37.5 % in a week
            until(partial(is_at, server, "yellow"), "the alert is yellow")

            versions.append(write(mine, orange="0.35"))
            told = staplewatch("rules", "reload", *parts, "--packs", mine, "--by", "tsering", "--format", "json")
            summary = json.loads(told.stdout)
            assert summary["following"] == summary["partitions"] == topics.PARTITIONS
            quote(server, range(9, 10), 5.5)
            until(partial(is_at, server, "orange"), "the new threshold holds")

            versions.append(write(mine, orange="0.36"))
            hand.process.send_signal(signal.SIGHUP)
            wait_until(lambda: len(changes()) == 2, RELOAD_SECONDS, "SIGHUP is recorded")
            wait_until(lambda: changes()[0]["partitions"] == topics.PARTITIONS, RELOAD_SECONDS, "and followed")
            mine.write_text("name = 1", encoding="utf-8")
            hand.process.send_signal(signal.SIGHUP)
            log = tmp_path / "worker-0.log"
            wait_until(lambda: "not reloaded" in log.read_text(encoding="utf-8"), RELOAD_SECONDS, "it is refused")
            refused = staplewatch("rules", "reload", *parts, "--packs", mine, check=False)
            assert (refused.returncode, "refused" in refused.stderr) == (2, True)
            until(partial(is_kept, url), "the state under the newest rules is kept")
            hand.process.kill()
            hand.process.wait()

        (second, first) = changes()
        assert (first["by"], first["packs"][0]["version"]) == ("tsering", versions[1])
        assert (second["note"], second["packs"][0]["version"]) == ("SIGHUP", versions[2])
        assert [change.packs[0].version for change in log_of(server)] == versions[1:]

        assert write(mine, orange="0.50") == versions[0], "the settings' own pack is the old one again"
        with worker(tmp_path, *parts, *rules):
            quote(server, range(10, 11), 9.0)
            until(partial(is_at, server, "red"), "the alert is red")
            found = newest(server)
            assert found is not None
            assert found.pack_version == versions[2]
            until(lambda: len(course(url)) == 3, "its transitions are stored")
        assert course(url) == [
            ("yellow", "raised", versions[0]),
            ("orange", "escalated", versions[1]),
            ("red", "escalated", versions[2]),
        ]
        (row,) = rows_of("rules", "in-force", "--warehouse", url, "--region", "540402")
        assert (row["version"], row["region"]) == (versions[2], "000000")
