"""Substitutes in the stream: firing alerts name sites that have more than they need, and what that leaves open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from schemas import topics
from schemas.events import Alert, Substitute
from schemas.registry import Contact, Enterprise, Site, change
from streams.alerts.packs import load
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import BAYI, CATALOGUE, GONGBU, PREFECTURE, WALL

DAY, HOUR = 86_400, 3600
START = records.moment("10-05 00:00")
NOON = START + 2 * DAY + 12 * HOUR
#: Blue line of cover of potatoes in the default catalogue, days.
BLUE = CATALOGUE.goods["potato"].cover[0]
OUT = Rulebook([load(str(Path(__file__).with_name("out.toml")))], CATALOGUE)
OPTIONS = Options(event_time=True, inputs=(topics.SALES, topics.STOCK, topics.REGISTRY))


def market(engine: Engine, entities: list[Enterprise | Site], sold: dict[str, int], regions: dict[str, int]) -> None:
    """Register, and let every store sell so many kg of potatoes an open hour (14 a day) on two dates."""
    told = [change(each, PREFECTURE, time=records.iso(START), sender="bureau") for each in entities]
    engine.apply(records.chunk(topics.REGISTRY, told), WALL)
    receipts, counts = [], []
    for day in range(2):
        midnight = START + day * DAY
        counts += [records.stock(midnight + 60, "potato", 10_000, site=s, region=regions[s]) for s in sold]
        receipts += [
            records.receipt(midnight + hour * HOUR, hour, ("potato", kg, 4.0), store=site, region=regions[site])
            for hour in range(8, 22)
            for site, kg in sold.items()
        ]
    engine.apply(records.chunk(topics.STOCK, counts), WALL)
    engine.apply(records.chunk(topics.SALES, receipts), WALL)
    close(engine, START + 2 * DAY + 2 * HOUR)


def close(engine: Engine, moment: int) -> Outcome:
    names = ("sales", "stock", "registry")
    offsets = {name: engine.offsets.get(topics.TIMED_NAMES[name], 0) for name in names}
    clock = records.clock(moment, **offsets).values
    return engine.apply(records.chunk(topics.CLOCK, clock, engine.offsets.get(topics.CLOCK, 0)), WALL)


def count(engine: Engine, regions: dict[str, int], **left: float) -> Outcome:
    """Let stores count so many kg at noon of the third date, and decide it."""
    found = [records.stock(NOON, "potato", kg, site=site, region=regions[site]) for site, kg in left.items()]
    engine.apply(records.chunk(topics.STOCK, found, engine.offsets[topics.STOCK]), WALL)
    return close(engine, NOON + 600)


STORES = {"s1": BAYI, "s2": BAYI, "s3": GONGBU, "s4": GONGBU, "s5": BAYI}


def entities() -> list[Enterprise | Site]:
    shop = Enterprise("shop", "店", [str(PREFECTURE)], contact=Contact("次仁", "1"))
    other = Enterprise("other", "另", [str(PREFECTURE)], contact=Contact("央金", "2"))
    owners = {"s1": "shop", "s2": "shop", "s3": "other", "s4": "other", "s5": "other"}
    own = Contact("店长", "3")
    sites = [
        Site(code, owner, str(STORES[code]), "店", contact=own if code == "s4" else Contact())
        for code, owner in owners.items()
    ]
    return [shop, other, *sites]


@pytest.fixture
def engine() -> Engine:
    """Return a market of five stores that sell 14 kg of potatoes a day each."""
    found = records.engine(OPTIONS, rulebook=OUT)
    market(found, entities(), dict.fromkeys(STORES, 1), STORES)
    return found


def only(alerts: list[Alert]) -> Alert:
    [alert] = [each for each in alerts if each.state == "firing"]
    return alert


def test_sites_with_more_than_they_need_are_named_the_county_s_own_first(engine: Engine) -> None:
    need = BLUE * 14
    left = {"s1": 0.0, "s2": need + 5, "s3": need + 10_000, "s4": need + 3, "s5": need - 1}
    told = only(count(engine, STORES, **left).alerts)
    assert told.substitutes == [
        Substitute("s2", str(BAYI), "potato", 5.0, BLUE, "shop", Contact("次仁", "1")),
        Substitute("s3", str(GONGBU), "potato", need, round(10_000 / 14, 2), "other", Contact("央金", "2")),
        Substitute("s4", str(GONGBU), "potato", 3.0, BLUE, "other", Contact("店长", "3")),
    ]


def test_a_site_that_is_out_itself_steps_in_for_nobody_and_two_places_stay_open(engine: Engine) -> None:
    outcome = count(engine, STORES, s1=0, s2=0, s3=10_000, s4=10_000, s5=10_000)
    firing = {each.site: each for each in outcome.alerts if each.state == "firing"}
    assert {site: [each.site for each in alert.substitutes] for site, alert in firing.items()} == {
        "s1": ["s5", "s3", "s4"],
        "s2": ["s5", "s3", "s4"],
    }
    assert [(need.id, need.good, need.quantity, need.room) for need in outcome.needs] == [
        (firing[site].id, "potato", BLUE * 14, 2) for site in ("s1", "s2")
    ]


def test_nobody_is_named_where_nobody_has_anything_and_when_the_alert_is_over(engine: Engine) -> None:
    alert = only(count(engine, STORES, s1=0, s2=1, s3=1, s4=1, s5=1).alerts)
    assert alert.substitutes == []
    full = [records.stock(NOON + HOUR, "potato", 10_000, site=site, region=STORES[site]) for site in STORES]
    engine.apply(records.chunk(topics.STOCK, full, engine.offsets[topics.STOCK]), WALL)
    [over] = close(engine, NOON + 3 * HOUR).alerts
    assert (over.state, over.substitutes) == ("resolved", [])


def test_what_partners_offer_is_added_unless_the_alert_has_moved_on(engine: Engine) -> None:
    outcome = count(engine, STORES, s1=0, s2=0, s3=10_000, s4=10_000, s5=10_000)
    need = outcome.needs[0]
    offers = [Substitute(f"p{n}", "540502", need.good, 7.0, partner=True) for n in range(4)]
    told = engine.support(need, offers, WALL)
    [alert] = told.marked
    assert [each.site for each in alert.substitutes] == ["s5", "s3", "s4", "p0", "p1"]
    assert alert.supersedes(only([each for each in outcome.alerts if each.site == "s1"]))
    [stored] = told.rows["alert_transitions"]["substitutes"]
    assert msgspec.json.decode(stored, type=list[Substitute]) == alert.substitutes
    assert engine.support(need, offers, WALL).marked == []  # it is full
    moved = engine.support(replace(need, seq=need.seq + 1), offers, WALL)
    assert (moved.marked, moved.rows) == ([], {})


def test_of_a_silent_enterprise_each_good_has_its_own_substitute() -> None:
    engine = records.engine(OPTIONS, rulebook=Rulebook([load("feed")], CATALOGUE))
    market(engine, entities(), dict.fromkeys(STORES, 1), STORES)
    alert = only(close(engine, NOON + 8 * HOUR).alerts)
    assert alert.enterprise == "shop"
    # its two stores sell 28 kg a day; of the others s3 comes first by name, for all have the same to spare
    assert alert.substitutes == [
        Substitute("s3", str(GONGBU), "potato", BLUE * 28, alert.substitutes[0].keeps, "other", Contact("央金", "2"))
    ]
