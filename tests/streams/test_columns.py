"""Columns are spelled out in one of three kinds, and always to the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.columns import Coded, Nullable, Parts, Remembered, Repeated, listed, sorted_parts, spread

WORDS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=4)
CODES = st.lists(st.integers(0, 3), max_size=6)


@st.composite
def column(draw: st.DrawFn, depth: int = 2) -> Any:
    kind = draw(st.sampled_from(["list", "array", "coded", "nullable", *(["repeated", "parts"] if depth else [])]))
    if kind == "list":
        return draw(st.lists(st.sampled_from(["x", "y", None, 1]), max_size=6))
    if kind == "array":
        return np.array(draw(CODES), np.int64)
    if kind == "coded":
        words = draw(WORDS)
        return Coded(words, np.array([code % len(words) for code in draw(CODES)], np.int64))
    if kind == "nullable":
        numbers = np.array(draw(CODES), np.int64)
        return Nullable(numbers, numbers == draw(st.integers(0, 3)))
    if kind == "repeated":
        values = draw(column(depth - 1))
        counts = draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
        return Repeated(values, counts, sum(counts))
    found = Parts()
    for part in draw(st.lists(column(depth - 1), min_size=1, max_size=3)):
        found.append(part)
    return found


@given(column())
def test_spread_stands_for_the_same_values(found: Any) -> None:
    flat = spread(found)
    assert isinstance(flat, list | np.ndarray | Coded | Nullable)
    assert listed(flat) == listed(found)


def test_words_that_parts_share_are_kept_once() -> None:
    words, parts = ["a", "b"], Parts()
    for codes in ([0, 1], [1]):
        parts.append(Coded(words, np.array(codes)))
    parts.append(Coded(["c"], np.array([0])))
    flat = spread(parts)
    assert (flat.words, flat.codes.tolist()) == (["a", "b", "c"], [0, 1, 1, 2])


def test_parts_are_sorted_by_one_column_and_stay_together() -> None:
    columns = {"partition": Parts(), "offset": Parts()}
    for partition, offsets in ((2, [7, 8]), (0, [1]), (2, [9]), (0, [2])):
        columns["partition"].append(Repeated.of(partition, len(offsets)))
        columns["offset"].append(offsets)
    found = {name: listed(values) for name, values in sorted_parts(columns, "partition").items()}
    assert found == {"partition": [0, 0, 2, 2, 2], "offset": [1, 2, 7, 8, 9]}
    assert listed(columns["offset"]) == [7, 8, 1, 9, 2]


def test_words_may_be_added_to_while_parts_wait() -> None:
    words, parts = ["a", "b"], Parts()
    parts.append(Coded(words, np.array([1, 0])))
    words.append("c")
    parts.append(Coded(words, np.array([2, 1])))
    parts.append(Coded(["x"], np.array([0])))
    parts.append(Coded(words, np.array([2])))
    assert listed(spread(parts)) == ["b", "a", "c", "b", "x", "c"]


@given(column())
def test_own_words_are_those_that_occur(found: Any) -> None:
    if isinstance(found, Coded):
        own = found.own()
        assert (own.tolist(), len(own.words)) == (found.tolist(), len(set(found.codes.tolist())))


def test_a_function_is_asked_once_for_as_long_as_the_words_are_the_same() -> None:
    asked: list[tuple[int, str]] = []

    def number(value: int, name: str) -> int:
        asked.append((value, name))
        return value * 10

    remembered, values, names, codes = Remembered(number), [7, 8, 9], ["a", "b", "c"], np.array([1, 1, 0])
    assert remembered.of(Coded(values, codes), Coded(names, codes)).tolist() == [80, 80, 70]
    assert asked == [(8, "b"), (7, "a")], "once each, in the order of the rows"
    values.append(5)
    names.append("d")
    codes = np.array([3, 0])
    assert remembered.of(Coded(values, codes), Coded(names, codes)).tolist() == [50, 70]
    assert asked[2:] == [(5, "d")]
    assert remembered.of(Coded([*values], codes), Coded(names, codes)).tolist() == [50, 70]
    assert len(asked) == 5, "of other words nothing is known"
