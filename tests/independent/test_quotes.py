"""The recomputation of quote levels itself, on cases small enough for pencil and paper."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.independent.quotes import Evaluation, Quote, at_least, either, evaluations, urumqi_2007

BAYI = 540402
FIRST = date(2024, 8, 1)


def days(prices: dict[int, float | None], site: str = "a", stock: dict[int, float] | None = None) -> list[Quote]:
    """Return quotes of one site by day of August."""
    found = stock or {}
    return [
        Quote(date(2024, 8, day), BAYI, site, "potato", prices.get(day), found.get(day))
        for day in sorted(prices.keys() | found.keys())
    ]


def on(quotes: list[Quote], day: int) -> Evaluation:
    return evaluations(quotes)[BAYI, "potato", date(2024, 8, day)]


def test_the_last_quote_of_a_date_wins() -> None:
    assert on([*days({1: 4.0}), *days({1: 5.0})], 1).price == 5.0


def test_a_quote_is_carried_for_three_dates() -> None:
    quotes = [*days({1: 4.0}), *days({5: 1.0}, "b")]
    assert [on(quotes, day).present for day in (1, 2, 3, 4, 5)] == [1, 1, 1, 0, 1]
    assert [on(quotes, day).fresh for day in (1, 2, 5)] == [1, 0, 1]
    assert on(quotes, 4).price is None


def test_an_even_count_takes_the_mean_of_the_middle_two() -> None:
    quotes = [q for site, price in zip("abcd", (1.0, 2.0, 4.0, 9.0), strict=True) for q in days({1: price}, site)]
    assert on(quotes, 1).price == 3.0


def test_change_day_needs_both_dates_fresh_at_the_same_site() -> None:
    quotes = [*days({1: 4.0, 2: 5.0}), *days({1: 1.0}, "gone"), *days({2: 90.0}, "new")]
    assert on(quotes, 2).change_day == 0.25
    assert on([*days({1: 4.0, 3: 5.0})], 3).change_day is None


def test_change_week_looks_back_from_seven_to_thirteen_dates_over_matched_sites() -> None:
    assert on(days({1: 4.0, 8: 6.0}), 8).change_week == 0.5
    assert on(days({1: 4.0, 16: 6.0}), 16).change_week == 0.5  # 3 August: the quote of the 1st still carries
    assert on(days({1: 4.0, 17: 6.0}), 17).change_week is None
    newcomer = [*days({1: 4.0, 8: 4.4}), *days({8: 100.0}, "new")]
    assert on(newcomer, 8).change_week == 0.1


def test_a_rise_of_exactly_the_threshold_counts() -> None:
    assert on(days({1: 10.0, 8: 13.0}), 8).level == "yellow"
    assert on(days({1: 10.0, 8: 12.9999}), 8).level == "none"
    assert on(days({1: 10.0, 8: 20.0}), 8).level == "red"


def test_without_a_base_the_level_is_undefined() -> None:
    assert on(days({1: 10.0}), 1).level == "undefined"


@pytest.mark.parametrize(("number", "level"), [(2, "yellow"), (3, "orange"), (7, "orange"), (8, "red")])
def test_days_out_of_stock(number: int, level: str) -> None:
    stock = {1: 5.0} | {2 + each: 0.0 for each in range(number)}
    found = on(days(dict.fromkeys(range(1, 20), 4.0), stock=stock), number + 1)
    assert (found.out_days, found.level) == (number, level)


def test_a_site_without_a_new_report_keeps_its_stock_and_drops_out_after_28_dates() -> None:
    quotes = [*days({}, stock={1: 0.0}), *days({30: 1.0}, "b")]
    assert [on(quotes, day).out_days for day in (1, 10, 28, 29)] == [1, 10, 28, 0]


def test_intermittent_by_one_date_out_or_two_dates_short() -> None:
    back = {1: 0.0, 2: 9.0}
    quotes = days(dict.fromkeys(range(1, 10), 4.0), stock=back)
    assert [on(quotes, day).intermittent for day in (1, 2, 7, 8)] == [True, True, True, False]
    short = [*days({}, "a", {1: 0.0, 3: 9.0}), *days({}, "b", {1: 0.0, 3: 9.0}), *days({}, "c", {1: 5.0})]
    assert [on(short, day).intermittent for day in (1, 2, 3)] == [False, True, True]


def test_no_report_is_neither_out_nor_intermittent() -> None:
    found = on(days({1: 4.0}), 1)
    assert (found.reporting, found.out_days, found.intermittent) == (0, 0, False)


def test_every_calendar_date_is_evaluated() -> None:
    found = evaluations([*days({1: 1.0}), Quote(FIRST + timedelta(days=9), BAYI, "b", "beef", 2.0)])
    assert len(found) == 20
    assert found[BAYI, "beef", FIRST].silent_days is None
    assert found[BAYI, "potato", FIRST + timedelta(days=9)].silent_days == 9


def test_kleene() -> None:
    assert either(None, True) is True
    assert either(None, False) is None
    assert at_least(None, 1) is None
    assert urumqi_2007(None, 0, True) == "yellow"
    assert urumqi_2007(None, 0, False) == "undefined"
    assert urumqi_2007(0.1, 0, False) == "none"
