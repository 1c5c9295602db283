"""The columns agree with a slow interpreter of three-valued logic over single Python values."""

from __future__ import annotations

import operator
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts import explain
from streams.alerts.names import MEASURED, NAMES
from streams.alerts.rules import Rule, evaluate
from tests.streams.alerts.support import custom, frame

NUMBERS = ["change_day", "change_week", "price", "out_days", "sites_in"]
COMPARE = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
CONSTANTS = [0.0, 0.3, 0.5, 1.0, 3.0, -0.3]
VALUES = [None, 0.0, 0.27, 0.3, 13 / 10 - 1, 0.5, 1.0, 3.0, -0.3, 7.0, float("nan")]
#: What is counted is whole, so it is compared as it is and not rounded.
COUNTS = [None, 0.0, 1.0, 3.0, 7.0, float("nan")]

# A tree is a tuple: its first item says what it is. The same tree becomes SQL text and is interpreted.
terms = st.recursive(
    st.tuples(st.just("column"), st.sampled_from(NUMBERS)) | st.tuples(st.just("number"), st.sampled_from(CONSTANTS)),
    lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner) | st.tuples(st.just("abs"), inner),
    max_leaves=3,
)
atoms = (
    st.tuples(st.sampled_from(sorted(COMPARE)), terms, terms)
    | st.tuples(st.just("between"), terms, terms, terms)
    | st.tuples(st.just("flag"))
    | st.tuples(st.just("null"), terms)
)
conditions = st.recursive(
    atoms,
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=6,
)
rows = st.fixed_dictionaries(
    {
        **{name: st.sampled_from(VALUES if NAMES[name].kind in MEASURED else COUNTS) for name in NUMBERS},
        "intermittent": st.sampled_from([None, True, False]),
    }
)


def sql(tree: Any) -> str:  # noqa: PLR0911
    match tree:
        case ("column", name):
            return str(name)
        case ("number", value):
            return f"{value}"
        case ("flag",):
            return "intermittent"
        case ("abs", inner):
            return f"abs({sql(inner)})"
        case ("not", inner):
            return f"(not {sql(inner)})"
        case ("null", inner):
            return f"(({sql(inner)}) is null)"
        case ("between", value, low, high):
            return f"({sql(value)} between {sql(low)} and {sql(high)})"
        case (symbol, left, right):
            return f"({sql(left)} {symbol} {sql(right)})"
    raise AssertionError(tree)


def number(tree: Any, row: dict[str, Any]) -> float | None:
    match tree:
        case ("column", name):
            value = row[name]
            return None if value is None or value != value else value  # noqa: PLR0124
        case ("number", value):
            return float(value)
        case ("abs", inner):
            value = number(inner, row)
            return None if value is None else abs(value)
        case (symbol, left, right):
            a, b = number(left, row), number(right, row)
            if a is None or b is None or (symbol == "/" and b == 0):
                return None
            return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else 0.0}[symbol]
    raise AssertionError(tree)


def rounded(tree: Any, row: dict[str, Any]) -> float | None:
    value = number(tree, row)
    return None if value is None else round(value, 9)


def kleene(tree: Any, row: dict[str, Any]) -> bool | None:  # noqa: PLR0911
    match tree:
        case ("flag",):
            return row["intermittent"]  # type: ignore[no-any-return]
        case ("null", inner):
            return number(inner, row) is None
        case ("not", inner):
            value = kleene(inner, row)
            return None if value is None else not value
        case ("and", left, right):
            pair = {kleene(left, row), kleene(right, row)}
            return False if False in pair else None if None in pair else True
        case ("or", left, right):
            pair = {kleene(left, row), kleene(right, row)}
            return True if True in pair else None if None in pair else False
        case ("between", value, low, high):
            return kleene(("and", (">=", value, low), ("<=", value, high)), row)
        case (symbol, left, right):
            a, b = rounded(left, row), rounded(right, row)
            return None if a is None or b is None else COMPARE[symbol](a, b)
    raise AssertionError(tree)


def expected_level(trees: dict[int, Any], evidence: Any, row: dict[str, Any]) -> int:
    if kleene(evidence, row) is not True:
        return -1
    truths = {level: kleene(tree, row) for level, tree in trees.items()}
    held = [level for level, truth in truths.items() if truth is True]
    if held:
        return max(held)
    return -1 if None in truths.values() else 0


def built(trees: dict[int, Any], evidence: Any) -> Rule:
    words = {level: sql(tree) for level, tree in trees.items()}
    names = {1: "blue", 3: "orange", 4: "red"}
    return custom({names[level]: text for level, text in words.items()}, "date", evidence=sql(evidence))


@settings(deadline=None, max_examples=150)
@given(st.fixed_dictionaries({1: conditions, 3: conditions, 4: conditions}), conditions, st.lists(rows, min_size=1))
def test_levels_equal_the_slow_reference(trees: dict[int, Any], evidence: Any, table: list[dict[str, Any]]) -> None:
    rule = built(trees, evidence)
    columns = {name: [row[name] for row in table] for name in (*NUMBERS, "intermittent")}
    result = evaluate(rule, frame(columns))
    assert result["level"].to_list() == [expected_level(trees, evidence, row) for row in table]
    assert result["clear"].null_count() == 0
    assert not result.filter((result["level"] != 0) & result["clear"]).height


@settings(deadline=None, max_examples=50)
@given(conditions, st.lists(rows, min_size=2, max_size=8), st.integers(1, 7))
def test_rows_do_not_influence_each_other(tree: Any, table: list[dict[str, Any]], cut: int) -> None:
    rule = built({1: tree}, ("null", ("column", "price")))
    whole = frame({name: [row[name] for row in table] for name in (*NUMBERS, "intermittent")})
    parts = [evaluate(rule, part) for part in (whole[:cut], whole[cut:])]
    assert pl.concat(parts).equals(evaluate(rule, whole))


@settings(deadline=None, max_examples=150)
@given(conditions, rows)
def test_the_explanation_of_a_row_equals_the_slow_reference(tree: Any, row: dict[str, Any]) -> None:
    rule = built({1: tree}, ("=", ("number", 0.0), ("number", 0.0)))
    assert explain.truth(rule.levels[1], row) == kleene(tree, row)


@settings(deadline=None, max_examples=100)
@given(conditions, rows)
def test_a_cleared_row_is_one_where_the_relaxed_condition_is_not_true(tree: Any, row: dict[str, Any]) -> None:
    rule = built({1: tree}, ("=", ("number", 0.0), ("number", 0.0)))
    result = evaluate(rule, frame({name: [row[name]] for name in (*NUMBERS, "intermittent")}))
    level, clear = result["level"][0], result["clear"][0]
    assert clear == (level == 0 and explain.truth(rule.cleared, row) is not True)
