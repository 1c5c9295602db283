"""Provinces and the nation: the same transitions whatever the order, the chunks and the crashes; silence."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from schemas import catalogue, topics
from schemas.catalogue import Catalogue
from schemas.events import Alert, Clock, Extent, ExtentLine, Indicator, QuoteLine, QuoteReport
from schemas.topics import partition_of
from streams.alerts import Rulebook, load
from streams.chunk import Chunk
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.independent import markets
from tests.independent.test_engine_packs import FIRST, reports
from tests.streams.records import stored_alerts
from tests.streams.test_engine_rebuild import meaning

ZONE = ZoneInfo("Asia/Shanghai")
PARTITIONS = 4
DATES = 24
PRESENT = 1_900_000_000.0
Place = tuple[str, int]


class Broker:
    """The log of every place, engines that read them, and everything that came out."""

    def __init__(self, regions: Catalogue, seed: int, options: Options) -> None:
        self._random = random.Random(seed)
        self._catalogue, self._options = regions, options
        self._rulebook = Rulebook([load("mofcom-2011"), load("qingdao-2014")], regions)
        self.logs: defaultdict[Place, list[bytes]] = defaultdict(list)
        self.engines = [self.new_engine(number) for number in range(PARTITIONS)]
        self._snapshots: dict[int, bytes] = {}
        self.alerts: list[Alert] = []
        self.transitions: dict[tuple[str, str, int], tuple[Any, ...]] = {}
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.live: dict[str, Indicator] = {}
        self.dead: list[Any] = []

    def new_engine(self, number: int) -> Engine:
        return Engine(number, PARTITIONS, self._catalogue, self._rulebook, self._options, "one", 1)

    def run(self, *, most: int, crashes: float) -> None:
        """Read every log to its end, in chunks of up to ``most``; engines die with a chance of ``crashes``."""
        while waiting := [place for place in self.logs if self._position(place) < len(self.logs[place])]:
            self.deliver(self._random.choice(waiting), self._random.randint(1, most))
            if self._random.random() < crashes:
                number = self._random.randrange(PARTITIONS)
                if self._random.random() < 0.5:
                    self._snapshots[number] = self.engines[number].snapshot().pack()
                else:
                    self.kill(number)

    def _position(self, place: Place) -> int:
        return self.engines[place[1]].offsets.get(place[0], 0)

    def kill(self, number: int) -> None:
        """Start an engine from its last snapshot, if it has one: it reads again what came after."""
        self.engines[number] = self.new_engine(number)
        if number in self._snapshots:
            self.engines[number].restore(self._snapshots[number])
        self.take(self.engines[number].republish(PRESENT))

    def deliver(self, place: Place, count: int, wall: float = PRESENT) -> None:
        topic, partition = place
        first = self._position(place)
        values: list[bytes | None] = [*self.logs[place][first : first + count]]
        nothing: list[list[tuple[str, bytes]]] = [[] for _ in values]
        offsets = range(first, first + len(values))
        chunk = Chunk(topic, partition, offsets, values, [b""] * len(values), nothing, [0] * len(values), offsets.stop)
        self.take(self.engines[partition].apply(chunk, wall))

    def take(self, outcome: Outcome) -> None:
        self.dead += outcome.dead
        self.logs[topics.EXTENTS, 0] += map(msgspec.json.encode, outcome.extents)
        self.alerts += outcome.alerts
        for alert in outcome.alerts:
            self.transitions[alert.key, alert.id, alert.seq] = meaning(alert)
        columns = outcome.rows.get("indicators", {})
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            self.rows[tuple(row[name] for name in ("region", "good", "grain", "kind", "at"))] = row


def market(directory: Path, seed: int = 5) -> tuple[Catalogue, dict[Place, list[bytes]]]:
    """Return six prefectures of three provinces, and their quotes by place, one in fifty of them late."""
    return placed(directory, (each.event for each in reports(markets.generated(seed, FIRST, DATES), 0.02, seed)))


def mistaken(directory: Path) -> tuple[Catalogue, dict[Place, list[bytes]]]:
    """Return two sites a county that ask 10 for tea, and from the sixteenth date on 20 by mistake.

    One province corrects that three dates later, one five, the third never.
    """
    noticed = {11: 18, 37: 20}
    quotes: list[QuoteReport] = []
    for day in range(DATES):
        for county in (county for own in markets.COUNTIES.values() for county in own):
            right = noticed.get(county // 10_000, DATES)
            quotes += [quote(day, county, site, 20.0 if 15 <= day < right else 10.0) for site in "ab"]
            if day == right:
                quotes += [quote(wrong, county, site, 10.0, "right") for wrong in range(15, day) for site in "ab"]
    return placed(directory, quotes)


def quote(day: int, county: int, site: str, price: float, said: str = "") -> QuoteReport:
    moment = datetime.combine(FIRST + timedelta(days=day), time(12), ZONE)
    name = f"{day}-{county}-{site}"
    return QuoteReport(
        event_id=name + said, sender="test", site=f"{county}{site}", region=str(county), time=moment.isoformat(),
        lines=[QuoteLine(good="tea", unit="kg", price=price)], corrects=[name] if said else [],
    )  # fmt: skip


def placed(directory: Path, quotes: Iterable[Any]) -> tuple[Catalogue, dict[Place, list[bytes]]]:
    """Return the catalogue, and by place the quotes and a clock that closes every date."""
    markets.write_catalogue(directory)
    logs: defaultdict[Place, list[bytes]] = defaultdict(list)
    for each in quotes:
        place = partition_of(int(each.region) // 100 * 100, PARTITIONS)
        logs[topics.QUOTES, place].append(msgspec.json.encode(each))
    closed = datetime.combine(FIRST + timedelta(days=DATES), time(6), ZONE).isoformat()
    for number in range(PARTITIONS):
        offsets = {topics.QUOTES: len(logs[topics.QUOTES, number])}
        logs[topics.CLOCK, number].append(msgspec.json.encode(Clock(closed, "test", offsets, ["quotes"])))
    return catalogue.load(directory), logs


def played(regions: Catalogue, logs: dict[Place, list[bytes]], seed: int, *, most: int, crashes: float = 0) -> Broker:
    options = Options(event_time=True, inputs=(topics.QUOTES,), coverage=1.0)
    broker = Broker(regions, seed, options)
    broker.logs.update({place: list(values) for place, values in logs.items()})
    broker.run(most=most, crashes=crashes)
    assert not broker.dead
    return broker


def above(transitions: Iterable[tuple[str, str, int]]) -> set[str]:
    """Return the regions above prefectures that have transitions."""
    return {key.split("|")[1] for key, _, _ in transitions if key.split("|")[1].endswith("0000")}


def levels(broker: Broker) -> dict[tuple[Any, ...], str]:
    return {key: row["levels"] for key, row in broker.rows.items()}


def test_neither_order_nor_crashes_change_a_transition(tmp_path: Path) -> None:
    regions, logs = market(tmp_path)
    calm = played(regions, logs, 1, most=2000)
    assert above(calm.transitions) == {"000000", "110000", "230000", "370000"}
    assert {dict(each)["reason"] for each in calm.transitions.values()} >= {"raised", "cleared"}
    for seed, most, crashes in ((2, 40, 0.0), (3, 60, 0.3)):
        other = played(regions, logs, seed, most=most, crashes=crashes)
        assert other.transitions == calm.transitions
        assert levels(other) == levels(calm)


def test_a_correction_takes_back_alerts_above_prefectures_whatever_the_order(tmp_path: Path) -> None:
    regions, logs = mistaken(tmp_path)
    calm = played(regions, logs, 1, most=2000)
    taken_back = {key: dict(each) for key, each in calm.transitions.items() if dict(each)["reason"] == "corrected"}
    assert above(taken_back) == {"000000", "110000", "370000"}
    for seed, most, crashes in ((2, 40, 0.0), (3, 60, 0.3), (4, 7, 0.05)):
        other = played(regions, logs, seed, most=most, crashes=crashes)
        assert other.transitions == calm.transitions
        assert levels(other) == levels(calm)


def test_a_prefecture_that_never_sent_anything_holds_a_province_up_only_until_the_clock_has_passed(
    tmp_path: Path,
) -> None:
    regions, logs = market(tmp_path)
    silent = topics.QUOTES, partition_of(230200, PARTITIONS)
    heard = {**logs, silent: [each for each in logs[silent] if b'"2302' not in each]}
    broker = played(regions, {place: each for place, each in heard.items() if place[0] == topics.QUOTES}, 1, most=300)
    assert above(broker.transitions) == set()
    closed = datetime.combine(FIRST + timedelta(days=DATES), time(6), ZONE).isoformat()
    clock = msgspec.json.encode(Clock(closed, "test", inputs=["quotes"]))
    broker.logs.update({(topics.CLOCK, number): [clock] for number in range(PARTITIONS)})
    broker.run(most=10, crashes=0)
    assert above(broker.transitions) >= {"000000", "110000"}


def told(prefecture: str, day: date, affected: int, **more: Any) -> bytes:
    line = ExtentLine("mofcom-2011", "tea", "yellow" if affected else "none", 2, affected)
    return msgspec.json.encode(Extent(prefecture, day.isoformat(), "retail", [line], **more))


def test_a_correction_changes_the_rows_of_a_decided_date_and_no_alert(tmp_path: Path) -> None:
    markets.write_catalogue(tmp_path)
    broker = Broker(catalogue.load(tmp_path), 1, Options(event_time=True))
    everywhere = [f"{code:06d}" for code in markets.COUNTIES]
    broker.logs[topics.EXTENTS, 0] = [told(code, FIRST, 0) for code in everywhere]
    broker.run(most=10, crashes=0)
    nation = next(key for key in broker.rows if key[0] == 0)
    assert broker.rows[nation]["levels"] == '{"mofcom-2011":"none"}'
    broker.logs[topics.EXTENTS, 0] += [told(code, FIRST, 2, correction=True) for code in ("110100", "230200")]
    broker.run(most=1, crashes=0)
    assert broker.rows[nation]["levels"] == '{"mofcom-2011":"red"}'
    assert not broker.transitions


def test_live_an_alert_is_taken_back_as_soon_as_somebody_corrects_what_it_rests_on(tmp_path: Path) -> None:
    markets.write_catalogue(tmp_path)
    broker = Broker(catalogue.load(tmp_path), 1, Options(live_seconds=0))
    everywhere = [f"{code:06d}" for code in markets.COUNTIES]
    broker.logs[topics.EXTENTS, 0] = [told(code, FIRST, 2) for code in everywhere]
    broker.run(most=10, crashes=0)
    assert above(broker.transitions) == {"000000", "110000", "230000", "370000"}
    before = set(broker.transitions)
    corrected = datetime.combine(FIRST + timedelta(days=1), time(9, 30), ZONE)
    late = told("370100", FIRST, 0, correction=True)
    broker.logs[topics.EXTENTS, 0].append(late)  # a late quote: nobody corrected anything
    broker.run(most=10, crashes=0)
    assert set(broker.transitions) == before
    broker.logs[topics.EXTENTS, 0].append(told("370100", FIRST, 0, correction=True, corrected_at=corrected.isoformat()))
    broker.run(most=10, crashes=0)
    found = {key: dict(each) for key, each in broker.transitions.items() if key not in before}
    [taken_back] = [each for key, each in found.items() if "|370000|" in key[0]]
    assert (taken_back["reason"], taken_back["state"], taken_back["at"]) == (
        "corrected",
        "resolved",
        corrected.isoformat(),
    )


def test_live_without_a_snapshot_stored_alerts_go_on_and_nothing_is_decided_twice(tmp_path: Path) -> None:
    markets.write_catalogue(tmp_path)
    regions, options = catalogue.load(tmp_path), Options(live_seconds=0)
    everywhere = [f"{code:06d}" for code in markets.COUNTIES]
    broker = Broker(regions, 1, options)
    broker.logs[topics.EXTENTS, 0] = [told(code, FIRST, 2) for code in everywhere]
    broker.run(most=10, crashes=0)
    before = dict(broker.transitions)
    assert above(before) == {"000000", "110000", "230000", "370000"}
    broker.engines[0] = broker.new_engine(0)
    broker.engines[0].adopt(stored_alerts([(broker.alerts, 1)]))
    broker.take(broker.engines[0].republish(PRESENT))
    assert broker.transitions == before
    later = [FIRST + timedelta(days=day) for day in range(1, 8)]
    broker.logs[topics.EXTENTS, 0] += [told(code, day, 0) for day in later for code in everywhere]
    broker.run(most=4, crashes=0)
    ended = {key: dict(each) for key, each in broker.transitions.items() if key not in before}
    assert {(key[1], key[2]) for key in ended} == {(key[1], 1) for key in before}
    assert {(each["state"], each["reason"]) for each in ended.values()} == {("resolved", "cleared")}


def test_live_a_province_waits_an_hour_for_a_prefecture_that_fell_silent(tmp_path: Path) -> None:
    markets.write_catalogue(tmp_path)
    broker = Broker(catalogue.load(tmp_path), 1, Options(live_seconds=0))
    closed = datetime.combine(FIRST + timedelta(days=1), time(2), ZONE).timestamp()
    broker.logs[topics.EXTENTS, 0] = [told(f"{code:06d}", FIRST, 2) for code in markets.COUNTIES if code != 370100]
    broker.deliver((topics.EXTENTS, 0), 10, closed + 60)
    broker.take(broker.engines[0].tick(closed + 3599))
    assert not broker.transitions
    broker.take(broker.engines[0].tick(closed + 3601))
    assert above(broker.transitions) == {"000000", "110000", "230000"}


def test_live_old_dates_wait_for_everybody(tmp_path: Path) -> None:
    markets.write_catalogue(tmp_path)
    broker = Broker(catalogue.load(tmp_path), 1, Options(live_seconds=0))
    broker.logs[topics.EXTENTS, 0] = [told(f"{code:06d}", FIRST, 2) for code in markets.COUNTIES if code != 370100]
    broker.deliver((topics.EXTENTS, 0), 10)
    assert not broker.transitions
    broker.logs[topics.EXTENTS, 0].append(told("370100", FIRST, 0))
    broker.deliver((topics.EXTENTS, 0), 10)
    assert above(broker.transitions) == {"000000", "110000", "230000"}


@pytest.mark.parametrize(
    ("value", "stage"),
    [
        (b"{", "decode"),
        (b"", "decode"),
        (told("110199", FIRST, 1), "validate"),
        (told("110100", FIRST, 1).replace(b"2020-01-20", b"2020-01-32"), "validate"),
        (told("110100", FIRST, 1).replace(b"tea", b"tee"), "validate"),
        (told("110100", FIRST, 1, correction=True, corrected_at="9999-01-01T00:00:00+08:00"), "validate"),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter(tmp_path: Path, value: bytes, stage: str) -> None:
    markets.write_catalogue(tmp_path)
    broker = Broker(catalogue.load(tmp_path), 1, Options(event_time=True))
    broker.logs[topics.EXTENTS, 0] = [value]
    broker.run(most=1, crashes=0)
    assert [(letter.topic, letter.stage, letter.value) for letter in broker.dead] == [(topics.EXTENTS, stage, value)]
