"""Silence of enterprises as their rule reads it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from schemas.opening import Week, parse
from streams.indicators.civil import Civil
from streams.indicators.feeds import BUCKETS, Feeds, usual_interval
from streams.indicators.groups import Ints
from streams.indicators.hours import Hours

CIVIL = Civil("UTC")
MONDAY = date(2026, 10, 5).toordinal() - date(1970, 1, 1).toordinal()
DAY, HOUR, BUCKET = 86_400, 3_600, 300
ONE = np.array([0])


class World:
    """One enterprise, open 8-22."""

    def __init__(self) -> None:
        self.names = ["shop"]
        self.hours = Hours(self, Week.daily(8, 22))
        self.feeds = Feeds(CIVIL, self.hours)

    def hear(self, *at: int) -> None:
        times = np.array(at, np.int64)
        self.feeds.hear(np.zeros(len(times), np.int64), times)

    def close(self, day: int) -> None:
        self.hours.close(day)
        self.feeds.close(day)

    def values(self, now: int) -> dict[str, float]:
        return {name: float(column[0]) for name, column in self.feeds.values(ONE, now).items()}


def moments(*hours: float) -> Ints:
    return np.array([MONDAY * DAY + int(hour * HOUR) for hour in hours])


def test_an_event_every_hour_and_then_none() -> None:
    world = World()
    world.hear(*moments(*range(8, 22)))
    world.close(MONDAY)
    assert world.values((MONDAY + 1) * DAY + 10 * HOUR) == {
        "feed_silent_hours": 3.0,  # from 21 to 22, from 8 to 10
        "feed_interval_hours": 1.0,
        "feed_gaps": 13.0,
    }


def test_nothing_is_known_before_a_date_has_closed() -> None:
    world = World()
    world.hear(*moments(9, 10, 11))
    found = world.values(MONDAY * DAY + 12 * HOUR)
    assert found["feed_silent_hours"] == 1.0
    assert np.isnan(found["feed_interval_hours"])
    assert not world.feeds.watched(MONDAY * DAY + 20 * HOUR).any()


def test_one_gap_in_twenty_is_left_out() -> None:
    opened = np.ones(BUCKETS, bool)
    told = np.zeros(BUCKETS, bool)
    told[[*range(0, 200, 10), 290 - BUCKETS + 280]] = True  # 19 gaps of 50 minutes and a long one
    interval, gaps = usual_interval(told, opened)
    assert interval == pytest.approx(50 / 60)
    assert gaps == 20


def test_what_happens_while_closed_is_heard_and_makes_no_gap() -> None:
    world = World()
    world.hear(*moments(9, 12, 22.5, 23))
    world.close(MONDAY)
    values = world.values(MONDAY * DAY + 23 * HOUR + 1800)
    # 9 to 12; 12 to 22:30 is open until 22, the bucket at 12:00 not counted again; 22:30 to 23 is no gap
    assert values["feed_gaps"] == 2
    assert values["feed_silent_hours"] == 0.0


def test_a_late_event_counts_and_does_not_end_a_silence() -> None:
    world = World()
    world.hear(*moments(9, 12))
    world.hear(*moments(10.5))
    world.close(MONDAY)
    values = world.values(MONDAY * DAY + 14 * HOUR)
    assert (values["feed_silent_hours"], values["feed_interval_hours"], values["feed_gaps"]) == (2.0, 1.5, 2)


def test_the_order_of_events_plays_no_part() -> None:
    times = moments(9, 9.5, 12, 15, 21.9)
    one, other = World(), World()
    one.hear(*times)
    for at in reversed(times.tolist()):
        other.hear(at)
    for world in (one, other):
        world.close(MONDAY)
    assert one.values((MONDAY + 1) * DAY) == other.values((MONDAY + 1) * DAY)


def test_dates_older_than_seven_are_forgotten() -> None:
    world = World()
    world.hear(*moments(9, 12, 15))
    for day in range(8):
        world.close(MONDAY + day)
    assert np.isnan(world.values((MONDAY + 8) * DAY)["feed_interval_hours"])


def test_silence_passes_only_while_the_enterprise_is_open() -> None:
    world = World()
    world.hours.set("shop", parse("Mo 08:00-12:00; We 08:00-12:00"))
    world.hear(*moments(11))
    assert world.values((MONDAY + 2) * DAY + 10 * HOUR)["feed_silent_hours"] == 3.0


def test_a_snapshot_keeps_everything() -> None:
    world, copy = World(), World()
    world.hear(*moments(9, 10, 12))
    world.close(MONDAY)
    copy.hours.load(world.hours.dump())
    copy.feeds.load(world.feeds.dump())
    for each in (world, copy):
        each.hear((MONDAY + 1) * DAY + 9 * HOUR)
        each.close(MONDAY + 1)
    assert world.values((MONDAY + 2) * DAY) == copy.values((MONDAY + 2) * DAY)
