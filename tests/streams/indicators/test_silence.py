"""Suspected stock-outs: formulas, and state against batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.opening import Week, parse, weekday
from streams.indicators import silence
from streams.indicators.civil import Civil
from streams.indicators.hours import Hours
from streams.indicators.pairs import Pairs
from streams.indicators.silences import Silences

OPENED = np.zeros(24, bool)
OPENED[8:22] = True
CIVIL = Civil("UTC")


def sold_at(*hours: int, dates: int = 28) -> silence.Flags:
    sold = np.zeros((1, dates, 24), bool)
    sold[:, :, list(hours)] = True
    return sold


def test_hours_that_always_sell_are_expected_to_and_others_less() -> None:
    found = silence.profile(sold_at(9, 10, 11), OPENED)
    assert found.dates.tolist() == [28]
    assert found.hourly[0, 9] > 1.0
    assert found.hourly[0, 15] < 0.2
    assert found.hourly[0, 7] == found.hourly[0, 22] == 0.0, "closed hours expect nothing"


def test_a_good_that_never_sold_has_no_expectation() -> None:
    found = silence.profile(np.zeros((1, 28, 24), bool), OPENED)
    assert found.dates.tolist() == [0]
    assert np.isnan(found.daily).all()


def test_a_long_stretch_without_a_sale_does_not_teach_that_nothing_sells() -> None:
    steady = sold_at(*range(8, 22))
    gone = steady.copy()
    gone[0, 24:28] = False
    before, after = silence.profile(steady, OPENED).daily[0], silence.profile(gone, OPENED).daily[0]
    assert after == pytest.approx(before, rel=0.1)


def test_chance_of_no_sale_is_negative_binomial() -> None:
    assert silence.no_sale(np.array([0.0, 6.0])).tolist() == [1.0, 2.0**-6]


def test_only_open_hours_pass() -> None:
    passed = silence.Passed(OPENED[None, :].astype(float))
    row, day = np.array([0]), 20_000 * 86_400
    # From 21:30 to 9:15 two days later: half an hour, 14 hours, 1.25 hours.
    begin, end = np.array([day + 21 * 3600 + 1800]), day + 2 * 86_400 + 9 * 3600 + 900
    assert passed.between(row, begin, end).tolist() == [15.75]
    assert passed.between(row, np.array([end + 1]), end).tolist() == [0.0]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_state_fed_sale_by_sale_equals_the_batch(seed: int, size: int) -> None:
    chance = np.random.default_rng(seed)
    days, first = 34, 20_000
    sold = chance.random((3, days, 24)) < chance.uniform(0.0, 0.9, (3, 1, 24))
    pairs = Pairs(1, 2)
    sites = np.array([pairs.site("a", 0), pairs.site("b", 0)])
    rows = pairs.of(sites[[0, 0, 1]], np.array([0, 1, 0]))
    live = Silences(pairs, CIVIL, Hours(pairs, Week.daily(8, 22)))
    batch = silence.at_hour_ends(sold, np.array([0, 0, 1]), OPENED, 30)
    for day in range(days):
        if day:
            live.close(first + day - 1)
        for hour in range(24):
            begin = ((first + day) * 24 + hour) * 3600
            pair = np.repeat(rows[sold[:, day, hour]], size % 3 + 1)
            live.sell(pair, np.full(len(pair), begin + 1800), np.full(len(pair), 1000))
            if day >= 30:
                values = live.values(rows, begin + 3600)
                for name, column in values.items():
                    expected = batch[name][:, day - 30, hour]
                    np.testing.assert_allclose(column, expected, rtol=1e-9, err_msg=name)


def test_a_restored_state_answers_the_same() -> None:
    pairs = Pairs(1, 1)
    pair = pairs.of(np.array([pairs.site("a", 0)]), np.array([0]))
    state = Silences(pairs, CIVIL, Hours(pairs, Week.daily(8, 22)))
    for day in range(20_000, 20_010):
        state.sell(np.repeat(pair, 3), day * 86_400 + np.array([9, 12, 15]) * 3600, np.ones(3, np.int64))
        state.close(day)
    data = state.dump()
    copy = Silences(pairs, CIVIL, Hours(pairs, Week.daily(8, 22)))
    copy.load({**data, "profile": data["profile"].value})
    now = 20_010 * 86_400 + 20 * 3600
    assert copy.values(pair, now).keys() == state.values(pair, now).keys()
    for name, column in state.values(pair, now).items():
        np.testing.assert_array_equal(copy.values(pair, now)[name], column)


def weekly(*, registered: bool) -> dict[str, float]:
    """Return what rules read on a Sunday at 20:00 of a shop that is closed on Sundays, and of which that is known."""
    pairs = Pairs(1, 1)
    pair = pairs.of(np.array([pairs.site("a", 0)]), np.array([0]))
    hours = Hours(pairs, Week.daily(8, 22))
    if registered:
        hours.set("a", parse("Mo-Sa 08:00-22:00"))
    live = Silences(pairs, CIVIL, hours)
    sunday = next(day for day in range(20_000, 20_007) if weekday(day) == 6)
    for day in range(sunday - 28, sunday + 1):
        for hour in range(8, 22) if weekday(day) != 6 else ():
            live.sell(pair, np.array([(day * 24 + hour) * 3600 + 2_700]), np.array([1000]))
        hours.close(day - 1)
        live.close(day - 1)
    assert live.watched((sunday * 24 + 20) * 3600).tolist() == [not registered]
    return {name: float(column[0]) for name, column in live.values(pair, (sunday * 24 + 20) * 3600).items()}


def test_a_shop_that_is_closed_on_sundays_is_not_silent_then() -> None:
    unknown, known = weekly(registered=False), weekly(registered=True)
    assert unknown["no_sale_p"] < 0.01
    assert known["no_sale_p"] > 0.5
    assert known["quiet_hours"] < 1 < unknown["quiet_hours"]
    # its Sundays were taken for stock-outs and left out; now they are none
    assert known["sales_day"] == unknown["sales_day"]


MOMENTS = st.lists(st.tuples(st.integers(0, 4 * 86_400), st.sets(st.integers(0, 5), max_size=3)), max_size=25)


@given(st.integers(0, 2**32 - 1), MOMENTS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_pairs_are_watched_exactly_while_their_silence_is_unlikely(
    seed: int, moments: list[tuple[int, set[int]]], special: bool
) -> None:
    """Whatever the order in which moments are asked for: most pairs are not looked at again before they are due."""
    chance, pairs = np.random.default_rng(seed), Pairs(1, 3)
    hours = Hours(pairs, Week.daily(8, 22))
    pair = pairs.of(np.repeat([pairs.site(name, 0) for name in "ab"], 3), np.tile(np.arange(3), 2))
    if special:
        hours.set("b", parse("Mo-Fr 00:00-24:00; Sa-Su off"))
    state, first = Silences(pairs, CIVIL, hours), 20_000
    busy = np.array([0.02, 0.2, 0.7, 0.95, 0.1, 0.0])
    for day in range(first - 20, first):
        for hour in range(24):
            sold = pair[chance.random(6) < busy]
            state.sell(sold, np.full(len(sold), (day * 24 + hour) * 3600), np.ones(len(sold), np.int64))
        hours.close(day)
        state.close(day)
    for offset, selling in moments:
        now = first * 86_400 + offset
        sold = np.array(sorted(selling), np.int64)
        state.sell(sold, np.full(len(sold), now - 3600), np.ones(len(sold), np.int64))
        expected = state.values(pair, now)["no_sale_p"] < 0.2
        assert state.watched(now).tolist() == expected.tolist()
