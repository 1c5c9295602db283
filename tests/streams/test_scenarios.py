"""Scenarios through the engine in event time: alerts scored against the simulator's ground truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from producers.simulate import touched
from schemas.catalogue import load as load_catalogue
from schemas.events import LEVELS
from tests.streams.scenario_run import Played, play

NYINGCHI = 540400
LHOKA = 540500
SEEDS = (1, 2, 3, 4, 5)
#: A seed takes 20 s. All of them are played over all prefectures, these two among them, by ``make soak``.
FEW = SEEDS[:2]
EVERYWHERE = load_catalogue().prefectures


def check_records(played: Played) -> None:
    """Every broken record is a dead letter, every good line and repeat is counted."""
    counts = played.truths[-1].counts
    assert len(played.cluster.dead) == counts["broken"]
    lines, repeats = played.cluster.counts["lines"], played.cluster.counts["repeats"]
    assert lines - repeats == counts["lines"]


def check_lockdown(played: Played) -> None:
    """Everything that is called for is raised; nothing in counties that were left alone."""
    assert played.expects
    assert played.missed() == []
    allowed = touched(played.truths) | {code for truth in played.truths for code in truth.allowed}
    assert Counter((one.rule, one.region) for one in played.raised if one.region not in allowed) == Counter()
    above_counties = {one.rule for one in played.raised if one.region not in touched(played.truths)}
    assert above_counties <= {"cover"}


def check_calm(played: Played) -> None:
    """Nothing above blue in a fortnight."""
    assert [one for one in played.raised if LEVELS.index(one.level) > LEVELS.index("blue")] == []


def test_lockdown_raises_what_it_must_and_nothing_elsewhere() -> None:
    played = play("lockdown", [NYINGCHI], 7)
    check_records(played)
    check_lockdown(played)


def test_a_calm_week_and_a_half_raises_nothing_above_blue() -> None:
    played = play("calm", [NYINGCHI], 7, days=10)
    check_records(played)
    check_calm(played)


@pytest.mark.slow
@pytest.mark.parametrize("seed", FEW)
def test_lockdown_over_seeds(seed: int) -> None:
    played = play("lockdown", [NYINGCHI, LHOKA], seed)
    check_records(played)
    check_lockdown(played)


@pytest.mark.slow
@pytest.mark.parametrize("seed", FEW)
def test_a_calm_fortnight_over_seeds(seed: int) -> None:
    played = play("calm", [NYINGCHI], seed)
    check_records(played)
    check_calm(played)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["price-gouging", "feed-loss"])
def test_other_scenarios_leave_other_counties_alone(name: str) -> None:
    played = play(name, [NYINGCHI, LHOKA], 7)
    check_records(played)
    outside = {one.region for one in played.raised} - touched(played.truths)
    assert outside <= {str(NYINGCHI), str(LHOKA)}


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "check"), [("lockdown", check_lockdown), ("calm", check_calm)])
def test_all_seven_prefectures_over_seeds(name: str, check: Callable[[Played], None], seed: int) -> None:
    played = play(name, EVERYWHERE, seed)
    check_records(played)
    check(played)


def test_quotes_in_the_wrong_unit_raise_nothing_but_what_tells_of_them() -> None:
    """Held back, they are in no rule; with the quarantine off, sound stores are accused of gouging."""
    packs = ("urumqi-2007", "gouging")
    held = play("unit-slip", [NYINGCHI], 7, packs=(*packs, "suspect"), quarantine=True)
    assert len(held.expects) == 4
    assert held.missed() == []
    slips = {(store, good) for truth in held.truths for store in truth.stores for good in truth.goods}
    told = {(one.site, one.good) for one in held.raised if one.rule == "suspect"}
    others = {(one.site, one.good) for one in held.raised if one.rule != "suspect"}
    assert told == slips
    assert not others & slips
    endings = [one.reason for one in held.cluster.alerts if one.rule == "suspect" and one.state == "resolved"]
    assert endings == ["corrected"] * 4

    believed = play("unit-slip", [NYINGCHI], 7, packs=packs)
    assert {(one.site, one.good) for one in believed.raised if one.rule == "gouging"} - others == slips
