"""Topics and the partition of a prefecture."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.catalogue import load


def test_the_seven_prefectures_over_12_partitions() -> None:
    placed = {code: topics.partition_of(code, topics.PARTITIONS) for code in load().prefectures}
    # 5425 - 5401 is 24, a multiple of 12: Ngari shares a partition with Lhasa.
    assert placed == {540100: 1, 540200: 2, 540300: 3, 540400: 4, 540500: 5, 540600: 6, 542500: 1}


def test_the_seven_prefectures_use_all_4_partitions() -> None:
    used = Counter(topics.partition_of(code, topics.PARTITIONS_EMBEDDED) for code in load().prefectures)
    assert used == {0: 1, 1: 3, 2: 2, 3: 1}


def test_provinces_and_the_nation_are_on_partition_0() -> None:
    assert [topics.partition_of(code, 12) for code in (540000, 500000, 0)] == [0, 0, 0]


@given(st.integers(1001, 9999).map(lambda prefix: prefix * 100), st.integers(1, 1000))
def test_a_partition_is_in_range(prefecture: int, partitions: int) -> None:
    assert 0 <= topics.partition_of(prefecture, partitions) < partitions


def test_every_topic_is_listed_once() -> None:
    assert len(set(topics.ALL)) == len(topics.ALL)
    assert set(topics.INPUT_NAMES.values()) == set(topics.INPUTS)
    assert set(topics.TIMED_NAMES.values()) == set(topics.TIMED)
    assert set(topics.INPUTS) < set(topics.CONSUMED) < set(topics.ALL)
    assert set(topics.COMPACTED) < set(topics.ALL)


def test_a_dead_letter_has_room_for_the_largest_record() -> None:
    assert topics.MAX_DEAD_LETTER_BYTES >= topics.MAX_MESSAGE_BYTES + topics.MIB
