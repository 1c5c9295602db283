"""Log ends against progress."""

from __future__ import annotations

from schemas.topics import CLOCK, SALES
from staplewatch.audit import log
from streams.reader import Bounds
from tests.staplewatch.audit.worlds import problems, tally


def test_logs_that_are_read_to_their_ends_agree() -> None:
    found = tally()
    log.check({(SALES, 0): Bounds(0, 7), (CLOCK, 0): Bounds(0, 0)}, {(SALES, 0): 7}, found, waited=True)
    assert (found.compared, problems(found), found.notes) == (2, [], [])


def test_what_is_not_read_yet_is_wrong_only_after_waiting() -> None:
    bounds, reached = {(SALES, 0): Bounds(0, 7)}, {(SALES, 0): 4}
    before, after = tally(), tally()
    log.check(bounds, reached, before, waited=False)
    log.check(bounds, reached, after, waited=True)
    assert (problems(before), before.notes[0].en) == ([], "3 records are not read yet")
    assert problems(after) == [("lag", "pos.sales/0", "7", "4")]
    assert after.disagreements == 3


def test_progress_beyond_the_end_is_found() -> None:
    found = tally()
    log.check({(SALES, 0): Bounds(0, 7)}, {(SALES, 0): 9}, found, waited=False)
    assert problems(found) == [("beyond", "pos.sales/0", "<= 7", "9")]


def test_progress_of_a_place_that_does_not_exist_is_found() -> None:
    found = tally()
    log.check({(SALES, 0): Bounds(0, 7)}, {(SALES, 0): 7, (SALES, 12): 3}, found, waited=False)
    assert problems(found) == [("nowhere", "pos.sales/12", "-", "3")]


def test_records_deleted_before_they_were_read_are_found() -> None:
    found = tally()
    log.check({(SALES, 0): Bounds(5, 7), (SALES, 1): Bounds(5, 7)}, {(SALES, 0): 3}, found, waited=False)
    assert problems(found) == [("gone", "pos.sales/0 @3-4", "3", "5")]


def test_waiting_ends_when_all_is_read_or_the_time_is_over() -> None:
    bounds, offsets, now = {(SALES, 0): Bounds(2, 7)}, iter([2, 5, 7]), [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    log.wait(lambda: {(SALES, 0): next(offsets)}, bounds, 10.0, clock=lambda: now[0], sleep=sleep)
    assert now[0] == 2 * log.LOOK_SECONDS
    log.wait(lambda: {(SALES, 0): 2}, bounds, 10.0, clock=lambda: now[0], sleep=sleep)
    assert now[0] >= 10.0
