"""Stock indicators of RULES.md at a moment, recomputed from all events in plain Python.

Readings of RULES.md made here: a moment comes after every event up to it; only sites that list
the good count; sales at any hour of a closed date count if the site was in stock at that hour's
start; before a site's first count it is not known to be in stock, so those hours and their sales
are left out too; ``demand_day`` is taken over the sites whose stock is known. A correction
replaces what it names for good, even if it is replaced itself; a replaced event still shows that
the site lists the good. Whether an hour began in stock is judged by what had come by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

LIST_DAYS = 28
DEMAND_DATES = 7
OPEN_HOURS = range(8, 22)

#: ``quote`` is an event that says nothing about stock, yet shows that the site lists the good.
Action = Literal["OBSERVE", "ADD", "DELETE", "sale", "quote"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one good at one site, in the order of arrival.

    ``quantity`` in 1/1,000 base unit: counted, come in, gone out, or sold net of returns. ``came``
    is the latest time that its input had seen when it arrived; None: it was in time. ``name`` and
    ``corrects`` are of one sender.
    """

    at: int
    county: int
    site: str
    good: str
    action: Action
    quantity: int
    name: str = ""
    corrects: tuple[str, ...] = ()
    came: int | None = None

    @property
    def known_at(self) -> int:
        """When it could be reckoned with."""
        return self.at if self.came is None else self.came


@dataclass(frozen=True, slots=True)
class Stock:
    """Stock of one (region, good) at a moment."""

    on_hand: int | None
    sites_in: int
    sites_out: int
    in_stock_rate: float | None
    demand_day: float | None
    cover_days: float | None


def stock(
    events: Iterable[Event], region: int, good: str, moment: int, closed: date, timezone: str = "Asia/Shanghai"
) -> Stock:
    """Return the stock of a county or prefecture at ``moment``, when ``closed`` is the last closed date."""
    zone = ZoneInfo(timezone)
    events = list(events)
    replaced = replacements(events)
    sites = by_site(events, region, good)
    known = {
        site: left
        for site, happened in sites.items()
        if lists(happened, moment, zone) and (left := on_hand(happened, moment, replaced)) is not None
    }
    sites_in = sum(left > 0 for left in known.values())
    demand = sum(demand_day(sites[site], closed, zone, replaced) for site in known)
    return Stock(
        on_hand=sum(known.values()) if known else None,
        sites_in=sites_in,
        sites_out=len(known) - sites_in,
        in_stock_rate=sites_in / len(known) if known else None,
        demand_day=demand if known else None,
        cover_days=sum(known.values()) / demand if known and demand > 0 else None,
    )


def by_site(events: Iterable[Event], region: int, good: str) -> dict[str, list[Event]]:
    """Return each site's events of the good in the county, or in all counties of the prefecture, by time."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.good == good and region in {event.county, event.county // 100 * 100}:
            found.setdefault(event.site, []).append(event)
    return {site: sorted(happened, key=lambda event: event.at) for site, happened in found.items()}


def replacements(events: Iterable[Event]) -> dict[str, int]:
    """Return the names of replaced events and when that became known."""
    replaced: dict[str, int] = {}
    for event in events:
        for name in event.corrects:
            replaced[name] = min(event.known_at, replaced.get(name, event.known_at))
    return replaced


def on_hand(events: list[Event], moment: int, replaced: Mapping[str, int]) -> int | None:
    """Return the last count with what came and went after it, never below 0; None before the first count."""
    left: int | None = None
    counted = 0
    for event in events:
        if max(event.at, event.known_at) > moment or replaced.get(event.name, moment + 1) <= moment:
            continue
        if event.action == "OBSERVE":
            left, counted = event.quantity, event.at
        elif left is not None and event.at > counted and event.action == "ADD":
            left += event.quantity
        elif left is not None and event.at > counted and event.action in {"DELETE", "sale"}:
            left -= event.quantity
    return None if left is None else max(left, 0)


def lists(events: list[Event], moment: int, zone: ZoneInfo) -> bool:
    """Return whether the site had an event on the ``LIST_DAYS`` dates up to the moment's."""
    today = datetime.fromtimestamp(moment, zone).date()
    dates = [
        datetime.fromtimestamp(event.at, zone).date() for event in events if max(event.at, event.known_at) <= moment
    ]
    return bool(dates) and (today - max(dates)).days < LIST_DAYS


def demand_day(events: list[Event], closed: date, zone: ZoneInfo, replaced: Mapping[str, int]) -> float:
    """Return what the site sells per open hour in stock, times open hours, in 1/1,000 base unit."""
    sales = [event for event in events if event.action == "sale"]
    sold = hours = 0
    for back in range(DEMAND_DATES):
        day = closed - timedelta(days=back)
        for hour in range(24):
            start = int(datetime.combine(day, time(hour), zone).timestamp())
            if not on_hand(events, start, replaced):
                continue
            hours += hour in OPEN_HOURS
            sold += sum(sale.quantity for sale in sales if start <= sale.at < start + 3600)
    return sold / hours * len(OPEN_HOURS) if hours else 0.0
