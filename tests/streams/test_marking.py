"""Marks on alerts as they are published, and what is published again because of them."""

from __future__ import annotations

from schemas.events import Alert, AsOf, Matcher
from streams.marking import Marker
from tests.streams.alerts.actions import NOW, action, alert, silence

LATER = AsOf(1, 6, int(NOW))


def prefecture(**changes: object) -> Alert:
    return alert(**{"id": "above", "key": "qingdao-2014|540400|potato", "region": "540400", **changes})


def test_an_action_publishes_the_newest_transition_again() -> None:
    marker = Marker()
    (first,) = marker.mark([alert()], NOW, 0)
    assert (first.acknowledged, first.actions_offset) == (None, 0)
    marker.take([action()], NOW)
    (again,) = marker.changed(LATER, NOW, 1)
    assert again.acknowledged is not None
    assert (again.id, again.seq, again.as_of, again.actions_offset) == ("one", 1, LATER, 1)
    assert again.supersedes(first)
    assert not first.supersedes(again)
    assert marker.changed(LATER, NOW, 1) == []


def test_a_higher_level_comes_without_the_mark_and_a_lower_one_with_it() -> None:
    marker = Marker()
    marker.mark([alert()], NOW, 0)
    marker.take([action()], NOW)
    lower, red = marker.mark([alert(seq=2, level="yellow"), alert(seq=3, level="red")], NOW, 1)
    assert lower.acknowledged is not None
    assert red.acknowledged is None
    assert marker.changed(LATER, NOW, 1) == []


def test_an_acknowledgement_of_an_alert_to_come_waits_for_it() -> None:
    marker = Marker()
    marker.take([action()], NOW)
    assert marker.changed(LATER, NOW, 1) == []
    (found,) = marker.mark([alert()], NOW, 1)
    assert found.acknowledged is not None


def test_what_is_resolved_is_not_published_again() -> None:
    marker = Marker()
    marker.mark([alert(), alert(seq=2, state="resolved", level="none")], NOW, 0)
    marker.take([action(), silence()], NOW)
    assert marker.changed(LATER, NOW, 2) == []


def test_a_silence_comes_and_goes_for_all_that_it_covers() -> None:
    marker = Marker()
    others = [
        alert(id="tea", key="live-24h|540402|tea", good="tea"),
        alert(id="far", key="live-24h|540502|potato", region="540502"),
    ]
    marker.mark([alert(), *others], NOW, 0)
    marker.take([silence()], NOW)
    assert [each.id for each in marker.changed(LATER, NOW, 1)] == ["one", "tea"]
    marker.take([silence(2, matcher=Matcher(goods=["tea"]), until="2022-08-08T13:00:00+08:00")], NOW)
    assert [each.id for each in marker.changed(LATER, NOW, 2)] == ["tea"]
    over = marker.changed(LATER, NOW + 7200, 2)
    assert [(each.id, each.silenced) for each in over] == [("one", None)]
    marker.take([action("unsilence", 3, silence="s2")], NOW)
    assert [(each.id, each.silenced) for each in marker.changed(LATER, NOW + 7201, 3)] == [("tea", None)]


def test_a_prefecture_covers_its_counties_as_soon_as_it_fires() -> None:
    marker = Marker()
    county, _ = marker.mark([alert(), prefecture()], NOW, 0)
    assert county.inhibited is not None
    assert county.inhibited.id == "above"
    marker.mark([prefecture(seq=2, level="yellow")], NOW, 0)
    assert [(each.id, each.inhibited) for each in marker.changed(LATER, NOW, 0)] == [("one", None)]
    marker.mark([prefecture(seq=3, level="red")], NOW, 0)
    (again,) = marker.changed(LATER, NOW, 0)
    assert again.inhibited is not None
    marker.mark([prefecture(seq=4, level="none", state="resolved")], NOW, 0)
    assert [each.inhibited for each in marker.changed(LATER, NOW, 0)] == [None]


def test_a_province_is_left_to_those_who_see_all_partitions() -> None:
    marker = Marker()
    province = prefecture(key="mofcom-2011|540000|potato", region="540000")
    county, _ = marker.mark([alert(), province], NOW, 0)
    assert county.inhibited is None
    assert marker.changed(LATER, NOW, 0) == []


def test_a_rebuild_that_finds_alerts_open_publishes_them_marked_at_once() -> None:
    marker, rebuilt = Marker(), Marker()
    marker.mark([prefecture(), alert()], NOW, 0)
    marker.take([action(), silence()], NOW)
    rebuilt.load(marker.dump())
    rebuilt.know([alert(), prefecture()])
    (county,) = rebuilt.mark([alert()], NOW, 1)
    assert county.acknowledged is not None
    assert county.silenced is not None
    assert county.inhibited is not None


def test_stored_rises_count_for_what_stands_and_for_nothing_else() -> None:
    marker = Marker()
    marker.take([action()], NOW)
    marker.rise([("one", 2, 4), ("open", 1, 2), ("over", 1, 2)], {"open"})
    assert marker.dump()["rises"] == [["one", 2, 4], ["open", 1, 2]]
    (found,) = marker.mark([alert(seq=3)], NOW, 1)
    assert found.acknowledged is None, "it was red in between"
