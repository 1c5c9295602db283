"""Writes down what incidents did, and which alerts that calls for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from producers.simulate import expectations
from producers.simulate.calendar import Calendar, iso
from producers.simulate.effects import Effect
from producers.simulate.expectations import Claim, Hours
from producers.simulate.market import Flags
from producers.simulate.prefecture import Prefecture
from producers.simulate.scenario import FeedLoss, PanicBuying, PriceGouging, Scenario, UnitSlip
from producers.simulate.truth import Expect, Truth
from schemas.catalogue import Catalogue
from schemas.regions import parent_of

#: The rule that tells of quotes that are held back.
SUSPECT: Final = "suspect"


@dataclass(frozen=True, slots=True)
class _Placed:
    """A claim, the code of its region, and which stores (S) of the prefecture can bring it about."""

    claim: Claim
    region: int
    stores: Flags


class Judge:
    """Writes the incidents of one prefecture down: ``hours`` were simulated, up to ``end`` (epoch seconds)."""

    def __init__(
        self,
        scenario: Scenario,
        catalogue: Catalogue,
        prefecture: Prefecture,
        calendar: Calendar,
        hours: int,
        end: int,
    ) -> None:
        self._scenario = scenario
        self._prefecture = prefecture
        self._calendar = calendar
        self._hours = hours
        self._end = end
        goods = prefecture.market.goods
        self._thresholds = np.array([catalogue.goods[good].cover for good in goods]).T
        self._rules = expectations.rules()

    @property
    def code(self) -> int:
        """Return the prefecture's code."""
        return self._prefecture.code

    def incidents(self) -> Iterator[Truth]:
        """Yield one line per incident."""
        claimed: set[tuple[str, ...]] = set()
        begun = [effect for effect in self._effects if effect.begin < self._hours]
        # a cut supply explains a low cover better than the panic that it caused
        for effect in sorted(begun, key=lambda one: isinstance(one.incident, PanicBuying)):
            yield self._truth(effect, claimed)

    def spread(self) -> Flags:
        """Return where the prefecture is certainly affected, for mofcom-2011 (D, G)."""
        if not self._counties or self._lost.any():
            return np.zeros((self._hours // 24, len(self._prefecture.market.goods)), dtype=bool)
        return expectations.spread(list(self._counties.values()), self._rules)

    def expect(self, claim: Claim, region: int, since: int) -> Expect:
        """Return a claim as it is written; ``since`` is the hour before which no alert counts."""
        return Expect(
            rule=claim.rule,
            level=claim.level,
            region=f"{region:06d}",
            good=self._prefecture.market.goods[claim.good],
            after=iso(self._calendar.hour(since).at),
            before=iso(self._calendar.hour(claim.by).at),
            site="" if claim.store is None else self._prefecture.stores.ids[claim.store],
        )

    def in_time(self, claim: Claim) -> bool:
        """Return whether the simulation lasts until the alert must be there."""
        return self._calendar.hour(claim.by).at <= self._end

    def since(self, good: int) -> int:
        """Return the hour in which the first incident on a good begins."""
        return min((one.begin for one in self._effects if one.cells[:, good].any()), default=self._hours)

    def _truth(self, effect: Effect, claimed: set[tuple[str, ...]]) -> Truth:
        stores, market = self._prefecture.stores, self._prefecture.market
        rows, columns = np.flatnonzero(effect.cells.any(axis=1)), np.flatnonzero(effect.cells.any(axis=0))
        incident = effect.incident
        single = (
            isinstance(incident, FeedLoss | PriceGouging | UnitSlip) or incident.stores > 0 or incident.enterprise > 0
        )
        owner = stores.enterprises[stores.enterprise[rows[0]]] if incident.enterprise else None
        return Truth(
            kind=incident.kind,
            since=iso(self._calendar.hour(effect.begin).at),
            until=iso(self._calendar.hour(effect.end).at),
            regions=[str(stores.counties[place]) for place in np.unique(stores.county[rows])],
            goods=[market.goods[good] for good in columns],
            stores=[stores.ids[row] for row in rows] if single else [],
            enterprise=owner,
            expects=[*self._expects(effect, claimed), *self._silences(effect), *self._slips(effect)],
            allowed=[f"{code:06d}" for code in (self.code, parent_of(self.code), 0)],
        )

    def _expects(self, effect: Effect, claimed: set[tuple[str, ...]]) -> Iterator[Expect]:
        for placed in self._placed:
            claim = placed.claim
            if not set(claim.causes) & set(effect.incident.causes) or not self.in_time(claim):
                continue
            if not (effect.cells[:, claim.good] & placed.stores).any():
                continue
            expect = self.expect(claim, placed.region, self._began(placed))
            key = (expect.rule, expect.level, expect.region, expect.site, expect.good)
            if key not in claimed:
                claimed.add(key)
                yield expect

    def _silences(self, effect: Effect) -> Iterator[Expect]:
        """Yield that an enterprise is found silent, if no store of it in the prefecture goes on reporting."""
        stores, ledger, rule = self._prefecture.stores, self._prefecture.ledger, self._rules.feed
        if not isinstance(effect.incident, FeedLoss) or ledger is None:
            return
        own = stores.enterprise == effect.incident.enterprise - 1
        silent, plan = np.asarray(effect.cells.any(axis=1)), self._scenario.stores
        lines = ledger.lines[: self._hours, own].sum(axis=(1, 2))
        by = expectations.silence_known(lines, effect.begin, plan.opens, plan.closes, rule)
        if by is None or not silent[own].all() or by > effect.end or self._calendar.hour(by).at > self._end:
            return
        after, before = (iso(self._calendar.hour(hour).at) for hour in (effect.begin, by))
        name = stores.enterprises[effect.incident.enterprise - 1]
        yield Expect(rule.rule, rule.level, f"{self.code:06d}", "", after, before, name)

    def _slips(self, effect: Effect) -> Iterator[Expect]:
        """Yield an alert on the first quote in the wrong unit of each store and good, once it was sent."""
        if not isinstance(effect.incident, UnitSlip):
            return
        stores = self._prefecture.stores
        for store, good in zip(*(axis.tolist() for axis in np.nonzero(effect.cells)), strict=True):
            quoting = [hour for hour in range(effect.begin, effect.end) if hour % 24 == stores.quote_hour[store]]
            for hour in quoting[:1]:
                claim = Claim(SUSPECT, (), "blue", good, hour + 1, store)
                if self.in_time(claim):
                    yield self.expect(claim, stores.counties[int(stores.county[store])], hour)

    def _began(self, placed: _Placed) -> int:
        return min(one.begin for one in self._effects if (one.cells[:, placed.claim.good] & placed.stores).any())

    @cached_property
    def _placed(self) -> list[_Placed]:
        """Everything that the ledger calls for, by time; nothing is certain where a feed was lost."""
        found: list[_Placed] = []
        stores = self._prefecture.stores
        for place, county in self._counties.items():
            own = stores.county == place
            for each in (
                expectations.county_claims(county, self._rules, self._thresholds),
                expectations.county_extents(county, self._rules),
            ):
                found += [_Placed(claim, stores.counties[place], own) for claim in each]
        if self._counties and not self._lost.any():
            everything = np.ones(len(stores), dtype=bool)
            above = expectations.prefecture_claims(list(self._counties.values()), self._rules)
            found += [_Placed(claim, self.code, everything) for claim in above]
            found += list(self._on_sites())
        return sorted(found, key=lambda one: one.claim.by)

    def _on_sites(self) -> Iterator[_Placed]:
        stores = self._prefecture.stores
        for claim in expectations.site_claims(self._cut(np.ones(len(stores), dtype=bool)), stores.county, self._rules):
            own = np.arange(len(stores)) == claim.store
            yield _Placed(claim, stores.counties[int(stores.county[own][0])], own)

    @cached_property
    def _counties(self) -> dict[int, Hours]:
        """The ledgers of the counties, by their place, that have stores and kept every feed."""
        if self._prefecture.ledger is None:
            return {}
        county = self._prefecture.stores.county
        return {
            place: self._cut(county == place)
            for place in np.unique(county).tolist()
            if not self._lost[county == place].any()
        }

    @cached_property
    def _lost(self) -> Flags:
        """Which stores' feeds were lost at some time (S)."""
        lost = np.zeros(len(self._prefecture.stores), dtype=bool)
        for effect in self._effects:
            if isinstance(effect.incident, FeedLoss):
                lost |= effect.cells.any(axis=1)
        return lost

    def _cut(self, stores: Flags) -> Hours:
        ledger, plan = self._prefecture.ledger, self._scenario.stores
        assert ledger is not None, "only prefectures with incidents are judged"
        return Hours.of(ledger, stores, self._hours, plan.opens, plan.closes)

    @property
    def _effects(self) -> list[Effect]:
        return self._prefecture.effects.all


def with_provinces(incidents: Sequence[Sequence[Truth]], judges: Sequence[Judge]) -> list[Truth]:
    """Return the incidents of all prefectures, with what their provinces call for.

    A province's expectation is written to the first incident on its good. ``incidents`` are each judge's.
    """
    found = [truth for own in incidents for truth in own]
    for province in sorted({parent_of(judge.code) for judge in judges}):
        inside = [judge for judge in judges if parent_of(judge.code) == province]
        for expect in _provincial(province, inside):
            place = next(number for number, truth in enumerate(found) if expect.good in truth.goods)
            found[place] = msgspec.structs.replace(found[place], expects=[*found[place].expects, expect])
    return found


def _provincial(province: int, judges: Sequence[Judge]) -> Iterator[Expect]:
    rules = expectations.rules()
    spread = {judge.code: judge.spread() for judge in judges}
    mask = expectations.beyond(list(spread.values()), rules.mofcom)
    mask = mask | spread.get(province + 100, np.zeros_like(mask))  # the capital's code ends in 0100
    for claim in expectations.spread_claims(mask, rules.mofcom, rules.urumqi, "orange"):
        if judges[0].in_time(claim):
            yield judges[0].expect(claim, province, min(judge.since(claim.good) for judge in judges))
