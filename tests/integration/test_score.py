"""A scenario through a running instance, scored: from what it stores, from what it prints; and its price indices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import topics
from tests.integration.running import COMMAND_SECONDS, rows_of, staplewatch, up
from tests.services import wait_until
from tests.streams.test_chunk_sizes import SCENARIO

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.soak]

PACKS = "live,cover,urumqi-2007,qingdao-2014,mofcom-2011"


def test_every_rule_finds_what_a_scenario_broke(tmp_path: Path) -> None:
    scenario, truth, alerts = (tmp_path / name for name in ("small.toml", "truth.jsonl", "alerts.json"))
    scenario.write_text(SCENARIO, encoding="utf-8")
    data = tmp_path / "data"
    with up(data, "--event-time", "--inputs", "sales,stock,quotes", "--packs", PACKS) as instance:
        asked = ("--prefectures", "542500", "--seed", "3", "--speed", "1000000x", "--from", "2026-01-01")
        marks = ("--final", "--punctuate", "--truth", truth, "--data", data, "--format", "json")
        sent = json.loads(staplewatch("simulate", scenario, *asked, *marks).stdout)
        instance.read({topic: sent[topic] for topic in topics.INPUTS})
        wait_until(lambda: not missing(scores(truth, "--data", data)), COMMAND_SECONDS, "every alert stored")
        live = scores(truth, "--data", data)
        alerts.write_text(staplewatch("alerts", "--transitions", "--data", data, "--format", "json").stdout)
        instance.stop()
    assert scores(truth, "--alerts", alerts) == live
    assert {row["precision"] for row in live.values()} == {1.0}
    assert all(row["false_per_day"] == 0 for row in live.values())
    found = rows_of("indices", "--data", data, "--by", "good", "--good", "tomato", "--region", "540000", "--chain")
    assert [row["date"] for row in found] == [f"2026-01-{day:02}" for day in range(2, 12)]
    risen = max(found, key=lambda row: row["index"])
    assert risen["date"] == "2026-01-09", "the date on which prices rise by nine tenths"
    assert 1.7 < risen["index"] < 2.0
    assert 1.6 < found[-1]["chained"] / 100 < 2.2


def scores(truth: Path, *options: str | Path) -> dict[str, dict[str, Any]]:
    """Return the score of every rule that was loaded."""
    rows = rows_of("score", "--truth", truth, *options)
    return {
        row["rule"]: row for row in rows if row["rule"].removesuffix("-24h").removesuffix("-1h") in PACKS.split(",")
    }


def missing(found: dict[str, dict[str, Any]]) -> bool:
    return any(row["met"] < row["expected"] for row in found.values())
