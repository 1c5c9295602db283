"""Nothing is skipped silently: gaps are read again once, then accepted and told."""

from __future__ import annotations

from streams.positions import Positions, Verdict

PLACE = ("pos.sales", 0)


def at(offset: int) -> Positions:
    positions = Positions()
    positions.reset({PLACE: offset})
    return positions


def test_the_next_records_are_delivered() -> None:
    positions = at(5)
    assert positions.judge(PLACE, 5, 9) is Verdict.DELIVER
    positions.advance(PLACE, 9)
    assert positions.judge(PLACE, 9, 10) is Verdict.DELIVER


def test_records_read_before_are_dropped_and_an_overlap_is_delivered() -> None:
    assert at(5).judge(PLACE, 0, 5) is Verdict.DROP
    assert at(5).judge(PLACE, 3, 6) is Verdict.DELIVER


def test_places_that_are_not_ours_are_dropped() -> None:
    positions = at(5)
    assert positions.judge(("pos.sales", 1), 0, 5) is Verdict.DROP
    positions.advance(("pos.sales", 1), 5)
    assert positions.expected(("pos.sales", 1)) is None


def test_a_gap_is_read_again_once_and_then_accepted() -> None:
    positions = at(5)
    assert positions.judge(PLACE, 7, 9) is Verdict.REWIND
    positions.reset({PLACE: 5})
    assert positions.judge(PLACE, 7, 9) is Verdict.ACCEPT_GAP


def test_a_gap_that_was_only_a_race_is_forgotten() -> None:
    positions = at(5)
    assert positions.judge(PLACE, 7, 9) is Verdict.REWIND
    positions.reset({PLACE: 5})
    assert positions.judge(PLACE, 5, 9) is Verdict.DELIVER
    positions.advance(PLACE, 9)
    assert positions.judge(PLACE, 12, 13) is Verdict.REWIND


def test_a_reset_elsewhere_forgets_the_rewind() -> None:
    positions = at(5)
    positions.judge(PLACE, 7, 9)
    positions.reset({PLACE: 6})
    assert positions.judge(PLACE, 7, 9) is Verdict.REWIND
