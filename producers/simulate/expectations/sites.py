"""Claims on single stores of a prefecture: packs gouging, site and suspected-out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from producers.simulate.expectations.claims import Claim
from producers.simulate.expectations.hours import Hours, first_runs
from producers.simulate.expectations.rules import Gouging, Rules, Site, Suspected
from producers.simulate.market import Flags, Floats, Ints

#: Standard deviation of a normal variable / its MAD.
MAD_SCALE: Final = 1.4826
#: Every store has quoted by this hour of a date, and none before the next morning's.
QUOTED: Final = 11


def site_claims(stores: Hours, county: Ints, wanted: Rules) -> Iterator[Claim]:
    """Yield what must be raised on stores (S) of a prefecture; ``county`` (S) numbers their counties."""
    yield from gouging_claims(stores, county, wanted.gouging)
    yield from short_and_dear_claims(stores, county, wanted.site)
    yield from suspected_claims(stores, wanted.suspected)


def gouging_claims(stores: Hours, county: Ints, rule: Gouging) -> Iterator[Claim]:
    """Yield claims of stores far dearer than their neighbours and than their own week."""
    dear = np.zeros(stores.quoted.shape, dtype=bool)[: stores.dates]
    for store in range(len(county)):
        others = np.flatnonzero((county == county[store]) & (np.arange(len(county)) != store))
        if len(others) < rule.least:
            others = np.flatnonzero(np.arange(len(county)) != store)
        if len(others) >= rule.least:
            dear[:, store] = _dear(stores, store, others, rule)
    hours = _while_quoted(dear & (over_own(stores, rule) >= rule.over_own + rule.margin))
    yield from _held(hours, rule.rule, ("price",), "yellow", rule)


def _dear(stores: Hours, store: int, others: Ints, rule: Gouging) -> Flags:
    """Return where a store is far above its neighbours (D, G), by ratio and by robust z of logarithms."""
    own, quoted = stores.quoted[: stores.dates, store], stores.quoted[: stores.dates, others]
    logs = np.log(quoted)
    middle = np.median(logs, axis=1)
    spread = np.maximum(np.median(np.abs(logs - middle[:, None]), axis=1), rule.least_mad)
    over = own / np.median(quoted, axis=1) - 1
    z = (np.log(own) - middle) / (MAD_SCALE * spread)
    return np.asarray((over >= rule.over_neighbours + rule.margin) & (z > rule.z * (1 + rule.margin)))


def over_own(stores: Hours, rule: Gouging) -> Floats:
    """Return each store's quote ÷ the median of its own dates before − 1 (D, S, G)."""
    quoted = stores.quoted[: stores.dates]
    over = np.full_like(quoted, np.nan)
    for date in range(rule.own_least, len(quoted)):
        over[date] = quoted[date] / np.median(quoted[max(0, date - rule.own_dates) : date], axis=0) - 1
    return over


def short_and_dear_claims(stores: Hours, county: Ints, rule: Site) -> Iterator[Claim]:
    """Yield claims of stores that have nothing and are dearer than the county's others."""
    over = np.full(stores.quoted.shape, np.nan)[: stores.dates]
    for store in range(len(county)):
        others = np.flatnonzero((county == county[store]) & (np.arange(len(county)) != store))
        if len(others):
            quoted = stores.quoted[: stores.dates]
            over[:, store] = quoted[:, store] / np.median(quoted[:, others], axis=1) - 1
    empty = stores.on_hand[: stores.dates * 24] == 0
    for level, threshold in rule.levels.items():
        hours = empty & _while_quoted(over >= threshold + rule.margin)
        yield from _held(hours, rule.rule, ("price", "cover", "out"), level, rule)


def _while_quoted(dates: Flags) -> Flags:
    """Return flags of dates as those of hours in which that date's quotes are the latest and complete."""
    hours = np.repeat(dates, 24, axis=0)
    hours[np.arange(len(hours)) % 24 < QUOTED] = False
    return hours


def _held(hours: Flags, rule: str, causes: tuple[str, ...], level: str, times: Gouging | Site) -> Iterator[Claim]:
    goods = hours.shape[2]
    for cell, hour in first_runs(hours.reshape(len(hours), -1), times.hold):
        yield Claim(rule, causes, level, cell % goods, hour + times.hold + times.slack, cell // goods)


def suspected_claims(stores: Hours, rule: Suspected) -> Iterator[Claim]:
    """Yield claims of goods that were out, and so unsold, for all open hours of a date at a store that sold others.

    Expected sales are taken from the share of open hours without a sale on the dates before, on which the
    good was never out; the rule's own profile by the hour gives more (minus the logarithm is convex).
    """
    goods = stores.lines.shape[2]
    opened = slice(stores.opens, stores.closes)
    sold = (stores.lines[: stores.dates * 24] > 0).reshape(stores.dates, 24, -1, goods)[:, opened]
    stocked = (stores.on_hand[: stores.dates * 24] > 0).reshape(stores.dates, 24, -1, goods)[:, opened]
    silent = ~sold.any(axis=1) & ~stocked.any(axis=1) & np.all(sold.any(axis=3), axis=1)[:, :, None]
    for date in range(rule.least_dates, stores.dates):
        earlier = sold[:date]
        due = -np.log(np.maximum(1 - earlier.mean(axis=(0, 1)), rule.least_empty)) * sold.shape[1]
        daily = stores.lines[: date * 24].sum(axis=0) / date
        certain = silent[date] & stocked[:date].all(axis=(0, 1)) & (due * (1 - rule.margin) >= rule.due)
        for store, good in np.argwhere(certain & (daily >= rule.least_daily)).tolist():
            yield Claim(rule.rule, ("out",), "blue", good, date * 24 + stores.closes + rule.slack, store)
