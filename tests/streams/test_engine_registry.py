"""The registry in the stream: what is refused, what takes effect when, and that a rebuild knows it again."""

from __future__ import annotations

import msgspec
import pytest

from schemas import topics
from schemas.registry import Contact, Enterprise, RegistryChange, Site, change
from streams.chunk import Chunk
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import BAYI, CATALOGUE, PREFECTURE, WALL

START = records.moment("10-05 00:00")
HOUR, DAY = 3600, 86_400
OPTIONS = Options(event_time=True, inputs=(topics.SALES, topics.STOCK))
SHOP = Enterprise("shop", "店", [str(PREFECTURE)], contact=Contact("次仁", "1"))
STORE = Site("s1", "shop", str(BAYI), "店", hours="Mo-Su 10:00-16:00")


def versions(*entities: Enterprise | Site, at: int = START, first: int = 0) -> Chunk:
    """Return changes for Nyingchi as a chunk."""
    found = [change(each, PREFECTURE, time=records.iso(at), sender="bureau") for each in entities]
    return records.chunk(topics.REGISTRY, found, first)


def trade(engine: Engine, days: int, *, from_day: int = 0, sender: str = "shop") -> list[Outcome]:
    """Let a store count 1,000 kg at midnight and sell 1 kg at 12 and 17 o'clock; close the dates."""
    outcomes = []
    for day in range(from_day, days):
        midnight = START + day * DAY
        count = records.stock(midnight + 60, "potato", 1000)
        sales = [records.receipt(midnight + hour * HOUR, hour, ("potato", 1.0, 4.0)) for hour in (12, 17)]
        sales = [msgspec.structs.replace(each, sender=sender) for each in sales]
        outcomes.append(engine.apply(records.chunk(topics.STOCK, [count], engine.offsets.get(topics.STOCK, 0)), WALL))
        outcomes.append(engine.apply(records.chunk(topics.SALES, sales, engine.offsets.get(topics.SALES, 0)), WALL))
    return [*outcomes, close(engine, days)]


def close(engine: Engine, days: int) -> Outcome:
    """Say that everything up to the close of the dates has been sent, one change of the registry among it."""
    offsets = {"sales": engine.offsets.get(topics.SALES, 0), "stock": engine.offsets.get(topics.STOCK, 0)}
    moment = START + days * DAY + 2 * HOUR
    clock = records.clock(moment, **offsets, registry=1).values
    return engine.apply(records.chunk(topics.CLOCK, clock, engine.offsets.get(topics.CLOCK, 0)), WALL)


def demand(engine: Engine) -> float:
    """Return demand of potatoes a day in Bayi, kg."""
    place = engine._places[PREFECTURE]
    shelf = place.markets["retail"].shelf
    row = CATALOGUE.counties(PREFECTURE).index(BAYI) * len(CATALOGUE.goods) + sorted(CATALOGUE.goods).index("potato")
    return float(shelf.values(shelf.day)["demand_day"][row])


def test_opening_hours_decide_what_demand_is_spread_over() -> None:
    """Two sales a day in 14 usual hours; of 6 registered ones only the sale at 12 fell into them."""
    usual, registered = records.engine(OPTIONS), records.engine(OPTIONS)
    registered.apply(versions(STORE), WALL)
    for engine in (usual, registered):
        trade(engine, 3)
    # units of every in-stock hour ÷ open in-stock hours x open hours a day: RULES, "Stock"
    assert demand(usual) == pytest.approx(2.0)
    assert demand(registered) == pytest.approx(2.0)
    half = Site("s1", "shop", str(BAYI), "店", hours="Mo-We 08:00-22:00")
    engine = records.engine(OPTIONS)
    engine.apply(versions(half), WALL)
    trade(engine, 3)
    # three open dates of 14 hours, and 6 hours a day over the week
    assert demand(engine) == pytest.approx(6 / 42 * 6)


def test_a_change_leaves_closed_dates_as_they_are() -> None:
    """Three dates of 14 hours, then one of 6: eight units in 48 open hours, 6 hours a day from now on."""
    engine = records.engine(OPTIONS)
    trade(engine, 3)
    before = demand(engine)
    engine.apply(versions(STORE, at=START + 3 * DAY), WALL)
    trade(engine, 4, from_day=3)
    assert before == pytest.approx(2.0)
    assert demand(engine) == pytest.approx(8 / 48 * 6)


def test_a_special_date_is_closed() -> None:
    engine = records.engine(OPTIONS)
    engine.apply(versions(Site("s1", "shop", str(BAYI), "店", hours="Mo-Su 08:00-22:00; 2026-10-06 off")), WALL)
    trade(engine, 3)
    assert demand(engine) == pytest.approx(6 / 28 * 14)


def test_of_two_versions_the_later_one_holds_whichever_comes_first() -> None:
    engine = records.engine(OPTIONS)
    later = msgspec.structs.replace(STORE, hours="Mo-Su 08:00-10:00")
    engine.apply(versions(later, at=START + HOUR), WALL)
    engine.apply(versions(STORE, at=START, first=1), WALL)
    trade(engine, 1)
    assert engine.registry(PREFECTURE).site("s1") == later


