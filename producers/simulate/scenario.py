"""Scenarios: TOML files that say what a simulated region is like and what goes wrong in it."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, ClassVar, Final

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]
Moment = Annotated[str, Meta(pattern=r"^\d{1,3}d\d{1,2}h$")]
Code = Annotated[str, Meta(pattern=r"^\d{6}$")]

_MOMENT: Final = re.compile(r"^(\d+)d(\d+)h$")


class ScenarioError(Exception):
    """A scenario that cannot be used: says the file, the field and what to do."""


def hours(moment: str) -> int:
    """Return hours since the local midnight of paced day 0: ``"1d10h"`` is 34."""
    found = _MOMENT.match(moment)
    if found is None:
        msg = f"{moment!r} is not a moment: write days and hours since the paced part's first midnight, like 1d10h"
        raise ValueError(msg)
    return int(found[1]) * 24 + int(found[2])


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table in which a misspelt key is an error."""


class Stores(_Strict, frozen=True):
    """Stores and their customers. Pairs are lowest and highest."""

    per_county: tuple[int, int] = (3, 6)
    #: Enterprises in each prefecture; each owns stores in several counties.
    enterprises: Annotated[int, Meta(ge=1, le=99)] = 4
    opens: Annotated[int, Meta(ge=6, le=12)] = 8
    closes: Annotated[int, Meta(ge=13, le=23)] = 22
    #: Mean receipts per store and open hour; a county with few stores has larger ones.
    receipts: tuple[float, float] = (6.5, 7.5)
    lines: Positive = 4.0
    #: Share of lines that bring goods back.
    returns: Share = 0.002


class Prices(_Strict, frozen=True):
    """Standard deviations of prices, as shares of a good's usual price.

    Those of a date make a store's price change by 2.1 % or more, either way, on every other date
    (interquartile range 4.3 %). Three years of real wholesale vegetable prices have 2.0 %. With 0.03
    and 0.015 (6.4 %) a quote in 370 was a tenth above the store's own week, which is no calm market.
    """

    county: Share = 0.065
    store: Share = 0.06
    store_good: Share = 0.07
    store_day: Share = 0.02
    county_day: Share = 0.01


class Supply(_Strict, frozen=True):
    """Steady stock: what stores keep, as a multiple of the catalogue's blue cover threshold."""

    cover: tuple[float, float] = (1.7, 2.3)
    #: Hours between two counts (OBSERVE) of a store; stores take turns.
    count_every: Annotated[int, Meta(ge=1, le=14)] = 5


class Faults(_Strict, frozen=True):
    """What goes wrong on the way: shares of records."""

    late: Share = 0.004
    #: A late receipt arrives this many minutes after its time.
    late_minutes: tuple[int, int] = (5, 240)
    duplicates: Share = 0.002
    broken: Share = 0.0005


class Incident(_Strict, frozen=True, tag_field="kind", rename={"since": "from", "until": "to"}):
    """Something that happens to some goods in some stores from one moment to another.

    ``regions`` are counties, or prefectures for all of their counties. Neither ``goods`` nor
    ``categories``: every good. ``stores``: that many of each county, 0 for all. ``enterprise``: only
    stores of that one, by its number within the prefecture from 1, 0 for all.
    """

    regions: Annotated[list[Code], Meta(min_length=1)]
    since: Moment
    until: Moment
    goods: list[str] = []
    categories: list[str] = []
    stores: Annotated[int, Meta(ge=0)] = 0
    enterprise: Annotated[int, Meta(ge=0)] = 0

    #: What this kind of incident can drive beyond a threshold.
    causes: ClassVar[tuple[str, ...]] = ()

    @property
    def kind(self) -> str:
        """Return the word that the TOML file uses."""
        return str(self.__struct_config__.tag)

    @property
    def span(self) -> tuple[int, int]:
        """Return first hour and the one after the last, since the first paced midnight."""
        return hours(self.since), hours(self.until)


class PanicBuying(Incident, frozen=True, tag="panic-buying"):
    """Demand is ``factor`` times as high."""

    factor: Positive = 3.5
    causes: ClassVar[tuple[str, ...]] = ("cover",)


