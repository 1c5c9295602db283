"""Prices of dates against the quotes: medians over present sites."""

from __future__ import annotations

from typing import Any

import polars as pl

from staplewatch.audit import dates
from staplewatch.audit.report import Tally
from streams.indicators.civil import Civil
from streams.options import Options
from tests.staplewatch.audit.worlds import Answers, frame, problems, scope, tally

CIVIL = Civil("Asia/Shanghai")
COUNTY, OTHER, PREFECTURE = 540402, 540421, 540400
DAY = 20_000
QUOTES = {
    "prefecture": pl.Int64,
    "region": pl.Int64,
    "site": pl.String,
    "good": pl.String,
    "kind": pl.String,
    "day": pl.Int64,
    "at": pl.Int64,
    "price": pl.Int64,
    "order": pl.Int64,
    "line": pl.Int64,
    "late": pl.Boolean,
    "unread": pl.Boolean,
    "doubted": pl.Boolean,
}
ROWS = {
    "region": pl.Int64,
    "good": pl.String,
    "kind": pl.String,
    "day": pl.Int64,
    "price": pl.Float64,
    "sites_present": pl.Int64,
    "sites_fresh": pl.Int64,
}
CLOSED = frame(
    {"prefecture": pl.Int64, "kind": pl.String, "first_day": pl.Int64, "last_day": pl.Int64},
    (PREFECTURE, "retail", DAY, DAY + 2),
)
POTATO = ("potato", "retail")


def quotes(*given: tuple[str, int, int], region: int = COUNTY, late: bool = False) -> pl.DataFrame:
    """Return quotes of (site, date after ``DAY``, price), in this order; the last one is late or not."""
    rows = [
        (
            PREFECTURE,
            region,
            site,
            *POTATO,
            DAY + day,
            number,
            price,
            number,
            0,
            late and number == len(given) - 1,
            False,
            False,
        )
        for number, (site, day, price) in enumerate(given)
    ]
    return frame(QUOTES, *rows)


def recomputed(found: pl.DataFrame) -> dict[tuple[int, int], tuple[float, int, int]]:
    rows = dates.values(found, 3).iter_rows(named=True)
    return {(row["region"], row["day"] - DAY): (row["price"], row["sites_present"], row["sites_fresh"]) for row in rows}


def audit(found: pl.DataFrame, *stored: Any) -> tuple[int, Tally]:
    said = tally()
    wanted = dates.values(found, 3).filter(pl.col("day").is_between(DAY, DAY + 2), region=COUNTY)
    unequal = dates.compare(
        wanted, frame(ROWS, *[(COUNTY, *POTATO, DAY + day, *values) for day, *values in stored]), CLOSED, said
    )
    behind = dates.behind_rows(unequal, found, 3, CIVIL, 7200)
    return dates.judge(unequal, behind, said), said


def test_a_sites_latest_quote_stands_for_three_dates() -> None:
    found = recomputed(quotes(("a", 0, 50_000), ("b", 1, 70_000), ("c", 1, 80_000)))
    assert found[COUNTY, 0] == (5.0, 1, 1)
    assert found[COUNTY, 1] == (7.0, 3, 2)
    assert found[COUNTY, 2] == (7.0, 3, 0)
    assert found[COUNTY, 3] == (7.5, 2, 0)
    assert (COUNTY, 4) not in found


def test_the_last_quote_of_a_date_counts_and_the_prefecture_is_over_all_sites() -> None:
    both = pl.concat(
        [quotes(("a", 0, 50_000), ("a", 0, 60_000)), quotes(("a", 0, 90_000), ("b", 0, 90_000), region=OTHER)]
    )
    found = recomputed(both)
    assert (found[COUNTY, 0], found[OTHER, 0], found[PREFECTURE, 0]) == ((6.0, 1, 1), (9.0, 2, 2), (9.0, 3, 3))


