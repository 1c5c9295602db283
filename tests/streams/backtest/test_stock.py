"""Stock of a history's closes: each rule of RULES once."""

from __future__ import annotations

import pytest

from tests.streams.backtest.history import history, value


def test_sites_that_never_reported_stock_count_neither_way() -> None:
    found = history({"mute": {1: 3.0}}, {"a": {1: 5.0}, "b": {1: 0.0}})
    assert (value(found, "sites_in", 1), value(found, "sites_out", 1)) == (1, 1)
    assert value(found, "in_stock_rate", 1) == 0.5
    assert value(history({"mute": {1: 3.0}}), "in_stock_rate", 1) is None


def test_stock_holds_until_28_dates_after_the_sites_last_line() -> None:
    found = history({"b": {60: 1.0}, "a": {20: 1.0}}, {"a": {1: 0.0}})
    assert [value(found, "out_days", each) for each in (1, 28, 47, 48)] == [1, 28, 47, 0]


@pytest.mark.parametrize(("day", "days"), [(2, 0), (3, 1), (5, 3), (6, 0)])
def test_out_days(day: int, days: int) -> None:
    found = history({}, {"a": {1: 1.0, 3: 0.0, 6: 1.0}, "b": {1: 0.0, 8: 1.0}})
    assert value(found, "out_days", day) == days


def test_intermittent_by_one_date_out() -> None:
    found = history({}, {"a": {1: 0.0, 2: 5.0, 9: 5.0}})
    assert [value(found, "intermittent", each) for each in (1, 2, 7, 8)] == [True, True, True, False]


def test_intermittent_by_two_dates_below_one_half() -> None:
    found = history({}, {"a": {1: 0.0, 3: 9.0}, "b": {1: 0.0, 3: 9.0}, "c": {1: 5.0, 12: 5.0}})
    assert [value(found, "intermittent", each) for each in (1, 2, 3, 7, 8, 9)] == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_three_dates_out_are_no_longer_intermittent() -> None:
    found = history({}, {"a": {1: 0.0, 9: 1.0}})
    assert [value(found, "intermittent", each) for each in (2, 3, 8, 9)] == [True, False, False, True]


def test_no_report_is_false_not_undefined() -> None:
    found = history({"a": {1: 3.0}})
    assert value(found, "intermittent", 1) is False
    assert value(found, "out_days", 1) == 0
