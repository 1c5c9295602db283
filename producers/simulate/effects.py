"""Incidents compiled for one prefecture: what they do to demand, prices, supply and feeds in each hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from producers.simulate.market import Flags, Floats, Market
from producers.simulate.scenario import (
    AnyIncident,
    FeedLoss,
    PanicBuying,
    PriceRise,
    Scenario,
    ScenarioError,
    SupplyCut,
    TakeOver,
    UnitSlip,
)
from producers.simulate.stores import Stores
from schemas.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Effect:
    """One incident in one prefecture: ``cells`` (S, G), hours from ``begin`` up to ``end`` of the simulation."""

    incident: AnyIncident
    cells: Flags
    begin: int
    end: int

    def active(self, hour: int) -> bool:
        """Return whether it works in that hour."""
        return self.begin <= hour < self.end


@dataclass(slots=True)
class Effects:
    """All incidents that touch one prefecture."""

    shape: tuple[int, int]
    all: list[Effect] = field(default_factory=list)

    def demand(self, hour: int) -> Floats:
        """Return (S, G) factors on demand."""
        factors = np.ones(self.shape)
        for effect in self._active(hour):
            if isinstance(effect.incident, PanicBuying | TakeOver):
                factors[effect.cells] *= effect.incident.factor
        return factors

    def supply(self, hour: int) -> Floats:
        """Return (S, G) factors on the stock that deliveries fill up to."""
        factors = np.ones(self.shape)
        for effect in self._active(hour):
            if isinstance(effect.incident, TakeOver):
                factors[effect.cells] *= effect.incident.factor
        return factors

    def price(self, hour: int) -> Floats:
        """Return (S, G) factors on prices; a rise climbs evenly, in logarithms, over its ramp."""
        factors = np.ones(self.shape)
        for effect in self._active(hour):
            if isinstance(effect.incident, PriceRise):
                done = min(1.0, (hour - effect.begin + 1) / max(1, effect.incident.ramp_hours))
                factors[effect.cells] *= effect.incident.factor**done
        return factors

    def slip(self, hour: int) -> Floats:
        """Return (S, G) factors on what is written into quotes."""
        factors = np.ones(self.shape)
        for effect in self._active(hour):
            if isinstance(effect.incident, UnitSlip):
                factors[effect.cells] *= effect.incident.factor
        return factors

    def cut(self, hour: int) -> Flags:
        """Return (S, G): who gets no delivery."""
        cells = np.zeros(self.shape, dtype=np.bool_)
        for effect in self._active(hour):
            if isinstance(effect.incident, SupplyCut):
                cells |= effect.cells
        return cells

    def lost(self, hour: int) -> Floats:
        """Return (S, G): the share of stock that becomes unsellable as this hour begins."""
        kept = np.ones(self.shape)
        for effect in self.all:
            if isinstance(effect.incident, SupplyCut) and effect.begin == hour:
                kept[effect.cells] *= 1 - effect.incident.stock_lost
        return 1 - kept

    def silent(self, hour: int) -> Flags:
        """Return (S): whose feed is dead."""
        stores = np.zeros(self.shape[0], dtype=np.bool_)
        for effect in self._active(hour):
            if isinstance(effect.incident, FeedLoss):
                stores |= effect.cells.any(axis=1)
        return stores

    def _active(self, hour: int) -> list[Effect]:
        return [effect for effect in self.all if effect.active(hour)]


def check(scenario: Scenario, catalogue: Catalogue) -> None:
    """Raise ``ScenarioError`` naming the first region, good, category or enterprise that does not exist."""
    for number, incident in enumerate(scenario.incidents):
        for region in incident.regions:
            if int(region) not in catalogue.regions:
                _refuse(scenario, number, "regions", region, "use county or prefecture codes of the catalogue")
        for good in incident.goods:
            if good not in catalogue.goods:
                _refuse(scenario, number, "goods", good, "use codes of the catalogue's goods")
        for category in incident.categories:
            if category not in catalogue.categories:
                _refuse(scenario, number, "categories", category, "use codes of the catalogue's categories")
        if incident.enterprise > scenario.stores.enterprises:
            hint = f"a prefecture has {scenario.stores.enterprises} (stores.enterprises)"
            _refuse(scenario, number, "enterprise", str(incident.enterprise), hint)


def _refuse(scenario: Scenario, number: int, name: str, value: str, hint: str) -> None:
    msg = f"scenario {scenario.name}: incidents[{number}].{name}: {value!r} is unknown; {hint} / 未知代码，请更正场景"
    raise ScenarioError(msg)


def compile_effects(scenario: Scenario, market: Market, stores: Stores, prefecture: int) -> Effects:
    """Return the effects of a scenario on the stores of one prefecture."""
    effects = Effects((len(stores), len(market.goods)))
    offset = scenario.history_days * 24
    for incident in scenario.incidents:
        chosen = _stores(incident, stores, prefecture)
        cells = chosen[:, None] & _goods(incident, market)[None, :]
        if cells.any():
            begin, end = incident.span
            effects.all.append(Effect(incident, cells, offset + begin, offset + end))
    return effects


def _stores(incident: AnyIncident, stores: Stores, prefecture: int) -> Flags:
    codes = {int(code) for code in incident.regions}
    named = np.array([county in codes or prefecture in codes for county in stores.counties])
    chosen: Flags = named[stores.county]
    if incident.enterprise:
        chosen = chosen & (stores.enterprise == incident.enterprise - 1)
    if incident.stores:
        chosen = chosen & (_rank(stores.county) < incident.stores)
    return chosen


def _rank(county: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return each store's position among the stores of its county."""
    places = np.asarray(county)
    return np.arange(len(places)) - np.searchsorted(places, places)


def _goods(incident: AnyIncident, market: Market) -> Flags:
    if not incident.goods and not incident.categories:
        return np.ones(len(market.goods), dtype=np.bool_)
    pairs = zip(market.goods, market.categories, strict=True)
    return np.array([good in incident.goods or category in incident.categories for good, category in pairs])
