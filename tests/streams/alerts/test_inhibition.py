"""One cause is told once: alerts of a prefecture or a province cover those of its counties."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.events import Alert, Inhibited
from streams.alerts.inhibition import Inhibition, across_partitions
from tests.streams.alerts.actions import alert


def above(region: str = "540400", **changes: Any) -> Alert:
    key = f"qingdao-2014|{region}|{changes.get('good', 'potato')}"
    return alert(**{"id": f"of {region}", "key": key, "region": region, "rule": "qingdao-2014", **changes})


def covered(source: Alert, target: Alert) -> bool:
    known = Inhibition()
    known.note(source)
    return known.of(target) is not None


def test_the_record_says_what_covers_it() -> None:
    known = Inhibition()
    known.note(above())
    assert known.of(alert()) == Inhibited("of 540400", "qingdao-2014|540400|potato", "orange")


@pytest.mark.parametrize("region", ["540400", "540000"])
def test_a_prefecture_and_a_province_cover_their_counties(region: str) -> None:
    assert covered(above(region), alert())


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (above("540500"), alert()),
        (above("000000"), alert()),
        (above(good="tea"), alert()),
        (above(level="yellow"), alert()),
        (above(state="pending"), alert()),
        (above(state="resolved"), alert()),
        (above(), alert(state="resolved", level="none")),
        (above(site="market"), alert()),
        (above(), alert(site="store 7")),
        (above(), alert(region="540400", key="cover|540400|potato")),
        (alert(region="540421"), alert()),
    ],
)
def test_nothing_else_covers(source: Alert, target: Alert) -> None:
    assert not covered(source, target)


def silent(**changes: Any) -> Alert:
    """Return an alert that an enterprise has stopped reporting."""
    key = "feed|540400||E1"
    own = {"id": "silent", "key": key, "region": "540400", "good": "", "site": "E1", "rule": "feed", "level": "blue"}
    return alert(**{**own, **changes})


def suspected(**changes: Any) -> Alert:
    own = {"rule": "suspected-out", "level": "blue", "site": "s1", "key": "suspected-out|540402|x|s1"}
    return alert(**{**own, **changes})


def owner(region: str, site: str) -> str:
    return {("540402", "s1"): "E1", ("540402", "s2"): "E2"}.get((region, site), "")


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (silent(), suspected(), True),
        (silent(state="resolved"), suspected(), False),
        (silent(region="540500"), suspected(), False),
        (silent(), suspected(site="s2"), False),
        (silent(), suspected(site="unknown"), False),
        (silent(), suspected(level="yellow"), False),
        (silent(), suspected(rule="gouging"), False),
        (silent(), alert(level="blue"), False),
    ],
)
def test_a_silent_enterprise_covers_what_is_suspected_from_its_sales(
    source: Alert, target: Alert, expected: bool
) -> None:
    known = Inhibition(owner)
    known.note(source)
    assert (known.of(target) == Inhibited("silent", "feed|540400||E1", "blue")) is expected
    assert known.of(silent()) is None


def test_the_highest_covers_and_its_end_gives_way_to_the_next() -> None:
    known = Inhibition()
    known.note(above())
    known.note(above("540000", level="red"))
    assert known.of(alert()) == Inhibited("of 540000", "qingdao-2014|540000|potato", "red")
    known.note(above("540000", level="none", state="resolved"))
    assert known.of(alert()) == Inhibited("of 540400", "qingdao-2014|540400|potato", "orange")
    assert known.of(alert(level="red")) is None


def test_only_news_tell_of_a_scope() -> None:
    known = Inhibition()
    assert known.note(above()) == ("5404", "potato")
    assert known.note(above(seq=2)) is None
    assert known.note(above(seq=3, level="red")) == ("5404", "potato")
    assert known.note(above(seq=4, level="none", state="resolved")) == ("5404", "potato")
    assert known.note(above(seq=4, level="none", state="resolved")) is None
    assert known.note(alert()) is None


def test_provinces_alone_cover_what_other_partitions_have() -> None:
    assert across_partitions(above("540000"))
    assert not any(map(across_partitions, (above("540400"), above("000000"), alert())))
