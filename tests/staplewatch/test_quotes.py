"""``staplewatch quotes``: which quote is meant, what is sent about it, and how mistakes are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from schemas import catalogue, topics
from schemas.events import QuoteReport
from staplewatch import cli, verdicts, words
from staplewatch.errors import CommandError
from staplewatch.verdicts import Subject

ZONE = "Asia/Shanghai"
KNOWN = catalogue.load()
HELD: dict[str, Any] = {
    "id": "3f2a9c01b7de", "state": "waiting", "kind": "retail", "region": "540402", "site": "s1", "good": "potato",
    "date": "2022-08-08", "at": "2022-08-08T03:40:00Z", "price": 68.0, "own_price": 6.8, "county_price": 6.5,
    "county_sites": 4, "slip": 10.0, "own_z": 31.0, "county_z": 30.0, "decided": "2022-08-08T03:40:00Z",
    "event_id": "q-1", "sender": "shop",
}  # fmt: skip
NAMED = Subject(site="s1", good="potato", date="2022-08-08")


class Known:
    """A source that knows some rows, by question."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = {name.replace("_", "/"): found for name, found in rows.items()}

    def ask(self, what: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = {name: value for name, value in parameters.items() if value is not None}
        found = self.rows.get(what, [])
        return [dict(row) for row in found if all(row[name] == value for name, value in wanted.items())]


def quoted(event_id: str, price: float, **fields: str) -> dict[str, Any]:
    names = ("kind", "region", "site", "good", "date", "at", "sender")
    return {name: HELD[name] for name in names} | {"event_id": event_id, "price": price} | fields


def test_a_quote_is_found_by_its_id_or_by_what_it_is_about() -> None:
    source = Known(quotes_suspects=[HELD, HELD | {"id": "other", "site": "s2"}])
    assert verdicts.find(source, Subject(id=HELD["id"]), "confirm") == HELD
    assert verdicts.find(source, NAMED, "correct") == HELD


def test_any_quote_that_counts_can_be_corrected_the_last_one_of_the_date() -> None:
    source = Known(quotes=[quoted("q-1", 6.8), quoted("q-2", 7.9)])
    found = verdicts.find(source, NAMED, "correct")
    assert (found["event_id"], found["price"], found["state"]) == ("q-2", 7.9, "not_held")
    with pytest.raises(CommandError, match="there is no such quote of s1 potato 2022-08-08"):
        verdicts.find(source, NAMED, "confirm")


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        (Subject(), "name the quote by its ID, or by --site, --good and --date together"),
        (Subject(site="s1", good="potato"), "name the quote by its ID"),
        (Subject(id="a", site="s1"), "name the quote by its ID"),
        (Subject(site="s1", good="potato", date="8 August"), "--date: '8 August' is no date, try 2022-08-08"),
        (Subject(id="nothing"), "no suspect quote has the id nothing"),
        (Subject(id="done"), "done is confirmed already: to set another price use staplewatch quotes correct"),
    ],
)
def test_what_is_wrong_with_a_name_is_said_with_what_to_do(subject: Subject, said: str) -> None:
    source = Known(quotes_suspects=[HELD | {"id": "done", "state": "confirmed"}])
    with pytest.raises(CommandError, match=said) as caught:
        verdicts.find(source, subject, "confirm")
    assert caught.value.code == 2


def test_a_site_of_two_counties_must_be_told_apart() -> None:
    source = Known(quotes_suspects=[HELD, HELD | {"id": "b", "region": "540521", "kind": "wholesale"}])
    with pytest.raises(
        CommandError, match=r"several quotes \(540402 retail, 540521 wholesale\): add --region or --kind"
    ):
        verdicts.find(source, NAMED, "confirm")


