"""Price indicators of a history: each rule of RULES once."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.streams.backtest.history import COUNTY, history, value


def day(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


def test_the_median_of_present_sites_and_the_mean_of_the_middle_two() -> None:
    found = history({"a": {1: 4}, "b": {1: 1}, "c": {1: 9}, "d": {1: 2, 6: 1}})
    assert [value(found, "price", each) for each in (1, 3, 4)] == [3.0, 3.0, None]
    assert [value(found, "sites_present", each) for each in (1, 3, 4, 6)] == [4, 4, 0, 1]
    assert [value(found, "sites_fresh", each) for each in (1, 2, 6)] == [4, 0, 1]


def test_a_prefectures_price_is_no_median_of_medians() -> None:
    sites = {"a": {1: 1.0}, "b": {1: 2.0}, "c": {1: 3.0}, "d": {1: 10.0}, "e": {1: 20.0}}
    found = history(sites, regions=dict.fromkeys("abc", COUNTY) | dict.fromkeys("de", COUNTY + 1))
    assert value(found, "price", 1, "prefecture") == 3.0


def test_changes_look_at_matched_sites_only() -> None:
    found = history({"a": {1: 4, 8: 5}, "gone": {1: 100}, "new": {7: 50, 8: 60}})
    assert value(found, "change_week", 8) == 0.25
    assert value(found, "change_day", 8) == 0.2


@pytest.mark.parametrize(("first", "last", "name"), [(7, 13, "change_week"), (28, 34, "change_month")])
def test_the_base_is_the_latest_that_has_a_matched_site(first: int, last: int, name: str) -> None:
    later = 50
    for back, expected in ((first - 1, None), (first, 0.5), (last, 0.5), (last + 2, 0.5), (last + 3, None)):
        assert value(history({"a": {later - back: 2, later: 3}}), name, later) == expected, back
    both = history({"a": {later - last: 1, later: 3}, "b": {later - first: 2, later: 3}})
    assert value(both, name, later) == 0.5


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        ("2023-03-10", "2024-03-10", 0.5),
        ("2023-02-28", "2024-02-29", 0.5),
        ("2023-03-01", "2024-02-29", None),
        ("2023-03-04", "2024-03-10", 0.5),
        ("2023-03-02", "2024-03-10", 0.5),  # carried to the 4th
        ("2023-03-01", "2024-03-10", None),
        ("2023-03-11", "2024-03-10", None),
    ],
)
def test_the_same_date_a_year_ago(then: str, now: str, expected: float | None) -> None:
    assert value(history({"a": {day(then): 2, day(now): 3}}), "change_year", day(now)) == expected


def test_rise_over_usual_needs_seven_dates_of_the_four_weeks_before_the_last() -> None:
    usual = {"a": dict.fromkeys(range(1, 22), 10.0) | {29: 30.0}}
    assert value(history(usual), "rise_over_usual", 29) == 2.0
    few = {"a": {1: 10.0, 2: 10.0, 6: 20.0, 29: 30.0}}  # defined on 1-4 and 6-8
    assert value(history(few), "rise_over_usual", 29) == 2.0
    fewer = {"a": {2: 10.0, 6: 10.0, 29: 30.0}}  # defined on 2-4 and 6-8
    assert value(history(fewer), "rise_over_usual", 29) is None


def test_dispersion_is_the_scaled_mad_over_the_median() -> None:
    assert value(history({"a": {1: 8}, "b": {1: 10}, "c": {1: 13}}), "dispersion", 1) == pytest.approx(0.29652)
    assert value(history({"a": {1: 8}}), "dispersion", 1) == 0.0


def test_a_tiny_fall_is_not_minus_nothing() -> None:
    found = history({"a": {1: 90_000.0001, 2: 90_000.0}})
    assert str(value(found, "change_day", 2)) == "-1e-09"
    assert str(value(history({"a": {1: 900_000.0001, 2: 900_000.0}}), "change_day", 2)) == "0.0"
