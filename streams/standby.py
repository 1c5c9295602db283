"""Who can step in where a prefecture's site, enterprise or county runs out of a good (动态补位).

From the prefecture's own state, as it stands when the alert goes out: whom to call is a question of now, so a
replay may name others, and nothing else of a transition depends on it. What this leaves open is asked of
partner prefectures (``streams.partners``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from schemas.events import Substitute
from streams.indicators.groups import Floats, Ints
from streams.indicators.pairs import Pairs
from streams.indicators.substitutes import MOST, needed, ranked

if TYPE_CHECKING:
    from streams.alerts.rules import Rule
    from streams.alerts.transition import Transition
    from streams.prefecture import Prefecture

QUANTITY_DECIMALS: Final = 3
COVER_DECIMALS: Final = 2


@dataclass(frozen=True, slots=True)
class Need:
    """What the substitutes found so far leave open: ``quantity`` base units of ``good`` (NaN: not known).

    It is of transition ``seq`` (at ``at``, epoch s) of episode ``id`` of the alert ``key``, which has room for
    ``room`` more substitutes.
    """

    key: str
    id: str
    seq: int
    at: int
    prefecture: int
    good: str
    quantity: float
    blue: float
    room: int


class Standby:
    """The sites of one prefecture that hold what others lack."""

    def __init__(self, place: Prefecture, goods: Sequence[str], blue: Floats) -> None:
        """``blue`` is the blue line of cover per good, in days."""
        self._place, self._goods, self._blue = place, goods, blue
        self._known: tuple[int, Floats, Floats] | None = None
        self._gone: Ints | None = None

    def forget(self) -> None:
        """Look at stock, demand and silent enterprises anew: call it when something may have changed."""
        self._known = self._gone = None

    def of(self, rule: Rule, transition: Transition) -> tuple[list[Substitute], list[Need]]:
        """Return at most ``MOST`` substitutes, best first, and what they leave open."""
        if rule.on_enterprises:
            return self._of_enterprise(transition)
        good = self._goods.index(transition.good)
        pair = self._pairs(good)
        own = self._own(rule, transition, pair)
        stock = self._stock(transition.at, pair)
        need = _need(stock, own, float(self._blue[good]))
        near = self._county(pair) == self._place.index_of(transition.region)
        found = self._ranked(good, pair, stock, self._able(good, pair, own), near, need, MOST)
        return found, self._open(transition, [(good, need)], found)

    # -- a site or a region

    def _own(self, rule: Rule, transition: Transition, pair: Ints) -> NDArray[np.bool_]:
        """Return which pairs are those that the alert is about."""
        if rule.on_sites:
            mine: NDArray[np.bool_] = np.isin(pair, self._retail.of_names({transition.site}))
            return mine
        if transition.region == self._place.code:
            return np.ones(len(pair), bool)
        inside: NDArray[np.bool_] = self._county(pair) == self._place.index_of(transition.region)
        return inside

    def _able(self, good: int, pair: Ints, own: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which pairs are not the alert's own and have no alert themselves, nor their enterprise on its feed."""
        able: NDArray[np.bool_] = ~own & ~np.isin(pair, self._short(good)) & ~np.isin(pair, self._silent())
        return able

    def _short(self, good: int) -> list[int]:
        """Return the pairs of a good with an alert of their own."""
        place = self._place
        found = (
            self._retail.find(site, place.index_of(region), good)
            for region, each, site in place.judge.open_sites()
            if each == self._goods[good] and region in place.counties
        )
        return [pair for pair in found if pair is not None]

    def _silent(self) -> Ints:
        """Return the pairs of enterprises with an alert on their feed; looked up once."""
        if self._gone is None:
            silent = {code for region, code in self._place.judge.open_enterprises() if region == self._place.code}
            self._gone = self._of_enterprises(silent)
        return self._gone

    def _of_enterprises(self, codes: Iterable[str]) -> Ints:
        registry = self._place.registry
        return self._retail.of_names({site for code in codes for site in registry.sites_of(code)})

    def _ranked(
        self,
        good: int,
        pair: Ints,
        stock: tuple[Floats, Floats],
        able: NDArray[np.bool_],
        near: NDArray[np.bool_],
        need: float,
        most: int,
    ) -> list[Substitute]:
        chosen = np.flatnonzero(able & ~np.isnan(stock[0]))
        on_hand, demand = (column[chosen] for column in stock)
        places, gives, keeps = ranked(on_hand, demand, near[chosen], blue=float(self._blue[good]), need=need)
        rows = zip(pair[chosen[places]].tolist(), gives.tolist(), keeps.tolist(), strict=True)
        return [self._substitute(good, *row) for row in list(rows)[:most]]

    def _substitute(self, good: int, pair: int, gives: float, keeps: float) -> Substitute:
        site = self._retail.names[int(self._retail.table["site"][pair])]
        registry = self._place.registry
        return Substitute(
            site=site,
            region=f"{int(self._place.counties[self._county(np.array([pair]))[0]]):06d}",
            good=self._goods[good],
            gives=round(gives, QUANTITY_DECIMALS),
            keeps=None if np.isnan(keeps) else round(keeps, COVER_DECIMALS),
            enterprise=registry.enterprise_of(site),
            contact=registry.contact(site),
        )

    # -- an enterprise

    def _of_enterprise(self, transition: Transition) -> tuple[list[Substitute], list[Need]]:
        """Return the best substitute of each of the goods for which the prefecture depends on it most.

        What it has is not known any more, so it is missed with its whole demand up to the blue line.
        """
        mine = self._of_enterprises([transition.site])
        found: list[Substitute] = []
        needs: list[tuple[int, float]] = []
        for good, need in self._missed(transition.at, mine):
            pair = self._pairs(good)
            able = self._able(good, pair, np.isin(pair, mine))
            found += self._ranked(
                good, pair, self._stock(transition.at, pair), able, np.zeros(len(pair), bool), need, most=1
            )
            needs += [(good, need)] if not any(each.good == self._goods[good] for each in found) else []
        return found, self._open(transition, needs, found)

    def _missed(self, at: int, mine: Ints) -> list[tuple[int, float]]:
        """Return goods and what is missed of each up to its blue line without the pairs ``mine``.

        Those come first of which they sell the largest share.
        """
        shares: list[tuple[float, int, float]] = []
        for good in np.unique(self._retail.cell[mine] % len(self._goods)).tolist():
            pair = self._pairs(good)
            demand = np.nan_to_num(self._stock(at, pair)[1])
            own = float(demand[np.isin(pair, mine)].sum())
            if own > 0:
                shares.append((-own / float(demand.sum()), good, own * float(self._blue[good])))
        return [(good, need) for _, good, need in sorted(shares)[:MOST]]

    # --

    def _open(self, transition: Transition, needs: list[tuple[int, float]], found: list[Substitute]) -> list[Need]:
        room = MOST - len(found)
        told = (transition.key, transition.id, transition.seq, transition.at, self._place.code)
        return [Need(*told, self._goods[g], need, float(self._blue[g]), room) for g, need in needs] if room else []

    @property
    def _retail(self) -> Pairs:
        return self._place.markets["retail"].pairs

    def _pairs(self, good: int) -> Ints:
        return np.flatnonzero(self._retail.cell % len(self._goods) == good)

    def _county(self, pair: Ints) -> Ints:
        found: Ints = self._retail.cell[pair] // len(self._goods)
        return found

    def _stock(self, at: int, pair: Ints) -> tuple[Floats, Floats]:
        """Return what pairs have and sell a day, in base units; of all pairs it is looked up once per ``at``."""
        if self._known is None or self._known[0] != at:
            known = self._place.sites.stock(at, np.arange(self._retail.size))
            self._known = at, known["site_on_hand"], known["site_demand_day"]
        return self._known[1][pair], self._known[2][pair]


def _need(stock: tuple[Floats, Floats], own: NDArray[np.bool_], blue: float) -> float:
    """Return what the pairs ``own`` lack together; NaN where none of them sells anything."""
    on_hand, demand = (column[own] for column in stock)
    sold = float(np.nansum(demand)) if not np.isnan(demand).all() else np.nan
    return needed(float(np.nansum(on_hand)), sold, blue)
