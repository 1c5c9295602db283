"""Splitting scripts and binding parameters, without any engine."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files

import numpy as np
import pytest

from warehouse import WarehouseError, statements


def test_split_respects_quotes_and_comments() -> None:
    script = """
    -- a; comment
    SELECT ';' , "a;b", `c;d`, 'it''s; \\'fine;'; /* one; two */
    SELECT 2 -- no semicolon at the end
    ;;
    """
    assert statements.split(script) == ["""SELECT ';' , "a;b", `c;d`, 'it''s; \\'fine;'""", "SELECT 2"]


def test_default_makes_a_parameter_optional() -> None:
    statement = statements.parse("q", "SELECT {a:UInt32}, {b:String=}, {c:UInt32=7}, {d:Array(String)=}")
    assert statement.text == "SELECT {a:UInt32}, {b:String}, {c:UInt32}, {d:Array(String)}"
    assert statement.rendered({"a": 1}) == "SELECT 1, '', 7, CAST([], 'Array(String)')"
    assert statement.bound({"a": 1, "b": "x\ty"}) == {"a": "1", "b": "x\\ty", "c": "7", "d": "[]"}


def test_quotes_cannot_leave_a_literal() -> None:
    statement = statements.parse("q", "SELECT {a:String}")
    assert statement.rendered({"a": "'; DROP TABLE x; --\\"}) == "SELECT '\\'; DROP TABLE x; --\\\\'"


def test_times_and_dates_become_numbers() -> None:
    statement = statements.parse("q", "{a:UInt32} {b:UInt16} {c:UInt32}")
    values = {"a": datetime(2017, 3, 21, tzinfo=UTC), "b": date(2017, 3, 21), "c": np.int64(5)}
    assert statement.rendered(values) == "1490054400 17246 5"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "parameter a: is missing"),
        ({"a": None}, "parameter a: is missing"),
        ({"a": 1, "z": 2}, "no parameter z"),
        ({"a": -1}, "-1 is not within UInt8"),
        ({"a": 256}, "256 is not within UInt8"),
        ({"a": "1"}, "parameter a"),
        ({"a": 1.0}, "parameter a"),
        ({"a": 1, "s": 5}, "5 is not a String"),
        ({"a": 1, "s": "\udc00"}, "surrogates"),
        ({"a": 1, "l": "abc"}, "'abc' is not a list"),
        ({"a": 1, "f": float("nan")}, "nan is not finite"),
    ],
)
def test_wrong_parameters_are_refused(given: dict[str, object], words: str) -> None:
    statement = statements.parse("q", "{a:UInt8} {s:String=} {l:Array(String)=} {f:Float64=0}")
    with pytest.raises(WarehouseError, match=words):
        statement.rendered(given)
    with pytest.raises(WarehouseError, match=words):
        statement.bound(given)


def test_unknown_query() -> None:
    with pytest.raises(WarehouseError, match="no query 'nonsense'"):
        statements.named("nonsense")
    with pytest.raises(WarehouseError, match="no query"):
        statements.named("../queries/progress")


def test_every_query_file_parses() -> None:
    names = sorted(file.name.removesuffix(".sql") for file in files("warehouse").joinpath("queries").iterdir())
    assert {statements.named(name).name for name in names} == set(names)
