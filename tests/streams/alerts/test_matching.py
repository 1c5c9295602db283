"""Which alerts a matcher covers, and where it has to be heard."""

from __future__ import annotations

import pytest

from schemas.events import Matcher
from streams.alerts import matching
from tests.streams.alerts.actions import alert


@pytest.mark.parametrize(
    ("matcher", "covered"),
    [
        (Matcher(regions=["540402"]), True),
        (Matcher(regions=["540000"]), True),
        (Matcher(regions=["540403", "540400"]), True),
        (Matcher(regions=["540500"]), False),
        (Matcher(goods=["potato"]), True),
        (Matcher(goods=["potato"], packs=["cover"]), False),
        (Matcher(rules=["live-24h"], packs=["live"]), True),
        (Matcher(sites=["s-1"]), False),
        (Matcher(levels=["orange", "red"]), True),
        (Matcher(levels=["blue"]), False),
    ],
)
def test_every_list_of_a_matcher_must_admit(matcher: Matcher, covered: bool) -> None:
    assert matching.covers(matcher, alert()) is covered


def test_a_silence_goes_to_the_prefectures_it_can_concern() -> None:
    known = matching.places([540000, 540100, 540102, 540400, 540402])
    assert known == [0, 540000, 540100, 540400]
    assert matching.prefectures(Matcher(goods=["potato"]), known) == {*known}
    assert matching.prefectures(Matcher(regions=["540402"]), known) == {540000, 540400}
    assert matching.prefectures(Matcher(regions=["540000"]), known) == {540000, 540100, 540400}


def test_a_matcher_without_entries_names_nothing() -> None:
    assert matching.names_nothing(Matcher())
    assert not matching.names_nothing(Matcher(levels=["blue"]))
