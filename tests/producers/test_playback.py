"""Playing a recording: part, speed, place in time, punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest

from producers import pace
from producers.replay import Playback, Recording
from producers.replay.playback import Summary, play
from producers.replay.recording import Row, epochs
from schemas import topics
from tests.producers.fakes import Memory, Time

ZONE = "Asia/Shanghai"
MONDAY = datetime(2017, 1, 2)  # noqa: DTZ001 - civil time


class Note(msgspec.Struct):
    time: int
    at: str
    date: str
    lines: list[int]


def build(rows: Sequence[Row]) -> tuple[str, int, Note]:
    first = rows[0]
    return topics.SALES, 540100, Note(first["time"], first["at"], first["date"], [row["line"] for row in rows])


def recording(*events: tuple[timedelta, int]) -> Recording:
    rows = [
        (MONDAY + after, group, line) for group, (after, lines) in enumerate(events) for line in range(1, lines + 1)
    ]
    lines = pl.DataFrame(
        rows, schema=["civil", "group", "line"], orient="row", schema_overrides={"civil": pl.Datetime("us")}
    )
    return Recording("test", (topics.SALES,), (540100,), lines, build, {"odd": 3})


HOURS = [timedelta(hours=hour) for hour in range(5)]
HOURLY = recording(*((hour, 2) for hour in HOURS))
START = pace.instant("2017-01-02", ZONE)


def played(what: Recording, playback: Playback, now: float = 0.0) -> tuple[Memory, Time, Summary]:
    sink, time = Memory(), Time()
    summary = play(what, sink, playback, now=lambda: now, clock=time.clock, sleep=time.sleep)
    return sink, time, summary


def test_everything_is_sent_in_order_whole_and_flushed() -> None:
    shuffled = recording((HOURS[3], 1), (HOURS[1], 2), (HOURS[2], 1))
    sink, _, summary = played(shuffled, Playback())
    assert [(note.time - START, note.lines) for note in sink.events(Note)] == [
        (3600, [1, 2]),
        (7200, [1]),
        (10800, [1]),
    ]
    assert sink.sent[0][:2] == (topics.SALES, 540100)
    assert sink.flushes == 1
    assert (summary.lines, dict(summary.events), summary.skipped) == (4, {topics.SALES: 3}, {"odd": 3})
    assert (summary.first, summary.last) == (START + 3600, START + 10800)


def test_times_are_local_with_offset() -> None:
    sink, _, _ = played(recording((timedelta(hours=1), 1)), Playback())
    note = sink.events(Note)[0]
    assert (note.at, note.date) == ("2017-01-02T01:00:00+08:00", "2017-01-02")


def test_from_is_included_and_to_is_not() -> None:
    sink, _, _ = played(HOURLY, Playback(start=START + 3600, end=START + 3 * 3600))
    assert [note.time - START for note in sink.events(Note)] == [3600, 7200]


@pytest.mark.parametrize(("limit", "lines"), [(0, 0), (1, 0), (2, 2), (5, 4), (10, 10), (99, 10)])
def test_limit_keeps_events_whole(limit: int, lines: int) -> None:
    _, _, summary = played(HOURLY, Playback(limit_lines=limit))
    assert summary.lines == lines


def test_nothing_to_play_is_not_an_error_and_closes_nothing() -> None:
    sink, _, summary = played(HOURLY, Playback(start=START + 10**9, final=True, shift_to_now=True))
    assert (sink.sent, sink.clocks, summary.last) == ([], [], None)


def test_speed_divides_the_time_between_events() -> None:
    _, time, _ = played(HOURLY, Playback(speed=3600))
    assert time.now == pytest.approx(4.0)


def test_final_closes_the_last_date_for_everybody() -> None:
    sink, _, summary = played(HOURLY, Playback(final=True))
    assert sink.clocks == [(START + 86400 + 7200, (), ())]
    assert summary.clocks == 1


def test_punctuation_speaks_for_the_recordings_own_inputs_and_prefectures() -> None:
    sink, _, summary = played(HOURLY, Playback(punctuate=1800))
    own = ((topics.SALES,), (540100,))
    assert sink.clocks == [(START + hour * 3600, *own) for hour in (1, 2, 3, 4)]
    assert summary.clocks == 4


def test_punctuation_never_passes_an_event_still_to_come() -> None:
    odd = recording((timedelta(minutes=1), 1), (timedelta(minutes=9), 1), (timedelta(minutes=11), 1))
    sink, _, _ = played(odd, Playback(punctuate=300))
    assert [moment - START for moment, _, _ in sink.clocks] == [300, 600]


def test_with_speed_every_grid_point_is_sent_when_it_is_due() -> None:
    sink, time, _ = played(recording((HOURS[0], 1), (HOURS[1], 1)), Playback(punctuate=900, speed=900))
    assert [moment - START for moment, _, _ in sink.clocks] == [900, 1800, 2700, 3600]
    assert time.slept == pytest.approx([1.0] * 4)


def test_a_late_replay_sends_only_the_newest_grid_point() -> None:
    sink, time = Memory(), Time()

    class Slow(Memory):
        def send(self, *args: object, **kwargs: object) -> None:
            time.now += 3.0

    slow = Slow()
    what = recording((HOURS[0], 1), (HOURS[1], 1))
    play(what, slow, Playback(punctuate=900, speed=900), clock=time.clock, sleep=time.sleep)
    assert [moment - START for moment, _, _ in slow.clocks] == [2700, 3600]
    assert sink.clocks == []


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_shift_to_now_ends_today_at_the_same_time_of_day() -> None:
    sink, _, summary = played(HOURLY, Playback(shift_to_now=True), at("2026-05-20T09:00+08:00"))
    assert sink.events(Note)[-1].at == "2026-05-20T04:00:00+08:00"
    assert sink.events(Note)[-1].date == "2026-05-20"
    assert summary.shifted_days == (datetime(2026, 5, 20, tzinfo=UTC) - datetime(2017, 1, 2, tzinfo=UTC)).days


def test_shift_to_now_ends_yesterday_where_today_would_reach_into_the_future() -> None:
    sink, _, _ = played(HOURLY, Playback(shift_to_now=True), at("2026-05-20T03:00+08:00"))
    assert sink.events(Note)[-1].at == "2026-05-19T04:00:00+08:00"


def test_shift_to_now_with_final_does_not_close_a_future_date() -> None:
    now = at("2026-05-20T09:00+08:00")
    sink, _, _ = played(HOURLY, Playback(shift_to_now=True, final=True), now)
    assert sink.events(Note)[-1].date == "2026-05-19"
    assert sink.clocks[0][0] <= now


def test_from_and_to_are_the_recordings_own_times_before_the_shift() -> None:
    playback = Playback(shift_to_now=True, end=START + 3600)
    sink, _, _ = played(HOURLY, playback, at("2026-05-20T09:00+08:00"))
    assert [note.at for note in sink.events(Note)] == ["2026-05-20T00:00:00+08:00"]


def test_civil_times_that_the_clock_skips_or_shows_twice() -> None:
    civil = pl.Series([datetime(2017, 3, 12, 2, 30), datetime(2017, 11, 5, 1, 30)])  # noqa: DTZ001 - civil time
    spring, autumn = epochs(civil, "America/New_York")
    assert spring == at("2017-03-12T03:30-04:00")
    assert autumn == at("2017-11-05T01:30-04:00")
