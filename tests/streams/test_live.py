"""Live mode: alerts at once, no overtaking between topics, the wall clock where nothing arrives."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from schemas import topics
from schemas.events import Alert
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import BAYI

NOON = records.moment("10-20 12:00")
DAY = 86_400
LIVE = Options(hold=1.0, live_seconds=0.0)


class Wire:
    """An engine and the offsets of its topics."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.alerts: list[Alert] = []
        self.rows: list[tuple[int, str, int]] = []

    def send(self, topic: str, events: Sequence[msgspec.Struct], wall: float) -> Outcome:
        chunk = records.chunk(topic, events, self.engine.offsets.get(topic, 0))
        return self._take(self.engine.apply(chunk, wall))

    def tick(self, wall: float) -> Outcome:
        return self._take(self.engine.tick(wall))

    def _take(self, outcome: Outcome) -> Outcome:
        self.alerts += outcome.alerts
        columns = outcome.rows.get("indicators", {"region": [], "good": [], "at": []})
        self.rows += zip(columns["region"], columns["good"], columns["at"], strict=True)
        return outcome


def sales(at: int, price: float, number: int, count: int = 12) -> list[msgspec.Struct]:
    """Return receipts of three stores within a minute or so."""
    return [
        records.receipt(at + each, number + each, ("potato", 1, price), store=f"s{each % 3}") for each in range(count)
    ]


@pytest.fixture
def wire() -> Wire:
    """Return an engine that saw a week of potatoes at 4 CNY, live."""
    made = Wire(records.engine(LIVE))
    for day in range(8):
        at = NOON + (day - 8) * DAY
        for hour in range(3):
            made.send(topics.SALES, sales(at + hour * 3600, 4.0, 100 * hour), at + hour * 3600 + 20)
            made.tick(at + hour * 3600 + 22)
    return made


def test_an_alert_comes_with_the_chunk_that_causes_it_not_at_the_end_of_the_bucket(wire: Wire) -> None:
    assert wire.alerts == []
    for part in range(3):
        at = NOON + part * 60
        wire.send(topics.SALES, sales(at, 6.0, 1000 * (part + 1)), at + 12)
    raised = [alert for alert in wire.alerts if alert.rule == "live-24h"]
    first = raised[0]
    assert (first.state, first.level, first.good, first.region) == ("firing", "blue", "potato", str(BAYI))
    assert (first.since, first.at) == ("2026-10-20T12:00:00+08:00", "2026-10-20T12:00:12+08:00")


def test_live_records_follow_every_chunk(wire: Wire) -> None:
    outcome = wire.send(topics.SALES, sales(NOON, 4.0, 5000), NOON + 12)
    newest = outcome.live[f"{BAYI}|potato"]
    assert newest.values["vwap_1h"] == 4.0
    assert newest.at == "2026-10-20T12:05:00+08:00"


def test_time_does_not_overtake_a_topic_whose_backlog_is_being_read() -> None:
    """Stock is read an hour ahead of sales: the sales that follow are not late."""
    made = Wire(records.engine(LIVE))
    wall = NOON + DAY
    counts = [records.stock(NOON + minute * 60, "potato", 50, site=f"c{minute}") for minute in range(120)]
    receipts = [records.receipt(NOON + minute * 60, minute, ("potato", 1, 4.0)) for minute in range(120)]
    made.send(topics.STOCK, counts[:100], wall)
    for first in range(0, 120, 20):
        made.send(topics.SALES, receipts[first : first + 20], wall + first / 100)
    made.tick(wall + 5)
    sizes = [at for region, good, at in made.rows if (region, good) == (BAYI, "potato")]
    assert sizes == sorted(set(sizes)), "every bucket was written once: nothing had to be corrected"
    assert len(sizes) >= 20


def test_a_topic_that_is_always_late_holds_time_for_a_second_only() -> None:
    made = Wire(records.engine(LIVE))
    made.send(topics.STOCK, [records.stock(NOON - 7200, "potato", 50)], NOON)
    made.send(topics.SALES, sales(NOON, 4.0, 1), NOON + 2)
    made.send(topics.STOCK, [records.stock(NOON - 7000, "potato", 50)], NOON + 600)
    made.send(topics.SALES, sales(NOON + 600, 4.0, 100), NOON + 600.5)
    assert NOON + 300 not in {at for *_, at in made.rows}, "stock is being read, two hours behind"
    made.tick(NOON + 602)
    assert NOON + 300 in {at for *_, at in made.rows}


def test_the_wall_clock_takes_over_where_nothing_arrives(wire: Wire) -> None:
    """Prices must also clear when sales stop: windows go on moving."""
    at = NOON
    for part in range(3):
        wire.send(topics.SALES, sales(at + part * 60, 8.0, 1000 * (part + 1)), at + part * 60 + 12)
    assert "live-24h" in {alert.rule for alert in wire.alerts if alert.state == "firing"}
    for minute in range(0, 26 * 60, 5):
        wire.tick(at + 300 + minute * 60)
    assert any(alert.stale for alert in wire.alerts if alert.rule == "live-24h"), "no sales left in the window"


def test_a_replay_of_old_events_is_not_hurried_by_the_wall_clock() -> None:
    made = Wire(records.engine(LIVE))
    wall = NOON + 400 * DAY
    made.send(topics.SALES, sales(NOON, 4.0, 1), wall)
    made.tick(wall + 3600)
    made.send(topics.SALES, sales(NOON + 900, 4.0, 100), wall + 3601)
    made.tick(wall + 3603)
    assert {at for *_, at in made.rows} == {NOON + 300}


def test_after_a_rebuild_newest_indicators_and_open_alerts_are_published_again(wire: Wire) -> None:
    for part in range(3):
        wire.send(topics.SALES, sales(NOON + part * 60, 8.0, 1000 * (part + 1)), NOON + part * 60 + 12)
    following = records.engine(LIVE)
    following.restore(wire.engine.snapshot().pack())
    outcome = following.republish(NOON + 200)
    assert f"{BAYI}|potato" in outcome.live
    assert {alert.rule for alert in outcome.alerts} >= {"live-24h"}


def test_a_bucket_that_a_snapshot_cut_in_two_is_written_whole_though_nothing_more_comes() -> None:
    made = Wire(records.engine(LIVE))
    made.send(topics.SALES, sales(NOON, 4.0, 1), NOON + 12)
    made.tick(NOON + 14)
    made.send(topics.SALES, sales(NOON + 30, 4.0, 100), NOON + 42)
    following = Wire(records.engine(LIVE))
    following.engine.restore(made.engine.snapshot().pack())
    for second in range(0, 900, 10):
        following.tick(NOON + 60 + second)
    assert [row for row in following.rows if row[0] == BAYI] == [(BAYI, "potato", NOON + 300)]


def test_after_a_rebuild_the_wall_clock_waits_for_the_backlog(wire: Wire) -> None:
    """Down for ten minutes: what was sent meanwhile is not late when it is read."""
    wire.send(topics.SALES, sales(NOON, 4.0, 5000), NOON + 12)
    following = Wire(records.engine(LIVE))
    following.engine.restore(wire.engine.snapshot().pack())
    following.engine.republish(NOON + 900)
    following.tick(NOON + 900.5)
    assert [row for row in following.rows if row[2] > NOON] == []
    following.send(topics.SALES, sales(NOON + 400, 4.0, 6000), NOON + 901)
    following.tick(NOON + 903)
    assert {at for *_, at in following.rows if at > NOON} == {NOON + 300}
