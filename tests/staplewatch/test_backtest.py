"""``staplewatch backtest`` and ``staplewatch rules`` as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from staplewatch import cli
from staplewatch.instance import Instance, Ownership
from streams.alerts.packs import DIRECTORY

HEAD = "date,region,site,good,price,unit,kind,stock"
BAYI = "540402"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run_command(["backtest", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """Write a potato that rises by half within a week, twice quoted on the last date, rows in any order."""
    prices = {1: 4.0, 2: 4.0, 8: 6.0, 9: 6.0}
    rows = [f"2022-08-{day:02},{BAYI},market,potato,{price / 2},斤,,10" for day, price in prices.items()]
    rows += [f"2022-08-10,{BAYI},market,potato,9,kg,retail,", f"2022-08-10,{BAYI},market,potato,8,kg,retail,"]
    rows += ["2022-08-12,540421,shop,salt,,kg,,0", f"2022-07-30,{BAYI},market,potato,1,kg,wholesale,"]
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join([HEAD, *reversed(rows[:4]), *rows[4:]]) + "\n", encoding="utf-8")
    return path


def rows_of(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out)))


def test_a_row_per_subject_and_calendar_date(capsys: pytest.CaptureFixture[str], quotes: Path) -> None:
    code, out, err = run(capsys, "--quotes", str(quotes), "--pack", "urumqi-2007", "--format", "csv")
    assert (code, err) == (0, "")
    assert out.startswith("rule,region,good,date,level,price,change_day,change_week\n")
    rows = rows_of(out)
    assert len(rows) == 2 * 14, "30 July to 12 August: dates of the other kind are dates of the file"
    told = {row["date"][5:]: tuple(row.values())[4:] for row in rows if row["good"] == "potato"}
    assert told["07-30"] == ("undefined", "", "", "")
    assert told["08-02"] == ("undefined", "4.0", "0.0", "")
    assert told["08-05"] == ("undefined", "", "", "")
    assert told["08-08"] == ("orange", "6.0", "", "0.5")
    assert told["08-10"] == ("red", "8.0", "0.333333333", "1.0"), "of two quotes of a date the last in the file counts"
    assert {row["level"] for row in rows if row["good"] == "salt"} == {"undefined", "yellow"}


def test_what_is_shown_can_be_narrowed(capsys: pytest.CaptureFixture[str], quotes: Path) -> None:
    narrow = ("--from", "2022-08-08", "--to", "2022-08-09", "--region", "540400", "--good", "potato")
    packs = ("--pack", "urumqi-2007", "--pack", "qingdao-2014", "--pack", "mofcom-2011")
    code, out, _ = run(capsys, "--quotes", str(quotes), *packs, *narrow, "--format", "csv")
    assert code == 0
    assert [tuple(row.values())[:5] for row in rows_of(out) if row["date"] == "2022-08-08"] == [
        ("mofcom-2011", "540400", "potato", "2022-08-08", "none"),
        ("mofcom-2011", BAYI, "potato", "2022-08-08", "blue"),
        ("qingdao-2014", "540400", "potato", "2022-08-08", "blue"),
        ("urumqi-2007", BAYI, "potato", "2022-08-08", "orange"),
    ]
    assert {row["date"] for row in rows_of(out)} == {"2022-08-08", "2022-08-09"}


def test_json_has_what_the_rule_read(capsys: pytest.CaptureFixture[str], quotes: Path) -> None:
    code, out, _ = run(
        capsys, "--quotes", str(quotes), "--pack", "mofcom-2011", "--from", "2022-08-08", "--to", "2022-08-08",
        "--region", "000000", "--good", "potato", "--format", "json",
    )  # fmt: skip
    assert code == 0
    by_region = {row["region"]: row for row in json.loads(out)}
    assert set(by_region) == {"000000", "540000", "540400", BAYI}
    values = by_region["540400"].pop("values")
    assert (values["counties_affected"], values["counties_reporting"], values["prefecture"]) == (1, 1, True)
    assert by_region["540400"] == {
        "rule": "mofcom-2011", "region": "540400", "good": "potato", "date": "2022-08-08", "level": "none",
        "price": 6.0, "change_day": None, "change_week": 0.5,
    }  # fmt: skip


def test_nothing_selected_is_an_empty_array(capsys: pytest.CaptureFixture[str], quotes: Path) -> None:
    options = ("--pack", "urumqi-2007", "--from", "2023-01-01", "--format", "json")
    assert run(capsys, "--quotes", str(quotes), *options)[:2] == (0, "[]\n")


def test_the_table_is_the_summary_and_compares_two_packs(capsys: pytest.CaptureFixture[str], quotes: Path) -> None:
    both = ("--pack", "urumqi-2007-steady", "--pack", "urumqi-2007")
    code, out, _ = run(capsys, "--quotes", str(quotes), *both)
    assert code == 0
    assert "episodes" in out
    assert "agreement" in out
    code, out, _ = run(capsys, "--quotes", str(quotes), *both, "--summary", "--format", "json")
    told: dict[str, Any] = json.loads(out)
    assert [rule["rule"] for rule in told["rules"]] == ["urumqi-2007-steady", "urumqi-2007"]
    assert (told["comparison"]["first"], told["comparison"]["second"]) == ("urumqi-2007-steady", "urumqi-2007")
    assert [rule["episodes"] for rule in told["rules"]] == [1, 2]
    assert told["comparison"]["episodes_only_second"] == 1


def test_a_pack_of_ones_own_beside_the_one_it_was_copied_from(
    capsys: pytest.CaptureFixture[str], quotes: Path, tmp_path: Path
) -> None:
    text = (DIRECTORY / "urumqi-2007.toml").read_text(encoding="utf-8").replace("0.50 or", "0.55 or")
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    both = ("--quotes", str(quotes), "--pack", "urumqi-2007", "--pack", str(mine))
    code, _, err = run(capsys, *both)
    assert (code, "two packs have a rule urumqi-2007: change the id" in err) == (2, True)
    mine.write_text(text.replace('id = "urumqi-2007"', 'id = "mine"'), encoding="utf-8")
    code, out, _ = run(
        capsys, *both, "--from", "2022-08-08", "--to", "2022-08-08", "--good", "potato", "--format", "csv"
    )
    assert [(row["rule"], row["level"]) for row in rows_of(out)] == [("mine", "yellow"), ("urumqi-2007", "orange")]


def test_suspect_quotes_are_left_out_if_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [f"2022-08-{day:02},{BAYI},{site},potato,4,kg,retail," for day in range(1, 10) for site in "ab"]
    rows += [f"2022-08-10,{BAYI},a,potato,40,kg,retail,", f"2022-08-10,{BAYI},b,potato,4,kg,retail,"]
    path = tmp_path / "slip.csv"
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    asked = ("--quotes", str(path), "--pack", "urumqi-2007", "--from", "2022-08-10", "--format", "csv")
    found = []
    for option in ((), ("--quarantine", "off"), ("--quarantine", "on")):
        code, out, _ = run(capsys, *asked, *option)
        assert code == 0
        found.append([(row["price"], row["level"]) for row in rows_of(out)])
    assert found == [[("22.0", "red")], [("22.0", "red")], [("4.0", "none")]]


def test_bad_rows_are_named_or_left_out(capsys: pytest.CaptureFixture[str], quotes: Path) -> None:
    with quotes.open("a", encoding="utf-8") as file:
        file.write(f"2022-13-01,{BAYI},market,potato,1,kg,,\n2022-08-09,{BAYI},market,potatoe,-1,kg,,\n")
    code, out, err = run(capsys, "--quotes", str(quotes), "--pack", "urumqi-2007", "--format", "csv")
    assert (code, out) == (2, "")
    first, *others = err.splitlines()
    assert first == "staplewatch: quotes.csv: 2 bad row(s): correct them, or leave them out with --skip-bad"
    assert others[0].startswith("  quotes.csv:10 date: '2022-13-01' is not a date")
    assert [line.split(":")[1] for line in others] == ["10 date", "11 good", "11 price"]
    code, out, err = run(capsys, "--quotes", str(quotes), "--pack", "urumqi-2007", "--format", "csv", "--skip-bad")
    assert (code, err) == (0, "staplewatch: quotes.csv: 2 bad row(s) left out\n")
    assert len(rows_of(out)) == 2 * 14


def test_the_warehouse_of_a_running_instance_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    owner = Ownership(tmp_path)
    owner.publish(Instance(pid=123, http="http://127.0.0.1:1", broker="memory", token="t"))
    try:
        code, out, err = run(capsys, "--data", str(tmp_path), "--pack", "urumqi-2007")
    finally:
        owner.release()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "(process 123) holds its warehouse: stop it first" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pack", "urumqi-2007"], "give --quotes FILE, or a warehouse by --data or --warehouse"),
        (["--quotes", "Q"], "name a pack by --pack: cover, feed, gouging, live"),
        (["--quotes", "Q", "--pack", "urumqi"], 'did you mean "urumqi-2007"'),
        (["--quotes", "Q", "--pack", "live"], "rule live-24h needs spike_24h"),
        (["--quotes", "Q", "--pack", "cover"], "rule cover needs cover_days"),
        (["--quotes", "Q", "--pack", "urumqi-2007", "--coverage", "0.8"], "--coverage 0.8: a backtest evaluates dates"),
        (["--quotes", "Q", "--pack", "urumqi-2007", "--good", "potatos"], 'did you mean "potato"'),
        (["--quotes", "Q", "--pack", "urumqi-2007", "--region", "110101"], "--region: 110101 is not in the catalogue"),
        (["--quotes", "Q", "--pack", "urumqi-2007", "--from", "monday"], "--from: 'monday' is no date"),
        (["--quotes", "nowhere.csv", "--pack", "urumqi-2007"], "nowhere.csv"),
        (
            ["--quotes", "Q", "--pack", "urumqi-2007", "--pack", "qingdao-2015:wholesale"],
            "the packs read different kinds of quotes: choose one by --kind",
        ),
        (["--data", "D", "--pack", "urumqi-2007"], "it holds no warehouse: start staplewatch up"),
    ],
)
def test_errors_are_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], quotes: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    places = {"Q": str(quotes), "D": str(tmp_path / "data")}
    code, out, err = run(capsys, *(places.get(argument, argument) for argument in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("staplewatch: ")
    assert said in err.splitlines()[0]


def test_a_file_of_the_other_kind(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text(f"{HEAD}\n2022-08-01,{BAYI},market,potato,4,kg,wholesale,\n", encoding="utf-8")
    code, _, err = run(capsys, "--quotes", str(path), "--pack", "urumqi-2007")
    assert (code, err) == (2, "staplewatch: q.csv has no retail quotes but 1 of kind wholesale: use --kind wholesale\n")


def rules(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run_command(["rules", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_rules_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = rules(capsys, "list", "--format", "json")
    assert code == 0
    found = {row["pack"]: row for row in json.loads(out)}
    assert {"urumqi-2007", "urumqi-2007-steady", "qingdao-2014", "qingdao-2015", "mofcom-2011"} <= set(found)
    assert found["mofcom-2011"]["subjects"] == "county, prefecture, province, nation"


def test_rules_show_prints_a_file_that_checks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = rules(capsys, "show", "qingdao-2014")
    assert code == 0
    mine = tmp_path / "mine.toml"
    mine.write_text(out, encoding="utf-8")
    code, out, err = rules(capsys, "check", str(mine))
    assert (code, err) == (0, "")
    assert out.startswith(f"{mine}: the pack is valid: qingdao-2014 1+")


def test_rules_check_says_where_and_what_to_write(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    text = (DIRECTORY / "urumqi-2007.toml").read_text(encoding="utf-8")
    mine.write_text(text.replace("change_week >= 0.50", "change_weak >= 0.50"), encoding="utf-8")
    line = text[: text.index("change_week >= 0.50")].count("\n") + 1
    code, out, err = rules(capsys, "check", str(mine))
    assert (code, out) == (2, "")
    assert f"mine.toml:{line}:11: " in err
    assert 'unknown indicator "change_weak": did you mean "change_week"?' in err
    code, out, _ = rules(capsys, "check", str(mine), "--format", "json")
    told = json.loads(out)
    assert (code, told["ok"], told["line"], told["column"]) == (2, False, line, 11)
