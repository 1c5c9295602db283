"""RULES, "Life of an alert", sentence by sentence."""

from __future__ import annotations

import pytest

from tests.streams.alerts.support import (
    CLEAR,
    NEARLY,
    UNDEFINED,
    Life,
    custom,
    day,
    minute,
    rule_of,
)

BLUE, YELLOW, ORANGE, RED = 1, 2, 3, 4

LADDER = {"blue": "spike_24h >= 0.15", "red": "spike_24h >= 1"}


def at_once() -> Life:
    """Follow a tick rule with ``for = 0`` and ``clear_for = 30 min``."""
    return Life(rule_of("live", "live-24h"))


def after_15_minutes() -> Life:
    """Follow a tick rule with ``for = 15 min``."""
    return Life(rule_of("live", "live-1h"))


def dated() -> Life:
    """Follow a date rule whose lowest level is yellow."""
    return Life(rule_of("urumqi-2007", "urumqi-2007"))


# -- pending and firing


def test_nothing_happens_while_no_level_holds() -> None:
    life = at_once()
    assert life.at("08:00", CLEAR) == life.at("08:05", UNDEFINED) == life.at("08:10", NEARLY) == []
    assert life.book.open_keys(life.rule) == set()


def test_without_for_it_fires_at_once() -> None:
    assert at_once().at("08:00", YELLOW) == ["raised 0>2"]


def test_it_is_pending_until_for_is_over() -> None:
    life = after_15_minutes()
    assert life.at("08:00", BLUE) == ["pending 0>1"]
    assert life.at("08:05", ORANGE) == []
    assert life.at("08:14", YELLOW) == []
    assert life.at("08:15", YELLOW) == ["raised 1>2"]


def test_a_condition_that_did_not_last_never_fires() -> None:
    life = after_15_minutes()
    assert life.at("08:00", RED) == ["pending 0>4"]
    assert life.at("08:10", NEARLY) == ["not_held 4>0"]
    assert life.at("08:20", RED) == ["pending 0>4"]
    assert life.at("08:30", RED) == []
    assert life.at("08:35", RED) == ["raised 4>4"]


def test_an_undefined_evaluation_holds_a_pending_alert_and_does_not_fire_it() -> None:
    life = after_15_minutes()
    life.at("08:00", BLUE)
    assert life.at("08:15", UNDEFINED) == []
    assert life.at("08:20", BLUE) == ["raised 1>1"]


def test_pending_and_firing_subjects_must_be_evaluated_further() -> None:
    life = after_15_minutes()
    life.at("08:00", BLUE)
    assert life.book.open_keys(life.rule) == {(540402, "potato", "")}
    life.at("08:05", CLEAR)
    assert life.book.open_keys(life.rule) == set()


# -- up and down


def test_escalation_is_immediate() -> None:
    life = at_once()
    life.at("08:00", BLUE)
    assert life.at("08:01", RED) == ["escalated 1>4"]


def test_the_same_level_again_says_nothing() -> None:
    life = at_once()
    life.at("08:00", YELLOW)
    assert life.at("08:05", YELLOW) == []


def test_deescalation_goes_to_the_highest_level_of_the_wait() -> None:
    life = at_once()
    life.at("08:00", RED)
    assert life.at("08:05", YELLOW) == life.at("08:20", ORANGE) == life.at("08:30", BLUE) == []
    assert life.at("08:35", BLUE) == ["lowered 4>3"]


def test_the_next_wait_includes_the_evaluation_that_deescalated() -> None:
    life = at_once()
    life.at("08:00", RED)
    life.at("08:05", ORANGE)
    assert life.at("08:35", BLUE) == ["lowered 4>3"]
    assert life.at("09:04", BLUE) == []
    assert life.at("09:05", BLUE) == ["lowered 3>1"]


def test_one_evaluation_at_the_level_starts_the_wait_anew() -> None:
    life = at_once()
    life.at("08:00", ORANGE)
    life.at("08:05", BLUE)
    life.at("08:30", ORANGE)
    assert life.at("08:35", BLUE) == life.at("09:00", BLUE) == []
    assert life.at("09:05", BLUE) == ["lowered 3>1"]


def test_undefined_evaluations_do_not_count_for_deescalation() -> None:
    life = at_once()
    life.at("08:00", ORANGE)
    life.at("08:05", BLUE)
    assert life.at("08:35", UNDEFINED) == ["stale 3>3 stale"]
    assert life.at("08:40", BLUE) == ["lowered 3>1"]


def test_no_level_that_is_not_clear_counts_as_the_lowest() -> None:
    life = at_once()
    life.at("08:00", ORANGE)
    life.at("08:05", NEARLY)
    assert life.at("08:35", NEARLY) == ["lowered 3>1"]
    assert life.at("10:00", NEARLY) == []


