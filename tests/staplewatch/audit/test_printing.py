"""A report for people, and for programs."""

from __future__ import annotations

import json

import pytest

from staplewatch import words
from staplewatch.audit import Report, printing
from staplewatch.audit.report import MEANINGS, MOST_LISTED, Tally, Text, ranges
from staplewatch.words import Language
from tests.staplewatch.audit.worlds import tally


def report(*tallies: Tally) -> Report:
    summaries = [each.summary() for each in tallies]
    return Report(
        "2026-11-24T04:00:00+00:00", "one", summaries, [finding for each in tallies for finding in each.findings]
    )


def named(check: str, *, compared: int = 0) -> Tally:
    found = Tally(check, Text("行", "rows"))
    found.compared = compared
    return found


@pytest.fixture(params=["en", "zh"])
def spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Language:
    """Speak a language for one test."""
    language: Language = request.param
    monkeypatch.setattr(words, "_current", [language])
    return language


def test_a_row_per_check_and_one_per_disagreement(spoken: Language, capsys: pytest.CaptureFixture[str]) -> None:
    skipped, wrong = named("log"), named("rows", compared=7)
    skipped.skip(Text("没有代理", "no broker"))
    wrong.wrong("contents", "pos.sales/2 @4:1", "contents=1", "contents=2")
    printing.show(report(skipped, named("dates"), wrong, named("buckets", compared=3)), "table")
    out = capsys.readouterr().out
    expected = {
        "en": ("not checked", "no broker", "nothing there", "DISAGREES", "7 rows", "agrees", "which one stays"),
        "zh": ("未核对", "没有代理", "无可核对", "不一致", "7 行", "一致", "合并后留下哪一行不确定"),
    }
    squeezed = out.replace("\n", "")
    assert [said for said in expected[spoken] if said not in squeezed] == []
    assert "pos.sales/2 @4:1" in out


def test_json_is_one_object_that_can_be_read_again(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = named("rows", compared=7)
    wrong.wrong("contents", "here", None, 2, 3)
    made = report(wrong)
    printing.show(made, "json")
    body = json.loads(capsys.readouterr().out)
    assert body["agrees"] is False
    assert body["findings"][0]["meaning"]["zh"]
    assert (body["findings"][0]["expected"], body["findings"][0]["found"], body["findings"][0]["count"]) == (
        "-",
        "2",
        3,
    )
    assert printing.parsed(body) == made


def test_only_so_many_are_listed_but_all_are_counted() -> None:
    found = tally()
    for number in range(MOST_LISTED + 20):
        found.wrong("lag", f"clock/{number}", 1, 0)
    summary = found.summary()
    assert (len(found.findings), summary.disagreements) == (MOST_LISTED, MOST_LISTED + 20)
    assert summary.notes[0].en == "20 more are not listed"


def test_runs_of_numbers() -> None:
    assert ranges([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]
    assert ranges([]) == []


def test_every_check_and_problem_has_words_in_both_languages() -> None:
    texts = [*MEANINGS.values(), *printing.CHECKS.values(), *printing.STATES.values()]
    assert all(text.zh and text.en and text.zh != text.en for text in texts)
