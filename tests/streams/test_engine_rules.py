"""Other rules while the stream runs: a record of ``rules.changes`` does what a restart with other packs does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas import topics
from schemas.ruling import RulesChange
from streams import ruling
from streams.alerts import packs
from streams.alerts.rulebook import NATION, Rulebook
from streams.engine import Engine
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import BAYI
from tests.streams.test_engine_packs import LIVE, NOON, firing  # noqa: F401

KEY = f"live-24h|{BAYI}|potato"


def change(at: float, *names: str, mine: Path | None = None, **regional: str) -> RulesChange:
    """Return a change to packs; ``mine`` takes the place of ``live``, ``_540400="cover"`` is for a region."""
    files = [str(mine) if name == "live" and mine else name for name in names]
    chosen: dict[int, list[Any]] = {NATION: [(name, packs.load(name)) for name in files]}
    chosen |= {int(code[1:]): [(name, packs.load(name))] for code, name in regional.items()}
    return ruling.change(chosen, sender="test", by="tsering", at=at, note="on purpose")


def restored(state: bytes, rulebook: Rulebook = records.RULEBOOK) -> Engine:
    engine = records.engine(LIVE, rulebook=rulebook)
    engine.restore(state)
    engine.republish(NOON + 200)
    return engine


def tell(engine: Engine, *changes: RulesChange | bytes) -> Outcome:
    first = engine.offsets.get(topics.RULES, 0)
    return engine.apply(records.chunk(topics.RULES, changes, first), NOON + 300)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return a bureau's copy of ``live`` under which a doubled price is not red but yellow."""
    text = (packs.DIRECTORY / "live.toml").read_text(encoding="utf-8")
    own = tmp_path / "mine.toml"
    own.write_text(text.replace("1.00", "9.00").replace("0.50", "8.00"), encoding="utf-8")
    return own


def test_a_change_is_followed_at_once_and_loses_nothing(firing: bytes, mine: Path) -> None:  # noqa: F811
    engine = restored(firing)
    before = {each.key: each for each in engine.republish(NOON + 250).alerts}
    outcome = tell(engine, change(NOON + 260, "live", mine=mine))
    rows = outcome.rows["rule_changes"]
    assert (rows["offset"], rows["author"], rows["partition"]) == ([0], ["tsering"], [engine.partition])
    gone = {each.key: each for each in outcome.alerts if each.reason == "rule_removed"}
    assert {each.rule for each in gone.values()} == {"cover"} & {each.rule for each in before.values()}
    assert set(outcome.rows["alert_transitions"]["key"] if gone else []) >= gone.keys()
    after = {each.key: each for each in engine.republish(NOON + 301).alerts}
    assert after[KEY].id == before[KEY].id
    assert after[KEY].pack_version == packs.load(str(mine)).version != before[KEY].pack_version
    assert engine.watermarks()[540400] == NOON + 131
    assert engine.offsets[topics.RULES] == 1


def test_it_is_the_same_as_a_restart_with_these_packs(firing: bytes, mine: Path) -> None:  # noqa: F811
    told, wanted = restored(firing), change(NOON + 260, "live", mine=mine)
    tell(told, wanted)
    again = restored(firing, Rulebook([packs.load(str(mine))], records.CATALOGUE))
    for engine in (told, again):
        engine.offsets[topics.RULES] = 1
    later = [
        [(a.key, a.id, a.level, a.at, a.pack_version) for a in each.tick(NOON + 8 * 3600).alerts]
        for each in (told, again)
    ]
    assert later[0] == later[1] != []


def test_a_snapshot_and_the_table_bring_the_rules_back_and_the_newest_holds(firing: bytes, mine: Path) -> None:  # noqa: F811
    engine = restored(firing)
    old, new = change(NOON + 250, "cover"), change(NOON + 260, "live", mine=mine)
    rows = tell(engine, new, old).rows["rule_changes"]
    wanted = packs.load(str(mine)).version
    fresh = records.engine(LIVE)
    fresh.rule(records.stored(rows), read_again=False)
    fresh.restore(firing)
    fresh.rule(records.stored(rows), read_again=False)
    for each in (restored(engine.snapshot().pack()), fresh):
        versions = {alert.rule: alert.pack_version for alert in each.republish(NOON + 400).alerts}
        assert versions["live-24h"] == wanted
        assert "cover" not in versions
        tell(each, old)
        assert {alert.pack_version for alert in each.republish(NOON + 401).alerts} == {wanted}


def test_packs_of_one_region_change_its_alerts_alone(firing: bytes) -> None:  # noqa: F811
    engine = restored(firing)
    assert KEY in {each.key for each in engine.republish(NOON + 250).alerts}
    gone = tell(engine, change(NOON + 260, *records.PACKS, _540400="cover")).alerts
    assert {each.reason for each in gone if each.rule == "live-24h"} == {"rule_removed"}
    assert not [each for each in gone if each.rule == "cover" and each.reason == "rule_removed"]


def damaged(**changes: Any) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(change(NOON, "live"), **changes))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"{", "truncated"),
        (damaged(chosen={}), "000000"),
        (damaged(chosen={"000000": [1]}), "outside the list of 1 packs"),
        (damaged(chosen={"000000": [0], "119999": [0]}), "the catalogue has no region"),
        (damaged(chosen={"000000": [0, 0]}), "leave one of the two out"),
        (damaged(time=records.iso(NOON + 5000)), "ahead"),
        (damaged(by=""), "by"),
    ],
)
def test_a_record_that_cannot_be_followed_is_a_dead_letter_and_the_old_rules_stay(
    firing: bytes,  # noqa: F811
    record: bytes,
    reason: str,
) -> None:
    engine = restored(firing)
    before = [(each.key, each.pack_version) for each in engine.republish(NOON + 250).alerts]
    outcome = tell(engine, record)
    (letter,) = outcome.dead
    assert reason in f"{letter.reason} {letter.error}"
    assert "rule_changes" not in outcome.rows
    assert [(each.key, each.pack_version) for each in engine.republish(NOON + 301).alerts] == before


def test_a_record_needs_no_file_where_it_is_read(tmp_path: Path) -> None:
    below = tmp_path / "county.toml"
    below.write_bytes((packs.DIRECTORY / "urumqi-2007.toml").read_bytes())
    text = (packs.DIRECTORY / "mofcom-2011.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(text.replace('county_rule = "urumqi-2007"', 'county_rule = "county.toml"'), encoding="utf-8")
    record = change(NOON, str(own))
    own.unlink()
    below.unlink()
    (read,) = ruling.packs_of(record)[NATION]
    assert read.rules[0].county_rule is not None
    assert read.version == record.packs[0].version
