"""Whatever the batches and restarts: the same evaluations give the same transitions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts.lifecycle import Book
from streams.alerts.rules import Rule
from streams.alerts.transition import Transition
from tests.streams.alerts.support import CATALOGUE, SHANGHAI, book_of, custom, rule_of, rulebook_of

RULES = (
    rule_of("live", "live-24h"),
    rule_of("live", "live-1h"),
    rule_of("urumqi-2007", "urumqi-2007"),
    custom({"blue": "spike_24h > 0.1", "red": "spike_24h > 1"}, **{"for": "1 min", "clear_for": "0 s"}),
)
START = 1_659_888_000

#: rule, region, good, what the evaluation says (-2: no level, not clear), seconds since the one before.
evaluations = st.lists(
    st.tuples(
        st.integers(0, len(RULES) - 1),
        st.sampled_from([540402, 540421]),
        st.sampled_from(["potato", "egg"]),
        st.sampled_from([-2, -1, -1, 0, 0, 1, 2, 3, 4]),
        st.sampled_from([0, 1, 60, 300, 900, 1800, 86_400, 200_000]),
    ),
    max_size=60,
)


def run(book: Book, steps: list[tuple[int, int, str, int, int]], start: int) -> tuple[list[Transition], int]:
    found: list[Transition] = []
    at = start
    for index, region, good, level, pause in steps:
        at += pause
        rule: Rule = RULES[index]
        level = max(level, rule.lowest) if level > 0 else level  # noqa: PLW2901
        date = at // 86_400 if rule.trigger == "date" else None
        values = {"spike_24h": 0.5, "change_week": None}
        found += book.step(rule, region, good, "", at, 0 if level == -2 else level, level == 0, values, {}, date)
    return found, at


@settings(deadline=None, max_examples=100)
@given(evaluations, st.integers(0, 60))
def test_a_restart_anywhere_changes_nothing(steps: list[tuple[int, int, str, int, int]], cut: int) -> None:
    whole, _ = run(book_of(*RULES), steps, START)
    book = book_of(*RULES)
    before, at = run(book, steps[:cut], START)
    data = msgspec.msgpack.decode(msgspec.msgpack.encode(book.dump()))
    other = Book(rulebook_of(*RULES), CATALOGUE, SHANGHAI)
    other.load(data)
    assert other.dump() == book.dump()
    assert other.open_alerts() == book.open_alerts()
    after, _ = run(other, steps[cut:], at)
    assert before + after == whole


@settings(deadline=None, max_examples=100)
@given(evaluations)
def test_every_episode_is_a_sound_story(steps: list[tuple[int, int, str, int, int]]) -> None:
    found, _ = run(book_of(*RULES), steps, START)
    assert len({(each.id, each.seq) for each in found}) == len(found)
    newest: dict[str, Transition] = {}
    for each in found:
        before = newest.get(each.key)
        goes_on = before is not None and before.state != "resolved"
        assert each.level_before == (before.level if before is not None and goes_on else 0)
        if before is not None and goes_on:
            assert (each.id, each.seq, each.start) == (before.id, before.seq + 1, before.start)
        assert (each.level == 0) == (each.state == "resolved")
        assert each.at >= each.start or each.date is not None
        newest[each.key] = each


@settings(deadline=None, max_examples=50)
@given(evaluations)
def test_subjects_do_not_influence_each_other(steps: list[tuple[int, int, str, int, int]]) -> None:
    together, _ = run(book_of(*RULES), steps, START)
    times, at = [], START
    for step in steps:
        at += step[4]
        times.append((step, at))
    apart: list[Transition] = []
    for subject in {step[:3] for step in steps}:
        book = book_of(*RULES)
        for step, moment in times:
            if step[:3] == subject:
                apart += run(book, [(*step[:4], 0)], moment)[0]
    assert sorted(together, key=told) == sorted(apart, key=told)


def told(transition: Transition) -> tuple[str, str, int]:
    return transition.key, transition.id, transition.seq


def test_data_of_another_shape_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        book_of(*RULES).load({"open": [{"level": 3}], "ended": []})