def test_a_correction_stands_at_the_time_of_what_it_replaces_and_names_it() -> None:
    event = verdicts.report(HELD, "correct", 6.8, "kg", ZONE)
    assert (event.site, event.region, event.kind) == ("s1", "540402", "retail")
    assert (event.time, event.business_date) == ("2022-08-08T11:40:00+08:00", "2022-08-08")
    assert (event.corrects, event.confirms) == (["q-1"], [])
    assert [(line.good, line.price, line.unit) for line in event.lines] == [("potato", 6.8, "kg")]
    assert event.event_id != verdicts.report(HELD, "correct", 6.8, "kg", ZONE).event_id
    confirming = verdicts.report(HELD, "confirm", 68.0, "kg", ZONE)
    assert (confirming.corrects, confirming.confirms) == ([], ["q-1"])


def test_a_price_may_be_given_in_another_unit() -> None:
    assert verdicts.in_base_unit(KNOWN, HELD, 3.4, "斤") == 6.8
    assert verdicts.in_base_unit(KNOWN, HELD, 6.8, None) == 6.8


@pytest.mark.parametrize(
    ("price", "unit", "good", "said"),
    [
        (3.4, "gallon", "potato", "--price, --unit: "),
        (0.0, None, "potato", "--price 0: must be above 0"),
        (-1.0, None, "potato", "--price -1: must be above 0"),
        (float("nan"), None, "potato", "--price, --unit: "),
        (3.4, None, "unicorn", "the catalogue has no good unicorn"),
    ],
)
def test_a_price_that_cannot_be_is_refused(price: float, unit: str | None, good: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        verdicts.in_base_unit(KNOWN, HELD | {"good": good}, price, unit)


class Sent:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, msgspec.Struct]] = []
        self.flushed = 0

    def send(self, topic: str, prefecture: int, event: msgspec.Struct) -> None:
        self.events.append((topic, prefecture, event))

    def flush(self) -> None:
        self.flushed += 1


def test_it_goes_to_its_prefecture_and_is_waited_for() -> None:
    outlet, event = Sent(), verdicts.report(HELD, "confirm", 68.0, "kg", ZONE)
    verdicts.send(outlet, event)
    assert outlet.events == [(topics.QUOTES, 540400, event)]
    assert outlet.flushed == 1


class Passing(Known):
    """A source that has read the report only when it is asked for the third time."""

    def __init__(self, event: QuoteReport) -> None:
        super().__init__(quotes=[], quotes_suspects=[HELD])
        self.event, self.now = event, 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now > 2 * verdicts.ASK_SECONDS - 0.01:
            self.rows = {
                "quotes": [quoted(self.event.event_id, 6.8)],
                "quotes/suspects": [HELD | {"state": "corrected"}],
            }


def test_the_command_says_what_became_of_it() -> None:
    event = verdicts.report(HELD, "correct", 6.8, "kg", ZONE)
    source = Passing(event)
    became = verdicts.settle(source, HELD, event, 10, clock=lambda: source.now, sleep=source.sleep)
    assert became == {"read": True, "state": "corrected"}
    late = Passing(event)
    assert verdicts.settle(late, HELD, event, 0.1, clock=lambda: late.now, sleep=late.sleep) == {
        "read": False,
        "state": "waiting",
    }
    assert verdicts.facts(HELD, event, became) == {
        "id": HELD["id"], "site": "s1", "region": "540402", "good": "potato", "date": "2022-08-08", "kind": "retail",
        "was": 68.0, "price": 6.8, "event_id": event.event_id, "read": True, "state": "corrected",
    }  # fmt: skip


def test_everything_is_said_in_chinese_too() -> None:
    words.use("zh")
    assert verdicts.why(HELD) == "疑似单位错误 ×10"
    assert verdicts.why(HELD | {"slip": 0.002}) == "疑似单位错误 ÷500"
    assert verdicts.why(HELD | {"slip": None}) == "数值离谱"
    assert verdicts.state_name("waiting") == "待核实"
    with pytest.raises(CommandError, match="请给出可疑报价的编号"):
        Subject().check()


@pytest.mark.parametrize("arguments", [["confirm"], ["correct", "--price", "3"], ["suspects", "--date", "never"]])
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["quotes", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("staplewatch: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("name", ["suspects", "confirm", "correct"])
def test_each_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["quotes", name, "--help"]) == 0
    assert f"staplewatch quotes {name}" in " ".join(capsys.readouterr().out.split())
