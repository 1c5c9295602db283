"""Sums of 5 minutes against the raw rows."""

from __future__ import annotations

from typing import Any

import polars as pl

from staplewatch.audit import buckets
from staplewatch.audit.report import Tally
from streams.indicators.civil import BUCKET
from tests.staplewatch.audit.worlds import frame, problems, tally

COUNTY, OTHER, PREFECTURE = 540402, 540421, 540400
ROWS = {"region": pl.Int64, "good": pl.String, **dict.fromkeys(("bucket", *buckets.SUMS), pl.Int64)}
LINES = {
    "prefecture": pl.Int64,
    "region": pl.Int64,
    "good": pl.String,
    "bucket": pl.Int64,
    "order": pl.Int64,
    "line": pl.Int64,
    "amount": pl.Int64,
    "quantity": pl.Int64,
    "late": pl.Boolean,
    "unread": pl.Boolean,
}
CLOSED = frame({"prefecture": pl.Int64, "until": pl.Int64}, (PREFECTURE, 20 * BUCKET))
POTATO = (COUNTY, "potato", 7)
WHERE = "540402 potato 1970-01-01T00:40:00Z"
SUMS = "amount=90 quantity=30 lines=3"


def compare(wanted: list[Any], found: list[Any]) -> tuple[pl.DataFrame, Tally]:
    said = tally()
    return buckets.compare(frame(ROWS, *wanted), frame(ROWS, *found), CLOSED, said), said


def short(*found: Any) -> tuple[pl.DataFrame, Tally]:
    """Compare three lines of 10, 30 and 50 with a row that has other sums."""
    return compare([(*POTATO, 90, 30, 3)], list(found))


def lines(*late: bool, unread: bool = False) -> pl.DataFrame:
    """Return those three lines, each late or not, the last perhaps not yet read."""
    rows = [
        (PREFECTURE, *POTATO, number, 0, amount, 10, each, unread and number == 2)
        for number, (amount, each) in enumerate(zip((10, 30, 50), late, strict=True))
    ]
    return frame(LINES, *rows)


def judged(found: list[Any], seen: pl.DataFrame) -> tuple[int, Tally]:
    unequal, said = short(*found)
    return buckets.judge(unequal, seen, said).height, said


def test_equal_sums_agree_and_the_prefecture_is_the_sum_of_its_counties() -> None:
    counties = frame(
        {"prefecture": pl.Int64, **ROWS}, (PREFECTURE, *POTATO, 1, 2, 3), (PREFECTURE, 540421, *POTATO[1:], 10, 20, 30)
    )
    wanted = buckets.with_prefectures(counties)
    assert wanted.filter(region=PREFECTURE).rows() == [(PREFECTURE, "potato", 7, 11, 22, 33)]
    said = tally()
    assert buckets.compare(wanted, wanted, CLOSED, said).is_empty()
    assert (said.compared, problems(said)) == (3, [])


def test_a_row_without_sales_says_nothing() -> None:
    unequal, said = compare([], [(*POTATO, 0, 0, 0)])
    assert (unequal.height, problems(said)) == (0, [])


def test_an_altered_amount_is_found() -> None:
    unequal, said = short((*POTATO, 91, 30, 3))
    assert unequal.is_empty()
    assert problems(said) == [("sum_different", WHERE, SUMS, "amount=91 quantity=30 lines=3")]


def test_a_row_that_counts_more_than_there_is_was_left_by_lost_rows() -> None:
    unequal, said = short((*POTATO, 120, 40, 4))
    assert unequal.is_empty()
    assert problems(said) == [("sum_unfounded", WHERE, SUMS, "amount=120 quantity=40 lines=4")]


def test_what_is_not_closed_is_not_compared() -> None:
    open_bucket = (COUNTY, "potato", 20)
    unequal, said = compare([(*open_bucket, 90, 30, 3), (*POTATO[:2], 19, 90, 30, 3)], [])
    assert (unequal["bucket"].to_list(), said.compared) == ([19], 1)


def test_a_missing_row_is_found() -> None:
    excused, said = judged([], lines(False, False, True))
    assert (excused, problems(said)) == (0, [("sum_missing", WHERE, SUMS, "-")])


def test_a_missing_row_of_late_sales_waits_for_them() -> None:
    assert judged([], lines(True, True, True))[0] == 1


def test_a_row_that_lacks_a_sale_in_time_is_found() -> None:
    excused, said = judged([(*POTATO, 40, 20, 2)], lines(False, False, False))
    assert (excused, problems(said)) == (0, [("sum_different", WHERE, SUMS, "amount=40 quantity=20 lines=2")])


def test_a_row_that_lacks_the_last_sale_waits_when_that_was_late_or_is_unread() -> None:
    assert judged([(*POTATO, 40, 20, 2)], lines(False, False, True))[0] == 1
    assert judged([(*POTATO, 40, 20, 2)], lines(False, False, False, unread=True))[0] == 1


def test_late_sales_do_not_excuse_a_sum_that_no_beginning_of_them_has() -> None:
    excused, said = judged([(*POTATO, 41, 20, 2)], lines(True, True, True))
    assert (excused, [each[0] for each in problems(said)]) == (0, ["sum_different"])


def test_rows_of_the_prefecture_are_judged_by_all_its_counties() -> None:
    mine = lines(False, False, True)
    others = mine.with_columns(region=pl.lit(OTHER, pl.Int64), order=pl.col("order") + 10)
    unequal, said = compare([(PREFECTURE, "potato", 7, 180, 60, 6)], [(PREFECTURE, "potato", 7, 130, 50, 5)])
    assert buckets.judge(unequal, pl.concat([mine, others]), said).height == 1
    assert problems(said) == []
