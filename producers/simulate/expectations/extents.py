"""Claims on prefectures and provinces: packs qingdao-2014 and mofcom-2011.

Only what is certain counts as flagged or affected, and every county as reporting: what is claimed
then holds with fewer reports as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from producers.simulate.expectations.claims import Claim
from producers.simulate.expectations.counties import affected, closed
from producers.simulate.expectations.hours import Hours, first_runs
from producers.simulate.expectations.rules import Mofcom, Qingdao, Rules, Urumqi
from producers.simulate.market import Flags


def prefecture_claims(counties: Sequence[Hours], wanted: Rules) -> Iterator[Claim]:
    """Yield what must be raised on the prefecture of these counties, which are all that it has."""
    yield from qingdao_claims(counties, wanted.qingdao, wanted.urumqi)
    yield from spread_claims(spread(counties, wanted), wanted.mofcom, wanted.urumqi, "yellow")


def county_extents(county: Hours, wanted: Rules) -> Iterator[Claim]:
    """Yield what mofcom-2011 must raise on one county."""
    yield from spread_claims(affected(county, wanted.urumqi), wanted.mofcom, wanted.urumqi, "blue")


def qingdao_claims(counties: Sequence[Hours], rule: Qingdao, dates: Urumqi) -> Iterator[Claim]:
    """Yield claims from flags (C, D, G) of the counties."""
    flags = {name: np.stack([flagged(county, rule, dates, name) for county in counties]) for name in rule.flags}
    districts = {name: flag.sum(axis=0) for name, flag in flags.items()}
    goods = flags["iii"].any(axis=0).sum(axis=1, keepdims=True)
    spread_out = (districts["iii"] >= rule.districts) | (goods >= rule.goods) | _long(flags["iii"], rule.days)
    levels = {
        "blue": districts["iv"] >= 1,
        "yellow": (districts["iii"] >= 1) & spread_out,
        "orange": districts["ii"] >= 1,
        "red": np.stack([county.out for county in counties]).all(axis=0),
    }
    for level, mask in levels.items():
        for good, date in first_runs(mask, 1):
            yield Claim(rule.rule, ("out",) if level == "red" else ("price",), level, good, closed(date, dates))


def flagged(county: Hours, rule: Qingdao, dates: Urumqi, name: str) -> Flags:
    """Return where a county is certainly flagged (D, G): by its change on the day or on the week."""
    day, week = rule.flags[name]
    return np.asarray((county.change(1) > day + dates.margin) | (county.change(dates.week) > week + dates.margin))


def _long(flags: Flags, days: int) -> Flags:
    """Return where one county has been flagged on so many dates up to this one (D, G)."""
    runs = np.zeros(flags.shape[1:], dtype=bool)
    for date in range(days - 1, flags.shape[1]):
        runs[date] = flags[:, date - days + 1 : date + 1].all(axis=1).any(axis=0)
    return runs


def spread(counties: Sequence[Hours], wanted: Rules) -> Flags:
    """Return where more than the share of a prefecture's counties is affected (D, G), at least ``least`` of them."""
    return beyond([affected(county, wanted.urumqi) for county in counties], wanted.mofcom)


def beyond(regions: Sequence[Flags], rule: Mofcom) -> Flags:
    """Return where more than the share of at least ``least`` regions is affected (D, G)."""
    if len(regions) < rule.least:
        return np.zeros_like(regions[0])
    return np.asarray(np.sum(regions, axis=0) > rule.share * len(regions))


def spread_claims(mask: Flags, rule: Mofcom, dates: Urumqi, level: str) -> Iterator[Claim]:
    """Yield claims of mofcom-2011 on the extent whose ``mask`` (D, G) this is."""
    for good, date in first_runs(mask, 1):
        yield Claim(rule.rule, ("price", "out"), level, good, closed(date, dates))
