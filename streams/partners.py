"""Substitutes from partner prefectures: asked of the warehouse after an alert has gone out, added to it when known.

What another partition's worker knows, this one does not; what its sites counted last, the warehouse does. A site's
demand is not stored, so it is taken to be the share of its county's that its stock is of the county's stock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from schemas.events import Substitute
from schemas.fixed import QUANTITY
from schemas.registry import Contact, EntityKind
from streams.indicators.substitutes import ranked
from streams.standby import COVER_DECIMALS, QUANTITY_DECIMALS, Need
from warehouse.errors import WarehouseError, WarehouseUnavailable
from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

#: A count that is older says nothing about what is there now.
COUNTED_SECONDS: Final = 36 * 3600
#: Needs that wait; beyond that the oldest are dropped: in a flood of alerts the newest matter.
MOST_WAITING: Final = 1_000
#: Alerts of one evaluation come together, and one question per good serves all of them.
GATHER_SECONDS: Final = 0.2
#: Between two rounds of questions.
REST_SECONDS: Final = 1.0

Found = Callable[[int, Need, Sequence[Substitute]], None]


class _Entity(msgspec.Struct):
    """What of a registered entity says whom to call."""

    contact: Contact = Contact()
    enterprise: str = ""


@dataclass(frozen=True, slots=True)
class Partners:
    """Which prefectures help which: ``chosen`` has those of some prefectures, the others ask ``everyone``."""

    everyone: Sequence[int]
    chosen: Mapping[int, Sequence[int]]

    def of(self, prefecture: int) -> list[int]:
        """Return the partner prefectures of one."""
        return [code for code in self.chosen.get(prefecture, self.everyone) if code != prefecture]


class Inquiry:
    """Asks the warehouse for substitutes, in the background; hands what it finds to ``found``."""

    def __init__(
        self, warehouse: Warehouse, partners: Partners, found: Found, *, away: Callable[[], bool] = lambda: False
    ) -> None:
        self._warehouse, self._partners, self._found, self._away = warehouse, partners, found, away
        self._waiting: dict[tuple[str, str], tuple[int, Need]] = {}
        self._more = asyncio.Event()
        self._failed = False
        #: What the registry says of sites and enterprises, asked once a round: alerts of a good name the same ones.
        self._entities: dict[tuple[EntityKind, str], _Entity] = {}

    def seek(self, partition: int, needs: Iterable[Need]) -> None:
        """Note what is needed; of an alert's good the newest need counts."""
        for need in needs:
            self._waiting.pop((need.key, need.good), None)
            self._waiting[need.key, need.good] = partition, need
        while len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._more.set()

    @property
    def waits(self) -> int:
        """Return how many needs wait for an answer."""
        return len(self._waiting)

    async def run(self) -> None:
        """Answer for ever."""
        while True:
            await self._more.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._more.clear()
            waiting, self._waiting = [*self._waiting.values()], {}
            if not self._away():
                await self._answer(waiting)
            await asyncio.sleep(REST_SECONDS)

    async def _answer(self, waiting: Sequence[tuple[int, Need]]) -> None:
        self._entities.clear()
        groups: dict[tuple[int, str], list[tuple[int, Need]]] = {}
        for partition, need in waiting:
            groups.setdefault((need.prefecture, need.good), []).append((partition, need))
        for (prefecture, good), asked in groups.items():
            # Not the writer's thread: rows must never wait for a question.
            since = min(need.at for _, need in asked) - COUNTED_SECONDS
            rows = await asyncio.to_thread(self._ask, prefecture, good, since)
            for partition, need in asked:
                chosen = await asyncio.to_thread(self._chosen, need, rows)
                if chosen:
                    self._found(partition, need, chosen)

    def _ask(self, prefecture: int, good: str, since: int) -> pa.Table | None:
        partners = self._partners.of(prefecture)
        asked = {"good": good, "prefectures": partners, "since": max(0, since)}
        return self._query("partners", asked) if partners else None

    def _query(self, name: str, asked: Mapping[str, object]) -> pa.Table | None:
        """Return what the warehouse answers; substitutes are a help, their absence is no fault of the alert."""
        try:
            answer = self._warehouse.query(name, asked)
        except (WarehouseUnavailable, WarehouseError) as error:
            if not self._failed:
                log.warning("no substitutes from partner regions: %s", error)
            self._failed = True
            return None
        self._failed = False
        return answer

    def _chosen(self, need: Need, rows: pa.Table | None) -> list[Substitute]:
        if rows is None or not rows.num_rows:
            return []
        columns = {name: np.asarray(rows[name].to_numpy(zero_copy_only=False), np.float64) for name in _NUMBERS}
        on_hand, share = columns["quantity"] / QUANTITY, _share(columns)
        demand = np.where(share * columns["demand_day"] > 0, share * columns["demand_day"], np.nan)
        near = np.zeros(len(on_hand), bool)
        places, gives, keeps = ranked(on_hand, demand, near, blue=need.blue, need=need.quantity)
        regions, sites = rows["region"].to_pylist(), rows["site"].to_pylist()
        told = zip(places.tolist(), gives.tolist(), keeps.tolist(), strict=True)
        return [self._substitute(need, regions[p], sites[p], *each) for p, *each in [*told][: need.room]]

    def _substitute(self, need: Need, region: int, site: str, gives: float, keeps: float) -> Substitute:
        known = self._entity("site", site)
        contact = known.contact
        if contact == Contact() and known.enterprise:
            contact = self._entity("enterprise", known.enterprise).contact
        return Substitute(
            site=site,
            region=f"{region:06d}",
            good=need.good,
            gives=round(gives, QUANTITY_DECIMALS),
            keeps=None if np.isnan(keeps) else round(keeps, COVER_DECIMALS),
            enterprise=known.enterprise,
            contact=contact,
            partner=True,
        )

    def _entity(self, kind: EntityKind, code: str) -> _Entity:
        if (kind, code) not in self._entities:
            rows = self._query("registry_newest", {"kind": kind, "code": code})
            found = rows["entity"].to_pylist() if rows is not None else []
            self._entities[kind, code] = msgspec.json.decode(found[0], type=_Entity) if found else _Entity()
        return self._entities[kind, code]


_NUMBERS: Final = ("quantity", "on_hand", "demand_day")


def _share(columns: Mapping[str, Any]) -> Any:
    """Return what part of its county's stock each site holds, at most all of it; 0 where that is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = columns["quantity"] / columns["on_hand"]
    return np.clip(np.nan_to_num(share, nan=0.0, posinf=0.0), 0.0, 1.0)
