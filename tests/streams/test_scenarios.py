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
    assert [one for one in played.raised if one.rule == "feed"] == []


def check_calm(played: Played) -> None:
    """Nothing above blue in a fortnight, and no enterprise silent."""
    assert [one for one in played.raised if LEVELS.index(one.level) > LEVELS.index("blue")] == []
    assert [one for one in played.raised if one.rule == "feed"] == []


def check_feeds(played: Played) -> None:
    """Who stopped reporting is found silent in time, and nobody else."""
    assert [one for one in played.expects if one.rule == "feed"]
    assert [one for one in played.missed() if one.rule == "feed"] == []
    lost = {truth.enterprise for truth in played.truths if truth.enterprise}
    assert {one.enterprise for one in played.raised if one.rule == "feed"} == lost


def test_lockdown_raises_what_it_must_and_nothing_elsewhere() -> None:
    played = play("lockdown", [NYINGCHI], 7)
    check_records(played)
    check_lockdown(played)


def test_a_calm_week_and_a_half_raises_nothing_above_blue() -> None:
    played = play("calm", [NYINGCHI], 7, days=10)
    check_records(played)
    check_calm(played)


def test_a_lost_feed_is_noticed() -> None:
    played = play("feed-loss", [NYINGCHI], 7)
    check_records(played)
    check_feeds(played)


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
    if name == "feed-loss":
        check_feeds(played)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "check"), [("lockdown", check_lockdown), ("calm", check_calm), ("feed-loss", check_feeds)]
)
def test_all_seven_prefectures_over_seeds(name: str, check: Callable[[Played], None], seed: int) -> None:
    played = play(name, EVERYWHERE, seed)
    check_records(played)
    check(played)
