"""Alerts against a ground truth: which count as met, which as false alarms, and the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import warehouse
from producers.simulate import Expect, Truth, write
from staplewatch import cli
from staplewatch.scoring.truth import Transition, epoch, missed, scores, unexplained
from tests.warehouse.rows import columns, transition

RUN = Truth("run", "2026-01-01T00:00:00+08:00", "2026-01-11T00:00:00+08:00", regions=["540400"])
EXPECT = Expect("live-24h", "yellow", "540402", "potato", "2026-01-09T12:00:00+08:00", "2026-01-10T12:00:00+08:00")
RISE = Truth(
    "price-rise", "2026-01-09T12:00:00+08:00", "2026-01-10T00:00:00+08:00",
    regions=["540402"], goods=["potato"], allowed=["540400", "540000"], expects=[EXPECT],
)  # fmt: skip
TRUTHS = [RUN, RISE]


def raised(at: str = "2026-01-09T18:00:00+08:00", **changes: Any) -> Transition:
    known: dict[str, Any] = {
        "id": "a", "rule": "live-24h", "level": "yellow", "state": "firing", "region": "540402", "good": "potato",
    }  # fmt: skip
    return Transition(**{**known, "at": at, **changes})


def test_a_higher_level_in_the_window_meets_an_expectation() -> None:
    assert missed(TRUTHS, [raised(level="red")]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"level": "blue"},
        {"state": "pending"},
        {"region": "540421"},
        {"good": "carrot"},
        {"rule": "live-1h"},
        {"site": "540402-01"},
        {"at": "2026-01-09T11:59:00+08:00"},
        {"at": "2026-01-10T12:01:00+08:00"},
    ],
)
def test_something_else_does_not(changes: dict[str, Any]) -> None:
    assert missed(TRUTHS, [raised(**changes)]) == [EXPECT]


@pytest.mark.parametrize(
    ("changes", "explained"),
    [
        ({}, True),
        ({"rule": "mofcom-2011", "region": "540000"}, True),
        ({"site": "540402-01"}, True),
        ({"good": "", "site": "E5404-1"}, True),
        ({"region": "540421"}, False),
        ({"good": "carrot"}, False),
        ({"at": "2026-01-09T11:00:00+08:00"}, False),
        ({"at": "2026-01-11T23:00:00+08:00"}, True),
        ({"at": "2026-01-12T01:00:00+08:00"}, False),
    ],
)
def test_an_episode_is_explained_by_place_good_and_time(changes: dict[str, Any], explained: bool) -> None:
    assert unexplained(TRUTHS, [raised(**changes)]) == ([] if explained else [raised(**changes)])


def test_where_an_incident_names_stores_other_stores_are_not_explained() -> None:
    single = msgspec.structs.replace(RISE, stores=["540402-01"])
    assert unexplained([RUN, single], [raised(site="540402-01"), raised(id="b")]) == []
    assert len(unexplained([RUN, single], [raised(site="540402-02")])) == 1


def test_figures_per_rule() -> None:
    transitions = [
        raised("2026-01-09T18:00:00+08:00", state="pending"),
        raised("2026-01-09T18:30:00+08:00"),
        raised("2026-01-09T20:00:00+08:00", level="orange"),
        raised("2026-01-10T20:00:00+08:00", state="resolved", level="none"),
        raised("2026-01-02T00:00:00+08:00", id="b", good="salt"),
        raised("2026-01-02T00:00:00+08:00", id="c", rule="cover"),
        raised("2025-06-01T00:00:00+08:00", id="d", rule="cover"),
        raised("2026-01-02T00:00:00+08:00", id="e", rule="cover", region="540502"),
        raised("2026-01-02T00:00:00+08:00", id="f", rule="mofcom-2011", region="500000"),
    ]
    cover, live = scores(TRUTHS, transitions)
    assert (live.rule, live.expected, live.met, live.recall) == ("live-24h", 1, 1, 1.0)
    assert (live.episodes, live.explained, live.precision) == (2, 1, 0.5)
    assert (live.delay_median, live.delay_p90, live.delay_worst) == (6.5, 6.5, 6.5)
    assert live.false_per_day == 1 / 10
    assert (cover.rule, cover.recall, cover.delay_median) == ("cover", None, None)
    assert (cover.episodes, cover.precision) == (1, 0.0), "another time's and another prefecture's are not of this run"


def test_a_rule_that_never_fired_has_recall_0_and_no_precision() -> None:
    (live,) = scores(TRUTHS, [])
    assert (live.recall, live.precision, live.delay_worst, live.false_per_day) == (0.0, None, None, 0.0)


# -- the command


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    path = tmp_path / "truth.jsonl"
    write(TRUTHS, path)
    return path


@pytest.mark.parametrize("array", [True, False])
def test_the_command_reads_an_array_or_lines(capsys: pytest.CaptureFixture[str], truth: Path, array: bool) -> None:
    rows = [json.dumps({**msgspec.to_builtins(raised()), "text_zh": "…"})]
    path = truth.with_name("alerts.json")
    path.write_text(f"[\n{','.join(rows)}\n]\n" if array else "\n".join(rows), encoding="utf-8")
    assert cli.run_command(["score", "--truth", str(truth), "--alerts", str(path), "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["rule"], row["recall"], row["precision"]) == ("live-24h", 1.0, 1.0)


@pytest.mark.parametrize(
    ("truth_text", "alerts_text", "said"),
    [
        ("nonsense", "[]", "truth.jsonl, record 1: JSON is malformed"),
        ("", "[]", "has no line of kind run"),
        (None, "[1]", "alerts.json, record 1: Expected `object`, got `int`"),
        (None, '{"id": "a"}', "alerts.json, record 1: Object missing required field"),
        (None, "[", "alerts.json is not JSON"),
        (None, None, "alerts.json cannot be read: No such file"),
        (
            None,
            json.dumps(msgspec.to_builtins(raised("yesterday"))),
            "alerts.json, record 1: 'yesterday' is no RFC 3339 time",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], truth: Path, truth_text: str | None, alerts_text: str | None, said: str
) -> None:
    alerts = truth.with_name("alerts.json")
    if truth_text is not None:
        truth.write_text(truth_text, encoding="utf-8")
    if alerts_text is not None:
        alerts.write_text(alerts_text, encoding="utf-8")
    assert cli.run_command(["score", "--truth", str(truth), "--alerts", str(alerts)]) == 2
    _, err = capsys.readouterr()
    assert said in err
    assert err.count("\n") == 1


def test_transitions_come_from_a_warehouse(capsys: pytest.CaptureFixture[str], truth: Path, tmp_path: Path) -> None:
    url = f"chdb://{tmp_path / 'warehouse'}"
    store = warehouse.connect(url)
    at = int(epoch("2026-01-09T18:30:00+08:00"))
    store.migrate()
    store.insert(
        "alert_transitions",
        columns([
            transition("a", 0, rule="live-24h", level="yellow", state="pending", since=at, at=at - 300),
            transition("a", 1, rule="live-24h", level="yellow", since=at, at=at),
        ]),
    )  # fmt: skip
    store.close()
    assert cli.run_command(["score", "--truth", str(truth), "--warehouse", url, "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["rule"], row["recall"], row["episodes"], row["delay_median"]) == ("live-24h", 1.0, 1, 6.5)
