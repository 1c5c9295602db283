"""What a condition may say, and what the clear condition makes of it."""

from __future__ import annotations

import pytest

from streams.alerts.conditions import ConditionError, parse, relaxed
from streams.alerts.names import provided
from streams.alerts.terms import (
    Absolute,
    Arithmetic,
    Both,
    Column,
    Comparison,
    Condition,
    Either,
    Flag,
    Missing,
    Number,
)

TICK, DATE = provided("tick"), provided("date")


def read(text: str) -> Condition:
    return parse(text, {*TICK, *DATE})


def test_a_comparison_has_its_measure_on_the_left() -> None:
    expected = Comparison(">=", Column("change_week"), Number(0.3))
    assert read("change_week >= 0.30") == expected
    assert read("0.30 <= change_week") == expected
    assert read("(CHANGE_WEEK) >= .3".lower()) == expected


def test_a_threshold_of_the_catalogue_is_a_threshold() -> None:
    assert read("cover_red > cover_days") == Comparison("<", Column("cover_days"), Column("cover_red"))


def test_not_is_pushed_down_to_the_leaves() -> None:
    assert read("not (change_week >= 0.3 or intermittent)") == Both(
        Comparison("<", Column("change_week"), Number(0.3)), Flag("intermittent", negated=True)
    )
    assert read("not (not intermittent)") == Flag("intermittent")


def test_between_null_arithmetic_and_abs() -> None:
    assert read("out_days between 1 and 2") == Both(
        Comparison(">=", Column("out_days"), Number(1)), Comparison("<=", Column("out_days"), Number(2))
    )
    assert read("change_day is not null") == Missing(Column("change_day"), negated=True)
    assert read("abs(vwap_1h / vwap_24h - 1) > 0.1") == Comparison(
        ">",
        Absolute(Arithmetic("-", Arithmetic("/", Column("vwap_1h"), Column("vwap_24h")), Number(1))),
        Number(0.1),
    )


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("change_wek >= 0.3", 1, 'did you mean "change_week"'),
        ("change_day > 0.3 and intermitent", 22, 'did you mean "intermittent"'),
        ("change_day > 0.3 and", 18, "breaks off"),
        ("change_day > 0.3)", 17, 'goes wrong at ")"'),
        ("change_day", 1, "is a number: compare it"),
        ("intermittent > 0", 1, "is a flag"),
        ("intermittent is true", 1, "only `is null`"),
        ("change_day > 'a'", 14, "not a number that is allowed"),
        ("change_day > 1e400", 14, "below 1e15"),
        ("sleep(change_day) > 1", 1, "not a number that is allowed"),
        ("(select 1) > change_day", 9, "not a number that is allowed"),
        ("exists(select 1 from t)", 15, "not a condition that is allowed"),
        ("change_day > 1; drop table sales", 15, "one expression"),
        ("quotes.price > 1", 1, "unknown indicator"),
        ("price in (1, 2)", 1, "not a condition that is allowed"),
        ("price % 2 > 1", 1, "not a number that is allowed"),
        ("case when intermittent then intermittent end", 11, "not a condition that is allowed"),
        ("price > ?", 1, "not a number that is allowed"),
        ("true", 1, "not a condition that is allowed"),
        ("'abc", 1, "is a quote open"),
        ("", 1, "empty"),
        ("   ", 1, "empty"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse(text, DATE)
    assert message in str(refused.value)
    assert (refused.value.line, refused.value.column) == (1, column)


def test_the_place_counts_lines() -> None:
    with pytest.raises(ConditionError) as refused:
        parse("change_day > 0.3\n  or prize > 3", DATE)
    assert (refused.value.line, refused.value.column) == (2, 6)


@pytest.mark.parametrize("text", ["(" * 990 + "price" + ")" * 990 + " > 1", "not " * 499 + "intermittent", "x" * 2001])
def test_monstrous_text_is_refused_or_read_but_never_breaks(text: str) -> None:
    try:
        parse(text, DATE)
    except ConditionError as error:
        assert "nested too deeply" in str(error) or "at most 2,000" in str(error)  # noqa: PT017


def test_an_indicator_of_the_other_trigger_is_unknown() -> None:
    with pytest.raises(ConditionError, match="unknown indicator"):
        parse("change_week > 0.3", TICK)


@pytest.mark.parametrize(
    ("text", "looser"),
    [
        ("change_week >= 0.30", "change_week >= 0.27"),
        ("change_week > 1.00", "change_week > 0.9"),
        ("in_stock_rate < 0.72", "in_stock_rate < 0.8"),
        ("cover_days < cover_blue", "cover_days < cover_blue / 0.9"),
        ("price > 1.15 * price", "price > 1.15 * price * 0.9"),
        ("change_day < -0.9", "change_day < -0.81"),
        ("change_day > -0.09", "change_day > -0.1"),
        ("not (change_week < 0.30)", "change_week >= 0.27"),
        ("change_week >= 0.30 or intermittent", "change_week >= 0.27 or intermittent"),
        ("out_days >= 3 and sites_in + sites_out > 5", "out_days >= 3 and sites_in + sites_out > 5"),
        ("sites_out / (sites_in + sites_out) > 0.5", "sites_out / (sites_in + sites_out) > 0.45"),
        ("change_day = 0.3 and price is null", "change_day = 0.3 and price is null"),
    ],
)
def test_the_clear_condition_moves_thresholds_by_a_tenth(text: str, looser: str) -> None:
    assert relaxed(read(text)) == read(looser)


def test_either_is_kleene_or() -> None:
    assert read("intermittent or out_days > 7") == Either(
        Flag("intermittent"), Comparison(">", Column("out_days"), Number(7))
    )