def test_equal_rows_agree_and_dates_outside_are_not_compared() -> None:
    excused, said = audit(quotes(("a", -3, 30_000), ("a", 0, 50_000)), (0, 5.0, 1, 1), (1, 5.0, 1, 0), (2, 5.0, 1, 0))
    assert (excused, said.compared, problems(said)) == (0, 3, [])


def test_a_date_on_which_no_site_is_present_may_have_a_row_that_says_so() -> None:
    rows = [(0, 5.0, 1, 1), (1, 5.0, 1, 0), (2, 5.0, 1, 0)]
    assert problems(audit(quotes(("a", 0, 50_000)), *rows)[1]) == []
    gone = audit(quotes(("a", -9, 50_000)), (1, None, 0, 0))
    assert problems(gone[1]) == []


def test_another_price_or_number_of_sites_is_found() -> None:
    rows = [(0, 5.0, 1, 1), (1, 5.0001, 1, 0), (2, 5.0, 2, 0)]
    said = audit(quotes(("a", 0, 50_000)), *rows)[1]
    where = "540402 potato retail 2024-10-0"
    assert problems(said) == [
        (
            "date_different",
            f"{where}5",
            "price=5.0 sites_present=1 sites_fresh=0",
            "price=5.0001 sites_present=1 sites_fresh=0",
        ),
        (
            "date_different",
            f"{where}6",
            "price=5.0 sites_present=1 sites_fresh=0",
            "price=5.0 sites_present=2 sites_fresh=0",
        ),
    ]


def test_a_missing_row_is_found() -> None:
    said = audit(quotes(("a", 0, 50_000)), (0, 5.0, 1, 1), (1, 5.0, 1, 0))[1]
    assert [each[0] for each in problems(said)] == ["date_missing"]


def test_a_row_that_would_be_right_without_the_late_quote_waits_for_it() -> None:
    found = quotes(("a", 2, 50_000), ("b", 2, 70_000), late=True)
    assert audit(found, (2, 5.0, 1, 1))[0] == 1
    assert audit(found, (2, 7.0, 1, 1))[0] == 0
    assert audit(quotes(("a", 2, 50_000), ("b", 2, 70_000)), (2, 5.0, 1, 1))[0] == 0


HELD = {"kind": pl.String, "region": pl.Int64, "site": pl.String, "good": pl.String} | dict.fromkeys(
    ("day", "at", "price"), pl.Int64
)


def test_quotes_that_are_held_back_do_not_count_and_confirmed_ones_may_not_yet() -> None:
    sent = quotes(("a", 0, 40_000), ("b", 0, 400_000), ("c", 0, 500_000)).select(*HELD)
    held = sent.with_columns(state=pl.Series(["corrected", "waiting", "confirmed"])).slice(1)
    answers = Answers(
        {"audit_quotes": lambda _: sent.to_dicts(), "audit_suspects": lambda _: held.to_dicts()},
        {"audit_quotes": HELD, "audit_suspects": HELD | {"state": pl.String}},
    )
    found = {
        quarantine: dates.counting(scope(answers, options=Options(quarantine=quarantine)), DAY, DAY + 1)
        for quarantine in (True, False)
    }
    assert found[True].select("site", "doubted").rows() == [("a", False), ("c", True)]
    assert found[False].select("site", "doubted").rows() == [("a", False), ("b", False), ("c", False)]


def test_a_row_that_lacks_a_confirmed_quote_waits_to_be_corrected() -> None:
    sent = quotes(("a", 0, 40_000), ("b", 0, 400_000)).with_columns(doubted=pl.Series([False, True]))
    pending, said = audit(sent, (0, 4.0, 1, 1), (1, 22.0, 2, 0), (2, 22.0, 2, 0))
    assert (pending, problems(said)) == (1, [])
    pending, said = audit(sent, (0, 5.0, 1, 1), (1, 22.0, 2, 0), (2, 22.0, 2, 0))
    assert (pending, len(problems(said))) == (0, 1)
