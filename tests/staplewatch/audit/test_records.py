"""Records of the log against raw rows and dead letters, by the decoder of the workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl
import pytest

from schemas import topics
from staplewatch.audit.decoding import SCHEMAS
from staplewatch.audit.records import Records
from staplewatch.audit.report import Tally
from streams.chunk import Chunk
from streams.reader import Bounds
from tests.staplewatch.audit.worlds import PARTITION, Answers, Log, Rows, problems, rows_of, scope, tally
from tests.streams.records import WALL, chunk, clock, engine, moment, receipt, stock

MORNING = moment("11-02 09:00")
PLACE = (topics.SALES, PARTITION)
COLUMNS: dict[str, Mapping[str, Any]] = {
    "sales_after": {**SCHEMAS["sales"], "ingested": pl.Int64},
    "stock_after": {**SCHEMAS["stock"], "ingested": pl.Int64},
    "audit_letters": {"offset": pl.Int64, "stage": pl.String, "at": pl.Int64},
    "audit_newest": {"at": pl.Int64},
}


def records() -> Chunk:
    """Return four receipts, one of them a repeat, a training receipt, one half wrong and one broken."""
    training = msgspec.structs.replace(receipt(MORNING, 5, ("potato", 1, 4)), status="training")
    return chunk(
        topics.SALES,
        [
            receipt(MORNING, 1, ("potato", 2, 8), ("eggs", 1, 9)),
            receipt(MORNING + 60, 2, ("potato", 1, 4)),
            receipt(MORNING + 60, 2, ("potato", 1, 4)),
            training,
            receipt(MORNING + 90, 3, ("potato", 1, 4), ("unobtainium", 1, 4)),
            b"{",
            receipt(MORNING + 120, 4, ("potato", 3, 12)),
        ],
    )


class World:
    """What an engine stored of one chunk."""

    def __init__(self, taken: Chunk, wall: float = WALL) -> None:
        taken.timestamps = [int(wall) * 1000] * len(taken)
        outcome = engine().apply(taken, wall)
        self.taken = taken
        self.tables: dict[str, Rows] = {name: rows_of(columns) for name, columns in outcome.rows.items()}

    def audit(self, *, start: int = 0) -> Tally:
        answers = Answers(
            {
                "sales_after": lambda where: self._within("sales", where),
                "stock_after": lambda where: self._within("stock", where),
                "audit_letters": lambda where: self._within("dead_letters", where),
                "audit_newest": lambda _: [{"at": MORNING}],
            },
            COLUMNS,
        )
        found, place = tally(), (self.taken.topic, PARTITION)
        end = self.taken.next_offset
        log: Any = Log(self.taken)
        Records(scope(answers, reached={place: end}), log, found).check({place: Bounds(start, end)})
        return found

    def _within(self, table: str, where: Mapping[str, Any]) -> Rows:
        rows = self.tables.get(table, [])
        return [row for row in rows if where["from_offset"] <= row["offset"] < where["to_offset"]]


def test_what_an_engine_stored_agrees_with_the_log() -> None:
    found = World(records()).audit()
    assert (found.compared, problems(found)) == (7, [])
    assert [note.en for note in found.notes] == ["1 training or cancelled receipts, dropped by rule"]


def test_a_deleted_row_is_lost() -> None:
    world = World(records())
    world.tables["sales"] = [row for row in world.tables["sales"] if row["offset"] != 1]
    assert problems(world.audit()) == [("lost", "pos.sales/0 @1", "lines=1", "-")]


def test_rows_that_follow_each_other_are_one_finding() -> None:
    world = World(records())
    world.tables["sales"] = [row for row in world.tables["sales"] if row["offset"] > 2]
    found = world.audit()
    assert problems(found) == [("lost", "pos.sales/0 @0-2", "lines=4", "-")]
    assert found.disagreements == 4


def test_a_row_too_many_is_invented() -> None:
    world = World(records())
    world.tables["sales"].append(world.tables["sales"][0] | {"offset": 3})
    assert problems(world.audit()) == [("invented", "pos.sales/0 @3", "-", "lines=1")]


def test_an_altered_amount_is_different() -> None:
    world = World(records())
    world.tables["sales"][1]["amount"] += 1
    assert problems(world.audit()) == [("different", "pos.sales/0 @0:1", "amount=90000", "amount=90001")]


def test_a_repeat_that_counts_is_found_where_the_log_is_whole() -> None:
    world = World(records())
    world.tables["sales"][3]["repeat"] = 0
    assert problems(world.audit()) == [("repeat", "pos.sales/0 @2:0", "repeat=1", "repeat=0")]


def test_repeats_are_not_judged_where_the_log_has_no_beginning() -> None:
    later = chunk(topics.SALES, list(records().values), first=10)
    world = World(later)
    world.tables["sales"][3]["repeat"] = 0
    found = world.audit(start=10)
    assert problems(found) == []
    assert "1 flags of repeats not judged" in found.notes[1].en


def test_a_missing_dead_letter_is_found() -> None:
    world = World(records())
    world.tables["dead_letters"] = [row for row in world.tables["dead_letters"] if row["offset"] != 5]
    assert problems(world.audit()) == [("unburied", "pos.sales/0 @5", "dead_letters", "-")]


def test_the_rows_of_a_half_wrong_record_may_not_hide_behind_its_dead_letter() -> None:
    world = World(records())
    world.tables["sales"] = [row for row in world.tables["sales"] if row["offset"] != 4]
    assert problems(world.audit()) == [("lost", "pos.sales/0 @4", "lines=1", "-")]


def test_an_event_ahead_of_the_clock_is_judged_as_of_its_own_moment() -> None:
    def world(wall: float) -> World:
        return World(chunk(topics.SALES, [receipt(MORNING + 3600, 1, ("potato", 1, 4))]), wall)

    too_early, in_time = world(MORNING), world(MORNING + 3600)
    assert problems(too_early.audit()) == problems(in_time.audit()) == []
    too_early.tables["dead_letters"] = []
    assert problems(too_early.audit()) == [("unburied", "pos.sales/0 @0", "dead_letters", "-")]


def test_what_was_rejected_then_and_would_be_accepted_now_is_no_loss() -> None:
    world = World(records())
    lost = world.tables["sales"].pop()
    letter = {"topic": topics.SALES, "offset": lost["offset"], "stage": "validate", "at": lost["ingested"]}
    world.tables["dead_letters"].append(world.tables["dead_letters"][0] | letter)
    found = world.audit()
    assert problems(found) == []
    assert "1 rejected then, accepted now: replay them" in [note.en for note in found.notes]


def test_a_log_that_ends_before_the_progress_is_found() -> None:
    world = World(records())
    world.taken = world.taken.part(0, 7, 9)
    log: Any = Log()
    found = tally()
    answers = Answers()
    Records(scope(answers, reached={PLACE: 9}), log, found).check({PLACE: Bounds(0, 9)})
    assert problems(found) == [("short", "pos.sales/0", "9", "0")]


@pytest.mark.parametrize(
    "value",
    [
        b"not json",
        b'{"time": "2026-11-02T09:00:00", "sender": "x"}',
        b'{"time": "2100-01-01T00:00:00+08:00", "sender": "x"}',
        None,
    ],
)
def test_punctuation_that_is_none_must_be_a_dead_letter(value: bytes | None) -> None:
    good = clock(MORNING)
    taken = chunk(topics.CLOCK, [good.values[0], value])
    place = (topics.CLOCK, PARTITION)
    answers = Answers({"audit_letters": lambda _: []}, COLUMNS)
    log: Any = Log(taken)
    found = tally()
    Records(scope(answers, reached={place: 2}), log, found).check({place: Bounds(0, 2)})
    assert problems(found) == [("unburied", "clock/0 @1", "dead_letters", "-")]


def test_stock_is_compared_with_its_corrections() -> None:
    report = msgspec.structs.replace(stock(MORNING, "potato", 5), corrects=["i-1"])
    world = World(chunk(topics.STOCK, [report]))
    assert problems(world.audit()) == []
    world.tables["stock"][0]["corrects"] = []
    assert problems(world.audit()) == [("different", "inventory.levels/0 @0:0", "corrects=['i-1']", "corrects=[]")]
