"""The ground truth: what a simulation broke when, which alerts that calls for, and what it sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from producers.simulate.calendar import Calendar, iso
from producers.simulate.effects import Effect
from producers.simulate.expectations import Claim, County, claims
from producers.simulate.prefecture import Prefecture
from producers.simulate.scenario import FeedLoss, PanicBuying, PriceGouging, Scenario, UnitSlip
from schemas.catalogue import Catalogue

#: The rule that tells of quotes that are held back.
SUSPECT: Final = "suspect"


class Expect(msgspec.Struct, frozen=True):
    """An alert of ``rule`` on (region, good) reaches ``level`` or more between ``after`` and ``before``."""

    rule: str
    level: str
    region: str
    good: str
    after: str
    before: str


class Truth(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """One line of the ground truth.

    Kind ``run`` says what was simulated, ``counts`` what was sent, any other is an incident.
    ``regions`` are the counties it touched: no other county may have an alert. ``allowed`` are
    prefectures that may have an alert of a rule because their counties do.
    """

    kind: str
    since: str
    until: str
    regions: list[str] = []
    goods: list[str] = []
    stores: list[str] = []
    enterprise: str | None = None
    expects: list[Expect] = []
    allowed: list[str] = []
    scenario: str | None = None
    seed: int | None = None
    paced_from: str | None = None
    counts: dict[str, int] = {}
    broken: dict[str, int] = {}


def touched(truths: Iterable[Truth]) -> set[str]:
    """Return the counties that incidents touched."""
    return {region for truth in truths if truth.kind not in {"run", "counts"} for region in truth.regions}


def write(truths: Iterable[Truth], path: Path) -> None:
    """Write the ground truth as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(truth) + b"\n" for truth in truths))


def read(path: Path) -> list[Truth]:
    """Return the ground truth of a file of JSON lines."""
    return [msgspec.json.decode(line, type=Truth) for line in path.read_bytes().splitlines()]


class Judge:
    """Writes the incidents of one prefecture down, up to ``end`` (epoch seconds)."""

    def __init__(
        self, scenario: Scenario, catalogue: Catalogue, prefecture: Prefecture, calendar: Calendar, end: int
    ) -> None:
        self._scenario = scenario
        self._prefecture = prefecture
        self._calendar = calendar
        self._end = end
        goods = prefecture.market.goods
        self._thresholds = np.array([catalogue.goods[good].cover for good in goods]).T
        self._claims: dict[int, list[Claim]] = {}

    def incidents(self, hours: int) -> Iterator[Truth]:
        """Yield one line per incident; ``hours`` were simulated."""
        claimed: set[tuple[str, str, str, str]] = set()
        begun = [effect for effect in self._effects if effect.begin < hours]
        # a cut supply explains a low cover better than the panic that it caused
        for effect in sorted(begun, key=lambda one: isinstance(one.incident, PanicBuying)):
            yield self._truth(effect, hours, claimed)

    def _truth(self, effect: Effect, hours: int, claimed: set[tuple[str, str, str, str]]) -> Truth:
        stores, market = self._prefecture.stores, self._prefecture.market
        rows, columns = np.flatnonzero(effect.cells.any(axis=1)), np.flatnonzero(effect.cells.any(axis=0))
        counties = sorted({int(place) for place in stores.county[rows]})
        incident = effect.incident
        single = isinstance(incident, FeedLoss | PriceGouging | UnitSlip) or incident.stores > 0
        feed = isinstance(incident, FeedLoss)
        return Truth(
            kind=incident.kind,
            since=iso(self._calendar.hour(effect.begin).at),
            until=iso(self._calendar.hour(effect.end).at),
            regions=[str(stores.counties[place]) for place in counties],
            goods=[market.goods[good] for good in columns],
            stores=[stores.ids[row] for row in rows] if single else [],
            enterprise=stores.enterprises[stores.enterprise[rows[0]]] if feed else None,
            expects=[*self._expects(effect, counties, hours, claimed), *self._slips(effect, hours)],
            allowed=[str(self._prefecture.code)],
        )

    def _expects(
        self, effect: Effect, counties: list[int], hours: int, claimed: set[tuple[str, str, str, str]]
    ) -> Iterator[Expect]:
        stores, market = self._prefecture.stores, self._prefecture.market
        for county in counties:
            inside = effect.cells[stores.county == county].any(axis=0)
            region = str(stores.counties[county])
            for claim in self._of(county, hours):
                key = (claim.rule, claim.level, region, market.goods[claim.good])
                before = self._calendar.hour(claim.by).at
                if claim.cause not in effect.incident.causes or not inside[claim.good] or before > self._end:
                    continue
                if key not in claimed:
                    claimed.add(key)
                    after = iso(self._calendar.hour(self._since(county, claim.good)).at)
                    yield Expect(claim.rule, claim.level, region, key[3], after, iso(before))

    def _slips(self, effect: Effect, hours: int) -> Iterator[Expect]:
        """Yield one alert on each quote in the wrong unit, the first of each store and good, once it was sent."""
        if not isinstance(effect.incident, UnitSlip):
            return
        stores, market = self._prefecture.stores, self._prefecture.market
        for store, good in zip(*np.nonzero(effect.cells), strict=True):
            quoting = int(stores.quote_hour[store])
            hour = next((each for each in range(effect.begin, effect.end) if each % 24 == quoting), hours)
            if hour + 1 < hours:
                after, before = (iso(self._calendar.hour(each).at) for each in (hour, hour + 1))
                region = str(stores.counties[int(stores.county[store])])
                yield Expect(SUSPECT, "blue", region, market.goods[good], after, before)

    def _of(self, county: int, hours: int) -> list[Claim]:
        """Return what a county's ledger calls for; nothing is certain where a feed was lost."""
        if county not in self._claims:
            self._claims[county] = []
            inside = self._prefecture.stores.county == county
            lost = any(isinstance(one.incident, FeedLoss) and one.cells[inside].any() for one in self._effects)
            ledger = self._prefecture.ledger
            if ledger is not None and not lost:
                plan = self._scenario.stores
                cut = County.of(ledger, inside, hours, plan.opens, plan.closes)
                self._claims[county] = sorted(claims(cut, self._thresholds), key=lambda one: one.by)
        return self._claims[county]

    @property
    def _effects(self) -> list[Effect]:
        return self._prefecture.effects.all

    def _since(self, county: int, good: int) -> int:
        inside = self._prefecture.stores.county == county
        return min(one.begin for one in self._effects if one.cells[inside, good].any())
