"""``staplewatch indices`` over the sales that a warehouse holds."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import warehouse
from schemas.catalogue import load
from staplewatch import cli
from tests.warehouse import rows

#: 2022-08-01.
FIRST = 19_205
CATALOGUE = load()


@pytest.fixture
def stored(tmp_path: Path) -> str:
    """Store two counties' sales of potatoes and salt on three dates; potatoes double in 540402 on the last."""
    url = f"chdb://{tmp_path / 'warehouse'}"
    store = warehouse.connect(url)
    store.migrate()
    batch = [
        rows.sale(
            number, region=region, site=f"{region}-1", good=good, business_date=FIRST + day, at=(FIRST + day) * 86_400,
            quantity=1_000, amount=price * 10_000,
        )
        for number, (region, good, day, price) in enumerate(
            (region, good, day, 8 if (region, good, day) == (540402, "potato", 2) else 4)
            for region in (540402, 540421) for good in ("potato", "salt") for day in range(3)
        )
    ]  # fmt: skip
    store.insert("sales", rows.columns(batch))
    store.close()
    return url


def asked(capsys: pytest.CaptureFixture[str], url: str, *arguments: str) -> list[dict[str, str]]:
    assert cli.run_command(["indices", "--warehouse", url, "--format", "csv", *arguments]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_goods_of_a_county(capsys: pytest.CaptureFixture[str], stored: str) -> None:
    found = asked(capsys, stored, "--by", "good", "--region", "540402", "--good", "potato", "--chain")
    assert found == [
        {"region": "540402", "good": "potato", "date": date, "index": index, "chained": chained, "stores": "1"}
        for date, index, chained in [("2022-08-02", "1.0", "100.0"), ("2022-08-03", "2.0", "200.0")]
    ]


def test_goods_of_a_prefecture_are_over_all_of_its_stores(capsys: pytest.CaptureFixture[str], stored: str) -> None:
    for narrowed in (["--region", "540400"], ["--region", "540402", "--level", "prefecture"], []):
        found = asked(capsys, stored, "--by", "good", "--good", "potato", "--from", "2022-08-03", *narrowed)
        assert [(row["region"], row["index"], row["stores"]) for row in found] == [("540400", "1.414213562", "2")]


def test_a_category_weighs_its_goods_by_amounts_before(capsys: pytest.CaptureFixture[str], stored: str) -> None:
    category = CATALOGUE.goods["potato"].category
    found = asked(capsys, stored, "--level", "county", "--category", category, "--from", "2022-08-03")
    assert [(row["region"], row["index"], row["goods"], row["weight"]) for row in found] == [
        ("540402", "2.0", "1", "8.0"),
        ("540421", "1.0", "1", "8.0"),
    ]


def test_a_table_has_names(capsys: pytest.CaptureFixture[str], stored: str) -> None:
    assert cli.run_command(["indices", "--warehouse", stored, "--region", "540000", "--to", "2022-08-02"]) == 0
    out = capsys.readouterr().out
    assert CATALOGUE.place_en(540000) in out
    assert CATALOGUE.categories[CATALOGUE.goods["salt"].category].name_en in out
    assert "2022-08-03" not in out


def test_nothing_in_the_time_asked_for_is_no_rows(capsys: pytest.CaptureFixture[str], stored: str) -> None:
    assert cli.run_command(["indices", "--warehouse", stored, "--from", "2030-01-01", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--region", "999999"], "--region: 999999 is not in the catalogue"),
        (["--category", "egg"], '--category: egg is not in the catalogue: did you mean "eggs"?'),
        (["--by", "good", "--good", "potatoe"], 'did you mean "potato"?'),
        (["--good", "potato"], "--good needs --by good"),
        (["--from", "august"], "--from: 'august' is no date"),
        (["--data", "nowhere"], "no instance runs in nowhere and it holds no warehouse"),
    ],
)
def test_what_cannot_be_asked_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert cli.run_command(["indices", *arguments]) == 2
    _, err = capsys.readouterr()
    assert said in err
    assert err.count("\n") == 1
