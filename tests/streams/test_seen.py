"""What counts once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.seen import Runs, Seen

TILL = ("store", "1")


@given(st.lists(st.integers(0, 40)))
def test_runs_are_a_set(numbers: list[int]) -> None:
    runs, known = Runs(), set[int]()
    for number in numbers:
        assert runs.add(number) == (number not in known)
        known.add(number)
    assert [number in runs for number in range(42)] == [number in known for number in range(42)]
    gaps = [start - end for start, end in zip(runs.starts[1:], runs.ends, strict=False)]
    assert all(gap > 1 for gap in gaps), "neighbours are joined"


def test_a_receipt_sent_again_is_a_repeat() -> None:
    seen = Seen()
    assert seen.receipt(1, TILL, 7, [1, 2], whole=True) == [False, False]
    assert seen.receipt(1, TILL, 7, [1, 2], whole=True) == [True, True]
    assert seen.receipt(2, TILL, 7, [1, 2], whole=True) == [False, False], "numbers begin anew every date"


def test_the_line_that_was_rejected_counts_when_it_is_replayed() -> None:
    seen = Seen()
    assert seen.receipt(1, TILL, 7, [1, 3], whole=False) == [False, False]
    assert seen.receipt(1, TILL, 7, [1, 2, 3], whole=True) == [True, False, True]
    assert seen.receipt(1, TILL, 7, [1, 2, 3], whole=True) == [True, True, True]


def test_a_line_number_used_twice_in_a_receipt_counts_once() -> None:
    assert Seen().receipt(1, TILL, 7, [1, 1], whole=True) == [False, True]


def test_other_events_are_known_by_sender_and_id() -> None:
    seen = Seen()
    assert seen.event(1, "a", "x", [0, 1]) == [False, False]
    assert seen.event(1, "b", "x", [0]) == [False]
    assert seen.event(1, "a", "x", [1, 2]) == [True, False]


def test_seven_dates_are_remembered() -> None:
    seen = Seen()
    seen.receipt(1, TILL, 7, [1], whole=True)
    seen.receipt(7, TILL, 1, [1], whole=True)
    assert seen.receipt(1, TILL, 7, [1], whole=True) == [True]
    seen.receipt(8, TILL, 1, [1], whole=True)
    assert 1 not in seen.days


def test_a_snapshot_keeps_everything() -> None:
    seen, copy = Seen(), Seen()
    seen.receipt(1, TILL, 7, [1, 2], whole=True)
    seen.receipt(1, TILL, 9, [1], whole=False)
    copy.load(seen.dump())
    assert copy.dump() == seen.dump()
    assert copy.size() == seen.size() == 2
