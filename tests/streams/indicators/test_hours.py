"""Opening hours of many sites: one number while all agree, an array from the first that differs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.opening import Week, parse
from streams.indicators.hours import Hours, flags_of
from streams.indicators.silence import Passed

USUAL = Week.daily(8, 22)
#: A Monday.
MONDAY = date(2026, 10, 5).toordinal() - date(1970, 1, 1).toordinal()
DAY, HOUR = 86_400, 3_600


class Sites:
    """Names with ids."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)


EVERY = np.array([0, 1, 2])


def test_sites_that_agree_have_one_answer() -> None:
    hours = Hours(Sites("a", "b", "c"), USUAL)
    hours.close(MONDAY)
    assert hours.uniform
    assert hours.a_day(EVERY) == 14.0
    assert hours.masks([MONDAY], EVERY).tolist() == [USUAL.days[0]]


def test_a_site_of_its_own_hours_makes_arrays() -> None:
    sites = Sites("a", "b")
    hours = Hours(sites, USUAL)
    assert hours.set("b", parse("Mo-Fr 09:00-16:00"))
    sites.names.append("c")
    assert np.asarray(hours.a_day(EVERY)).tolist() == [14, 5, 14]
    hours.close(MONDAY)
    assert [mask.bit_count() for mask in hours.masks([MONDAY], EVERY)[:, 0].tolist()] == [14, 7, 14]


def test_the_same_hours_again_are_no_change() -> None:
    hours = Hours(Sites("a"), USUAL)
    own = parse("Mo-Su 10:00-12:00")
    assert [hours.set("a", own), hours.set("a", own), hours.set("a", USUAL), hours.set("a", None)] == [
        True, False, True, False,
    ]  # fmt: skip
    assert hours.uniform


def test_a_closed_date_keeps_its_hours() -> None:
    hours = Hours(Sites("a"), USUAL)
    hours.close(MONDAY)
    hours.set("a", parse("Mo-Su 10:00-12:00"))
    hours.close(MONDAY + 1)
    hours.set("a", None)
    hours.close(MONDAY + 2)
    days = [MONDAY, MONDAY + 1, MONDAY + 2]
    assert [mask.bit_count() for mask in hours.masks(days, np.array([0]))[0].tolist()] == [14, 2, 14]
    copy = Hours(Sites("a"), USUAL)
    copy.load(hours.dump())
    assert copy.masks(days, np.array([0])).tolist() == hours.masks(days, np.array([0])).tolist()


WEEKS = [
    USUAL,
    parse("Mo-Sa 09:00-18:00"),
    parse("Mo-Su 08:00-22:00; 2026-10-07 off; 2026-10-08 24/7"),
    parse("We 24/7"),
]


@pytest.mark.parametrize("week", WEEKS)
@given(begin=st.integers(0, 14 * DAY), length=st.integers(0, 10 * DAY))
def test_what_passes_while_open_is_the_sum_over_its_hours(week: Week, begin: int, length: int) -> None:
    hourly = np.arange(1.0, 25.0)
    first = (MONDAY - 3) * DAY + begin
    slow = 0.0
    at = first
    while at < first + length:
        following = min(first + length, (at // HOUR + 1) * HOUR)
        hour = at % DAY // HOUR
        slow += (week.mask(at // DAY) >> hour & 1) * hourly[hour] * (following - at) / HOUR
        at = following
    found = Passed(hourly[None, :], week).between(np.array([0]), np.array([first]), first + length)
    assert found[0] == pytest.approx(slow, abs=1e-6)


def test_masks_as_flags() -> None:
    assert np.flatnonzero(flags_of(np.array(USUAL.days[0], np.int32))).tolist() == list(range(8, 22))
