"""Claims on the counties of a prefecture: rules of packs live, cover, urumqi-2007 and its steady kin, qingdao-2015.

All arrays are (time, goods) of one county.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from producers.simulate.expectations.claims import Claim
from producers.simulate.expectations.hours import Hours, by_day, first_runs, ratio, rolling
from producers.simulate.expectations.rules import LEVELS, Cover, Live, Rules, Steady, Tight, Urumqi
from producers.simulate.market import Flags, Floats


def county_claims(county: Hours, wanted: Rules, blue_to_red: Floats) -> Iterator[Claim]:
    """Yield what must be raised; ``blue_to_red`` (4, G) are the cover thresholds in days."""
    yield from live_claims(county, wanted.live)
    yield from live_claims(county, wanted.live_1h)
    yield from cover_claims(county, wanted.cover, wanted.urumqi.close_after_hours, blue_to_red)
    yield from urumqi_claims(county, wanted.urumqi)
    yield from steady_claims(county, wanted.urumqi, wanted.steady)
    yield from tight_claims(county, wanted.urumqi, wanted.tight)


def live_claims(county: Hours, rule: Live) -> Iterator[Claim]:
    """Yield claims from ``spike`` values at the end of every hour."""
    values, evidence = spikes(county, rule)
    for level, threshold in rule.levels.items():
        beyond = evidence & (1 + values >= (1 + threshold) * (1 + rule.margin))
        for good, hour in first_runs(beyond, rule.hold):
            yield Claim(rule.rule, ("price",), level, good, hour + rule.hold + rule.slack)


def spikes(county: Hours, rule: Live) -> tuple[Floats, Flags]:
    """Return vwap of the window ÷ baseline − 1 (H, G), and where there is enough evidence."""
    window = rule.window_hours
    amount, quantity = rolling(county.amount.sum(axis=1), window), rolling(county.quantity.sum(axis=1), window)
    lines = rolling(county.lines.sum(axis=1), window)
    stores = (rolling(county.lines, window) > 0).sum(axis=1)
    vwap = ratio(amount, quantity)
    baseline = _hourly(vwap, rule) if window == 1 else _daily(county, rule)
    evidence = (lines >= rule.least_lines) & (stores >= rule.least_stores) & np.isfinite(baseline)
    return vwap / baseline - 1, evidence


def _daily(county: Hours, rule: Live) -> Floats:
    """Return the median of the daily VWAPs of the dates before (H, G)."""
    days = -(-county.hours // 24)
    padded = days * 24 - county.hours
    daily = ratio(by_day(county.amount.sum(axis=1), padded), by_day(county.quantity.sum(axis=1), padded))
    baseline = np.full((county.hours, daily.shape[1]), np.nan)
    for day in range(rule.baseline_least, days):
        baseline[day * 24 : (day + 1) * 24] = np.median(daily[max(0, day - rule.baseline_days) : day], axis=0)
    return baseline


def _hourly(vwap: Floats, rule: Live) -> Floats:
    """Return the median of the VWAPs of the same clock hour on the dates before (H, G), NaN where one is missing."""
    baseline = np.full_like(vwap, np.nan)
    for hour in range(rule.baseline_least * 24, len(vwap)):
        before = vwap[hour % 24 : hour : 24][-rule.baseline_days :]
        baseline[hour] = np.median(before, axis=0)
    return baseline


def cover_claims(county: Hours, rule: Cover, close_after: int, thresholds: Floats) -> Iterator[Claim]:
    """Yield claims from cover days at the end of every hour."""
    cover = cover_days(county, rule, close_after)
    for level, threshold in zip(LEVELS, thresholds, strict=True):
        beyond = cover <= threshold * (1 - rule.margin)
        for good, hour in first_runs(beyond, rule.hold):
            yield Claim(rule.rule, ("cover",), level, good, hour + rule.hold + rule.slack)


def cover_days(county: Hours, rule: Cover, close_after: int) -> Floats:
    """Return on-hand ÷ (demand per open hour in stock × open hours) (H, G); NaN without demand."""
    open_hours = county.closes - county.opens
    hour = np.arange(county.hours) % 24
    opened = (hour >= county.opens) & (hour < county.closes)
    stocked = np.vstack([np.ones((1, *county.on_hand.shape[1:]), dtype=np.bool_), county.on_hand[:-1] > 0])
    counted = stocked & opened[:, None, None]
    cover = np.full((county.hours, county.on_hand.shape[2]), np.nan)
    for day in range(1, county.hours // 24 + 1):
        dates = slice(max(0, day - rule.demand_days) * 24, day * 24)
        sold = (county.quantity[dates] * counted[dates]).sum(axis=0)
        rate = ratio(sold, counted[dates].sum(axis=0))
        demand = np.nan_to_num(rate).sum(axis=0) * open_hours
        # the date that ended at hour 24 * day closes ``close_after`` hours later
        begin = day * 24 + close_after
        reach = slice(begin, begin + 24)
        cover[reach] = ratio(county.on_hand[reach].sum(axis=1), demand)
    return cover


def urumqi_claims(county: Hours, rule: Urumqi) -> Iterator[Claim]:
    """Yield claims of whole dates: they count once the date has closed."""
    rises = {level: risen(county, rule, level) for level in LEVELS[1:]}
    yield from _rise_or_outage(county, rule, rule.rule, rises)


def steady_claims(county: Hours, rule: Urumqi, steady: Steady) -> Iterator[Claim]:
    """Yield the same claims where a rise is above the usual price as well."""
    above = over_usual(county, steady) >= steady.over_usual + rule.margin
    rises = {level: risen(county, rule, level) & above for level in LEVELS[1:]}
    yield from _rise_or_outage(county, rule, steady.rule, rises)


def _rise_or_outage(county: Hours, rule: Urumqi, name: str, rises: Mapping[str, Flags]) -> Iterator[Claim]:
    for level, risen_to in rises.items():
        for cause, mask, days in (("price", risen_to, 1), ("out", county.out, rule.out_levels[level])):
            for good, date in first_runs(mask, days):
                yield Claim(name, (cause,), level, good, closed(date + days - 1, rule))


def closed(date: int, rule: Urumqi) -> int:
    """Return the hour by which an alert of a date that must close is there."""
    return (date + 1) * 24 + rule.close_after_hours + rule.slack


def risen(county: Hours, rule: Urumqi, level: str) -> Flags:
    """Return where the quote median has risen enough within a week (D, G)."""
    return np.asarray(county.change(rule.week) >= rule.levels[level] + rule.margin)


def over_usual(county: Hours, rule: Steady) -> Floats:
    """Return quote median ÷ its median of the dates from ``usual_from`` to ``usual_to`` before − 1 (D, G)."""
    over = np.full_like(county.price, np.nan)
    for date in range(rule.usual_to + rule.usual_least - 1, county.dates):
        usual = county.price[max(0, date - rule.usual_from) : date - rule.usual_to + 1]
        over[date] = county.price[date] / np.median(usual, axis=0) - 1
    return over


def affected(county: Hours, rule: Urumqi) -> Flags:
    """Return where the county's level is certainly yellow or above as a date closes (D, G)."""
    return risen(county, rule, "yellow") | county.out


def tight_claims(county: Hours, rule: Urumqi, tight: Tight) -> Iterator[Claim]:
    """Yield claims of too few stores that have a good as a date ends."""
    share = (county.on_hand[23::24] > 0).mean(axis=1)[: county.dates]
    for good, date in first_runs(share < tight.below - rule.margin, 1):
        yield Claim(tight.rule, ("out",), "blue", good, closed(date, rule))
