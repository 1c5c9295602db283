"""An alert explained in words and as data."""

from __future__ import annotations

from typing import Any

from staplewatch import explaining, words

ZONE = "Asia/Shanghai"


def row(seq: int, day: int, level: str, before: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "e1", "key": "urumqi-2007|540402|potato", "pack": "urumqi-2007", "pack_version": "1+ab", "seq": seq,
        "rule": "urumqi-2007", "kind": "retail", "region": "540402", "place": "Bayi", "site": None, "good": "potato",
        "good_name": "Potato", "state": "firing", "level": level, "level_before": before, "reason": "raised",
        "since": "2026-11-04T16:00:00Z", "at": f"2026-11-{day:02d}T18:00:00Z", "stale": False, "correction": False,
        "values": {"change_week": 0.5296, "intermittent": 0.0, "price": 6.5, "of_next_year": 2.25},
        "thresholds": {"yellow.change_week": 0.3, "orange.change_week": 0.5},
        "evidence": {"sites_present": 5.0, "sites_fresh": 4.0}, "text_zh": "涨了", "text_en": "it rose",
    } | fields  # fmt: skip


COURSE = [
    row(0, 5, "yellow", "none"),
    row(1, 6, "orange", "yellow", reason="escalated"),
    row(2, 9, "none", "orange", reason="cleared", state="resolved", values={"change_week": None}, evidence={}),
]


def test_it_says_what_was_measured_against_what_over_which_sites_since_when_and_how_it_went() -> None:
    told = "\n".join(explaining.told(explaining.explanation(COURSE, ZONE)))
    assert told.splitlines()[0] == "it rose"
    for said in (
        "  subject: Bayi Potato",
        "  rule: urumqi-2007 (urumqi-2007 1+ab, retail)",
        "  highest level: orange II",
        "  since: 2026-11-05 00:00",
        "  until: 2026-11-10 02:00",
        "measured at 2026-11-07 02:00 (orange II):",
        "  change on the week: 52 % (against yellow III 30 %, orange II 50 %)",
        "  intermittent supply: no",
        "  of_next_year: 2.25",
        "  over: sites with a current quote 5, sites that quoted on the date 4",
        "  change on the week: –",
        "  2026-11-07 02:00  firing, yellow III → orange II: a higher level was reached",
        "  2026-11-10 02:00  resolved, orange II → none: back to normal",
    ):
        assert f"\n{said}" in told


def test_it_says_so_in_chinese() -> None:
    words.use("zh")
    told = "\n".join(explaining.told(explaining.explanation(COURSE[:1], ZONE)))
    for said in (
        "比一周前变动：52 %（界限：黄色 III 30 %，橙色 II 50 %）",
        "依据：有效报价网点数 5",
        "触发, 无 → 黄色 III：条件成立",
    ):
        assert said in told


def test_an_alert_that_stands_has_no_end_and_one_moment_of_its_highest_level() -> None:
    found = explaining.explanation([*COURSE[:2], row(3, 8, "orange", "orange", reason="stale", stale=True)], ZONE)
    assert found["until"] is None
    assert [moment["at"] for moment in found["measured"]] == ["2026-11-07T02:00:00+08:00", "2026-11-09T02:00:00+08:00"]
    assert "firing, no data at present" in "\n".join(explaining.told(found))
    assert found["measured"][0]["values"][0]["thresholds"]["orange"] == {"value": 0.5, "text": "50 %"}
