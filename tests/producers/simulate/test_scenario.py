"""Scenario files: what is accepted, and what a refusal says."""

from pathlib import Path

import pytest

from producers.simulate import ScenarioError, Simulation, load, names
from producers.simulate.scenario import hours
from tests.producers.simulate.world import START, catalogue

HEAD = 'name = "mine"\ntitle_zh = "我"\ntitle_en = "Mine"\n'
INCIDENT = '[[incidents]]\nkind = "price-rise"\nregions = ["540402"]\nfrom = "0d9h"\nto = "2d0h"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(HEAD + text, "utf-8")
    return path


def test_the_built_in_scenarios_fit_the_default_catalogue() -> None:
    assert names() == ["calm", "feed-loss", "lockdown", "price-gouging", "rush", "substitution", "unit-slip", "wave"]
    for name in names():
        Simulation(load(name), catalogue(), start=START)


def test_defaults_are_calm(tmp_path: Path) -> None:
    scenario = load(written(tmp_path, ""))
    assert scenario.incidents == []
    assert scenario.history_days == 8


def test_moments_count_from_the_first_paced_midnight() -> None:
    assert hours("1d10h") == 34


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("history_days = 3\n", "history_days"),
        ("colour = 1\n", "colour"),
        ("[stores]\nper_county = [6, 3]\n", "stores.per_county"),
        ("[faults]\nlate = 2.0\n", r"\$.faults.late"),
        (INCIDENT.replace("price-rise", "flood"), r"\$.incidents\[0\].kind"),
        (INCIDENT.replace("2d0h", "tomorrow"), r"\$.incidents\[0\]"),
        (INCIDENT.replace("2d0h", "9d0h"), r"incidents\[0\]: from 0d9h to 9d0h is not within 3 days"),
        ("name = \n", "not TOML"),
    ],
)
def test_a_bad_scenario_is_refused_with_file_and_field(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ScenarioError, match=problem) as caught:
        load(written(tmp_path, text))
    assert "mine.toml" in str(caught.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        ScenarioError, match="calm, feed-loss, lockdown, price-gouging, rush, substitution, unit-slip, wave"
    ):
        load("no-such-scenario")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"540402"', '"110101"', "regions: '110101' is unknown"),
        ('from = "0d9h"', 'from = "0d9h"\ngoods = ["gold"]', "goods: 'gold' is unknown"),
        ('from = "0d9h"', 'from = "0d9h"\ncategories = ["toys"]', "categories: 'toys' is unknown"),
        ('"price-rise"', '"feed-loss"\nenterprise = 40', "enterprise: '40' is unknown"),
    ],
)
def test_what_the_catalogue_does_not_have_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    scenario = load(written(tmp_path, INCIDENT.replace(old, new)))
    with pytest.raises(ScenarioError, match=problem):
        Simulation(scenario, catalogue(), start=START)


def test_an_unknown_prefecture_is_refused() -> None:
    with pytest.raises(ScenarioError, match="110100 is not a prefecture"):
        Simulation(load("calm"), catalogue(), start=START, prefectures=[110100])
