"""Levels through the life cycle: episodes, figures about them, and two rules compared."""

from __future__ import annotations

import polars as pl

from streams.alerts.packs import load
from streams.backtest.comparison import compare_episodes, compare_levels
from streams.backtest.episodes import Episode, episodes, flapping, summary
from tests.streams.alerts.support import BAYI, CATALOGUE

GOODS = ("tea", "potato")
LETTERS = {"u": -1, ".": 0, "b": 1, "y": 2, "o": 3, "r": 4}


def levels(*subjects: str) -> pl.DataFrame:
    """Return the levels of potato in counties from Bayi on, a letter per date from day 100."""
    rows = [
        (BAYI + place, 1, 100 + day, LETTERS[letter])
        for place, letters in enumerate(subjects)
        for day, letter in enumerate(letters)
    ]
    frame = pl.DataFrame(rows, schema=["region", "good_index", "day", "level"], orient="row")
    rule = load("urumqi-2007").rules[0]
    unknown = {name: pl.lit(None, pl.Float64) for name in (*rule.values, *rule.counts)}
    return frame.with_columns(clear=pl.col("level") == 0, **unknown)


def lived(*subjects: str) -> list[Episode]:
    pack = load("urumqi-2007")
    return episodes(pack, pack.rules[0], levels(*subjects), GOODS, CATALOGUE)


def test_an_episode_ends_at_the_second_clear_date_and_keeps_its_highest_level() -> None:
    assert lived("..yo..y...") == [
        Episode(BAYI, "potato", 102, 3, 105),
        Episode(BAYI, "potato", 106, 2, 108),
    ]


def test_one_clear_date_and_undefined_ones_end_nothing() -> None:
    assert lived("y.y..") == [Episode(BAYI, "potato", 100, 2, 104)]
    assert lived("yuu.u.") == [Episode(BAYI, "potato", 100, 2, 105)]
    assert lived("y" + "u" * 8) == [Episode(BAYI, "potato", 100, 2, 108)]


def test_an_open_episode_has_no_end_and_subjects_stay_apart() -> None:
    assert lived("...y", "yy..", "....") == [
        Episode(BAYI, "potato", 103, 2),
        Episode(BAYI + 1, "potato", 100, 2, 103),
    ]


def test_flapping_is_coming_back_within_a_week() -> None:
    assert flapping(lived("y......", "y..y..")) == 1
    assert flapping(lived("y.." + "." * 6 + "y")) == 1
    assert flapping(lived("y.." + "." * 7 + "y")) == 0


def test_the_summary() -> None:
    drawn = "..yo..y...", "uuuuuuuuuu", "........r."
    found = summary(levels(*drawn), lived(*drawn))
    assert found == {
        "subjects": 3,
        "dates": 10,
        "undefined": 10,
        "none": 16,
        "blue": 0,
        "yellow": 2,
        "orange": 1,
        "red": 1,
        "episodes": 3,
        "alerts_per_day": 0.3,
        "busiest_day": 1,
        "open_at_end": 1,
        "median_duration": 2.5,
        "flapping": 1,
    }


def test_two_rules_on_the_same_dates() -> None:
    assert compare_levels(levels("..yyr.u"), levels(".oyo..y")) == {
        "compared": 7,
        "defined": 6,
        "agreement": 0.5,
        "both_alarm": 2,
        "only_first": 1,
        "only_second": 2,
        "first_higher": 0,
        "second_higher": 1,
    }


def test_rules_on_other_subjects_have_nothing_in_common() -> None:
    assert compare_levels(levels("y"), levels("y").with_columns(region=pl.lit(0)))["agreement"] is None


def test_which_rule_begins_earlier() -> None:
    first = [Episode(1, "tea", 100, 2, 110), Episode(1, "tea", 120, 2, 125), Episode(2, "tea", 100, 2)]
    second = [Episode(1, "tea", 103, 3, 106), Episode(1, "tea", 107, 2, 109), Episode(2, "tea", 100, 2, 300)]
    assert compare_episodes(first, second) == {
        "episodes_first": 3,
        "episodes_second": 3,
        "matched": 2,
        "episodes_only_first": 1,
        "episodes_only_second": 1,
        "first_earlier": 1,
        "same_date": 1,
        "first_later": 0,
        "median_lead": 1.5,
    }
