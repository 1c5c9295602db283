"""Suspected stock-outs against labels: figures by hand, and the labelled hours of a real shop."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from staplewatch import cli, words
from staplewatch.scoring import labels
from staplewatch.scoring.labels import Labelled
from streams.alerts.packs import load

DATA = Path(__file__).parents[2] / "data" / "freshretail_store_18.parquet"
OPENED = np.zeros(24, bool)
OPENED[8:22] = True
RULE = load("suspected-out").rules[0]


def one_pair(days: int) -> Labelled:
    sold, out, known = (np.zeros((1, days, 24), bool) for _ in range(3))
    known[:] = True
    return Labelled(np.array([1]), sold, out, known)


def test_hours_are_counted_and_delays_are_open_hours() -> None:
    scored = one_pair(3).after(0, OPENED)
    scored.out[0, 0, 20:] = True
    scored.out[0, 1, :10] = True  # one stock-out: two open hours in the evening, two in the morning
    scored.out[0, 2, 12:14] = True  # another, never flagged
    flagged = np.zeros_like(scored.out)
    flagged[0, 1, 8:10] = True
    flagged[0, 1, 15] = True
    found = labels.score("rule", flagged, scored)
    assert (found.out_hours, found.found_hours, found.false_hours) == (6, 2, 1)
    assert found.recall == 2 / 6
    assert found.false_rate == 1 / (3 * 14 - 6)
    assert found.precision == 2 / 3
    assert (found.outages, found.found_outages) == (2, 1)
    assert found.delay_median == found.delay_worst == 3.0, "20, 21 and 8 o'clock: flagged at the end of the third hour"


def test_a_stock_out_that_is_older_than_the_scored_dates_has_no_delay() -> None:
    scored = one_pair(2).after(0, OPENED)
    scored.out[0, 0, :12] = True
    assert labels.score("rule", scored.out, scored).outages == 0


def test_hours_without_a_label_do_not_count() -> None:
    scored = one_pair(1)
    scored.known[0, 0, 10:] = False
    found = labels.score("rule", np.ones((1, 1, 24), bool), scored.after(0, OPENED))
    assert (found.out_hours, found.false_hours) == (0, 2)
    assert found.recall is None


def test_the_constant_rate_is_exp_of_rate_and_open_hours() -> None:
    found = one_pair(29)
    found.sold[0, :28, 8:15] = True  # 7 of 14 open hours on each of 28 dates
    chance = labels.constant_rate(found, OPENED, 28)[0, 0]
    # the last sale fell at 14:30: 7.5 open hours of that evening, and 2 of the morning after
    assert chance[9] == pytest.approx(np.exp(-0.5 * 9.5))
    assert chance[23] == pytest.approx(np.exp(-0.5 * 21.5))


def test_the_constant_rate_does_not_look_at_what_hardly_sells() -> None:
    found = one_pair(29)
    found.sold[0, :28, 8:10] = True
    assert (labels.constant_rate(found, OPENED, 28) == 1.0).all()


def test_both_rules_learn_from_dates_before_only() -> None:
    chance = np.random.default_rng(3)
    found = one_pair(40)
    found.sold[:] = chance.random(found.sold.shape) < 0.7
    changed = Labelled(found.site, found.sold.copy(), found.out, found.known)
    changed.sold[0, 35:] = False
    for read in (
        lambda each: labels.constant_rate(each, OPENED, 30),
        lambda each: labels.suspected(RULE, each, OPENED, 30),
    ):
        np.testing.assert_array_equal(read(found)[0, :5], read(changed)[0, :5])


def test_more_stock_out_hours_than_a_constant_rate_at_the_same_false_alarms() -> None:
    """Shop 18 of the public set: nothing of the last 30 dates was learnt."""
    found, skipped = labels.read(DATA, 60)
    assert skipped == {}
    ours, plain = labels.compare(RULE, found, OPENED, 60)
    assert ours.false_rate is not None
    assert plain.false_hours <= ours.false_hours
    assert ours.false_rate < 0.02
    assert ours.found_hours > 1.05 * plain.found_hours
    assert ours.found_outages > plain.found_outages


def test_a_file_with_gaps_is_placed_by_its_dates(tmp_path: Path) -> None:
    start = datetime(2024, 3, 28)  # noqa: DTZ001 - the file's dates are civil
    rows = [
        {"store_id": store, "category_id": 1, "product_id": 9, "dt": (start + timedelta(days=day)).date(), "hour": hour,
         "hourly_sale": 0.3, "hourly_stockout": 0}
        for store, day, hour in [(7, 0, 8), (7, 3, 9), (5, 3, 10)]
    ]  # fmt: skip
    path = tmp_path / "hours.parquet"
    pl.DataFrame(rows).write_parquet(path)
    found, _ = labels.read(path, 3)
    assert found.site.tolist() == [5, 7]
    assert found.known.shape == (2, 4, 24)
    assert np.argwhere(found.sold).tolist() == [[0, 3, 10], [1, 0, 8], [1, 3, 9]]
    np.testing.assert_array_equal(found.sold, found.known)


def test_the_command_prints_both_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_command(["score", "--labels", str(DATA), "--format", "json"]) == 0
    ours, plain = json.loads(capsys.readouterr().out)
    assert (ours["rule"], plain["rule"]) == ("suspected-out", "constant-rate")
    assert ours["out_hours"] == plain["out_hours"] > 3000


@pytest.mark.parametrize(("lang", "said"), [("en", "left out 1 hours that occur twice"), ("zh", "重复出现")])
def test_hours_that_are_left_out_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lang: Literal["en", "zh"], said: str
) -> None:
    raw = pl.read_parquet(DATA).filter(pl.col("product_id") == pl.col("product_id").first())
    pl.concat([raw, raw.head(1)]).write_parquet(tmp_path / "twice.parquet")
    words.use(lang)
    try:
        assert cli.run_command(["score", "--labels", str(tmp_path / "twice.parquet")]) == 0
    finally:
        words.use("en")
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of --truth and --labels"),
        (["--labels", "nowhere.parquet"], "nowhere.parquet cannot be read"),
        (["--labels", str(DATA), "--learn", "90"], "has 90 dates"),
        (["--labels", str(DATA), "--pack", "urumqi-2007"], "no rule of it reads only what sales tell"),
        (["--labels", str(DATA), "--pack", "nosuch"], 'cannot read the pack "nosuch"'),
    ],
)
def test_what_cannot_be_scored_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert cli.run_command(["score", *arguments]) == 2
    _, err = capsys.readouterr()
    assert said in err
    assert err.count("\n") == 1
