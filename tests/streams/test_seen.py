"""What counts once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.seen import Runs, Seen
from streams.snapshot import freeze, unpack

TILL = ("store", "1")


@given(st.lists(st.integers(0, 40)))
def test_runs_are_a_set(numbers: list[int]) -> None:
    runs, known = Runs(), set[int]()
    for number in numbers:
        assert runs.add(number) == (number not in known)
        known.add(number)
    assert [runs.holds(number) for number in range(42)] == [number in known for number in range(42)]
    assert list(runs) == sorted(set(runs)), "neighbours are joined"


@given(st.lists(st.sets(st.integers(0, 40), min_size=1), max_size=5))
def test_many_numbers_at_once_are_the_same_set(groups: list[set[int]]) -> None:
    at_once, one_by_one = Runs(), Runs()
    for group in groups:
        at_once.update(np.array(sorted(group)))
        for number in group:
            one_by_one.add(number)
    assert at_once == one_by_one


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
    assert seen.event(1, "a", "x", [0, 1], whole=True) == [False, False]
    assert seen.event(1, "b", "x", [0], whole=True) == [False]
    assert seen.event(1, "ab", "", [0], whole=True) == [False]
    assert seen.event(1, "a", "x", [0, 1], whole=True) == [True, True]
    assert seen.event(1, "a", "x", [0, 1, 2], whole=True) == [True, True, False], "a line that never came before"
    assert (seen.knows("a", "x"), seen.knows("a", "y")) == (True, False)


#: What comes of an event of up to four lines: which of them were accepted.
ARRIVALS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4), st.sets(st.integers(0, 3))), max_size=60)


@given(ARRIVALS)
def test_digests_remember_as_much_as_sets_of_lines_would(arrivals: list[tuple[int, int, set[int]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.seen.RECENT", 3)
        seen, known = Seen(), set[tuple[int, int]]()
        for event, size, rejected in arrivals:
            lines = [line for line in range(size) if line not in rejected]
            whole = len(lines) == size
            expected = [(event, line) in known for line in lines]
            assert seen.event(1, "sender", f"e{event}", lines, whole=whole) == expected
            known.update((event, line) for line in lines)
        copy = Seen()
        copy.load(unpack(freeze(seen.dump()).pack()))
        assert [copy.knows("sender", f"e{event}") for event in range(31)] == [
            any(each == event for each, _ in known) for event in range(31)
        ]


def test_seven_dates_are_remembered() -> None:
    seen = Seen()
    seen.receipt(1, TILL, 7, [1], whole=True)
    seen.receipt(7, TILL, 1, [1], whole=True)
    assert seen.receipt(1, TILL, 7, [1], whole=True) == [True]
    seen.receipt(8, TILL, 1, [1], whole=True)
    assert 1 not in seen.days


def test_a_snapshot_keeps_everything() -> None:
    seen, copy = Seen(), Seen()
    for till in (TILL, ("other", "2")):
        seen.receipt(1, till, 7, [1, 2], whole=True)
        seen.receipt(1, till, 9, [1], whole=False)
    copy.load(unpack(freeze(seen.dump()).pack()))
    assert copy.receipt(1, TILL, 7, [1], whole=True) == [True]
    assert copy.receipt(1, TILL, 9, [1, 2], whole=True) == [True, False]
    assert copy.receipt(1, ("new", "1"), 9, [1], whole=True) == [False]
    assert copy.size() == seen.size() + 1


def test_tills_that_are_gone_for_seven_dates_are_forgotten() -> None:
    seen = Seen()
    for day in range(1, 30):
        seen.receipt(day, (f"store {day}", "1"), 1, [1], whole=True)
    assert len(seen.dump()["stores"]) <= 8


def test_of_a_receipt_without_lines_nothing_was_seen() -> None:
    seen = Seen()
    assert seen.receipt(1, TILL, 7, [], whole=True) == []
    assert seen.receipt(1, TILL, 7, [1], whole=True) == [False], "sent again with its lines it counts"
    assert seen.receipt(1, TILL, 7, [1, 2], whole=True) == [True, True]
