"""``staplewatch backtest`` against the recomputation, cell by cell: real prices and generated markets."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from producers.replay.convert import vegetables
from schemas import catalogue
from staplewatch import cli, history
from streams.alerts.extent import EXTENTS
from streams.backtest.quotes import INDICATORS
from tests.independent import markets
from tests.independent.comparing import differences, same
from tests.independent.packs import RULES, World, backtest, indicators
from tests.services import ROOT

COLUMNS = "rule,region,good,date,level,price,change_day,change_week"
KEY = tuple[str, int, str, date]


def run(capsys: pytest.CaptureFixture[str], quotes: Path, catalogue: Path, kind: str, *more: str) -> dict[KEY, Any]:
    """Run the command with all packs and return its rows, which must be complete and in order."""
    packs = [part for rule in RULES for part in ("--pack", rule)]
    arguments = ["backtest", "--quotes", str(quotes), "--catalogue", str(catalogue), "--kind", kind, *packs]
    code = cli.run_command([*arguments, "--coverage", "1.0", "--format", "csv", *more])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == COLUMNS
    rows = list(csv.DictReader(io.StringIO(out)))
    order = [(row["rule"], row["region"], row["good"], row["date"]) for row in rows]
    assert order == sorted(order)
    found = {key_of(row): values_of(row) for row in rows}
    assert len(found) == len(rows)
    return found


def key_of(row: dict[str, str]) -> KEY:
    assert len(row["region"]) == 6
    return row["rule"], int(row["region"]), row["good"], date.fromisoformat(row["date"])


def values_of(row: dict[str, str]) -> dict[str, Any]:
    numbers = {name: float(row[name]) if row[name] else None for name in ("price", "change_day", "change_week")}
    return {"level": row["level"], **numbers}


def levels(found: dict[KEY, Any]) -> dict[str, set[str]]:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for (rule, *_), values in found.items():
        seen[rule].add(values["level"])
    return dict(seen)


@pytest.mark.parametrize(
    ("seed", "first", "dates", "kind"),
    [(1, date(2019, 12, 20), 170, "retail"), (2, date(2023, 2, 10), 170, "wholesale")],
)
def test_generated_markets(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, seed: int, first: date, dates: int, kind: str
) -> None:
    rows = markets.generated(seed, first, dates)
    markets.write_catalogue(tmp_path / "catalogue")
    markets.write_quotes(rows, tmp_path / "quotes.csv", kind)
    found = run(capsys, tmp_path / "quotes.csv", tmp_path / "catalogue", kind)
    expected = backtest(markets.world(rows))
    assert not differences(expected, found)
    undefined_or_none = {"undefined", "none"}
    assert levels(found) == {
        "urumqi-2007": undefined_or_none | {"yellow", "orange", "red"},
        "urumqi-2007-steady": undefined_or_none | {"yellow", "orange", "red"},
        "qingdao-2014": undefined_or_none | {"blue", "yellow", "orange", "red"},
        "qingdao-2015": undefined_or_none | {"blue"},
        "mofcom-2011": undefined_or_none | {"blue", "yellow", "orange", "red"},
    }


@pytest.mark.parametrize("extent", ["county", "prefecture", "province", "nation"])
def test_every_indicator_of_every_extent(tmp_path: Path, extent: str) -> None:
    rows = [row for row in markets.generated(3, date(2020, 2, 25), 420) if row.good == "apple"]
    markets.write_catalogue(tmp_path / "catalogue")
    markets.write_quotes(rows, tmp_path / "quotes.csv", "retail")
    known = catalogue.load(tmp_path / "catalogue")
    quotes, _ = history.from_sheet(tmp_path / "quotes.csv", known, "retail", skip_bad=False)
    found = quotes.measure(extent, INDICATORS)
    expected = indicators(markets.world(rows), EXTENTS[extent])
    index = {good: number for number, good in enumerate(quotes.goods)}
    for (region, good), columns in expected.items():
        own = found.filter((pl.col("region") == region) & (pl.col("good_index") == index[good]))
        for name in INDICATORS:
            mine, theirs = own[name].to_list(), columns[name].tolist()
            assert len(mine) == len(theirs)
            assert not [each for each in zip(mine, map(none_if_nan, theirs), strict=True) if not same(*each)], name
    assert found.height == 420 * len(expected)
    assert all(found[name].null_count() < found.height for name in INDICATORS)


def none_if_nan(value: Any) -> Any:
    return None if value != value else value  # noqa: PLR0124


def vegetable_world(path: Path) -> World:
    """Read the canonical file without the product's reader. Its catalogue has one county."""
    frame = pd.read_csv(path, dtype={"region": int})
    frame["day"] = [date.fromisoformat(text) for text in frame["date"]]
    frame["price"] = frame["price"].round(4)
    quotes = frame[["day", "region", "site", "good", "price", "stock"]]
    return World(quotes, {code // 100 * 100: 1 for code in set(frame["region"])})


def check_vegetables(capsys: pytest.CaptureFixture[str], source: Path, directory: Path) -> Sequence[str]:
    converted = vegetables(source, directory)
    found = run(capsys, converted.quotes, converted.catalogue, "wholesale")
    assert {"none", "undefined", "yellow", "orange", "red"} <= levels(found)["urumqi-2007"]
    return differences(backtest(vegetable_world(converted.quotes)), found)


def test_twelve_vegetables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert not check_vegetables(capsys, ROOT / "tests/data/vegetables_12_goods.csv.gz", tmp_path)


@pytest.mark.soak
def test_all_vegetables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = ROOT.parent / "shared/data/vegetable_wholesale_daily.csv.gz"
    if not source.exists():
        pytest.skip(f"no {source.name} beside the project: the public data of CUMCM 2023 C")
    assert not check_vegetables(capsys, source, tmp_path)
