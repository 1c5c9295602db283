"""What actions make of alerts, in whatever order they come."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from schemas.events import Action, Matcher
from serving import ledger
from serving.ledger import Ledger
from tests.serving.examples import alert

NOW = 1_659_924_000.0  # 2022-08-08T10:00+08:00


def action(kind: Any = "acknowledge", number: int = 1, **changes: Any) -> Action:
    plain = Action(
        event_id=f"{kind}-{number}", sender="desk", kind=kind, by="次仁", time=f"2022-08-08T10:0{number}:00+08:00",
        note="已联系", alert="one", key="live|540402|potato", seq=1, level="orange",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def silence(number: int = 1, **changes: Any) -> Action:
    matcher = changes.pop("matcher", Matcher(regions=["540400"]))
    plain = action("silence", number, silence=f"s{number}", matcher=matcher, until="2022-08-08T12:00:00+08:00")
    return msgspec.structs.replace(plain, alert="", key="", **changes)


def test_an_alert_is_acknowledged_by_the_newest_action_once() -> None:
    found = Ledger()
    assert found.take(action(number=2, by="扎西"))
    assert found.take(action(number=1))
    assert not found.take(action(number=1))
    acknowledged = found.acknowledged("one", "orange")
    assert acknowledged is not None
    assert acknowledged.by == "扎西"
    assert found.acknowledged("other", "orange") is None


def test_a_higher_level_takes_the_mark_away_whatever_is_heard_first() -> None:
    steps: list[Callable[[Ledger], object]] = [
        lambda known: known.take(action()),
        lambda known: known.rise("one", 1, "orange"),
        lambda known: known.rise("one", 2, "red"),
        lambda known: known.rise("one", 3, "orange"),
    ]
    for order in itertools.permutations(steps):
        found = Ledger()
        for step in order:
            step(found)
        # at orange again, but it has been red since
        assert found.acknowledged("one", "orange") is None
    found.take(action(number=2, seq=3))
    assert found.acknowledged("one", "orange") is not None
    assert found.acknowledged("one", "red") is None


def test_a_lower_level_keeps_the_mark() -> None:
    found = Ledger()
    found.take(action())
    found.rise("one", 2, "yellow")
    assert found.acknowledged("one", "yellow") is not None


def test_a_silence_covers_what_it_names_until_its_end() -> None:
    found = Ledger()
    found.take(silence())
    assert found.silenced_until(alert(), NOW) == "2022-08-08T12:00:00+08:00"
    assert found.silenced_until(alert(region="540502"), NOW) is None
    assert found.silenced_until(alert(), NOW + 7200) is None


def test_a_lifted_silence_is_over_whatever_is_heard_first() -> None:
    for order in itertools.permutations([silence(), action("unsilence", 2, silence="s1")]):
        found = Ledger()
        for each in order:
            found.take(each)
        assert found.standing(NOW) == []
        assert found.silenced_until(alert(), NOW) is None


def test_the_latest_end_counts_whatever_its_offset() -> None:
    found = Ledger()
    found.take(silence(1, until="2022-08-08T12:00:00+08:00"))
    found.take(silence(2, until="2022-08-08T05:00:00Z"))
    assert found.silenced_until(alert(), NOW) == "2022-08-08T05:00:00Z"


@pytest.mark.parametrize(
    ("matcher", "covered"),
    [
        (Matcher(regions=["540402"]), True),
        (Matcher(regions=["540000"]), True),
        (Matcher(regions=["540403", "540400"]), True),
        (Matcher(regions=["540500"]), False),
        (Matcher(goods=["potato"]), True),
        (Matcher(goods=["potato"], packs=["cover"]), False),
        (Matcher(rules=["spike"], packs=["live"]), True),
        (Matcher(sites=["s-1"]), False),
    ],
)
def test_every_list_of_a_matcher_must_admit(matcher: Matcher, covered: bool) -> None:
    assert ledger.covers(matcher, alert()) is covered


def test_a_silence_goes_to_the_prefectures_it_can_concern() -> None:
    known = [0, 540000, 540100, 540400]
    assert ledger.prefectures(Matcher(goods=["potato"]), known) == {*known}
    assert ledger.prefectures(Matcher(regions=["540402"]), known) == {540000, 540400}
    assert ledger.prefectures(Matcher(regions=["540000"]), known) == {540000, 540100, 540400}


def test_memory_is_bounded() -> None:
    found = Ledger(most=3)
    for number in range(1, 8):
        found.take(action("comment", number))
        found.take(silence(number))
    assert len(found.known) == 3
    assert len(found.comments("one")) + len(found.silences) == 3
