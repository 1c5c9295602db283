"""Columns are spelled out in one of three kinds, and always to the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.columns import Coded, Parts, Repeated, listed, sorted_parts, spread

WORDS = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=4)
CODES = st.lists(st.integers(0, 3), max_size=6)


@st.composite
def column(draw: st.DrawFn, depth: int = 2) -> Any:
    kind = draw(st.sampled_from(["list", "array", "coded", *(["repeated", "parts"] if depth else [])]))
    if kind == "list":
        return draw(st.lists(st.sampled_from(["x", "y", None, 1]), max_size=6))
    if kind == "array":
        return np.array(draw(CODES), np.int64)
    if kind == "coded":
        words = draw(WORDS)
        return Coded(words, np.array([code % len(words) for code in draw(CODES)], np.int64))
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
    assert isinstance(flat, list | np.ndarray | Coded)
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