@pytest.mark.parametrize(("feed", "left"), [("snapshots", 998), ("movements", 1000), (None, 998)])
def test_sales_are_taken_off_the_count_of_a_feed_of_snapshots(feed: str | None, left: float) -> None:
    engine = records.engine(OPTIONS)
    shop = msgspec.convert({**msgspec.to_builtins(SHOP), "feed": feed}, Enterprise)
    engine.apply(versions(shop), WALL)
    trade(engine, 1)
    place = engine._places[PREFECTURE]
    assert place.markets["retail"].shelf.on_hand().tolist() == [left * 1000]


def test_only_the_sender_s_own_feed_counts() -> None:
    engine = records.engine(OPTIONS)
    engine.apply(versions(msgspec.structs.replace(SHOP, code="other", feed="movements")), WALL)
    trade(engine, 1)
    assert engine._places[PREFECTURE].markets["retail"].shelf.on_hand().tolist() == [998_000]


def test_contacts_come_from_the_site_or_else_from_its_enterprise() -> None:
    engine = records.engine(OPTIONS)
    own = Site("s2", "shop", str(BAYI), "店", contact=Contact("卓玛", "2"))
    engine.apply(versions(SHOP, STORE, own), WALL)
    trade(engine, 1)
    registry = engine.registry(PREFECTURE)
    assert registry.contact("s1") == registry.contact("shop") == SHOP.contact
    assert registry.contact("s2") == own.contact
    assert registry.contact("unknown") == Contact()
    assert registry.enterprise_of("s1") == engine._registries.owner(str(BAYI), "s1") == "shop"
    assert engine._registries.owner("540502", "s1") == ""


def test_an_enterprise_that_leaves_is_no_longer_registered() -> None:
    engine = records.engine(OPTIONS)
    engine.apply(versions(SHOP), WALL)
    engine.apply(versions(msgspec.structs.replace(SHOP, prefectures=[]), at=START + HOUR, first=1), WALL)
    trade(engine, 1)
    assert engine.registry(PREFECTURE).enterprise("shop") is None
    assert engine.registry(PREFECTURE).left("shop")


GOOD = change(STORE, PREFECTURE, time=records.iso(START), sender="bureau")


def with_site(**fields: object) -> RegistryChange:
    assert GOOD.site is not None
    return msgspec.structs.replace(GOOD, site=msgspec.structs.replace(GOOD.site, **fields))


@pytest.mark.parametrize(
    ("value", "stage", "reason"),
    [
        (b"{", "decode", "truncated"),
        (msgspec.structs.replace(GOOD, site=None), "validate", "neither enterprise nor site"),
        (msgspec.structs.replace(GOOD, prefecture="540499"), "validate", "is not in the catalogue"),
        (msgspec.structs.replace(GOOD, prefecture="540100"), "partition", "belongs to partition"),
        (msgspec.structs.replace(GOOD, time="soon"), "validate", "is not RFC 3339"),
        (with_site(county="540499"), "validate", "is no county"),
        (with_site(hours="always"), "validate", "is no opening hours"),
        (with_site(code=""), "validate", "code has 0 characters"),
        (with_site(county="540502"), "partition", "belongs to partition"),
    ],
)
def test_a_bad_change_is_a_dead_letter_with_its_bytes(value: RegistryChange | bytes, stage: str, reason: str) -> None:
    engine = records.engine(OPTIONS)
    outcome = engine.apply(records.chunk(topics.REGISTRY, [value, GOOD]), WALL)
    (letter,) = outcome.dead
    raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
    assert (letter.topic, letter.offset, letter.stage, letter.value) == (topics.REGISTRY, 0, stage, raw)
    assert reason in letter.reason
    rows = outcome.rows["registry"]
    assert (list(rows["offset"]), rows["code"], rows["kind"]) == ([1], ["s1"], ["site"])


@pytest.mark.parametrize("waiting", [False, True])
def test_a_snapshot_keeps_the_registry_and_what_waits(waiting: bool) -> None:
    first, second = records.engine(OPTIONS), records.engine(OPTIONS)
    at = START + 2 * DAY if waiting else START
    first.apply(versions(SHOP, STORE, at=at), WALL)
    trade(first, 2)
    second.restore(first.snapshot().pack())
    for engine in (first, second):
        trade(engine, 4, from_day=2)
    assert demand(first) == demand(second)
    assert second.registry(PREFECTURE).contact("s1") == SHOP.contact


def test_raw_rows_give_back_the_registry() -> None:
    first, second = records.engine(OPTIONS), records.engine(OPTIONS)
    raw = first.apply(versions(SHOP, STORE), WALL).rows["registry"]
    tables = {"registry": raw}
    for outcome in trade(first, 3):
        tables |= {name: rows for name, rows in outcome.rows.items() if name in {"sales", "stock"}}
    records.replay(second, {"registry": raw})
    assert second.offsets[topics.REGISTRY] == 2
    trade(second, 3)
    assert demand(first) == demand(second)


def test_a_registry_alone_begins_no_time_and_no_prefecture() -> None:
    engine = records.engine(OPTIONS)
    engine.apply(versions(STORE), WALL)
    assert engine._places == {}


def test_time_waits_for_the_registry_where_it_is_named() -> None:
    """A change read after the sales still holds from its own time on."""
    named = Options(event_time=True, inputs=(topics.SALES, topics.STOCK, topics.REGISTRY))
    early, late = records.engine(named), records.engine(named)
    early.apply(versions(STORE), WALL)
    trade(early, 3)
    trade(late, 3)
    assert late._places[PREFECTURE].closed_day < early._places[PREFECTURE].closed_day
    late.apply(versions(STORE), WALL)
    close(late, 3)
    assert demand(late) == demand(early)
