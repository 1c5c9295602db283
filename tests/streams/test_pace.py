"""Large states are stored less often, and never all at once."""

from __future__ import annotations

from streams.pace import SLOTS, Pace


def pace() -> Pace:
    return Pace(least=60.0, most=600.0, rate=1000.0)


def test_a_small_state_is_stored_every_minute() -> None:
    made = pace()
    assert made.due(1, {"a": 1}, 0.0)
    made.take(1, {"a": 1}, 0.0, 0.001)
    made.packed(1, 500, 0.01)
    assert not made.due(1, {"a": 2}, 59.0)
    assert made.due(1, {"a": 2}, 60.0)


def test_a_state_that_did_not_move_is_not_stored_again() -> None:
    made = pace()
    made.take(1, {"a": 1}, 0.0, 0.001)
    assert not made.due(1, {"a": 1}, 1000.0)


def test_what_costs_more_comes_less_often_but_never_less_often_than_the_bound() -> None:
    by_bytes, by_pause, by_packing, huge = pace(), pace(), pace(), pace()
    by_bytes.take(1, {}, 0.0, 0.0)
    by_bytes.packed(1, 90_000, 0.0)
    by_pause.take(1, {}, 0.0, 0.2)
    by_pause.packed(1, 1, 0.0)
    by_packing.take(1, {}, 0.0, 0.0)
    by_packing.packed(1, 1, 3.0)
    huge.take(1, {}, 0.0, 9.0)
    huge.packed(1, 10**9, 99.0)
    for made, due in ((by_bytes, 90.0), (by_pause, 100.0), (by_packing, 150.0), (huge, 600.0)):
        assert not made.due(1, {"a": 1}, due - 1)
        assert made.due(1, {"a": 1}, due + 1)


def test_partitions_are_spread_and_slots_go_round() -> None:
    made = pace()
    for partition in (0, 4):
        made.adopt(partition, 0.0)
    assert made.due(0, {"a": 1}, 31.0)
    assert not made.due(4, {"a": 1}, 31.0)
    slots = [made.take(0, {"a": number}, float(number), 0.0) for number in range(SLOTS + 1)]
    assert slots == [0, 1, 2, 3, 0]


def test_a_partition_that_went_away_meanwhile_is_nobodys() -> None:
    made = pace()
    made.take(1, {}, 0.0, 0.0)
    made.forget(1)
    made.packed(1, 10, 1.0)
    assert made.due(1, {"a": 1}, 0.0)


def test_a_partition_that_was_pressed_is_due_at_once_until_its_state_is_taken() -> None:
    pace = Pace(60.0, 600.0, 1e6)
    pace.adopt(0, 0.0)
    assert not pace.due(0, {"a": 1}, 1.0)
    pace.press(0)
    assert pace.due(0, {"a": 1}, 1.0)
    assert pace.is_pressed(0)
    pace.take(0, {"a": 1}, 1.0, 0.001)
    assert not pace.is_pressed(0)
    assert not pace.due(0, {"a": 2}, 2.0)
    pace.press(0)
    pace.forget(0)
    assert not pace.is_pressed(0)
