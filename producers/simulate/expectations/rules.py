"""The numbers of ``expectations.toml``: what the default packs call for, with margins."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

LEVELS = ("blue", "yellow", "orange", "red")


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prices from sales of the last ``window_hours`` (1 or 24) against the same of the dates before."""

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


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Enterprises that stop reporting."""

    rule: str
    level: str
    hold: int
    dates: int
    close_after_hours: int


class Urumqi(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weekly change of the quote median, and dates without stock."""

    rule: str
    levels: dict[str, float]
    margin: float
    week: int
    out_levels: dict[str, int]
    close_after_hours: int
    slack: int


class Steady(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Urumqi's plan where a rise must also be above the usual price of one to four weeks ago."""

    rule: str
    over_usual: float
    usual_from: int
    usual_to: int
    usual_least: int


class Tight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of stores that have a good as a date closes."""

    rule: str
    below: float


class Qingdao(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Flags of counties by (change on the day, on the week), counted over a prefecture."""

    rule: str
    flags: dict[str, tuple[float, float]]
    districts: int
    days: int
    goods: int


class Mofcom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many regions are affected: beyond this share of them."""

    rule: str
    share: float
    least: int


class Gouging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One store against its neighbours and its own week."""

    rule: str
    over_neighbours: float
    z: float
    least_mad: float
    over_own: float
    least: int
    own_dates: int
    own_least: int
    margin: float
    hold: int
    slack: int


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One store that has nothing and is dear."""

    rule: str
    levels: dict[str, float]
    margin: float
    hold: int
    slack: int


class Suspected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A good without a sale for a whole date in a store that goes on selling."""

    rule: str
    due: float
    least_daily: float
    least_dates: int
    least_empty: float
    margin: float
    slack: int


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules that the ground truth speaks of."""

    live: Live
    live_1h: Live
    cover: Cover
    feed: Feed
    urumqi: Urumqi
    steady: Steady
    tight: Tight
    qingdao: Qingdao
    mofcom: Mofcom
    gouging: Gouging
    site: Site
    suspected: Suspected


@cache
def rules() -> Rules:
    """Return the expectations that come with the package."""
    text = (resources.files(__package__) / "expectations.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Rules)
