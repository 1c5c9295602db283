"""The shipped packs, level by level as RULES has them, and what a broken pack is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.ruling import DEFAULT
from streams.alerts.packs import DIRECTORY, PackError, load, parse_pack
from streams.alerts.rulebook import Rulebook
from tests.streams.alerts.support import BAYI, CATALOGUE, UNDEFINED, judged, rule_of

LIVE = (DIRECTORY / "live.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rise", "level"),
    [
        (0.149999, 0), (0.15, 1), (0.299999, 1), (0.30, 2), (0.499999, 2), (0.50, 3), (0.999999, 3), (1.00, 4),
        (13 / 10 - 1, 2), (0.2999999996, 2), (0.2999999994, 1), (-0.5, 0), (None, UNDEFINED),
    ],
)  # fmt: skip
@pytest.mark.parametrize("window", ["24h", "1h"])
def test_live_levels(window: str, rise: float | None, level: int) -> None:
    rule = rule_of("live", f"live-{window}")
    seen = {f"spike_{window}": rise, f"stores_{window}": 3, f"lines_{window}": 30}
    assert judged(rule, **seen)[0] == level


@pytest.mark.parametrize(("stores", "lines", "level"), [(3, 30, 4), (2, 30, UNDEFINED), (3, 29, UNDEFINED)])
def test_live_needs_three_stores_and_thirty_lines(stores: int, lines: int, level: int) -> None:
    assert judged(rule_of("live", "live-24h"), spike_24h=2.0, stores_24h=stores, lines_24h=lines)[0] == level


def test_live_waits() -> None:
    day, hour = rule_of("live", "live-24h"), rule_of("live", "live-1h")
    assert (day.hold, day.clear_hold) == (0, 1800)
    assert (hour.hold, hour.clear_hold) == (900, 1800)


@pytest.mark.parametrize(
    ("days", "level", "clear"),
    [
        (10.0, 0, False), (11.11, 0, False), (11.111111111, 0, True), (9.99, 1, False), (5.0, 1, False),
        (4.99, 2, False), (3.0, 2, False), (2.99, 3, False), (1.0, 3, False), (0.99, 4, False), (0.0, 4, False),
        (None, UNDEFINED, False),
    ],
)  # fmt: skip
def test_cover_is_below_the_thresholds_of_the_good(days: float | None, level: int, clear: bool) -> None:
    lines = {"cover_blue": 10.0, "cover_yellow": 5.0, "cover_orange": 3.0, "cover_red": 1.0}
    assert judged(rule_of("cover", "cover"), cover_days=days, **lines) == (level, clear)


@pytest.mark.parametrize(
    ("silent", "interval", "gaps", "level", "clear"),
    [
        (1.5, 0.1, 3, 1, False), (1.4, 0.1, 3, 0, False), (1.3, 0.1, 3, 0, True), (1.5, 0.1, 2, UNDEFINED, False),
        (6.0, 2.0, 9, 1, False), (5.9, 2.0, 9, 0, False), (5.3, 2.0, 9, 0, True), (42.0, 14.0, 5, 1, False),
        (9.0, None, 0, UNDEFINED, False),
    ],
)  # fmt: skip
def test_feed_is_silent_for_three_intervals_of_half_an_hour_at_least(
    silent: float, interval: float | None, gaps: int, level: int, clear: bool
) -> None:
    seen = {"feed_silent_hours": silent, "feed_interval_hours": interval, "feed_gaps": gaps}
    assert judged(rule_of("feed", "feed"), **seen) == (level, clear)


def test_feed_watches_prefectures() -> None:
    book = Rulebook([load("feed")], CATALOGUE)
    regions = book.regions(book.rules["feed"])
    assert 540400 in regions
    assert len(regions) == 7


def test_cover_watches_counties_and_prefectures() -> None:
    book = Rulebook([load("cover")], CATALOGUE)
    regions = book.regions(book.rules["cover"])
    assert {BAYI, 540400} <= regions
    assert len(regions) == 74 + 7


@pytest.mark.parametrize(
    ("change", "out_days", "intermittent", "level"),
    [
        (0.2999, 0, False, 0), (0.30, 0, False, 2), (0.4999, 0, False, 2), (0.50, 0, False, 3),
        (0.9999, 0, False, 3), (1.00, 0, False, 4), (0.0, 0, True, 2), (0.0, 2, False, 0), (0.0, 3, False, 3),
        (0.0, 7, False, 3), (0.0, 8, False, 4), (None, 0, False, UNDEFINED), (None, 0, True, 2),
        (None, 3, False, 3), (None, 8, False, 4), (0.6, 0, True, 3), (13 / 10 - 1, 0, False, 2),
    ],
)  # fmt: skip
def test_urumqi_levels(change: float | None, out_days: int, intermittent: bool, level: int) -> None:
    rule = rule_of("urumqi-2007", "urumqi-2007")
    assert judged(rule, change_week=change, out_days=out_days, intermittent=intermittent)[0] == level


@pytest.mark.parametrize(("change", "clear"), [(0.27, False), (0.2699, True), (-0.9, True)])
def test_urumqi_clears_below_27_percent(change: float, clear: bool) -> None:
    rule = rule_of("urumqi-2007", "urumqi-2007")
    assert judged(rule, change_week=change, out_days=0, intermittent=False) == (0, clear)


@pytest.mark.parametrize(
    ("change", "rise", "intermittent", "level"),
    [
        (0.30, 0.15, False, 2), (0.30, 0.1499, False, 0), (0.2999, 0.9, False, 0), (0.50, 0.15, False, 3),
        (1.00, 0.15, False, 4), (1.00, 0.0, False, 0), (1.00, None, False, UNDEFINED), (0.1, None, False, 0),
        (None, 0.1, False, 0), (None, 0.2, False, UNDEFINED), (None, None, True, 2),
    ],
)  # fmt: skip
def test_urumqi_steady_wants_a_price_above_the_usual(
    change: float | None, rise: float | None, intermittent: bool, level: int
) -> None:
    rule = rule_of("urumqi-2007-steady", "urumqi-2007-steady")
    seen = {"change_week": change, "rise_over_usual": rise, "intermittent": intermittent, "out_days": 0}
    assert judged(rule, **seen)[0] == level


NOTHING = {"districts_iv": 0, "districts_iii": 0, "days_iii": 0, "goods_iii": 0, "districts_ii": 0}
STOCKED = {"counties": 7, "counties_stocked": 3, "counties_out": 0}


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        ({}, 0),
        ({"districts_iv": 1}, 1),
        ({"districts_iv": 1, "districts_iii": 1, "days_iii": 6, "goods_iii": 2}, 1),
        ({"districts_iv": 2, "districts_iii": 2}, 2),
        ({"districts_iv": 1, "districts_iii": 1, "days_iii": 7}, 2),
        ({"districts_iv": 1, "districts_iii": 1, "goods_iii": 3}, 2),
        ({"districts_iv": 1, "goods_iii": 3}, 1),
        ({"districts_ii": 1}, 3),
        ({"counties_out": 2}, 0),
        ({"counties_out": 3}, 4),
        ({"counties_stocked": 1, "counties_out": 1}, 0),
        ({"counties": 1, "counties_stocked": 1, "counties_out": 1}, 4),
        (dict.fromkeys(NOTHING), UNDEFINED),
        (dict.fromkeys(NOTHING) | {"counties_out": 3}, 4),
    ],
)
def test_qingdao_2014(seen: dict[str, int | None], level: int) -> None:
    rule = rule_of("qingdao-2014", "qingdao-2014")
    near = {f"{name}~": 0 for name in NOTHING}
    assert judged(rule, **{**NOTHING, **STOCKED, **near, **seen})[0] == level


@pytest.mark.parametrize(("near", "clear"), [(0, True), (1, False), (None, True)])
def test_qingdao_2014_clears_when_no_county_is_within_a_tenth(near: int | None, clear: bool) -> None:
    rule = rule_of("qingdao-2014", "qingdao-2014")
    assert judged(rule, **{**NOTHING, **STOCKED, "districts_iv~": near}) == (0, clear)


@pytest.mark.parametrize(("rate", "level"), [(0.7, 0), (0.699999999, 1), (0.0, 1), (None, UNDEFINED)])
def test_qingdao_2015(rate: float | None, level: int) -> None:
    assert judged(rule_of("qingdao-2015", "qingdao-2015"), in_stock_rate=rate)[0] == level


def test_mofcom_watches_the_nation_too_and_reads_its_county_rule() -> None:
    book = Rulebook([load("mofcom-2011:wholesale")], CATALOGUE)
    rule = book.rules["mofcom-2011:wholesale"]
    assert len(book.regions(rule)) == 74 + 7 + 1 + 1
    assert rule.county_rule is not None
    assert (rule.county_rule.id, rule.county_rule.kind) == ("urumqi-2007", "wholesale")
    assert {"change_week", "out_days", "intermittent"} <= set(rule.measured)


def test_a_county_rule_may_be_a_file_beside_the_pack(tmp_path: Path) -> None:
    county = (DIRECTORY / "urumqi-2007.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(county.replace("0.30", "0.35"), encoding="utf-8")
    pack = tmp_path / "wide.toml"
    wide = (DIRECTORY / "mofcom-2011.toml").read_text(encoding="utf-8")
    pack.write_text(wide.replace('"urumqi-2007"', '"mine.toml"'), encoding="utf-8")
    rule = load(str(pack)).rules[0].county_rule
    assert rule is not None
    assert judged(rule, change_week=0.34, out_days=0, intermittent=False)[0] == 0


@pytest.mark.parametrize(
    ("pack", "old", "new", "at", "message"),
    [
        ("qingdao-2014", "districts_ii >= 1", "district_ii >= 1", "district_ii >= 1", 'did you mean "districts_ii"'),
        ("qingdao-2014", "districts_ii >= 1", "districts_v >= 1", "districts_v >= 1", "unknown indicator"),
        ("qingdao-2014", "change_day > 0.70", "change_dy > 0.70", "change_dy > 0.70", 'did you mean "change_day"'),
        ("qingdao-2014", '\nii = "change', '\nII = "change', "change_day > 0.70", "lower-case letters and digits"),
        ("qingdao-2014", 'subject = ["prefecture"]', 'subject = ["county"]', "[rules.flags]", "flags need trigger"),
        ("mofcom-2011", '"urumqi-2007"', '"urumqi-207"', "urumqi-207", 'did you mean "urumqi-2007"'),
        ("mofcom-2011", '"urumqi-2007"', '"mofcom-2011"', 'mofcom-2011"\ntitle', "counts counties itself"),
        ("mofcom-2011", '"urumqi-2007"', '"cover"', "cover", "has 0 date rules on counties"),
        ("mofcom-2011", 'county_rule = "urumqi-2007"\n', "", '["county", "pre', "needs a county_rule"),
        ("urumqi-2007", "change_week >= 0.50", "affected", "affected", "unknown indicator"),
    ],
)  # fmt: skip
def test_a_mistake_in_flags_or_extent_is_shown_with_its_place(
    pack: str, old: str, new: str, at: str, message: str
) -> None:
    text = (DIRECTORY / f"{pack}.toml").read_text(encoding="utf-8")
    rules = text.index("[[rules]]")
    assert old in text[rules:]
    text = text[:rules] + text[rules:].replace(old, new, 1)
    before = text[: text.index(at, rules)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    with pytest.raises(PackError) as refused:
        parse_pack(text.encode(), f"{pack}.toml")
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{pack}.toml:{line}:{column}: ")


def test_a_reference_may_ask_for_wholesale() -> None:
    rule = rule_of("urumqi-2007:wholesale", "urumqi-2007")
    assert (rule.kind, rule.pack, rule.ref) == ("wholesale", "urumqi-2007", "urumqi-2007:wholesale")
    assert rule.key(BAYI, "potato") == "urumqi-2007|540402|potato|wholesale"
    assert rule_of("urumqi-2007", "urumqi-2007").key(BAYI, "potato", "S1") == "urumqi-2007|540402|potato|S1"


def test_an_alert_carries_what_decided_and_how_much_was_seen() -> None:
    rule = rule_of("live", "live-24h")
    assert rule.values == ("spike_24h", "vwap_24h", "baseline_24h")
    assert rule.counts == ("stores_24h", "lines_24h")


def test_the_version_follows_the_content() -> None:
    first, second = load("live"), parse_pack(LIVE.replace("0.15", "0.16").encode(), "live.toml")
    assert first.version.startswith("1+")
    assert first.version != second.version
    assert load("live").version == first.version


def test_the_fingerprint_of_a_rulebook_is_that_of_its_packs() -> None:
    packs = [load(reference) for reference in DEFAULT]
    fingerprint = Rulebook(packs, CATALOGUE).fingerprint
    assert Rulebook(reversed(packs), CATALOGUE).fingerprint == fingerprint
    assert Rulebook(packs[:-1], CATALOGUE).fingerprint != fingerprint
    assert [rule.id for rule in Rulebook(packs, CATALOGUE).on("tick")] == ["live-24h", "live-1h", "cover"]


def test_two_packs_may_not_bring_the_same_rule() -> None:
    with pytest.raises(PackError, match=r'rule "live-24h" is also in pack "live"'):
        Rulebook([load("live"), load("live")], CATALOGUE)


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(LIVE.replace('name = "live"', 'name = "mine"'), encoding="utf-8")
    assert load(str(mine)).name == "mine"
    assert load(f"{mine}:wholesale").kind == "wholesale"


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ('orange = "spike_24h >= 0.50"', 'orange = "spike_24 >= 0.50"', "spike_24 ", 'did you mean "spike_24h"'),
        ("stores_24h >= 3 and lines_24h", "stores_24h >= 3 and line_24h", "line_24h", 'did you mean "lines_24h"'),
        ('for = "0 s"', 'for = "soon"', "soon", '"soon" is not a duration'),
        ('clear_for = "30 min"', 'clear_four = "quux"', "quux", 'did you mean "clear_for"'),
        ('headline = "spike_24h"', 'headline = "spike_23h"', "spike_23h", 'did you mean "spike_24h"'),
        ("上涨 {spike_24h}", "上涨 {spike_24}", "24 小时均价 上涨 {spike_24}", 'did you mean "spike_24h"'),
        ("上涨 {spike_24h}", "上涨 {spike_24h", "24 小时均价 上涨 {spike_24h", "expected '}'"),
        ("上涨 {spike_24h}", "上涨 {spike_24h.real}", "24 小时均价 上涨 {spike_24h.", "cannot be shown"),
        ("[rules.words.spike_24h]", "[rules.words.vwap_24h]", "[[rules]]", "are missing: add words.spike_24h"),
        ('subject = ["county"]', 'subject = ["village"]', '["village"]', "Invalid enum value 'village'"),
        ('subject = ["county"]', 'subject = ["site", "county"]', '["site"', "no other subject"),
        ('subject = ["county"]', 'subject = ["enterprise", "county"]', '["enterprise"', "no other subject"),
        (
            'subject = ["county"]',
            'subject = ["enterprise"]',
            "spike_24h >= 0.15",
            "known: feed_silent_hours, feed_interval",
        ),
        ('subject = ["county"]', "subject = []", "[]", "at least one subject"),
        ('red = "spike_24h >= 1.00"', 'purple = "spike_24h >= 9"', "spike_24h >= 9", "Invalid enum value 'purple'"),
        ('id = "live-24h"', 'id = "live-1h"', 'live-1h"\nsubject = ["county"]\ntrigger', "would collide"),
        ('id = "live-1h"', 'id = "a|b"', "a|b", "lower-case letters"),
        ('name = "live"', 'name = "a b"', "a b", "lower-case letters"),
        ('kind = "retail"', 'kind = "barter"', "barter", "Invalid enum value 'barter'"),
        ('version = "1"', "version = ?", "?", "not valid TOML"),
    ],
)
def test_a_mistake_is_shown_with_its_place(old: str, new: str, at: str, message: str) -> None:
    assert old in LIVE
    text = LIVE.replace(old, new, 1)
    before = text[: text.rindex(at) if message == "would collide" else text.index(at)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    with pytest.raises(PackError) as refused:
        parse_pack(text.encode(), "live.toml")
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"live.toml:{line}:{column}: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "a"\nversion = "1"\ntitle = {zh="a", en="a"}\nrules = []', "at least one rule"),
        ('version = "1"', "missing required field `name`"),
        ("\xff", "not valid TOML"),
    ],
)
def test_a_pack_that_is_hardly_one(text: str, message: str) -> None:
    with pytest.raises(PackError, match="refused") as refused:
        parse_pack(text.encode("latin-1"), "a.toml")
    assert message in str(refused.value)


def test_an_unknown_pack_gets_a_suggestion() -> None:
    with pytest.raises(PackError, match='did you mean "urumqi-2007"'):
        load("urumqi-207")
    with pytest.raises(PackError, match="packs: cover, feed, gouging, live, mofcom-2011, qingdao-2014"):
        load("zzz.toml")
