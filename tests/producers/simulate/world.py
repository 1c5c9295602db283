"""Simulated events as tests want them, and indicators recomputed from them in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache, lru_cache
from statistics import median

import msgspec

from producers.simulate import Event, Simulation, Truth, load
from schemas.catalogue import Catalogue
from schemas.catalogue import load as load_catalogue
from schemas.events import QuoteReport, Receipt, StockReport
from schemas.units import factor

#: 2026-01-01T00:00+08:00, a Thursday.
START = 1_767_196_800
NYINGCHI = 540400
LHOKA = 540500

Played = tuple[Simulation, list[Event], list[Truth]]


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@lru_cache(maxsize=2)
def played(name: str, prefectures: tuple[int, ...] = (NYINGCHI,), seed: int = 7) -> Played:
    """Return a simulation that has been read to its end; two are kept, at 200 MB each."""
    simulation = Simulation(load(name), catalogue(), seed=seed, start=START, prefectures=prefectures)
    events = list(simulation.events())
    return simulation, events, simulation.truth()


def encoded(event: Event) -> bytes:
    return event.payload if isinstance(event.payload, bytes) else msgspec.json.encode(event.payload)


def good(events: Iterable[Event]) -> Iterator[Receipt | StockReport | QuoteReport]:
    """Return good events once each, in order of sending."""
    seen = set()
    for event in events:
        payload = event.payload
        if isinstance(payload, Receipt | StockReport | QuoteReport) and payload.event_id not in seen:
            seen.add(payload.event_id)
            yield payload


def receipts(events: Iterable[Event]) -> list[Receipt]:
    return [one for one in good(events) if isinstance(one, Receipt)]


def quotes(events: Iterable[Event]) -> list[QuoteReport]:
    return [one for one in good(events) if isinstance(one, QuoteReport)]


def stocks(events: Iterable[Event]) -> list[StockReport]:
    return [one for one in good(events) if isinstance(one, StockReport)]


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def base(unit: str, good_code: str) -> float:
    return factor(unit, catalogue().goods[good_code].unit)


def daily_vwap(events: Iterable[Event]) -> dict[tuple[str, str], dict[str, float]]:
    """Return (region, good) -> date -> Σ amount / Σ quantity in CNY per base unit."""
    sums: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
    for receipt in receipts(events):
        for line in receipt.lines:
            sign = -1 if line.kind == "return" else 1
            total = sums[receipt.region, line.good][receipt.business_date]
            total[0] += sign * (line.amount or 0.0)
            total[1] += sign * line.quantity * base(line.unit, line.good)
    return {
        key: {date: amount / quantity for date, (amount, quantity) in dates.items() if quantity > 0}
        for key, dates in sums.items()
    }


def spikes(events: Iterable[Event]) -> Iterator[tuple[str, str, str, float]]:
    """Yield (region, good, date, daily VWAP ÷ median of up to 7 dates before − 1)."""
    for (region, name), dates in daily_vwap(events).items():
        ordered = sorted(dates)
        for place in range(3, len(ordered)):
            before = [dates[date] for date in ordered[max(0, place - 7) : place]]
            yield region, name, ordered[place], dates[ordered[place]] / median(before) - 1
