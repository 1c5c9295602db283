"""Opening hours as text: what they mean, and what is refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.opening import ALL_DAY, WEEKDAYS, OpeningError, Week, parse, weekday

NINE_TO_FIVE = Week.daily(9, 17).days[0]
EIGHT_TO_TEN = Week.daily(8, 22).days[0]


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mo-Su 08:00-22:00", [EIGHT_TO_TEN] * 7),
        ("08:00-22:00", [EIGHT_TO_TEN] * 7),
        ("Mo-Fr 09:00-17:00", [NINE_TO_FIVE] * 5 + [0, 0]),
        ("Mo-Fr 09:00-17:00; We off", [NINE_TO_FIVE, NINE_TO_FIVE, 0, NINE_TO_FIVE, NINE_TO_FIVE, 0, 0]),
        ("Sa-Mo 09:00-17:00", [NINE_TO_FIVE, 0, 0, 0, 0, NINE_TO_FIVE, NINE_TO_FIVE]),
        ("Mo,We 24/7; Fr closed", [ALL_DAY, 0, ALL_DAY, 0, 0, 0, 0]),
        ("周一至周五 09:00-17:00；周六、周日 休息", [NINE_TO_FIVE] * 5 + [0, 0]),
    ],
)
def test_the_hours_of_a_week(text: str, expected: list[int]) -> None:
    assert list(parse(text).days) == expected


@pytest.mark.parametrize(
    ("spans", "hours"),
    [
        ("08:30-10:00", {8, 9}),  # open for half of the hour: it counts
        ("08:31-10:29", {9}),
        ("08:00-10:00,14:00-15:00", {8, 9, 14}),
        ("08:00-08:20,08:40-09:00", {8}),
        ("22:00-02:00", {22, 23, 0, 1}),
        ("00:00-24:00", set(range(24))),
    ],
)
def test_an_hour_counts_if_it_is_open_for_half_of_it(spans: str, hours: set[int]) -> None:
    assert parse(f"Mo {spans}").days[0] == sum(1 << hour for hour in hours)


def test_single_dates_come_before_weekdays() -> None:
    week = parse("Mo-Su 08:00-22:00; 2026-02-17,2026-02-18 off; 2026-02-19 09:00-17:00")
    assert [week.mask(day(f"2026-02-{number}")) for number in (16, 17, 18, 19, 20)] == [
        EIGHT_TO_TEN, 0, 0, NINE_TO_FIVE, EIGHT_TO_TEN,
    ]  # fmt: skip
    assert week.hours_a_day == 14


def test_hours_a_day_are_those_of_the_week() -> None:
    assert parse("Mo-Fr 09:00-16:00").hours_a_day == 5


@given(st.dates(date(1970, 1, 1), date(2149, 1, 1)))
def test_weekdays_are_those_of_the_calendar(when: date) -> None:
    assert weekday(day(when.isoformat())) == when.weekday()
    assert parse(f"{WEEKDAYS[when.weekday()]} 09:00-17:00").mask(day(when.isoformat())) == NINE_TO_FIVE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "says nothing"),
        ("nonsense", "is no opening hours"),
        ("Mo-Xx 08:00-22:00", "is no weekday"),
        ("Mo 08:00-25:00", "does not exist"),
        ("Mo 08:60-09:00", "does not exist"),
        ("Mo 08:00-08:00", "does not exist"),
        ("Mo 08:00-nine", "is no span of time"),
        ("2026-02-30 off", "is no date"),
        ("Mo 08:00-22:00" * 2000, "longer than"),
    ],
)
def test_what_cannot_be_read_is_refused_with_an_example(text: str, why: str) -> None:
    with pytest.raises(OpeningError, match=why) as caught:
        parse(text)
    assert "write Mo-Fr 08:00-22:00" in caught.value.english
    assert "请写成" in caught.value.chinese


@given(st.text(max_size=40))
def test_no_text_is_answered_by_another_error(text: str) -> None:
    try:
        week = parse(text)
    except OpeningError:
        return
    assert len(week.days) == 7
