"""RULES, "Evaluation": the highest level that holds, and what undefined values do."""

from __future__ import annotations

import polars as pl
import pytest

from streams.alerts.rules import evaluate
from tests.streams.alerts.support import UNDEFINED, custom, frame, judged

STEPS = custom({"blue": "spike_24h >= 0.15", "yellow": "spike_24h >= 0.30", "red": "spike_1h >= 1.0"})


def test_the_highest_level_whose_condition_holds_is_the_level() -> None:
    assert judged(STEPS, spike_24h=0.4, spike_1h=0.1) == (2, False)
    assert judged(STEPS, spike_24h=0.4, spike_1h=1.5) == (4, False)
    assert judged(STEPS, spike_24h=0.0, spike_1h=1.5) == (4, False)


def test_an_undefined_higher_level_leaves_the_lower_one_standing() -> None:
    assert judged(STEPS, spike_24h=0.4, spike_1h=None) == (2, False)


def test_an_undefined_lower_level_does_not_hide_the_higher_one() -> None:
    assert judged(STEPS, spike_24h=None, spike_1h=1.5) == (4, False)


def test_no_level_is_none_only_if_every_condition_is_defined() -> None:
    assert judged(STEPS, spike_24h=0.0, spike_1h=0.0) == (0, True)
    assert judged(STEPS, spike_24h=0.0, spike_1h=None) == (UNDEFINED, False)
    assert judged(STEPS, spike_24h=None, spike_1h=None) == (UNDEFINED, False)


def test_clear_needs_the_lowest_threshold_less_a_tenth() -> None:
    assert judged(STEPS, spike_24h=0.1351, spike_1h=0.0) == (0, False)
    assert judged(STEPS, spike_24h=0.135, spike_1h=0.0) == (0, False)
    assert judged(STEPS, spike_24h=0.1349, spike_1h=0.0) == (0, True)


def test_an_undefined_ratio_does_not_stand_in_the_way_of_clearing() -> None:
    rule = custom({"blue": "spike_24h >= 0.15 and spike_1h >= 0.15"})
    assert judged(rule, spike_24h=0.1, spike_1h=None) == (0, True)
    assert judged(rule, spike_24h=0.14, spike_1h=None) == (0, True)


def test_less_evidence_than_the_minimum_is_undefined_whatever_the_level() -> None:
    rule = custom({"blue": "spike_24h >= 0.15"}, evidence="stores_24h >= 3")
    assert judged(rule, spike_24h=0.5, stores_24h=3) == (1, False)
    assert judged(rule, spike_24h=0.5, stores_24h=2) == (UNDEFINED, False)
    assert judged(rule, spike_24h=0.0, stores_24h=2) == (UNDEFINED, False)
    assert judged(rule, spike_24h=0.0, stores_24h=None) == (UNDEFINED, False)


def test_ratios_are_rounded_to_nine_decimals_before_they_are_compared() -> None:
    above = custom({"blue": "change_day > 0.30"}, "date")
    assert 13 / 10 - 1 > 0.30
    assert judged(above, change_day=13 / 10 - 1) == (0, False)
    assert judged(above, change_day=0.3000000006) == (1, False)
    computed = custom({"blue": "vwap_24h / baseline_24h - 1 > 0.30"})
    assert judged(computed, vwap_24h=13.0, baseline_24h=10.0) == (0, False)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_number_is_undefined(value: float | None) -> None:
    assert judged(custom({"red": "spike_24h >= 1"}), spike_24h=value) == (UNDEFINED, False)
    assert judged(custom({"red": "spike_24h < 1"}), spike_24h=value) == (UNDEFINED, False)


def test_dividing_by_zero_is_undefined() -> None:
    rule = custom({"red": "on_hand / demand_day < 1"})
    assert judged(rule, on_hand=5.0, demand_day=0.0) == (UNDEFINED, False)
    assert judged(rule, on_hand=0.0, demand_day=0.0) == (UNDEFINED, False)
    assert judged(custom({"red": "1 / 0 > 1"})) == (UNDEFINED, False)


def test_is_null_is_never_undefined() -> None:
    rule = custom({"blue": "price is null", "red": "intermittent is not null"}, "date")
    assert judged(rule, price=None, intermittent=None)[0] == 1
    assert judged(rule, price=3.0, intermittent=None)[0] == 0
    assert judged(rule, price=3.0, intermittent=False)[0] == 4


def test_constants_and_integer_columns() -> None:
    rule = custom({"blue": "lines_24h >= 3.5", "red": "2 > 1 and lines_24h > 9"})
    rows = pl.DataFrame({"lines_24h": [3, 4, None, 10], "spike_24h": pl.Series([None] * 4, dtype=pl.Float64)})
    assert evaluate(rule, rows)["level"].to_list() == [0, 1, UNDEFINED, 4]


def test_a_column_without_any_value_may_have_no_type() -> None:
    rows = pl.DataFrame({"spike_24h": [None, None], "spike_1h": [None, None]})
    assert evaluate(STEPS, rows)["level"].to_list() == [UNDEFINED, UNDEFINED]


def test_frames_keep_their_columns_and_may_be_empty() -> None:
    rows = frame({"spike_24h": [], "spike_1h": []})
    result = evaluate(STEPS, rows)
    assert result.schema == {"spike_24h": pl.Float64, "spike_1h": pl.Float64, "level": pl.Int8, "clear": pl.Boolean}
    assert result.height == 0
