"""Arrays and coded columns are stored as the lists that they stand for, on every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.blocks import written
from warehouse.coded import Words
from warehouse.engine import Engine
from warehouse.errors import WarehouseError
from warehouse.statements import Statement
from warehouse.values import date_of

LONG = "糌粑" * 100  # 600 bytes: a length of two bytes


def coded(words: list[Any], codes: list[int]) -> Any:
    return Words(words, np.array(codes, np.int64))


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("UInt16", np.array([0, 65_535, 7]), [0, 65_535, 7]),
        ("Int64", np.array([-(2**63), 2**63 - 1, 0]), [-(2**63), 2**63 - 1, 0]),
        ("UInt64", np.array([2**64 - 1, 0, 1], np.uint64), [2**64 - 1, 0, 1]),
        ("Float64", np.array([0.1, -2.5, 3.0]), [0.1, -2.5, 3.0]),
        ("UInt8", np.array([True, False, True]), [1, 0, 1]),
        ("Date", np.array([0, 65_535, 17_246]), [date_of(day) for day in (0, 65_535, 17_246)]),
        ("Date", coded([17_246, 17_247], [1, 0, 1]), [date_of(day) for day in (17_247, 17_246, 17_247)]),
        ("UInt32", coded([540_402, 540_102], [1, 1, 0]), [540_102, 540_102, 540_402]),
        ("Nullable(Int64)", coded([None, -5], [0, 1, 0]), [None, -5, None]),
        ("Nullable(Int64)", np.array([1, 2, 3]), [1, 2, 3]),
        ("String", coded(["", LONG, "a'b"], [1, 0, 2]), [LONG, "", "a'b"]),
        ("LowCardinality(String)", coded(["b", "unused", "a", "b"], [0, 2, 3]), ["b", "a", "b"]),
        ("LowCardinality(String)", coded([LONG], [0, 0, 0]), [LONG] * 3),
    ],
)
def test_columns_come_back_as_they_were(
    house: Engine, table: Callable[[str], str], kind: str, values: Any, expected: list[Any]
) -> None:
    table(f"x {kind}")
    house.insert("t", {"n": [0, 1, 2], "x": values})
    assert house.select(Statement("t", "SELECT x FROM t ORDER BY n", {}), {})["x"].to_pylist() == expected


@pytest.mark.parametrize("many", [255, 256, 257, 65_535, 65_536, 65_537])
def test_dictionaries_of_every_size(house: Engine, table: Callable[[str], str], many: int) -> None:
    table("x LowCardinality(String)")
    house.insert("t", {"n": list(range(many)), "x": coded([f"w{number}" for number in range(many)], list(range(many)))})
    found = house.select(Statement("t", "SELECT countIf(x = concat('w', toString(n))) AS same FROM t", {}), {})
    assert found["same"].to_pylist() == [many]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("UInt8", np.array([0, 256])),
        ("UInt32", np.array([-1, 0])),
        ("Date", np.array([-1, 0])),
        ("Date", np.array([65_536, 0])),
        ("UInt16", coded([70_000], [0, 0])),
        ("Int64", coded([None], [0, 0])),
        ("String", coded([b"bytes"], [0, 0])),
        ("LowCardinality(String)", coded([None], [0, 0])),
    ],
)
def test_what_has_no_place_is_refused_with_its_column(
    house: Engine, table: Callable[[str], str], kind: str, values: Any
) -> None:
    table(f"x {kind}")
    with pytest.raises(WarehouseError, match="column x"):
        house.insert("t", {"n": [0, 1], "x": values})
    assert house.select(Statement("t", "SELECT count() AS many FROM t", {}), {})["many"].to_pylist() == [0]


@given(st.lists(st.text(max_size=300), min_size=1, max_size=20), st.lists(st.integers(0, 19), max_size=50))
def test_texts_have_their_length_before_them(words: list[str], codes: list[int]) -> None:
    codes = [code % len(words) for code in codes]
    content = written(coded(list(words), codes), "String")
    assert content is not None
    read, place = [], 0
    while place < len(content):
        size = shift = 0
        while True:
            byte = content[place]
            size |= (byte & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if byte < 0x80:
                break
        read.append(content[place : place + size].decode())
        place += size
    assert read == [words[code] for code in codes]
