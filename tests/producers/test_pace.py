"""Option strings, civil time and waiting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from producers import pace
from tests.producers.fakes import Time

LHASA = "Asia/Shanghai"


@pytest.mark.parametrize(("text", "lines"), [("5000", 5000), ("5000/s", 5000), ("2.5k", 2500), (" 1 ", 1)])
def test_rate(text: str, lines: float) -> None:
    assert pace.rate(text) == lines


@pytest.mark.parametrize(("text", "times"), [("60x", 60), ("60×", 60), ("0.5X", 0.5), ("3600", 3600)])
def test_speed(text: str, times: float) -> None:
    assert pace.speed(text) == times


@pytest.mark.parametrize(("text", "seconds"), [("300", 300), ("5m", 300), ("5 min", 300), ("1h", 3600), ("1d", 86400)])
def test_span(text: str, seconds: int) -> None:
    assert pace.span(text) == seconds


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (pace.rate, "fast"),
        (pace.rate, "0"),
        (pace.rate, "-5"),
        (pace.speed, "x60"),
        (pace.speed, "0x"),
        (pace.span, "5 weeks"),
        (pace.instant, "2017-13-01"),
        (pace.instant, "yesterday"),
        (pace.shift_to, "tomorrow"),
    ],
)
def test_what_cannot_be_understood_is_quoted_in_both_languages(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(pace.OptionError, match=r"--.*cannot be understood: write .* / 无法理解") as found:
        parse(text)
    assert repr(text) in str(found.value)


def test_a_bare_date_is_its_first_moment_and_as_an_end_takes_the_day_in() -> None:
    assert pace.instant("2017-03-31", LHASA) == utc(2017, 3, 30, 16)
    assert pace.instant("2017-03-31", LHASA, end=True) == utc(2017, 3, 31, 16)


def test_a_time_without_offset_is_civil_time() -> None:
    assert pace.instant("2017-03-31T08:00", LHASA) == utc(2017, 3, 31, 0)
    assert pace.instant("2017-03-31T08:00+00:00", LHASA) == utc(2017, 3, 31, 8)


def test_shift_to_knows_only_now() -> None:
    assert pace.shift_to("NOW")


def test_a_date_closes_two_hours_after_the_midnight_that_ends_it() -> None:
    noon = utc(2017, 3, 31, 4)
    assert pace.local_date(noon, LHASA) == date(2017, 3, 31)
    assert pace.closing(noon, LHASA) == pace.midnight(date(2017, 4, 1), LHASA) + 7200
    assert pace.text_of(noon, LHASA) == "2017-03-31T12:00:00+08:00"


def test_throttle_holds_the_rate() -> None:
    time = Time()
    throttle = pace.Throttle(100, time.clock, time.sleep)
    for _ in range(50):
        throttle.take(10)
    assert time.now == pytest.approx(4.9)


def test_throttle_catches_up_at_most_one_second_after_a_stall() -> None:
    time = Time()
    throttle = pace.Throttle(100, time.clock, time.sleep)
    throttle.take(100)
    time.now = 60.0
    for _ in range(30):
        throttle.take(10)
    assert time.now == pytest.approx(61.9)


def test_tempo_starts_at_the_first_moment_and_divides_by_speed() -> None:
    time = Time(now=5.0)
    tempo = pace.Tempo(60, time.clock, time.sleep)
    for moment in (1000, 1000, 1600, 1540):
        tempo.wait(moment)
    assert time.slept == pytest.approx([10.0])


def utc(*parts: int) -> int:
    year, month, day, hour = parts
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())
