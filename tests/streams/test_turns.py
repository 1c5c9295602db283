"""Every place gets its turn, and what is forgotten is not delivered."""

from __future__ import annotations

from collections.abc import Iterator

from streams.chunk import Chunk
from streams.turns import Turns


def chunks(partition: int, *firsts: int) -> Iterator[tuple[int, Chunk]]:
    for first in firsts:
        yield first, Chunk("pos.sales", partition, range(first, first + 1), [b""], [None], [()], [0], first + 1)


def places(turns: Turns) -> list[tuple[int, int]]:
    return [(place[1], first) for place, first, _ in turns.round()]


def test_a_place_with_much_to_deliver_does_not_keep_the_others_waiting() -> None:
    turns = Turns()
    turns.add(("pos.sales", 0), chunks(0, 0, 1, 2))
    turns.add(("pos.sales", 1), chunks(1, 7))
    assert [places(turns) for _ in range(2)] == [[(0, 0), (1, 7)], [(0, 1)]]
    turns.add(("pos.sales", 1), chunks(1, 8))
    assert places(turns) == [(0, 2), (1, 8)]
    assert not turns
    assert places(turns) == []


def test_two_fetches_of_a_place_wait_and_the_second_follows_the_first() -> None:
    turns = Turns()
    place = ("pos.sales", 0)
    turns.add(place, chunks(0, 0))
    assert not turns.full
    turns.add(place, chunks(0))
    turns.add(place, chunks(0, 1, 2))
    assert turns.full == {place}
    assert places(turns) == [(0, 0)]
    assert not turns.full
    assert [places(turns) for _ in range(3)] == [[(0, 1)], [(0, 2)], []]


def test_a_chunk_is_begun_with_a_round_before_its_turn() -> None:
    begun = list[int]()
    turns = Turns(lambda chunk: begun.append(chunk.next_offset - 1))
    turns.add(("pos.sales", 0), chunks(0, 0, 1, 2))
    assert begun == [0]
    for _, first, _ in turns.round():
        assert (first, begun) == (0, [0, 1])
    assert places(turns) == [(0, 1)]
    assert begun == [0, 1, 2]
    assert places(turns) == [(0, 2)]
    assert begun == [0, 1, 2]


def test_what_is_forgotten_within_a_round_is_not_delivered() -> None:
    turns = Turns()
    for partition in range(2):
        turns.add(("pos.sales", partition), chunks(partition, 0, 1))
    delivered = []
    for place, first, _ in turns.round():
        delivered.append((place[1], first))
        turns.clear()
    assert delivered == [(0, 0)]
    assert places(turns) == []