def test_the_lowest_level_is_the_lowest_that_the_rule_has() -> None:
    life = dated()
    life.at("2022-08-08", RED)
    life.at("2022-08-09", NEARLY)
    assert life.at("2022-08-10", NEARLY) == ["lowered 4>2"]


# -- the end


def test_it_resolves_when_the_clear_condition_held_for_clear_for() -> None:
    life = at_once()
    life.at("08:00", YELLOW)
    assert life.at("08:05", CLEAR) == life.at("08:34", CLEAR) == []
    assert life.at("08:35", CLEAR) == ["cleared 2>0"]
    assert life.at("08:40", CLEAR) == []


def test_an_evaluation_that_is_not_clear_starts_clear_for_anew() -> None:
    life = at_once()
    life.at("08:00", BLUE)
    life.at("08:05", CLEAR)
    life.at("08:20", NEARLY)
    assert life.at("08:25", CLEAR) == life.at("08:50", CLEAR) == []
    assert life.at("08:55", CLEAR) == ["cleared 1>0"]


def test_clearing_does_not_wait_for_deescalation() -> None:
    life = at_once()
    life.at("08:00", RED)
    life.at("08:05", ORANGE)
    life.at("08:10", CLEAR)
    assert life.at("08:35", CLEAR) == ["lowered 4>3"]
    assert life.at("08:40", CLEAR) == ["cleared 3>0"]


def test_a_date_rule_resolves_at_the_second_clear_date() -> None:
    life = dated()
    assert life.at("2022-08-08", YELLOW) == ["raised 0>2"]
    assert life.at("2022-08-09", CLEAR) == []
    assert life.at("2022-08-10", CLEAR) == ["cleared 2>0"]


def test_two_clear_evaluations_of_one_date_are_one_date() -> None:
    life = dated()
    life.at("2022-08-08", YELLOW)
    assert life.at("2022-08-09", CLEAR) == []  # early, once enough sites have quoted
    assert life.at("2022-08-09", CLEAR) == []  # at its close
    assert life.at("2022-08-10", CLEAR) == ["cleared 2>0"]


def test_the_close_of_a_date_may_overrule_its_early_evaluation() -> None:
    life = dated()
    life.at("2022-08-08", YELLOW)
    life.at("2022-08-09", CLEAR)
    life.at("2022-08-09", YELLOW)
    assert life.at("2022-08-10", CLEAR) == []
    assert life.at("2022-08-11", CLEAR) == ["cleared 2>0"]


def test_undefined_dates_neither_count_nor_reset() -> None:
    life = dated()
    life.at("2022-08-08", YELLOW)
    life.at("2022-08-09", CLEAR)
    assert life.at("2022-08-10", UNDEFINED) == ["stale 2>2 stale"]
    assert life.at("2022-08-11", CLEAR) == ["cleared 2>0"]


# -- no data


def test_an_undefined_evaluation_marks_a_firing_alert_stale_until_data_are_back() -> None:
    life = dated()
    life.at("2022-08-08", YELLOW)
    assert life.at("2022-08-09", UNDEFINED) == ["stale 2>2 stale"]
    assert life.at("2022-08-10", UNDEFINED) == []
    assert life.at("2022-08-11", YELLOW) == ["fresh 2>2"]
    assert life.at("2022-08-12", YELLOW) == []


def test_whatever_happens_next_takes_the_mark_away() -> None:
    life = dated()
    life.at("2022-08-08", YELLOW)
    life.at("2022-08-09", UNDEFINED)
    assert life.at("2022-08-10", RED) == ["escalated 2>4"]


def test_on_the_seventh_date_after_the_first_undefined_one_it_resolves() -> None:
    life = dated()
    life.at("2022-08-01", YELLOW)
    life.at("2022-08-02", UNDEFINED)
    assert [life.at(f"2022-08-{date:02}", UNDEFINED) for date in range(3, 9)] == [[]] * 6
    assert life.at("2022-08-09", UNDEFINED) == ["no_data 2>0 stale"]
    assert life.book.open_keys(life.rule) == set()


def test_a_defined_date_starts_the_seven_anew() -> None:
    life = dated()
    life.at("2022-08-01", YELLOW)
    life.at("2022-08-02", UNDEFINED)
    life.at("2022-08-05", YELLOW)
    life.at("2022-08-06", UNDEFINED)
    assert life.at("2022-08-12", UNDEFINED) == []
    assert life.at("2022-08-13", UNDEFINED) == ["no_data 2>0 stale"]


