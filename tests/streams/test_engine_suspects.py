"""Suspect quotes in the stream: held back, confirmed or corrected, whatever the chunks and after any rebuild."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import msgspec
import pytest

from schemas import topics
from schemas.events import Alert, Clock, QuoteReport
from streams.alerts.packs import load
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import BAYI, CATALOGUE, WALL
from tests.streams.test_engine_rebuild import Log, feed

START = records.moment("09-01 00:00")
HOUR, DAY = 3600, 86_400
SITES = "abcde"
PACKS = ("urumqi-2007", "gouging", "suspect", "suspect:wholesale")
RULES = Rulebook([load(name) for name in PACKS], CATALOGUE)
ON = Options(event_time=True, inputs=(topics.QUOTES,), quarantine=True)
OFF = Options(event_time=True, inputs=(topics.QUOTES,))


def engine(options: Options = ON) -> Engine:
    return records.engine(options, rulebook=RULES)


class Run:
    """An engine that is fed quotes, and what came out."""

    def __init__(self, options: Options = ON) -> None:
        self.engine = engine(options)
        self._reached = 0
        self.alerts: list[Alert] = []
        self.suspects: dict[str, dict[str, Any]] = {}
        self.prices: dict[tuple[int, int], float | None] = {}

    def send(self, *quotes: QuoteReport) -> None:
        first = self.engine.offsets.get(topics.QUOTES, 0)
        self._take(self.engine.apply(records.chunk(topics.QUOTES, quotes, first), WALL))
        newest = max(int(datetime.fromisoformat(each.time).timestamp()) for each in quotes)
        self.until(max(newest, self._reached) + 600)  # the grid point after them

    def until(self, at: int) -> None:
        self._reached = at
        punctuation = Clock(records.iso(at), "test", offsets={topics.QUOTES: self.engine.offsets[topics.QUOTES]})
        first = self.engine.offsets.get(topics.CLOCK, 0)
        self._take(self.engine.apply(records.chunk(topics.CLOCK, [punctuation], first), WALL))

    def _take(self, outcome: Outcome) -> None:
        assert not outcome.dead
        self.alerts += outcome.alerts
        for row in rows(outcome, "quote_suspects"):
            self.suspects[row["id"]] = row
        for row in rows(outcome, "indicators"):
            if row["grain"] == "date":
                self.prices[row["region"], row["date"]] = row["price"]

    def states(self) -> list[tuple[str, str, float]]:
        found = self.suspects.values()
        return [(row["site"], row["state"], row["price"] / 10_000) for row in found]

    def told(self, rule: str = "suspect") -> list[tuple[str, str, str, str]]:
        return [(each.site, each.level, each.state, each.reason) for each in self.alerts if each.rule == rule]


def rows(outcome: Outcome, table: str) -> list[dict[str, Any]]:
    columns = outcome.rows.get(table, {})
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def at(day: int, hour: int = 9, minute: int = 0) -> int:
    return START + day * DAY + hour * HOUR + minute * 60


def quote(day: int, site: str, price: float, hour: int = 9, minute: int = 0, **fields: Any) -> QuoteReport:
    report = records.quote(at(day, hour, minute), ("potato", price, None), site=site, number=round(price * 100))
    return msgspec.structs.replace(report, **fields)


def usual(run: Run, days: range, sites: str = SITES) -> None:
    """Let sites ask about 5 yuan on some dates."""
    run.send(*(quote(day, site, 5 + number / 10) for day in days for number, site in enumerate(sites)))


def closing(day: int) -> int:
    return START + (day + 1) * DAY + 2 * HOUR


def test_a_unit_slip_is_held_back_and_told_to_whoever_reported_it() -> None:
    run = Run()
    usual(run, range(5))
    usual(run, range(5, 6), "abcd")
    run.send(quote(5, "e", 54.0))
    assert run.states() == [("e", "waiting", 54.0)]
    assert run.told() == [("e", "blue", "firing", "raised")]
    (alert,) = run.alerts
    assert alert.values["suspect_price"] == 54.0
    assert alert.values["own_price"] == 5.4
    assert alert.values["county_price"] == pytest.approx(5.15)
    assert alert.values["suspect_slip"] == 10
    assert alert.evidence == {"county_sites": 4}
    assert "×10" in alert.text_zh
    assert "×10" in alert.text_en
    assert alert.key == f"suspect|{BAYI}|potato|e"


def test_it_is_in_no_indicator_and_no_rule_and_was_with_the_quarantine_off() -> None:
    prices, fired = [], []
    for options in (ON, OFF):
        run = Run(options)
        usual(run, range(8), "de")
        run.send(quote(8, "d", 5.0), quote(8, "e", 51.0))
        run.until(closing(8))
        prices.append(run.prices[BAYI, day_of(8)])
        fired.append({alert.rule for alert in run.alerts})
    assert prices == [pytest.approx(5.05), pytest.approx(28.0)]
    assert fired == [{"suspect"}, {"urumqi-2007"}]


def day_of(day: int) -> int:
    return (at(day) + 8 * HOUR) // DAY


def test_the_same_price_on_the_next_date_confirms_it() -> None:
    run = Run()
    usual(run, range(5))
    run.send(quote(5, "a", 50.0))
    run.until(closing(5))
    before = run.prices[BAYI, day_of(5)]
    run.send(quote(6, "a", 52.0))
    assert run.states() == [("a", "confirmed", 50.0)]
    assert run.told() == [("a", "blue", "firing", "raised"), ("a", "none", "resolved", "confirmed")]
    run.until(closing(6))
    assert before == pytest.approx(5.2)
    assert run.prices[BAYI, day_of(5)] == pytest.approx(5.3), "the closed date is written again with it"


def test_the_usual_price_again_corrects_it() -> None:
    run = Run()
    usual(run, range(5))
    run.send(quote(5, "e", 54.0), quote(5, "e", 5.4, minute=30))
    assert run.states() == [("e", "corrected", 54.0)]
    assert run.told() == [("e", "blue", "firing", "raised"), ("e", "none", "resolved", "corrected")]
    assert "withdrawn" in run.alerts[-1].text_en
    assert "更正" in run.alerts[-1].text_zh


def test_an_older_usual_price_that_comes_late_corrects_nothing() -> None:
    run = Run()
    usual(run, range(5))
    run.send(quote(5, "e", 54.0), quote(5, "e", 5.4, hour=8))
    assert run.states() == [("e", "waiting", 54.0)]


def test_a_person_confirms_by_naming_it() -> None:
    run = Run()
    usual(run, range(5))
    wrong = quote(5, "e", 54.0)
    run.send(wrong, quote(5, "e", 54.0, event_id="by hand", confirms=[wrong.event_id]))
    assert run.states() == [("e", "confirmed", 54.0)]


def test_a_person_corrects_by_naming_it_and_is_not_doubted() -> None:
    """The right price is twice the usual: from anybody else that would be suspect."""
    run = Run()
    usual(run, range(5))
    wrong = quote(5, "e", 54.0)
    run.send(wrong, quote(5, "e", 10.8, event_id="by hand", corrects=[wrong.event_id]))
    assert run.states() == [("e", "corrected", 54.0)]
    assert run.told()[-1] == ("e", "none", "resolved", "corrected")
    run.until(closing(5))
    assert run.prices[BAYI, day_of(5)] == pytest.approx(5.2)


def test_another_slip_of_the_same_date_takes_its_place_and_the_alert_stands() -> None:
    run = Run()
    usual(run, range(5))
    run.send(quote(5, "e", 54.0), quote(5, "e", 540.0, minute=30))
    assert run.states() == [("e", "corrected", 54.0), ("e", "waiting", 540.0)]
    assert run.told() == [("e", "blue", "firing", "raised")]


def test_a_doubling_that_most_of_a_county_reports_is_believed() -> None:
    """The first two are held back; the third sees that half of the others agree."""
    run = Run()
    usual(run, range(5))
    run.send(*(quote(5, site, 10 + number / 5) for number, site in enumerate(SITES)))
    run.until(closing(5))
    assert [state for _, state, _ in run.states()] == ["waiting", "waiting"]
    assert run.prices[BAYI, day_of(5)] == pytest.approx(10.4)


def test_nobody_speaks_of_it_for_28_dates() -> None:
    run = Run()
    usual(run, range(5))
    run.send(quote(5, "e", 54.0))
    usual(run, range(6, 33), "abcd")
    run.until(closing(32))
    assert run.states() == [("e", "waiting", 54.0)]
    run.until(closing(33))
    assert run.states() == [("e", "expired", 54.0)]
    assert run.told()[-1] == ("e", "none", "resolved", "no_data")


def test_wholesale_quotes_are_held_against_wholesale_quotes() -> None:
    run = Run()
    for day in range(5):
        run.send(*(msgspec.structs.replace(quote(day, site, 3.0), kind="wholesale") for site in "ab"))
    run.send(quote(5, "a", 30.0), msgspec.structs.replace(quote(5, "a", 30.0, minute=1), kind="wholesale"))
    assert [row["kind"] for row in run.suspects.values()] == ["wholesale"]
    assert [alert.kind for alert in run.alerts] == ["wholesale"]


# -- the same whatever the chunks, and after any rebuild


def world() -> dict[str, list[msgspec.Struct]]:
    """Twelve dates of seven sites; some quotes are slips, some of those are repeated, corrected or confirmed."""
    chance = random.Random(11)
    quotes: list[QuoteReport] = []
    for day in range(12):
        for number, site in enumerate("abcdefg"):
            price, minute = round(5 + number / 10 + chance.random() / 5, 2), 5 * number
            if day < 4 or chance.random() > 0.15:
                quotes.append(quote(day, site, price, minute=minute))
                continue
            slip = quote(day, site, round(price * chance.choice([0.5, 2, 10, 0.1, 500]), 4), minute=minute)
            quotes.append(slip)
            after = chance.choice(["nothing", "again", "usual", "corrects", "confirms"])
            said = {after: [slip.event_id]} if after in {"corrects", "confirms"} else {}
            if after in {"usual", "corrects"}:
                quotes.append(quote(day, site, price, hour=12, minute=minute, **said))
            elif after != "nothing":
                told = slip.lines[0].price
                assert told is not None
                quotes.append(quote(day, site, told, hour=12, minute=minute, **said))
    quotes.sort(key=lambda each: each.time)
    quotes[30:60] = chance.sample(quotes[30:60], 30)  # some come late
    return {topics.SALES: [], topics.STOCK: [], topics.QUOTES: [*quotes]}


WORLD = world()
END = START + 14 * DAY


class Told(Log):
    """Also what became of each quote that was held back."""

    def __init__(self) -> None:
        super().__init__()
        self.suspects: dict[str, tuple[Any, ...]] = {}

    def take(self, outcome: Outcome) -> None:
        super().take(outcome)
        for row in rows(outcome, "quote_suspects"):
            del row["version"]
            self.suspects[row["id"]] = tuple(row.items())


def played(log: Told, subject: Engine, seed: int, most: int) -> Told:
    feed(subject, log, WORLD, seed, most)
    log.take(subject.apply(records.clock(END, quotes=len(WORLD[topics.QUOTES])), WALL))
    log.take(subject.drain(WALL))
    return log


def same(one: Told, other: Told) -> None:
    assert one.suspects == other.suspects
    assert one.transitions == other.transitions
    assert one.indicators == other.indicators


@pytest.fixture(scope="module")
def undisturbed() -> Told:
    found = played(Told(), engine(), 0, 2000)
    states = {dict(row)["state"] for row in found.suspects.values()}
    assert states == {"waiting", "confirmed", "corrected"}
    return found


@pytest.mark.parametrize("most", [2000, 37, 1])
def test_chunks_change_nothing(undisturbed: Told, most: int) -> None:
    same(played(Told(), engine(), 1, most), undisturbed)


@pytest.mark.parametrize("most", [2000, 1])
def test_live_the_same_quotes_are_held_back(undisturbed: Told, most: int) -> None:
    live = Options(quarantine=True)
    log, subject = Told(), engine(live)
    feed(subject, log, WORLD, 1, most)
    log.take(subject.tick(WALL + live.hold))
    assert log.suspects == undisturbed.suspects


@pytest.mark.parametrize("share", [0.4, 0.7, 0.9])
def test_a_snapshot_and_the_raw_rows_after_it_give_back_the_state(undisturbed: Told, share: float) -> None:
    log, first = Told(), engine()
    quotes = WORLD[topics.QUOTES]
    feed(first, log, WORLD | {topics.QUOTES: quotes[: int(len(quotes) * share)]}, 2, 9)
    snapshot = first.snapshot().pack()
    log.raw.clear()
    feed(first, log, WORLD | {topics.QUOTES: quotes[: int(len(quotes) * share) + 6]}, 3, 4)
    second = engine()
    second.restore(snapshot)
    records.replay(second, log.raw)
    log.take(second.republish(WALL))
    same(played(log, second, 4, 20), undisturbed)


def test_raw_rows_alone_give_back_the_state(undisturbed: Told) -> None:
    log, first = Told(), engine()
    feed(first, log, WORLD | {topics.QUOTES: WORLD[topics.QUOTES][:70]}, 5, 30)
    second = engine()
    records.replay(second, log.raw)
    log.take(second.republish(WALL))
    same(played(log, second, 6, 20), undisturbed)
