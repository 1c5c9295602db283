"""The canonical quotes sheet: every row is checked, and the good ones become daily reports."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from producers.replay import Playback, ReplayError, quotes
from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.events import QuoteLine, QuoteReport
from tests.producers.fakes import Memory

HEADER = "date,region,site,good,price,unit,kind,sales,stock"
GOOD = "2021-07-01,540402,market,potato,2.5,斤,retail,120,300"


@pytest.fixture(scope="module")
def tibet() -> Catalogue:
    return catalogue.load()


def sheet(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def test_a_report_per_date_and_site_at_noon_with_all_goods_as_lines(tmp_path: Path, tibet: Catalogue) -> None:
    path = sheet(
        tmp_path,
        "2021-07-02,540402,market,potato,2.6,斤,retail,,",
        GOOD,
        "2021-07-01,540402,market,eggs,,kg,retail,,0",
        "2021-07-01,540102,hall,eggs,12,500g,retail,,",
    )
    sink = Memory()
    summary = quotes.replay(sink, tibet, path)
    reports = sink.events(QuoteReport)
    assert [(report.time, report.site) for report in reports] == [
        ("2021-07-01T12:00:00+08:00", "market"),
        ("2021-07-01T12:00:00+08:00", "hall"),
        ("2021-07-02T12:00:00+08:00", "market"),
    ]
    assert sink.sent[0][:2] == (topics.QUOTES, 540400)
    assert (reports[0].sender, reports[0].region, reports[0].business_date) == ("market", "540402", "2021-07-01")
    assert reports[0].lines == [
        QuoteLine(good="potato", unit="斤", price=2.5, sales=120.0, stock=300.0),
        QuoteLine(good="eggs", unit="kg", stock=0.0),
    ]
    assert (summary.lines, summary.skipped) == (4, {})


def test_kinds_of_one_site_are_reports_of_their_own(tmp_path: Path, tibet: Catalogue) -> None:
    path = sheet(tmp_path, GOOD, GOOD.replace("retail", "wholesale"))
    sink = Memory()
    quotes.replay(sink, tibet, path)
    assert [report.kind for report in sink.events(QuoteReport)] == ["retail", "wholesale"]


def test_kind_leaves_the_other_out_and_fills_empty_cells(tmp_path: Path, tibet: Catalogue) -> None:
    path = sheet(tmp_path, GOOD, "2021-07-02,540402,market,potato,2.6,斤,,,")
    sink = Memory()
    summary = quotes.replay(sink, tibet, path, kind="wholesale")
    assert [(report.kind, report.business_date) for report in sink.events(QuoteReport)] == [("wholesale", "2021-07-02")]
    assert summary.skipped == {quotes.OTHER_KIND: 1}


def test_the_last_three_columns_may_be_missing(tmp_path: Path, tibet: Catalogue) -> None:
    path = sheet(tmp_path, "2021-07-01,540402,market,potato,2.5,kg", header="date,region,site,good,price,unit")
    sink = Memory()
    quotes.replay(sink, tibet, path, kind="wholesale")
    assert sink.events(QuoteReport)[0].kind == "wholesale"


def test_ids_follow_the_content(tmp_path: Path, tibet: Catalogue) -> None:
    def identity(row: str) -> str:
        sink = Memory()
        quotes.replay(sink, tibet, sheet(tmp_path, row))
        return sink.events(QuoteReport)[0].event_id

    assert identity(GOOD) == identity(GOOD)
    assert identity(GOOD) != identity(GOOD.replace("2.5", "2.6"))


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("01/07/2021,540402,market,potato,2.5,kg,,,", "date", "is not a date: write 2021-07-01"),
        ("1921-07-01,540402,market,potato,2.5,kg,,,", "date", "is before 2000-01-01"),
        ("2021-07-01,110101,market,potato,2.5,kg,,,", "region", "no county of the catalogue"),
        ("2021-07-01,540400,market,potato,2.5,kg,,,", "region", "no county of the catalogue"),
        ("2021-07-01,林芝,market,potato,2.5,kg,,,", "region", "no county of the catalogue"),
        ("2021-07-01,540402,,potato,2.5,kg,,,", "site", "is empty"),
        ("2021-07-01,540402,market,potatoe,2.5,kg,,,", "good", "no good of the catalogue"),
        ("2021-07-01,540402,market,potato,2.5,L,,,", "unit", "measures volume"),
        ("2021-07-01,540402,market,potato,2.5,bag,,,", "unit", "does not say how much it holds"),
        ("2021-07-01,540402,market,potato,2.5,kg,bulk,,", "kind", "write retail or wholesale"),
        ("2021-07-01,540402,market,potato,abc,kg,,,", "price", "is not a number"),
        ("2021-07-01,540402,market,potato,nan,kg,,,", "price", "is not a number"),
        ("2021-07-01,540402,market,potato,1e400,kg,,,", "price", "is not a number"),
        ("2021-07-01,540402,market,potato,-2.5,kg,,,", "price", "is below 0"),
        ("2021-07-01,540402,market,potato,0,kg,,,", "price", "is not above 0"),
        ("2021-07-01,540402,market,potato,0.001,t,,,", "price", "is not above 0"),
        ("2021-07-01,540402,market,potato,,kg,,5,", "price", "neither price nor stock"),
        ("2021-07-01,540402,market,potato,2.5,kg,,x,", "sales", "is not a number"),
        ("2021-07-01,540402,market,potato,2.5,kg,,,-1", "stock", "is below 0"),
        (GOOD, "good", "the same date, site, good and kind as line 2"),
        ("2021-07-02,540102,market,potato,2.5,kg,,,", "region", "is in 540402 on line 2: a site has one region"),
    ],
)
def test_a_bad_row_is_named_with_column_and_what_to_do(
    tmp_path: Path, tibet: Catalogue, row: str, column: str, says: str
) -> None:
    sink = Memory()
    with pytest.raises(quotes.BadRows) as found:
        quotes.replay(sink, tibet, sheet(tmp_path, GOOD, row))
    problem = found.value.problems[0]
    assert (problem.file, problem.row, problem.column) == ("quotes.csv", 3, column)
    assert says in problem.english
    assert problem.chinese
    assert "--skip-bad" in str(found.value)
    assert str(problem) in str(found.value)
    assert sink.sent == []


def test_skip_bad_sends_the_rest_and_keeps_the_bad_rows(tmp_path: Path, tibet: Catalogue) -> None:
    bad = "2021-07-02,540402,market,potato,-1,L,,,"
    path = sheet(tmp_path, GOOD, bad, "2021-07-03,540402,market,potato,2.5,kg,,,,,too,many")
    sink = Memory()
    summary = quotes.replay(sink, tibet, path, skip_bad=True)
    assert (summary.lines, summary.skipped) == (1, {quotes.BAD_ROWS: 2})
    with quotes.rejected_path(path).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert quotes.rejected_path(path).name == "quotes.rejected.csv"
    assert ",".join(rows[0][column] for column in HEADER.split(",")) == bad
    assert rows[0]["row"] == "3"
    assert "price" in rows[0]["problem"]
    assert "unit" in rows[0]["problem"]
    assert rows[1]["row"] == "4"


def test_many_problems_are_counted_not_listed(tmp_path: Path, tibet: Catalogue) -> None:
    rows = [f"2021-07-{day:02},540402,market,potato,-1,kg,,," for day in range(1, 31)]
    with pytest.raises(quotes.BadRows, match="30 bad row") as found:
        quotes.replay(Memory(), tibet, sheet(tmp_path, *rows))
    assert len(found.value.problems) == 30
    assert "and 10 more / 另有 10 处" in str(found.value)


@pytest.mark.parametrize("skip", [False, True])
def test_a_file_that_is_no_sheet_is_refused(tmp_path: Path, tibet: Catalogue, *, skip: bool) -> None:
    with pytest.raises(ReplayError, match="column is missing"):
        quotes.replay(Memory(), tibet, sheet(tmp_path, GOOD, header="a,b"), skip_bad=skip)
    with pytest.raises(ReplayError, match="has no rows"):
        quotes.replay(Memory(), tibet, sheet(tmp_path), skip_bad=skip)
    with pytest.raises(ReplayError, match="cannot be read"):
        quotes.replay(Memory(), tibet, tmp_path / "none.csv", skip_bad=skip)
    path = tmp_path / "gbk.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode("gbk"))
    with pytest.raises(ReplayError, match="is not UTF-8"):
        quotes.replay(Memory(), tibet, path, skip_bad=skip)


def test_many_rows_with_more_cells_than_the_header_are_another_format(tmp_path: Path, tibet: Catalogue) -> None:
    rows = [f"{GOOD},,,"] * 30
    with pytest.raises(ReplayError, match="has 12 cells, the header 9"):
        quotes.replay(Memory(), tibet, sheet(tmp_path, GOOD, *rows), skip_bad=True)


def test_final_closes_the_last_date(tmp_path: Path, tibet: Catalogue) -> None:
    sink = Memory()
    summary = quotes.replay(sink, tibet, sheet(tmp_path, GOOD), Playback(final=True))
    assert summary.last is not None
    assert sink.clocks == [(summary.last + 14 * 3600, (), ())]
