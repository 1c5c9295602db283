"""Which of two alert records of one key takes the other's place."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from schemas.events import Acknowledged, Alert, AsOf, Inhibited
from tests.streams.alerts.actions import alert

MARK = Acknowledged("扎西", "2022-08-08T02:01:00Z")


def newest(*read: Alert) -> Alert:
    """Return what a consumer keeps of records read in this order."""
    kept = read[0]
    for each in read[1:]:
        kept = each if each.supersedes(kept) else kept
    return kept


def at(position: int, second: int = 100, **changes: Any) -> Alert:
    return alert(as_of=AsOf(changes.pop("ordinal", 1), position, second), **changes)


def test_of_two_transitions_the_later_position_counts_whatever_the_actions() -> None:
    first, second = at(10, actions_offset=7, acknowledged=MARK), at(11, seq=2, level="red")
    for order in itertools.permutations([first, second]):
        assert newest(*order) == second


def test_a_mark_comes_with_a_higher_position() -> None:
    first, marked = at(10), at(11, acknowledged=MARK, actions_offset=1)
    for order in itertools.permutations([first, marked]):
        assert newest(*order) == marked


def test_what_is_done_after_a_kill_counts_although_the_position_is_lower() -> None:
    """The worker published at 150, died with 51 stored, and meets an action before it has read up to 150 again."""
    before, after = at(150, acknowledged=MARK, actions_offset=1), at(52, 130, actions_offset=2)
    assert newest(before, after) == after
    assert newest(before, after, at(100, 131, actions_offset=2)).actions_offset == 2


def test_a_worker_that_was_killed_does_not_bring_back_what_was_before_its_actions() -> None:
    marked, republished = at(150, acknowledged=MARK, actions_offset=1), at(149, 130)
    assert newest(marked, republished) == marked


def test_of_equal_records_the_one_read_later_counts() -> None:
    """Several steps of one second at one position: a prefecture fires and ends, and nothing else moves."""
    covered = at(10, inhibited=Inhibited("above", "qingdao-2014|540400|potato", "orange"))
    assert newest(at(10), covered) == covered
    assert newest(at(10), covered, at(10)) == at(10)


@pytest.mark.parametrize("actions", [0, 3])
def test_another_broker_counts_its_actions_anew(actions: int) -> None:
    before, after = at(900, actions_offset=50), at(1, ordinal=2, actions_offset=actions)
    for order in itertools.permutations([before, after]):
        assert newest(*order) == after


def test_marks_that_are_not_there_take_no_room_on_the_wire() -> None:
    plain = msgspec.to_builtins(alert())
    assert not {"acknowledged", "silenced", "inhibited", "actions_offset"} & plain.keys()
