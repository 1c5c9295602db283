"""A jump of the system clock does not move the stream's time."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from schemas import catalogue, topics
from streams.alerts import packs
from streams.alerts.rulebook import Rulebook
from streams.chunk import Chunk
from streams.engine import Engine
from streams.options import Options
from streams.steady import SteadyWall

DAY = 86_400.0
START = datetime(2024, 8, 8, 15, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()


class Clocks:
    """A system clock that somebody may set, and the time that really passes."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.set = 0.0

    def wall(self) -> float:
        return START + self.passed + self.set

    def clock(self) -> float:
        return 1000.0 + self.passed

    @property
    def now(self) -> float:
        return START + self.passed


def test_small_drifts_are_followed_at_once() -> None:
    clocks = Clocks()
    steady = SteadyWall(clocks.wall, clocks.clock)
    for second in range(1, 100):
        clocks.passed, clocks.set = float(second), second * 0.1
        assert steady() == clocks.wall()


@pytest.mark.parametrize("jump", [DAY, -DAY, 3600.0, -4.0])
def test_a_step_that_is_taken_back_is_not_followed(jump: float, caplog: pytest.LogCaptureFixture) -> None:
    clocks = Clocks()
    steady = SteadyWall(clocks.wall, clocks.clock, adopt_seconds=180)
    clocks.set = jump
    for second in range(120):
        clocks.passed = float(second)
        assert steady() == clocks.now
    clocks.set = 0.0
    assert steady() == clocks.now
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        f"the system clock jumped by {jump:+.0f} s",
        "the system clock is back",
    ]


def test_a_step_that_lasts_is_believed() -> None:
    clocks = Clocks()
    steady = SteadyWall(clocks.wall, clocks.clock, adopt_seconds=180)
    clocks.set = DAY
    assert steady() == clocks.now
    clocks.passed = 179.0
    assert steady() == clocks.now
    clocks.passed = 180.0
    assert steady() == clocks.wall()
    clocks.passed = 181.0
    assert steady() == clocks.wall()


def test_a_second_step_begins_a_wait_of_its_own() -> None:
    clocks = Clocks()
    steady = SteadyWall(clocks.wall, clocks.clock, adopt_seconds=180)
    clocks.set = DAY
    steady()
    clocks.passed, clocks.set = 170.0, 2 * DAY
    steady()
    clocks.passed = 200.0
    assert steady() == clocks.now


def receipt(at: float, number: int) -> bytes:
    time = datetime.fromtimestamp(at, ZoneInfo("Asia/Shanghai")).isoformat()
    line = {"line": 1, "good": "potato", "quantity": 1, "unit": "kg", "amount": 4.5}
    event = {"event_id": f"r{number}", "sender": "t", "store": "s", "region": "540402", "workstation": "1"}
    return json.dumps({**event, "business_date": time[:10], "sequence": number, "time": time, "lines": [line]}).encode()


def engine() -> Engine:
    known = catalogue.load(None)
    return Engine(4, 12, known, Rulebook([packs.load("live")], known), Options(), "epoch", 1)


def feed(part: Engine, clocks: Clocks, wall: float, number: int) -> int:
    """Give the engine one record of the true present; return the number of dead letters."""
    chunk = Chunk(
        topic=topics.SALES,
        partition=4,
        offsets=range(number, number + 1),
        values=[receipt(clocks.now, number)],
        keys=[b"540400"],
        headers=[()],
        timestamps=[int(clocks.now * 1000)],
        next_offset=number + 1,
    )
    return len(part.apply(chunk, wall).dead)


def closed(part: Engine) -> list[int]:
    return [place.closed_day for place in part._places.values()]


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_day_for_a_minute_closes_no_date_and_rejects_no_record(jump: float) -> None:
    clocks, part, plain = Clocks(), engine(), engine()
    steady = SteadyWall(clocks.wall, clocks.clock)
    dead, rejected = 0, 0
    for second in range(140):
        clocks.passed, clocks.set = float(second), jump if 60 <= second < 120 else 0.0
        if second < 30 or second % 20 == 10:
            dead += feed(part, clocks, steady(), second)
            rejected += feed(plain, clocks, clocks.wall(), second)
        part.tick(steady())
        plain.tick(clocks.wall())
        if second == 30:
            before = closed(part)
    assert dead == 0
    assert closed(part) == before
    assert rejected > 0 or closed(plain) != before, "without the steady clock the jump does harm"
