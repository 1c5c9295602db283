"""Every pack gives the same transitions, ids and event times from chunks of one record and of 2,000."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.alerts.packs import load, shipped
from tests.streams.scenario_run import DATES, PACKS, SITES, Played, play
from tests.streams.test_engine_rebuild import meaning

NGARI = 542500
#: Three stores in each of seven counties, and an incident for every rule.
SCENARIO = """
name = "small"
title_zh = "小"
title_en = "Small"
history_days = 8
days = 3
[stores]
per_county = [3, 3]
receipts = [1.4, 1.6]
lines = 16.0
[[incidents]]
kind = "price-rise"
regions = ["542500"]
goods = ["tomato", "beef"]
from = "0d5h"
to = "3d0h"
factor = 1.9
ramp_hours = 2
[[incidents]]
kind = "supply-cut"
regions = ["542500"]
goods = ["fresh-pork"]
from = "0d14h"
to = "3d0h"
stock_lost = 1.0
[[incidents]]
kind = "supply-cut"
regions = ["542500"]
enterprise = 2
categories = ["leafy-vegetables", "eggs", "storable-vegetables"]
from = "1d5h"
to = "3d0h"
stock_lost = 1.0
[[incidents]]
kind = "price-gouging"
regions = ["542521", "542523"]
goods = ["salt", "potato"]
stores = 1
from = "1d5h"
to = "3d0h"
factor = 1.7
ramp_hours = 1
"""
#: Rules that look at what is not simulated: 30 lines of a good in an hour; a lost feed, of which nothing else would
#: be certain (``test_engine_feeds`` cuts its records like this); quotes that are held back
#: (``test_engine_suspects`` does so with them).
SILENT = {"live-1h", "feed", "suspect"}


def played(folder: Path, chunks: tuple[int, int]) -> Played:
    path = folder / "small.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return play(path, [NGARI], 3, packs=PACKS, chunks=chunks)


def transitions(played: Played) -> dict[tuple[str, int], tuple[Any, ...]]:
    return {(alert.id, alert.seq): meaning(alert) for alert in played.cluster.alerts}


@pytest.fixture(scope="module")
def singly(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Apply every record by itself as it is sent, and punctuation every hour."""
    return played(tmp_path_factory.mktemp("singly"), (1, 3600))


@pytest.mark.slow
def test_chunks_of_one_and_of_2000_records_give_the_same_transitions(singly: Played, tmp_path: Path) -> None:
    together = played(tmp_path, (2000, 400 * 86_400))
    assert together.cluster.counts == singly.cluster.counts
    assert transitions(together) == transitions(singly)


@pytest.mark.slow
def test_every_rule_of_every_pack_has_transitions_here(singly: Played) -> None:
    assert {"live", "cover", *DATES, *SITES, "feed", "suspect"} == set(shipped())
    rules = {rule.id for name in shipped() for rule in load(name).rules}
    assert {alert.rule for alert in singly.cluster.alerts} == rules - SILENT
    assert singly.missed() == []
