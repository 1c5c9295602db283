"""Actions through the engine: marks whatever the chunks and the rebuilds, and never a transition changed by them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from schemas import topics
from schemas.events import Action, Alert, Level, Matcher
from streams.engine import Engine
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import WALL
from tests.streams.test_engine_rebuild import OPTIONS, WORLD, Log, finish

TOMATO, POTATO = "live-24h|540402|tomato", "live-24h|540402|potato"
#: The fifth date: cover stands, prices have not moved yet. And the evening of the sixth: prices are orange.
EARLY, ORANGE = records.moment("10-05 00:00"), records.moment("10-06 16:00")
NOTHING = pa.table({"id": [], "seq": [], "level": []})


class Board(Log):
    """Keeps the newest record of each alert as consumers do."""

    def __init__(self) -> None:
        super().__init__()
        self.newest: dict[str, Alert] = {}
        self.actions: list[dict[str, Any]] = []
        self.again: list[Alert] = []
        self.stored = 0
        self.dead: list[Any] = []

    def take(self, outcome: Outcome) -> None:
        super().take(outcome)
        self.again += outcome.marked
        self.dead += outcome.dead
        self.stored += len(outcome.rows.get("alert_transitions", {"id": []})["id"])
        rows = outcome.rows.get("alert_actions", {})
        self.actions += [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]
        for alert in [*outcome.alerts, *outcome.marked]:
            known = self.newest.get(alert.key)
            if known is None or alert.supersedes(known):
                self.newest[alert.key] = alert

    def marks(self) -> dict[str, tuple[Any, ...]]:
        return {key: (a.seq, a.acknowledged, a.silenced, a.inhibited) for key, a in self.newest.items()}


def act(kind: Any, number: int, **changes: Any) -> Action:
    at = records.iso(int(WALL) + number)
    plain = Action(event_id=f"{kind}-{number}", sender="desk", kind=kind, by=f"by {number}", time=at, note="看过")
    return msgspec.structs.replace(plain, **changes)


def acknowledge(number: int, key: str, seq: int, level: Level, episodes: dict[str, str]) -> Action:
    return act("acknowledge", number, alert=episodes[key], key=key, seq=seq, level=level)


def apply(engine: Engine, board: Board, topic: str, events: Sequence[Any], wall: float = WALL) -> None:
    board.take(engine.apply(records.chunk(topic, events, engine.offsets.get(topic, 0)), wall))


def read_until(engine: Engine, board: Board, until: int, most: int = 2000) -> None:
    """Hand over every event before a moment and close the time up to it."""
    last = records.iso(until)
    for topic in topics.INPUTS:
        events = [each for each in WORLD[topic] if getattr(each, "time") < last]  # noqa: B009
        while (first := engine.offsets.get(topic, 0)) < len(events):
            apply(engine, board, topic, events[first : min(first + most, len(events))])
    offsets = {name: engine.offsets.get(topic, 0) for name, topic in topics.INPUT_NAMES.items()}
    clock = records.clock(until, **offsets)
    values = [each for each in clock.values if each is not None]
    apply(engine, board, topics.CLOCK, values)


@pytest.fixture(scope="module")
def episodes() -> dict[str, str]:
    """Return the episode of each alert: ids are the same in every run."""
    board, engine = Board(), records.engine(OPTIONS)
    read_until(engine, board, ORANGE)
    finish(engine, board)
    return {key: alert.id for key, alert in board.newest.items()}


@pytest.fixture(scope="module")
def done(episodes: dict[str, str]) -> list[Action]:
    """Return what people do while prices are orange; the potatoes turn red afterwards, unseen."""
    until = records.iso(int(WALL) + 7200)
    return [
        acknowledge(1, POTATO, 2, "orange", episodes),
        acknowledge(2, TOMATO, 3, "red", episodes),
        acknowledge(3, "cover|540421|potato", 1, "red", episodes),
        act("comment", 4, alert=episodes[TOMATO], key=TOMATO, seq=2, level="orange"),
        act("silence", 5, silence="s5", matcher=Matcher(regions=["540421"]), until=until),
        act("silence", 6, silence="s6", matcher=Matcher(goods=["tomato"]), until=until),
        act("unsilence", 7, silence="s6"),
    ]


@pytest.fixture(scope="module")
def undisturbed(done: list[Action]) -> Board:
    board, engine = Board(), records.engine(OPTIONS)
    read_until(engine, board, ORANGE)
    apply(engine, board, topics.ACTIONS, done)
    finish_all(engine, board)
    marks = board.marks()
    assert marks[POTATO][:2] == (3, None), "red took the mark away"
    assert marks[TOMATO][1].by == "by 2"
    assert marks[TOMATO][2] is None, "the silence was lifted"
    assert marks["cover|540421|potato"][2].silence == "s5"
    assert marks["cover|540421|potato"][3].key == "cover|540400|potato"
    return board


def finish_all(engine: Engine, board: Board) -> None:
    """Read what is left of the world."""
    for topic in topics.INPUTS:
        if rest := WORLD[topic][engine.offsets.get(topic, 0) :]:
            apply(engine, board, topic, rest)
    offsets = {name: len(WORLD[topic]) for name, topic in topics.INPUT_NAMES.items()}
    end = records.clock(records.moment("10-07 02:00"), **offsets)
    apply(engine, board, topics.CLOCK, [each for each in end.values if each is not None])


def test_an_action_publishes_again_and_writes_one_row_and_no_transition(episodes: dict[str, str]) -> None:
    board, engine = Board(), records.engine(OPTIONS)
    read_until(engine, board, ORANGE)
    before, stored = board.newest[TOMATO], board.stored
    apply(engine, board, topics.ACTIONS, [acknowledge(1, TOMATO, 2, "orange", episodes)], WALL + 1)
    (again,) = board.again
    assert again.acknowledged is not None
    assert (again.key, again.seq, again.id) == (TOMATO, before.seq, before.id)
    assert again.as_of > before.as_of
    assert board.stored == stored
    assert [row["event_id"] for row in board.actions] == ["acknowledge-1"]
    assert msgspec.structs.replace(again, acknowledged=None, actions_offset=0, as_of=before.as_of) == before


@pytest.mark.parametrize("most", [1, 2000])
def test_marks_and_transitions_do_not_depend_on_how_chunks_are_cut(
    undisturbed: Board, done: list[Action], most: int
) -> None:
    board, engine = Board(), records.engine(OPTIONS)
    chance = random.Random(most)
    given = list(done)
    for until in range(EARLY, ORANGE + 1, 6 * 3600):  # actions come whenever they come: what they name may be to come
        read_until(engine, board, until, most)
        while given and chance.random() < 0.7:
            apply(engine, board, topics.ACTIONS, [given.pop(0)])
    for each in given:
        apply(engine, board, topics.ACTIONS, [each])
    finish_all(engine, board)
    assert board.marks() == undisturbed.marks()
    assert board.transitions == undisturbed.transitions
    assert board.indicators == undisturbed.indicators


@pytest.mark.parametrize("with_snapshot", [True, False])
@pytest.mark.parametrize("read_again", [True, False])
def test_marks_survive_a_rebuild(undisturbed: Board, done: list[Action], with_snapshot: bool, read_again: bool) -> None:
    """Killed after the actions, which are in the table; with ``read_again`` their progress was not stored."""
    board, first = Board(), records.engine(OPTIONS)
    read_until(first, board, EARLY)
    snapshot = first.snapshot().pack()
    if with_snapshot:
        board.raw.clear()
    read_until(first, board, ORANGE)
    apply(first, board, topics.ACTIONS, done)

    second = records.engine(OPTIONS)
    if with_snapshot:
        second.restore(snapshot)
    records.replay(second, board.raw)
    second.recall(
        records.stored({name: [row[name] for row in board.actions] for name in board.actions[0]}), NOTHING, WALL
    )
    second.offsets.update({topics.CLOCK: 0, topics.ACTIONS: 0 if read_again else len(done)})
    again = Board()
    again.take(second.republish(WALL))
    if read_again:
        apply(second, again, topics.ACTIONS, done)
    read_until(second, again, ORANGE)
    at_the_kill = again.marks()
    assert at_the_kill[POTATO][1].by == "by 1"
    finish_all(second, again)
    marks = again.marks()
    assert marks == {key: undisturbed.marks()[key] for key in marks}
    assert {TOMATO, POTATO, "cover|540421|potato"} <= marks.keys()


def test_a_snapshot_keeps_marks_without_the_table(undisturbed: Board, done: list[Action]) -> None:
    board, first = Board(), records.engine(OPTIONS)
    read_until(first, board, ORANGE)
    apply(first, board, topics.ACTIONS, done)
    second = records.engine(OPTIONS)
    second.restore(first.snapshot().pack())
    again = Board()
    again.take(second.republish(WALL))
    assert again.marks() == board.marks()
    assert again.again == []
    finish_all(second, again)
    assert again.marks() == undisturbed.marks()


def test_a_silence_ends_by_the_clock_and_the_record_says_so(done: list[Action]) -> None:
    board, engine = Board(), records.engine(OPTIONS)
    read_until(engine, board, ORANGE)
    apply(engine, board, topics.ACTIONS, done)
    board.again.clear()
    board.take(engine.tick(WALL + 7199))
    assert board.again == []
    board.take(engine.tick(WALL + 7200))
    assert {each.key for each in board.again} == {"cover|540421|potato", "urumqi-2007|540421|potato"}
    assert {each.silenced for each in board.newest.values()} == {None}


def test_what_cannot_be_read_is_a_dead_letter_with_its_bytes(episodes: dict[str, str]) -> None:
    board, engine = Board(), records.engine(OPTIONS)
    read_until(engine, board, ORANGE)
    elsewhere = msgspec.json.encode(act("acknowledge", 1, alert="one", key="live-24h|540102|tomato"))
    bad: list[Any] = [None, b"{", b'{"event_id":1}', elsewhere]
    apply(engine, board, topics.ACTIONS, [*bad, acknowledge(2, TOMATO, 2, "orange", episodes)])
    assert [each.value for each in board.dead] == [b"", *bad[1:]]
    assert [each.stage for each in board.dead] == ["decode", "decode", "decode", "partition"]
    assert {each.topic for each in board.dead} == {topics.ACTIONS}
    assert [row["event_id"] for row in board.actions] == ["acknowledge-2"]
    assert engine.offsets[topics.ACTIONS] == 5
