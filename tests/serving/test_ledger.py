"""What was said and done, in whatever order it comes."""

from __future__ import annotations

import itertools

from serving.ledger import Ledger
from tests.streams.alerts.actions import NOW, action, silence


def test_an_action_is_news_once() -> None:
    found = Ledger()
    assert found.take(action(number=2))
    assert found.take(action(number=1))
    assert not found.take(action(number=1))
    assert [each.event_id for each in found.of("one")] == ["acknowledge-1", "acknowledge-2"]
    assert found.of("other") == []


def test_comments_are_told_oldest_first() -> None:
    found = Ledger()
    for number in (2, 1):
        found.take(action("comment", number, by=f"by {number}"))
    assert [each.by for each in found.comments("one")] == ["by 1", "by 2"]


def test_a_silence_stands_until_its_end() -> None:
    found = Ledger()
    found.take(silence(2, until="2022-08-08T13:00:00+08:00"))
    found.take(silence(1))
    assert [each.silence for each in found.standing(NOW)] == ["s1", "s2"]
    assert [each.silence for each in found.standing(NOW + 7200)] == ["s2"]


def test_a_lifted_silence_is_over_whatever_is_heard_first() -> None:
    for order in itertools.permutations([silence(), action("unsilence", 2, silence="s1")]):
        found = Ledger()
        for each in order:
            found.take(each)
        assert found.standing(NOW) == []


def test_memory_is_bounded() -> None:
    found = Ledger(most=3)
    for number in range(1, 8):
        found.take(action("comment", number))
        found.take(silence(number))
    assert len(found.known) == 3
    assert len(found.comments("one")) + len(found.silences) == 3
