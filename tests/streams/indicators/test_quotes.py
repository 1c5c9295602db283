"""Medians over present sites, changes over matched sites: each rule once."""

from __future__ import annotations

import math

import numpy as np

from streams.indicators.pairs import Pairs
from streams.indicators.quotes import QuoteBook

CNY = 10_000


def book(prices: dict[str, dict[int, float]]) -> QuoteBook:
    """Return a book of one county and good: site -> day -> price in CNY."""
    pairs = Pairs(1, 1)
    made = QuoteBook(pairs)
    for name, quoted in prices.items():
        pair = int(pairs.of(np.array([pairs.site(name, 0)]), np.array([0]))[0])
        for day, price in quoted.items():
            made.quote(pair, day, day * 86_400, round(price * CNY))
    return made


def value(made: QuoteBook, name: str, day: int) -> float | None:
    found = float(made.values(day)[name][0])
    return None if math.isnan(found) else found


def test_an_even_count_takes_the_mean_of_the_middle_two() -> None:
    assert value(book({"a": {100: 1}, "b": {100: 2}, "c": {100: 4}, "d": {100: 9}}), "price", 100) == 3.0


def test_a_quote_is_carried_for_two_more_dates() -> None:
    made = book({"a": {100: 3}})
    made.move(103)
    assert [value(made, "price", day) for day in (100, 102, 103)] == [3.0, 3.0, None]


def test_a_site_that_joins_moves_no_change() -> None:
    made = book({"a": {99: 2, 100: 3}, "b": {100: 90}})
    assert value(made, "change_day", 100) == 0.5


def test_the_week_compares_with_the_latest_base_date_that_a_present_site_had() -> None:
    made = book({"a": {91: 2, 100: 3}, "b": {93: 5}})
    assert value(made, "change_week", 100) == 0.5, "93 has another site; 91 is nine dates before"


def test_a_base_older_than_thirteen_dates_is_none() -> None:
    assert value(book({"a": {84: 2, 100: 3}}), "change_week", 100) is None
    assert value(book({"a": {85: 2, 100: 3}}), "change_week", 100) == 0.5, "carried to 87"


def test_among_quotes_of_a_date_the_latest_wins_and_then_the_last() -> None:
    made = book({"a": {100: 3}})
    for at, price in ((100 * 86_400 + 60, 5), (100 * 86_400 + 30, 4), (100 * 86_400 + 60, 6)):
        made.quote(0, 100, at, price * CNY)
    assert value(made, "price", 100) == 6.0


def test_exactly_three_tenths_is_not_above_three_tenths() -> None:
    assert value(book({"a": {93: 10, 100: 13}}), "change_week", 100) == 0.3


def test_coverage_counts_yesterdays_sites_that_quoted_today() -> None:
    made = book({"a": {99: 1, 100: 1}, "b": {99: 1}, "c": {100: 1}})
    assert made.covered(np.array([0]), 100, 0.5).tolist() == [True]
    assert made.covered(np.array([0]), 100, 0.8).tolist() == [False]
