"""Which rule watches which region: packs chosen for all, for a province, a prefecture, a county."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from schemas.events import AsOf
from streams.alerts.lifecycle import Book
from streams.alerts.packs import DIRECTORY, Pack, PackError, load, parse_pack
from streams.alerts.rulebook import NATION, Rulebook
from tests.streams.records import CATALOGUE

LHASA, CHENGGUAN, NYINGCHI, BAYI = 540100, 540102, 540400, 540402
AS_OF, UTC = AsOf(1, 1, 1), ZoneInfo("UTC")


def copy(name: str, *replace: tuple[str, str]) -> Pack:
    """Return a shipped pack as a bureau has it: a copy with other numbers."""
    text = (DIRECTORY / f"{name}.toml").read_text(encoding="utf-8")
    for before, after in replace:
        assert before in text
        text = text.replace(before, after)
    return parse_pack(text.encode(), "mine.toml", None, DIRECTORY)


MINE = copy("urumqi-2007", ("0.30", "0.20"))
LIVE, STEADY, URUMQI = load("live"), load("urumqi-2007-steady"), load("urumqi-2007")


def test_the_smallest_region_with_packs_of_its_own_decides() -> None:
    book = Rulebook([URUMQI], CATALOGUE, {540000: [LIVE], LHASA: [MINE], CHENGGUAN: [STEADY]})
    assert book.choice(CHENGGUAN) == CHENGGUAN
    assert [book.choice(code) for code in (LHASA, 540103, NYINGCHI, 540000, NATION)] == [LHASA, LHASA, *[540000] * 2, 0]
    assert book.at("urumqi-2007", CHENGGUAN) is None
    lhasa = book.at("urumqi-2007", 540103)
    assert lhasa is not None
    assert (lhasa.name, lhasa.ref, lhasa.pack_version) == ("urumqi-2007@540100", "urumqi-2007", MINE.version)
    assert lhasa.key(540103, "potato") == "urumqi-2007|540103|potato"
    assert book.at("live-24h", BAYI) is not None
    assert book.at("urumqi-2007", BAYI) is None
    assert 540103 not in book.regions(book.rules["urumqi-2007"])


def test_regions_that_choose_the_same_pack_share_its_rules() -> None:
    book = Rulebook([LIVE, URUMQI], CATALOGUE, {LHASA: [LIVE, MINE], NYINGCHI: [LIVE, MINE]})
    assert sorted(book.rules) == ["live-1h", "live-24h", "urumqi-2007", "urumqi-2007@540100"]
    mine = book.rules["urumqi-2007@540100"]
    assert {CHENGGUAN, BAYI} <= book.regions(mine)
    assert book.regions(book.rules["live-24h"]) == Rulebook([LIVE], CATALOGUE).regions(LIVE.rules[0])
    assert [pack.version for pack in book.packs] == [LIVE.version, URUMQI.version, MINE.version]


def test_rules_above_a_region_follow_the_code_of_that_region() -> None:
    book = Rulebook([load("mofcom-2011")], CATALOGUE, {LHASA: [URUMQI]})
    watched = book.regions(book.rules["mofcom-2011"])
    assert {540000, NATION, NYINGCHI} <= watched
    assert {LHASA, CHENGGUAN}.isdisjoint(watched)


def test_one_rule_twice_in_one_region_is_refused() -> None:
    with pytest.raises(PackError, match='rule "urumqi-2007" of region 540100 is also in pack "urumqi-2007"'):
        Rulebook([], CATALOGUE, {LHASA: [URUMQI, MINE]})


def test_the_fingerprint_tells_where_packs_hold() -> None:
    one, other = (Rulebook([LIVE], CATALOGUE, {code: [MINE]}) for code in (LHASA, NYINGCHI))
    assert one.fingerprint != other.fingerprint
    assert Rulebook([LIVE], CATALOGUE).fingerprint == Rulebook([LIVE], CATALOGUE, {}).fingerprint


def opened(book: Book, rules: Rulebook, region: int) -> str:
    rule = rules.at("urumqi-2007", region)
    assert rule is not None
    (begun,) = book.step(
        rule, region, "potato", "", at=86_400 * 20, level=2, clear=False, values={}, evidence={}, date=19
    )
    return begun.id


def test_an_alert_goes_on_when_its_region_gets_packs_of_its_own_and_back() -> None:
    plain, regional = Rulebook([URUMQI], CATALOGUE), Rulebook([URUMQI], CATALOGUE, {LHASA: [MINE]})
    book = Book(plain, CATALOGUE, UTC)
    ids = [opened(book, plain, CHENGGUAN), opened(book, plain, BAYI)]
    for rules in (regional, plain):
        later = Book(rules, CATALOGUE, UTC)
        later.load(book.dump())
        assert sorted(each.id for each in later.open_alerts()) == sorted(ids)
        assert later.retire(lambda region: region) == []
        own = rules.at("urumqi-2007", CHENGGUAN)
        assert own is not None
        assert later.open_keys(own) >= {(CHENGGUAN, "potato", "")}
        records = [later.to_alert(each, AS_OF, 0, UTC) for each in later.open_alerts()]
        versions = {record.region: record.pack_version for record in records}
        assert versions == {"540102": own.pack_version, "540402": URUMQI.version}
        book = later


def test_an_alert_of_a_rule_that_one_region_has_no_more_ends_with_the_version_that_it_had() -> None:
    regional = Rulebook([URUMQI], CATALOGUE, {LHASA: [MINE]})
    book = Book(regional, CATALOGUE, UTC)
    gone = opened(book, regional, CHENGGUAN)
    stays = opened(book, regional, BAYI)
    later = Book(Rulebook([URUMQI], CATALOGUE, {LHASA: [LIVE]}), CATALOGUE, UTC)
    later.load(book.dump())
    (retired,) = later.retire(lambda region: 86_400 * 21)
    assert (retired.id, retired.reason, retired.level) == (gone, "rule_removed", 0)
    assert later.to_alert(retired, AS_OF, 0, UTC).pack_version == MINE.version
    assert [each.id for each in later.open_alerts()] == [stays]