class SupplyCut(Incident, frozen=True, tag="supply-cut"):
    """No deliveries; at its start ``stock_lost`` of the stock becomes unsellable."""

    stock_lost: Share = 0.0
    causes: ClassVar[tuple[str, ...]] = ("cover", "out")


class PriceRise(Incident, frozen=True, tag="price-rise"):
    """Prices climb to ``factor`` times the usual within ``ramp_hours``."""

    factor: Positive = 1.5
    ramp_hours: Annotated[int, Meta(ge=0)] = 24
    causes: ClassVar[tuple[str, ...]] = ("price",)


class PriceGouging(PriceRise, frozen=True, tag="price-gouging"):
    """As ``price-rise``, meant for single stores (``stores``)."""


class FeedLoss(Incident, frozen=True, tag="feed-loss"):
    """Nothing arrives from one enterprise, while its stores go on selling."""

    enterprise: Annotated[int, Meta(ge=1)] = 1


class TakeOver(Incident, frozen=True, tag="take-over"):
    """Others' customers come too: demand and deliveries are ``factor`` times as large."""

    factor: Positive = 1.3


class UnitSlip(Incident, frozen=True, tag="unit-slip"):
    """Quotes are ``factor`` times what is meant: in another unit than the report says. Nothing else is wrong."""

    factor: Positive = 10.0


AnyIncident = PanicBuying | SupplyCut | PriceRise | PriceGouging | FeedLoss | TakeOver | UnitSlip


class Scenario(_Strict, frozen=True):
    """A whole scenario: defaults are those of a calm region."""

    name: str
    title_zh: str
    title_en: str
    #: Whole dates sent at full speed before the paced part: at least 7, or there are no baselines.
    history_days: Annotated[int, Meta(ge=7, le=400)] = 8
    #: Dates of the paced part.
    days: Annotated[int, Meta(ge=1, le=400)] = 3
    #: Local hour of paced day 0 at which pacing begins; the night before would be a wait for nothing.
    paced_hour: Annotated[int, Meta(ge=0, le=23)] = 8
    #: Prefectures to simulate unless told otherwise; none named: all.
    prefectures: list[Code] = []
    stores: Stores = Stores()
    prices: Prices = Prices()
    supply: Supply = Supply()
    faults: Faults = Faults()
    incidents: list[AnyIncident] = []

    @property
    def total_days(self) -> int:
        """Return the dates of history and paced part together."""
        return self.history_days + self.days


def names() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    folder = resources.files(__package__) / "scenarios"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str | Path) -> Scenario:
    """Return the scenario of a file, or the built-in one of that name.

    Raises ``ScenarioError`` saying file, field and problem.
    """
    place, text = _read(name)
    try:
        scenario = msgspec.convert(tomllib.loads(text), Scenario)
        _check(scenario)
    except tomllib.TOMLDecodeError as error:
        msg = f"{place}: not TOML: {error} / 不是有效的 TOML 文件"
        raise ScenarioError(msg) from error
    except (msgspec.ValidationError, ValueError) as error:
        msg = f"{place}: {error}; correct that field / 场景字段有误，请更正"
        raise ScenarioError(msg) from error
    return scenario


def _read(name: str | Path) -> tuple[str, str]:
    if str(name) in names():
        return f"{name}.toml", (resources.files(__package__) / "scenarios" / f"{name}.toml").read_text("utf-8")
    try:
        return str(name), Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(names())
        msg = (
            f"{name}: no scenario of that name and no readable file ({error}); choose {known} or a file"
            f" / 没有这个场景，可选：{known}，或给出文件"
        )
        raise ScenarioError(msg) from error


def _check(scenario: Scenario) -> None:
    pairs: dict[str, tuple[float, float]] = {
        "stores.per_county": scenario.stores.per_county,
        "stores.receipts": scenario.stores.receipts,
        "supply.cover": scenario.supply.cover,
        "faults.late_minutes": scenario.faults.late_minutes,
    }
    for field, (low, high) in pairs.items():
        if not 0 < low <= high:
            msg = f"{field}: [{low}, {high}] must be two positive numbers, the lower one first"
            raise ValueError(msg)
    for number, incident in enumerate(scenario.incidents):
        begin, end = incident.span
        if not begin < end <= scenario.days * 24:
            msg = f"incidents[{number}]: from {incident.since} to {incident.until} is not within {scenario.days} days"
            raise ValueError(msg)
