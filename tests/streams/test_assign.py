"""A partition number goes to one worker for all topics, and a slot gets the same again."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streams.assign import Together, share


def test_shares_are_even_and_follow_the_slots() -> None:
    assert share(range(5), [("1", "b"), ("0", "a")]) == {"a": [0, 2, 4], "b": [1, 3]}
    assert share(range(2), [("0", "a"), ("1", "b"), ("2", "c")]) == {"a": [0], "b": [1], "c": []}


@pytest.mark.parametrize("known", [{0, 1, 2}, {0}, set(), None])
def test_all_partitions_are_shared_out_whatever_the_client_knows_of_the_cluster(known: set[int] | None) -> None:
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: known)
    members = {name: Together(slot, 3).metadata(["b", "a"]) for name, slot in (("x", "1"), ("y", "0"))}
    found = Together("0", 3).assign(cluster, members)
    assert dict(found["y"].assignment) == {"a": [0, 2], "b": [0, 2]}
    assert dict(found["x"].assignment) == {"a": [1], "b": [1]}
