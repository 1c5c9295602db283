"""Which alerts certainly follow from what happened: values of RULES on the ledger's hours, with margins.

All arrays are (time, goods) of one county. Only the simulator's own record is read, never an event.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec
import numpy as np

from producers.simulate.ledger import Ledger
from producers.simulate.market import Flags, Floats, Ints

LEVELS = ("blue", "yellow", "orange", "red")


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prices from sales against their daily baseline."""

    rule: str
    levels: dict[str, float]
    margin: float
    hold: int
    slack: int
    window_hours: int
    baseline_days: int
    baseline_least: int
    least_lines: int
    least_stores: int


class Cover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days of cover below the catalogue's thresholds."""

    rule: str
    margin: float
    hold: int
    slack: int
    demand_days: int


class Urumqi(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weekly change of the quote median, and dates without stock."""

    rule: str
    levels: dict[str, float]
    margin: float
    week: int
    out_levels: dict[str, int]
    close_after_hours: int
    slack: int


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Enterprises that stop reporting."""

    rule: str
    level: str
    hold: int
    dates: int
    close_after_hours: int


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules that the ground truth speaks of."""

    live: Live
    cover: Cover
    feed: Feed
    urumqi: Urumqi


@dataclass(frozen=True, slots=True)
class Claim:
    """An alert of ``rule`` on good number ``good`` is at ``level`` or above by hour ``by`` of the simulation.

    ``cause`` is ``price``, ``cover`` or ``out``: what kind of incident it follows from.
    """

    rule: str
    cause: str
    level: str
    good: int
    by: int


@cache
def rules() -> Rules:
    """Return the expectations that come with the package."""
    text = (resources.files(__package__) / "expectations.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Rules)


@dataclass(frozen=True, slots=True)
class County:
    """The ledger of one county's stores (H hours, S stores, G goods), and its opening hours."""

    amount: Ints
    quantity: Ints
    lines: Ints
    on_hand: Ints
    quoted: Floats
    opens: int
    closes: int

    @classmethod
    def of(cls, ledger: Ledger, stores: Flags, hours: int, opens: int, closes: int) -> County:
        """Cut ``stores`` and the first ``hours`` simulated hours out of a ledger."""
        cut = slice(0, hours)
        return cls(
            ledger.amount[cut][:, stores],
            ledger.quantity[cut][:, stores],
            ledger.lines[cut][:, stores],
            ledger.on_hand[cut][:, stores],
            ledger.quoted[:, stores],
            opens,
            closes,
        )

    @property
    def hours(self) -> int:
        """Return H."""
        return len(self.amount)


def claims(county: County, blue_to_red: Floats) -> Iterator[Claim]:
    """Yield what must be raised; ``blue_to_red`` (4, G) are the cover thresholds in days."""
    wanted = rules()
    yield from live_claims(county, wanted.live)
    yield from cover_claims(county, wanted.cover, wanted.urumqi.close_after_hours, blue_to_red)
    yield from urumqi_claims(county, wanted.urumqi)


def live_claims(county: County, rule: Live) -> Iterator[Claim]:
    """Yield claims from ``spike`` values at the end of every hour."""
    values, evidence = spikes(county, rule)
    for level, threshold in rule.levels.items():
        beyond = evidence & (1 + values >= (1 + threshold) * (1 + rule.margin))
        for good, hour in _first_runs(beyond, rule.hold):
            yield Claim(rule.rule, "price", level, good, hour + rule.hold + rule.slack)


def spikes(county: County, rule: Live) -> tuple[Floats, Flags]:
    """Return vwap of the window ÷ baseline − 1 (H, G), and where there is enough evidence."""
    window = rule.window_hours
    amount, quantity = _rolling(county.amount.sum(axis=1), window), _rolling(county.quantity.sum(axis=1), window)
    lines = _rolling(county.lines.sum(axis=1), window)
    stores = (_rolling(county.lines, window) > 0).sum(axis=1)
    vwap = _ratio(amount, quantity)
    days = -(-county.hours // 24)
    padded = days * 24 - county.hours
    daily = _ratio(_by_day(county.amount.sum(axis=1), padded), _by_day(county.quantity.sum(axis=1), padded))
    baseline = np.full_like(vwap, np.nan)
    for day in range(rule.baseline_least, days):
        baseline[day * 24 : (day + 1) * 24] = np.median(daily[max(0, day - rule.baseline_days) : day], axis=0)
    evidence = (lines >= rule.least_lines) & (stores >= rule.least_stores) & np.isfinite(baseline)
    return vwap / baseline - 1, evidence


def cover_claims(county: County, rule: Cover, close_after: int, thresholds: Floats) -> Iterator[Claim]:
    """Yield claims from cover days at the end of every hour."""
    cover = cover_days(county, rule, close_after)
    for level, threshold in zip(LEVELS, thresholds, strict=True):
        beyond = cover <= threshold * (1 - rule.margin)
        for good, hour in _first_runs(beyond, rule.hold):
            yield Claim(rule.rule, "cover", level, good, hour + rule.hold + rule.slack)


def cover_days(county: County, rule: Cover, close_after: int) -> Floats:
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
        rate = _ratio(sold, counted[dates].sum(axis=0))
        demand = np.nan_to_num(rate).sum(axis=0) * open_hours
        # the date that ended at hour 24 * day closes ``close_after`` hours later
        begin = day * 24 + close_after
        reach = slice(begin, begin + 24)
        cover[reach] = _ratio(county.on_hand[reach].sum(axis=1), demand)
    return cover


def urumqi_claims(county: County, rule: Urumqi) -> Iterator[Claim]:
    """Yield claims of whole dates: they count once the date has closed."""
    dates = county.hours // 24
    change = weekly_changes(county, rule)[:dates]
    out = (county.on_hand[23::24] == 0).all(axis=1)[:dates]
    for level in LEVELS[1:]:
        beyond = change >= rule.levels[level] + rule.margin
        for cause, mask, days in (("price", beyond, 1), ("out", out, rule.out_levels[level])):
            for good, date in _first_runs(mask, days):
                yield Claim(rule.rule, cause, level, good, (date + days) * 24 + rule.close_after_hours + rule.slack)


def weekly_changes(county: County, rule: Urumqi) -> Floats:
    """Return the change of the quote median on the same weekday before (D, G); NaN where undefined."""
    median = np.median(county.quoted, axis=1)
    change = np.full_like(median, np.nan)
    change[rule.week :] = median[rule.week :] / median[: -rule.week] - 1
    return change


def silence_known(lines: Ints, begin: int, opens: int, closes: int, rule: Feed) -> int | None:
    """Return by which hour of the simulation the silence of an enterprise from hour ``begin`` on must be known.

    ``lines`` (H): its sale lines, also those that nobody was told. None where it did not sell in every open hour of
    the dates before, at least one of them closed, so that its usual interval may be longer.
    """
    hour = np.arange(len(lines))
    opened = (hour % 24 >= opens) & (hour % 24 < closes)
    closed = (begin - rule.close_after_hours) // 24
    before = (hour >= (closed - rule.dates) * 24) & (hour < closed * 24) & opened
    if not before.any() or not lines[before].all():
        return None
    heard = np.flatnonzero(opened & (hour >= begin))
    return int(heard[rule.hold - 1]) + 1 if len(heard) >= rule.hold else None


def _first_runs(mask: Flags, length: int) -> Iterator[tuple[int, int]]:
    """Yield (good, first index) of the first run of at least ``length`` true values of each good."""
    if len(mask) < length:
        return
    windows = np.lib.stride_tricks.sliding_window_view(mask, length, axis=0)
    runs: Flags = np.asarray(windows.all(axis=-1))
    for good in np.flatnonzero(runs.any(axis=0)).tolist():
        yield good, int(runs[:, good].argmax())


def _rolling(values: Ints, window: int) -> Ints:
    """Return sums over the last ``window`` entries of the first axis."""
    total = np.cumsum(values, axis=0)
    total[window:] = total[window:] - total[:-window].copy()
    return total


def _by_day(values: Ints, padded: int) -> Ints:
    whole = np.concatenate([values, np.zeros((padded, values.shape[1]), dtype=np.int64)])
    return np.asarray(whole.reshape(-1, 24, values.shape[1]).sum(axis=1), dtype=np.int64)


def _ratio(top: Ints | Floats, bottom: Ints | Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)
