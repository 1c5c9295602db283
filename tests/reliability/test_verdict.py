"""A round fails where the product's own audit disagrees, or has compared nothing."""

from __future__ import annotations

from subprocess import CompletedProcess

import msgspec
import pytest

from staplewatch.audit import Report
from staplewatch.audit.report import Tally, Text
from tests.reliability import verdict


def audited(monkeypatch: pytest.MonkeyPatch, tally: Tally, *options: str) -> list[str]:
    """Return the findings of a round whose audit said this."""
    report = Report("2026-01-01T00:00:00+00:00", "one", [tally.summary()], tally.findings)
    done = CompletedProcess([], 0 if report.agrees else 1, msgspec.json.encode(report).decode(), "")
    monkeypatch.setattr(verdict, "staplewatch", lambda *_, check: done)
    return verdict.audit("host:9092", "clickhouse://host/staplewatch", *options)


def test_an_audit_that_agrees_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally("records", Text("记录", "records"))
    tally.compared = 7
    assert audited(monkeypatch, tally) == []


def test_a_disagreement_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally("records", Text("记录", "records"))
    tally.compared = 7
    tally.wrong("lost", "pos.sales/0 @6", "lines=2", None, 2)
    assert audited(monkeypatch, tally) == ["audit: records lost pos.sales/0 @6: - instead of lines=2 (2)"]


def test_a_check_that_compared_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = Tally("dates", Text("行", "rows"))
    assert audited(monkeypatch, dates, "--event-time") == ["audit: dates is nothing"]
    assert audited(monkeypatch, dates) == []
    assert audited(monkeypatch, Tally("records", Text("行", "rows"))) == ["audit: records is nothing"]
