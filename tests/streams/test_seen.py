"""What counts once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.columns import Coded
from streams.runs import Runs
from streams.seen import Seen
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
    assert seen.event("stock", 1, "a", "x", [0, 1], whole=True) == [False, False]
    assert seen.event("stock", 1, "b", "x", [0], whole=True) == [False]
    assert seen.event("stock", 1, "ab", "", [0], whole=True) == [False]
    assert seen.event("stock", 1, "a", "x", [0, 1], whole=True) == [True, True]
    assert seen.event("stock", 1, "a", "x", [0, 1, 2], whole=True) == [True, True, False], "a new line"
    assert (seen.knows("a", "x"), seen.knows("a", "y")) == (True, False)


#: What comes of an event of up to four lines: which of them were accepted.
ARRIVALS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4), st.sets(st.integers(0, 3))), max_size=60)


@given(ARRIVALS)
def test_digests_remember_as_much_as_sets_of_lines_would(arrivals: list[tuple[int, int, set[int]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.digests.RECENT", 3)
        seen, known = Seen(), set[tuple[int, int]]()
        for event, size, rejected in arrivals:
            lines = [line for line in range(size) if line not in rejected]
            whole = len(lines) == size
            expected = [(event, line) in known for line in lines]
            assert seen.event("stock", 1, "sender", f"e{event}", lines, whole=whole) == expected
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
    assert seen.receipt(1, TILL, 7, [1], whole=True) == [False]


def test_dates_that_were_over_when_they_came_are_remembered_together() -> None:
    seen = Seen()
    seen.receipt(100, TILL, 1, [1], whole=True)
    for _ in range(2):
        for day in range(10, 17):
            seen.receipt(day, TILL, 1, [1], whole=True)
    assert [seen.receipt(day, TILL, 1, [1], whole=True) for day in (10, 16, 100)] == [[True]] * 3
    seen.receipt(17, TILL, 1, [1], whole=True)
    assert [seen.receipt(day, TILL, 1, [1], whole=True) for day in (10, 100)] == [[False], [True]]


def test_inputs_that_are_read_ahead_let_nothing_of_others_be_forgotten() -> None:
    seen = Seen()
    seen.receipt(1, TILL, 7, [1], whole=True)
    seen.event("stock", 1, "a", "x", [0], whole=True)
    seen.event("quotes", 30, "a", "y", [0], whole=True)
    for day in (2, 1):
        seen.receipt(day, TILL, 8, [1], whole=True)
    assert seen.receipt(1, TILL, 7, [1], whole=True) == [True]
    assert seen.event("stock", 1, "a", "x", [0], whole=True) == [True]


def test_a_till_that_comes_back_after_seven_dates_is_the_same_for_every_way_of_noting() -> None:
    seen = Seen()
    seen.receipt(1, TILL, 1, [1], whole=True)
    assert seen.whole([9], [TILL], [5], [1], [1]) == ([False], {})
    assert seen.receipt(9, TILL, 5, [1], whole=True) == [True]
    assert seen.whole([9, 9], [("new", "1"), TILL], [5, 5], [1, 1], [1, 1]) == ([False, True], {})


def test_a_rebuild_over_more_than_seven_dates_remembers_tills_of_the_first_and_the_last() -> None:
    seen = Seen()
    days = np.array([1, *range(3, 10), 10, 10])
    seen.receipts(days, [TILL, ("other", "1"), ("late", "1")], np.array([0, *[1] * 7, 0, 2]), np.full(len(days), 4))
    assert [seen.receipt(10, till, 4, [1], whole=True) for till in (TILL, ("late", "1"))] == [[True], [True]]


#: Receipts as they come: date, till, sequence number.
SOLD = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2), st.integers(0, 3)), max_size=80)


@given(SOLD, st.integers(0, 80), st.booleans())
def test_within_seven_dates_every_receipt_counts_once(
    sold: list[tuple[int, int, int]], cut: int, restored: bool
) -> None:
    seen, known, newest = Seen(), set[tuple[int, int, int]](), -1
    for number, (day, till, sequence) in enumerate(sold):
        if number == cut and restored:
            kept, seen = seen, Seen()
            seen.load(unpack(freeze(kept.dump()).pack()))
        name = (f"store {till}", "1")
        if number % 2:
            (repeat,), _ = seen.whole([day], [name], [sequence], [1], [1])
        else:
            (repeat,) = seen.receipt(day, name, sequence, [1], whole=True)
        newest = max(newest, day)
        if day > newest - 7:
            assert repeat == ((day, till, sequence) in known)
        known = {one for one in known if one[0] > newest - 7} | {(day, till, sequence)}


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


@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 12)), min_size=1, max_size=30),
        max_size=6,
    ),
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=3),
)
def test_till_by_till_is_the_same_as_one_by_one(
    chunks: list[list[tuple[int, int, int]]], parts: set[tuple[int, int]]
) -> None:
    names = [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")]  # two senders may name one till
    one, many = Seen(), Seen()
    for seen in (one, many):
        for place, number in sorted(parts):
            seen.receipt(1, names[place], number, [2], whole=False)
    for rows in chunks:
        days, till, sequence = (np.array(column) for column in zip(*sorted(rows), strict=True))
        counts, lines = np.full(len(rows), 2), np.tile([1, 2], len(rows))
        columns = (days.tolist(), [names[each] for each in till], sequence.tolist(), counts.tolist(), lines.tolist())
        expected = one.whole(*columns)
        found = many.in_turn(days, Coded(names, till), sequence, counts, lines)
        assert (list(found[0]), found[1]) == (expected[0], expected[1])
        assert str(many.dump()) == str(one.dump())
