"""What actions make of alerts, in whatever order they come and however often."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import LEVELS, Acknowledged, Action, Matcher
from streams.alerts.marks import Marks
from tests.streams.alerts.actions import NOW, action, alert, silence

ORANGE, RED = LEVELS.index("orange"), LEVELS.index("red")
Rise = tuple[int, int]


def test_the_newest_acknowledgement_counts() -> None:
    marks = Marks()
    for each in (action(number=2, by="扎西"), action(number=1), action(number=1)):
        marks.take(each, NOW)
    assert marks.acknowledged("one") == Acknowledged("扎西", "2022-08-08T10:02:00+08:00", "已联系", 1, "orange")
    assert marks.acknowledged("other") is None


def test_a_higher_level_takes_the_mark_away_for_good() -> None:
    marks = Marks()
    marks.take(action(), NOW)
    marks.rise("one", 2, ORANGE)
    assert marks.acknowledged("one")
    marks.rise("one", 3, RED)
    marks.rise("one", 4, ORANGE)
    assert marks.acknowledged("one") is None
    marks.take(action(number=2, seq=3, level="red"), NOW)
    assert marks.acknowledged("one")


def test_an_acknowledgement_of_an_older_level_is_void_although_it_came_later() -> None:
    marks = Marks()
    marks.rise("one", 2, RED)
    marks.take(action(seq=1, level="orange"), NOW)
    assert marks.acknowledged("one") is None


def test_comments_are_no_marks() -> None:
    marks = Marks()
    marks.take(action("comment"), NOW)
    assert marks.acknowledged("one") is None
    assert marks.size == 0


def test_a_silence_covers_until_its_end_or_until_it_is_lifted() -> None:
    marks = Marks()
    marks.take(silence(), NOW)
    found = marks.silenced(alert(), NOW)
    assert found is not None
    assert (found.silence, found.until, found.by, found.why) == ("s1", "2022-08-08T12:00:00+08:00", "次仁", "已联系")
    assert marks.silenced(alert(region="540502"), NOW) is None
    assert marks.silenced(alert(), NOW + 7200) is None
    marks.take(action("unsilence", 2, silence="s1"), NOW)
    assert marks.silenced(alert(), NOW) is None


def test_an_alert_that_rises_above_the_levels_of_a_silence_is_not_covered() -> None:
    marks = Marks()
    marks.take(silence(matcher=Matcher(levels=["blue", "yellow"])), NOW)
    assert marks.silenced(alert(level="yellow"), NOW)
    assert marks.silenced(alert(level="orange"), NOW) is None


def test_the_end_of_a_silence_is_noticed_once() -> None:
    marks = Marks()
    marks.take(silence(), NOW)
    assert not marks.expire(NOW + 7199)
    assert marks.expire(NOW + 7200)
    assert not marks.expire(NOW + 7201)
    assert marks.size == 0


def test_memory_is_bounded_and_open_alerts_are_kept() -> None:
    marks = Marks(most=3)
    for number in range(1, 9):
        marks.take(action(number=number, alert=f"e{number}"), NOW)
        marks.take(silence(number, until=f"2022-08-08T12:{number:02}:00+08:00"), NOW)
        marks.rise(f"e{number}", 2, RED)
        marks.forget({"e1"}.__contains__)
    assert marks.is_acknowledged("e1")
    assert [number for number in range(1, 9) if marks.is_acknowledged(f"e{number}")] == [1, 7, 8]
    assert len(marks.dump()["actions"]) == 6


# -- the same as a naive reading of the contract, whatever the order


acknowledgements = st.builds(
    lambda number, minute, seq, level: action(
        number=minute, event_id=f"a{number}", seq=seq, level=LEVELS[level], by=f"by {number}"
    ),
    st.integers(0, 30), st.integers(1, 5), st.integers(0, 6), st.integers(1, 4),
)  # fmt: skip
rises = st.tuples(st.integers(0, 7), st.integers(0, 4))
silences = st.builds(
    lambda number, minute, hour, goods: silence(
        number, event_id=f"s{number}-{minute}-{hour}", time=f"2022-08-08T09:0{minute}:00+08:00",
        until=f"2022-08-08T{hour:02}:00:00+08:00", matcher=Matcher(goods=goods),
    ),
    st.integers(1, 3), st.integers(0, 5), st.integers(9, 14), st.sampled_from([["potato"], ["tea"], ["potato", "tea"]]),
)  # fmt: skip
lifts = st.builds(lambda number: action("unsilence", number, silence=f"s{number}"), st.integers(1, 3))
Fact = Action | Rise


def naive_acknowledged(facts: Sequence[Fact]) -> str | None:
    """Return who holds the mark: the last to acknowledge of those whose level nothing later exceeds."""
    risen = [each for each in facts if isinstance(each, tuple)]
    counting = [
        each
        for each in facts
        if isinstance(each, Action)
        and each.kind == "acknowledge"
        and not any(seq >= each.seq and level > LEVELS.index(each.level) for seq, level in risen)
    ]
    return max(counting, key=lambda each: (each.time, each.event_id)).by if counting else None


def naive_silenced(facts: Sequence[Fact]) -> str | None:
    """Return the latest end among the newest versions of silences that are not lifted and cover potatoes."""
    actions = [each for each in facts if isinstance(each, Action)]
    lifted = {each.silence for each in actions if each.kind == "unsilence"}
    newest: dict[str, Action] = {}
    for each in sorted((each for each in actions if each.kind == "silence"), key=lambda one: (one.time, one.event_id)):
        if datetime.fromisoformat(each.until or "").timestamp() > NOW:
            newest[each.silence] = each
    ends = [
        each.until or ""
        for name, each in newest.items()
        if name not in lifted and each.matcher and "potato" in each.matcher.goods
    ]
    return max(ends, default=None)


def told(facts: Sequence[Fact], seed: int | None = None) -> Marks:
    """Return marks that were told of everything in order; with a seed repeated, shuffled and through snapshots."""
    marks = Marks()
    for each in facts:
        if isinstance(each, tuple):
            marks.rise("one", *each)
        else:
            marks.take(each, NOW)
        if seed is not None and random.Random(f"{seed}{each}").random() < 0.3:
            packed, marks = msgspec.msgpack.encode(marks.dump()), Marks()
            marks.load(msgspec.msgpack.decode(packed))
    return marks


@given(st.lists(acknowledgements | rises | silences | lifts, max_size=25), st.integers(0, 1000))
def test_marks_depend_on_what_was_done_and_not_on_its_order(facts: list[Fact], seed: int) -> None:
    # one event id means one action: of two that share it the first is meant
    unique = {each.event_id if isinstance(each, Action) else str(each): each for each in facts}
    facts = [*unique.values()]
    again = random.Random(seed).sample([*facts, *facts], 2 * len(facts))
    for marks in (told(facts), told(again, seed)):
        acknowledged, silenced = marks.acknowledged("one"), marks.silenced(alert(), NOW)
        assert (acknowledged and acknowledged.by) == naive_acknowledged(facts)
        assert (silenced and silenced.until) == naive_silenced(facts)


@pytest.mark.parametrize("level", range(5))
def test_rises_are_kept_small(level: int) -> None:
    marks = Marks()
    for seq in range(200):
        marks.rise("one", seq, (seq * 7 + level) % 5)
    assert len(marks.dump()["rises"]) <= len(LEVELS)