def test_a_tick_rule_counts_dates_of_civil_time() -> None:
    life = at_once()
    week = 7 * 86_400

    def undefined(at: int) -> list[str]:
        found = life.book.step(life.rule, 540402, "potato", "", at, UNDEFINED, False, {}, {})
        return [each.reason for each in found]

    life.at("08:00", RED)
    assert undefined(minute("23:55")) == ["stale"]
    assert undefined(minute("23:55") + week - 600 - 86_400) == []
    assert undefined(minute("00:00") + week - 1) == []
    assert undefined(minute("00:00") + week) == ["no_data"]


def test_a_pending_alert_without_data_ends_too() -> None:
    life = Life(custom({"red": "change_week > 1"}, "date", **{"for": "2 dates"}))
    assert life.at("2022-08-01", RED) == ["pending 0>4"]
    assert life.at("2022-08-02", UNDEFINED) == []
    assert life.at("2022-08-09", UNDEFINED) == ["no_data 4>0 stale"]


# -- identity and content


def test_an_episode_keeps_its_id_whatever_its_level_and_counts_its_transitions() -> None:
    life = at_once()
    steps = [("08:00", BLUE), ("08:05", RED), ("08:10", CLEAR), ("08:40", CLEAR)]
    transitions = [each for moment, level in steps for each in life.step(moment, level)]
    assert [each.reason for each in transitions] == ["raised", "escalated", "cleared"]
    assert len({each.id for each in transitions}) == 1
    assert [each.seq for each in transitions] == [0, 1, 2]
    (next_one,) = life.step("09:00", BLUE)
    assert next_one.id != transitions[0].id
    assert next_one.seq == 0


def test_the_id_is_that_of_the_key_and_the_bucket_in_which_the_condition_first_held() -> None:
    (raised,) = at_once().step("08:05", BLUE)
    (again,) = at_once().step("08:03", RED)
    (later,) = at_once().step("08:06", BLUE)
    assert raised.start == minute("08:00")
    assert raised.id == again.id != later.id
    assert raised.id == "ec26d02e-4207-5c41-b36f-c642fe37b21f"


def test_the_start_of_a_date_rule_is_the_date() -> None:
    (raised,) = dated().step("2022-08-08", RED)
    assert (raised.start, raised.date) == (day("2022-08-08"), day("2022-08-08"))
    assert raised.key == "urumqi-2007|540402|potato"


def test_episodes_that_begin_in_one_bucket_share_the_id_and_go_on_counting() -> None:
    life = Life(custom(LADDER, **{"for": "1 min", "clear_for": "1 min"}))
    book, rule = life.book, life.rule
    found = []
    for second, level in enumerate([BLUE, CLEAR, BLUE, CLEAR, RED]):
        at = minute("08:00") + 1 + second
        found += book.step(rule, 540402, "potato", "", at, level, level == CLEAR, {}, {})
    assert [each.reason for each in found] == ["pending", "not_held"] * 2 + ["pending"]
    assert [each.seq for each in found] == [0, 1, 2, 3, 4]
    assert len({each.id for each in found}) == 1


def test_a_transition_carries_values_thresholds_and_evidence() -> None:
    life = at_once()
    (raised,) = life.step("08:00", YELLOW, {"spike_24h": 0.34, "vwap_24h": 6.7, "baseline_24h": None})
    assert raised.values == {"spike_24h": 0.34, "vwap_24h": 6.7}
    assert raised.thresholds == {
        "blue.spike_24h": 0.15, "yellow.spike_24h": 0.3, "orange.spike_24h": 0.5, "red.spike_24h": 1.0,
    }  # fmt: skip
    assert raised.evidence == {"stores_24h": 4.0}
    assert (raised.state, raised.level_before, raised.level) == ("firing", 0, 2)


def test_thresholds_of_the_catalogue_are_carried_as_they_were() -> None:
    life = Life(rule_of("cover", "cover"))
    (pending,) = life.step("08:00", RED, {"cover_days": 0.4, "cover_red": 1.0, "cover_blue": 10.0})
    assert pending.thresholds == {"blue.cover_days": 10.0, "red.cover_days": 1.0}


def test_a_date_rule_needs_its_date() -> None:
    rule = rule_of("urumqi-2007", "urumqi-2007")
    with pytest.raises(ValueError, match="pass the date"):
        Life(rule).book.step(rule, 540402, "potato", "", 0, RED, False, {}, {})


def test_open_alerts_are_the_newest_transitions() -> None:
    life = at_once()
    life.at("08:00", BLUE)
    (escalated,) = life.step("08:05", RED)
    assert life.book.open_alerts() == [escalated]
    life.at("08:10", CLEAR)
    life.at("08:40", CLEAR)
    assert life.book.open_alerts() == []
