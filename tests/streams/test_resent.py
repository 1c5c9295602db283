"""Records sent again from the dead letters: they count, count once, and what became of them is written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from schemas import topics
from schemas.letters import Replay, replay_headers
from streams.engine import Engine
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import WALL

AT = records.moment("11-01 12:00")
RIGHT = msgspec.json.encode(records.receipt(AT, 1, ("potato", 2.0, 7.0), ("tomato", 1.0, 3.0)))
#: The same receipt, one of its lines with an item code that nobody knows.
WRONG = RIGHT.replace(b"tomato", b"item-7")


def send(engine: Engine, value: bytes, offset: int, replay: Replay | None = None, topic: str = topics.SALES) -> Outcome:
    """Apply one record at ``offset``, with the headers of a replay."""
    chunk = records.chunk(topic, [value], offset)
    headers = [replay_headers(replay) if replay else ()]
    return engine.apply(replace(chunk, headers=headers), WALL)


def noted(outcome: Outcome, *names: str) -> list[tuple[Any, ...]]:
    """Return columns of what was written down about replays."""
    rows = outcome.rows.get("dead_letter_replays", {})
    return list(zip(*(rows.get(name, []) for name in names), strict=True))


def test_only_the_line_that_was_rejected_is_added() -> None:
    engine = records.engine()
    (letter,) = send(engine, WRONG, 0).dead
    replay = Replay("one", letter.topic, letter.partition, letter.offset, 1)
    outcome = send(engine, RIGHT, 1, replay)
    assert not outcome.dead
    assert list(outcome.rows["sales"]["repeat"]) == [1, 0]
    columns = (
        "offset",
        "attempt",
        "step",
        "sent_epoch",
        "sent_partition",
        "sent_offset",
        "outcome",
        "lines",
        "repeats",
    )
    assert noted(outcome, *columns) == [(0, 1, "read", "one", letter.partition, 1, "counted", 1, 1)]
    assert outcome.counts["replayed_counted"] == 1


def test_a_second_replay_changes_nothing() -> None:
    engine = records.engine()
    send(engine, b"{", 0)
    replay = Replay("one", topics.SALES, 0, 0, 1)
    assert noted(send(engine, RIGHT, 1, replay), "outcome", "lines") == [("counted", 2)]
    again = send(engine, RIGHT, 2, msgspec.structs.replace(replay, attempt=2))
    assert noted(again, "outcome", "lines", "repeats") == [("repeat", 0, 2)]
    assert list(again.rows["sales"]["repeat"]) == [1, 1]


def test_what_is_rejected_again_says_why_and_is_a_letter_of_its_own() -> None:
    engine = records.engine()
    outcome = send(engine, WRONG, 5, Replay("zero", topics.SALES, 9, 77, 3))
    (letter,) = outcome.dead
    assert (letter.offset, dict(letter.headers)["staplewatch.replay.attempt"]) == (5, b"3")
    assert noted(outcome, "epoch", "partition", "offset", "outcome", "lines") == [("zero", 9, 77, "rejected", 1)]
    assert noted(outcome, "reason") == [(letter.reason,)]


def test_a_training_receipt_is_dropped_and_a_clock_may_be_replayed() -> None:
    engine = records.engine()
    training = RIGHT.replace(b'"lines"', b'"status":"training","lines"')
    assert noted(send(engine, training, 0, Replay("e", topics.SALES, 0, 0, 1)), "outcome") == [("dropped",)]
    broken = send(engine, b"{", 0, Replay("e", topics.CLOCK, 0, 0, 1), topics.CLOCK)
    assert noted(broken, "topic", "outcome") == [(topics.CLOCK, "rejected")]


def test_nothing_is_written_about_other_records() -> None:
    assert noted(send(records.engine(), RIGHT, 0), "outcome") == []


def test_a_record_below_the_position_is_not_told_of_twice() -> None:
    engine = records.engine()
    send(engine, RIGHT, 0)
    assert noted(send(engine, RIGHT, 0, Replay("e", topics.SALES, 0, 0, 1)), "outcome") == []
