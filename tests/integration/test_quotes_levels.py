"""Three years of real wholesale prices through the product: levels of the quote packs per good and date."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from producers.replay.convert import Converted, vegetables
from schemas import topics
from tests.independent.comparing import differences
from tests.independent.packs import RULES
from tests.independent.quotes import LIST_DAYS, Quote, evaluations, row_of
from tests.integration.running import rows_of, stored, up
from tests.services import ROOT

pytestmark = [pytest.mark.services, pytest.mark.slow]

SLICE = ROOT / "tests/data/vegetables_12_goods.csv.gz"
#: The whole file lies beside the project where it is developed.
THREE_YEARS = ROOT.parent / "shared/data/vegetable_wholesale_daily.csv.gz"
SOURCES = [pytest.param(SLICE, id="slice"), pytest.param(THREE_YEARS, id="three-years", marks=pytest.mark.soak)]


def quotes_of(path: Path) -> list[Quote]:
    """Read the canonical file without the product's reader."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Quote(
                day=date.fromisoformat(row["date"]),
                region=int(row["region"]),
                site=row["site"],
                good=row["good"],
                price=round(float(row["price"]), 4) if row["price"] else None,
                stock=round(float(row["stock"]), 3) if row["stock"] else None,
            )
            for row in csv.DictReader(file)
        ]


def play(converted: Converted, data: Path) -> None:
    """Send the file into an instance that knows its catalogue."""
    packs = ",".join(f"{pack}:wholesale" for pack in RULES)
    options = ("--event-time", "--inputs", "quotes", "--catalogue", str(converted.catalogue), "--packs", packs)
    with up(data, *options) as instance:
        played = instance.replay(
            "quotes", converted.quotes, "--catalogue", converted.catalogue, "--kind", "wholesale", "--final"
        )
        instance.read({topics.QUOTES: played[topics.QUOTES], topics.CLOCK: instance.partitions})
        instance.stop()


@pytest.mark.parametrize("source", SOURCES)
def test_levels_equal_the_recomputation(source: Path, tmp_path: Path) -> None:
    if not source.exists():
        pytest.skip(f"no {source.name} there")
    converted = vegetables(source, tmp_path / "converted")
    play(converted, tmp_path / "data")
    expected = {
        key: row_of(evaluation)
        for key, evaluation in evaluations(quotes_of(converted.quotes)).items()
        if evaluation.silent_days is not None and evaluation.silent_days < LIST_DAYS
    }
    rows = stored(f"chdb://{tmp_path}/data/warehouse", "indicators_series", {"grain": "date", "kind": "wholesale"})
    found = {
        (row["region"], row["good"], row["date"]): {**row, "level": json.loads(row["levels"])["urumqi-2007"]}
        for row in rows
        if row["region"] % 100
    }
    assert {row["level"] for row in expected.values()} >= {"none", "undefined", "yellow", "orange"}
    assert not differences(expected, found)
    judged = backtest("--quotes", converted.quotes, "--catalogue", converted.catalogue)
    assert backtest("--data", tmp_path / "data", "--catalogue", converted.catalogue) == judged
    shown = {key: {name: row[name] for name in judged[key]} for key, row in found.items()}
    assert not differences(shown, {key: judged[key] for key in shown})
    for rule in RULES:
        judged = backtest("--quotes", converted.quotes, "--catalogue", converted.catalogue, rule=rule)
        levels = {key: level for key, row in every_level(rows).items() if (level := row.get(rule))}
        assert levels
        assert {key: level for key, level in levels.items() if judged[key]["level"] != level} == {}


def every_level(rows: list[dict[str, Any]]) -> dict[tuple[int, str, date], dict[str, str]]:
    """Return the levels of all rules, of prefectures and what lies above them too."""
    return {(row["region"], row["good"], row["date"]): json.loads(row["levels"]) for row in rows}


def backtest(*source: str | Path, rule: str = "urumqi-2007") -> dict[tuple[int, str, date], dict[str, Any]]:
    """Return what ``staplewatch backtest`` says of the quotes of a file, or of those that the stream has stored."""
    told = rows_of("backtest", *source, "--pack", rule, "--kind", "wholesale")
    names = ("level", "price", "change_day", "change_week")
    return {
        (int(row["region"]), row["good"], date.fromisoformat(row["date"])): {name: row[name] for name in names}
        for row in told
    }
