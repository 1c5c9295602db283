"""Alerts in the warehouse and on the topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import polars as pl

from schemas import topics
from schemas.events import Alert, AsOf
from staplewatch.audit import alerts
from tests.serving.examples import alert
from tests.staplewatch.audit.worlds import frame, problems, tally
from tests.streams.records import chunk

EPISODES = {"key": pl.String, "id": pl.String, **dict.fromkeys(("first", "last", "stored"), pl.Int64)}
NEWEST = {
    "key": pl.String,
    "id": pl.String,
    "seq": pl.Int64,
    "level": pl.String,
    "state": pl.String,
    "at": pl.Int64,
    "version": pl.Int64,
}
FIRING = ("e1", 1, "firing", "orange")


def published(*events: Alert | bytes) -> tuple[dict[str, alerts.State], int]:
    return alerts.newest_published([chunk(topics.ALERTS, events)])


def fired(seq: int, position: int, **other: Any) -> Alert:
    return msgspec.structs.replace(alert(seq=seq), key="k", as_of=AsOf(1, position, 0), **other)


def test_transitions_that_run_from_0_agree() -> None:
    found = tally()
    alerts.episodes(frame(EPISODES, ("k", "e1", 0, 3, 4)), found)
    assert (found.compared, problems(found)) == (1, [])


def test_missing_transitions_are_found() -> None:
    found = tally()
    alerts.episodes(frame(EPISODES, ("k", "e1", 0, 3, 3), ("k", "e2", 1, 1, 1)), found)
    assert problems(found) == [
        ("seq_gap", "k e1", "seq=0..3", "first=0 stored=3"),
        ("seq_gap", "k e2", "seq=0..1", "first=1 stored=1"),
    ]


def test_two_open_episodes_of_one_key_are_found() -> None:
    rows = [
        ("k", "e1", 1, "blue", "firing", 1, 1),
        ("k", "e2", 0, "red", "pending", 2, 1),
        ("m", "e3", 0, "red", "firing", 2, 1),
    ]
    found = tally()
    alerts.two_open(frame(NEWEST, *rows), found)
    assert problems(found) == [("two_open", "k", "open=1", "e1 e2")]


def test_the_newest_stored_is_of_the_newest_episode() -> None:
    rows = [("k", "e2", 0, "red", "firing", 9, 5), ("k", "e1", 7, "none", "resolved", 8, 5)]
    assert alerts.newest_stored(frame(NEWEST, *rows)) == {"k": ("e2", 0, "firing", "red")}


def test_the_newest_published_is_by_as_of_and_then_by_seq() -> None:
    events: list[Alert | bytes] = [fired(1, 5), fired(2, 5), fired(0, 9, level="blue"), fired(3, 4), b"{"]
    newest, strange = published(*events)
    assert (newest["k"][1], newest["k"][3], strange) == (0, "blue", 1)


def test_of_two_episodes_in_one_evaluation_the_later_one_is_the_newest_published() -> None:
    ended = msgspec.structs.replace(fired(3, 5), id="e0", state="resolved", since="2026-11-01T00:00:00+08:00")
    begun = msgspec.structs.replace(fired(0, 5), id="e1", since="2026-11-09T00:00:00+08:00")
    newest, _ = published(ended, begun)
    assert newest["k"][:3] == ("e1", 0, "firing")


def test_only_what_is_open_on_one_side_must_be_equal() -> None:
    resolved = ("e0", 3, "resolved", "none")
    stored = {"same": FIRING, "lost": FIRING, "old": resolved, "behind": FIRING}
    topic = {"same": FIRING, "extra": FIRING, "behind": ("e1", 2, "resolved", "none")}
    found = tally()
    alerts.report(alerts.unequal(stored, topic), found)
    assert problems(found) == [
        ("alert_topic", "behind", "warehouse: e1 seq=1 firing orange", "topic: e1 seq=2 resolved none"),
        ("alert_topic", "extra", "warehouse: -", "topic: e1 seq=1 firing orange"),
        ("alert_topic", "lost", "warehouse: e1 seq=1 firing orange", "topic: -"),
    ]


def test_a_difference_that_settles_is_none() -> None:
    now, answers = [0.0], iter([[("k", FIRING, None)], []])

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def again() -> list[alerts.Differing]:
        found: Sequence[Any] = next(answers)
        return list(found)

    assert alerts.settled([("k", None, FIRING)], again, clock=lambda: now[0], sleep=sleep) == []
    assert now[0] == 2 * alerts.LOOK_SECONDS
    lasting: list[alerts.Differing] = [("k", None, FIRING)]
    assert alerts.settled(lasting, lambda: lasting, clock=lambda: now[0], sleep=sleep) == lasting
