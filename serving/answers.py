"""Answers to questions: the newest from the live view, the rest from the warehouse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import pyarrow as pa

from schemas.events import LEVELS, Alert, Indicator
from serving import rows, wire
from serving.ledger import Ledger
from serving.letters import Letters, Store
from serving.live import Latest, LiveView
from serving.rows import ActionRow, AlertRow, IndicatorRow
from streams.actions import MEMORY_SECONDS, TABLE, stored_actions
from warehouse.errors import WarehouseUnavailable

#: "Not asked for": the named queries take the empty text and region 0 for it.
ANY: Final = ""

#: News are gathered this long: a busy topic must not answer a thousand times a second.
BREATH_SECONDS: Final = 0.2

Row = TypeVar("Row")
Parameters = dict[str, object]


@dataclass(frozen=True, slots=True)
class IndicatorFilter:
    """Which indicators; an empty field means any. ``prefecture`` takes in itself and its counties."""

    region: str = ANY
    prefecture: str = ANY
    good: str = ANY
    grain: str = ANY
    kind: str = ANY

    def admits(self, row: IndicatorRow) -> bool:
        """Return whether the row is asked for."""
        pairs = ((self.region, row.region), (self.good, row.good), (self.grain, row.grain), (self.kind, row.kind))
        return _within(self.prefecture, row.region) and _matches(pairs)

    def parameters(self) -> Parameters:
        """Return what the named queries take."""
        texts = {"good": self.good, "grain": self.grain, "kind": self.kind}
        return {"region": int(self.region or 0), "prefecture": int(self.prefecture or 0), **texts}


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; an empty field means any, ``level`` is the lowest that the episode must have reached."""

    level: str = ANY
    state: str = ANY
    region: str = ANY
    prefecture: str = ANY
    good: str = ANY
    pack: str = ANY

    def admits(self, row: AlertRow) -> bool:
        """Return whether the row is asked for."""
        if self.level and rank(row.highest or row.level) < rank(self.level):
            return False
        pairs = ((self.state, row.state), (self.region, row.region), (self.good, row.good), (self.pack, row.pack))
        return _within(self.prefecture, row.region) and _matches(pairs)

    def parameters(self) -> Parameters:
        """Return what the named queries take; level and state are judged after merging."""
        texts = {"good": self.good, "pack": self.pack}
        return {"region": int(self.region or 0), "prefecture": int(self.prefecture or 0), **texts}


@dataclass(frozen=True, slots=True)
class Answer(Generic[Row]):
    """Rows; ``cursor`` is for the next question's ``after``, ``complete`` tells whether the warehouse took part."""

    rows: list[Row]
    cursor: int = 0
    complete: bool = True


class Answers:
    """Merges what is live with what is stored; without a live view everything comes from the warehouse.

    ``executor`` runs the warehouse's blocking calls. While the warehouse is away, live rows are
    still answered and marked incomplete; without a live view ``WarehouseUnavailable`` is raised.
    """

    def __init__(
        self,
        warehouse: Store,
        live: LiveView | None = None,
        executor: Executor | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self.live = live
        self._warehouse = warehouse
        self._executor = executor
        self.letters = Letters(warehouse, executor)

    async def indicators(self, wanted: IndicatorFilter, limit: int) -> Answer[IndicatorRow]:
        """Return the newest row of each (region, good, grain, kind), ordered by those."""
        stored = await self._stored("indicators_latest", {**wanted.parameters(), "limit": limit})
        latest = self._latest()
        newest = {_subject(row): row for row in rows.indicators(stored)} if stored is not None else {}
        for row in filter(wanted.admits, _live_indicators(latest, 0)):
            before = newest.get(_subject(row))
            if before is None or row.at > before.at:
                newest[_subject(row)] = row
            elif row.at == before.at:
                newest[_subject(row)] = _completed(row, before)
        found = [newest[subject] for subject in sorted(newest)]
        return Answer(found[:limit], latest.cursor, stored is not None)

    async def series(self, wanted: IndicatorFilter, since: int, until: int, limit: int) -> Answer[IndicatorRow]:
        """Return stored rows with since <= at <= until (epoch seconds), ordered by subject and time."""
        asked = {**wanted.parameters(), "since": since, "until": until}
        return Answer(rows.indicators(await self.ask("indicators_series", asked))[:limit])

    async def alerts(self, wanted: AlertFilter, limit: int) -> Answer[AlertRow]:
        """Return the newest transition of each episode, newest first."""
        stored = await self._stored("alerts_latest", wanted.parameters())
        newest: dict[str, AlertRow] = {}
        if stored is not None:
            newest = {row.id: row for row in rows.alerts(stored)}
            for episode, highest in rows.highest(await self.ask("alerts_highest", wanted.parameters())):
                if episode in newest:
                    newest[episode].highest = highest
        latest = self._latest()
        for row in _live_alerts(latest):
            before = newest.get(row.id)
            if before is None or row.seq >= before.seq:
                row.highest = _higher(row.highest, before.highest if before else None)
                newest[row.id] = row
        found = sorted(filter(wanted.admits, newest.values()), key=lambda row: (row.at, row.key, row.seq), reverse=True)
        shown, now = found[:limit], self._clock()
        return Answer([wire.completed(row, latest, now) for row in shown], latest.cursor, stored is not None)

    async def alert(self, episode: str) -> AlertRow | None:
        """Return the newest transition of an episode: the live one, or else the stored one."""
        latest = self._latest()
        found = next((row for row in _live_alerts(latest) if row.id == episode), None)
        if found is None:
            course = await self.transitions(AlertFilter(), 1000, episode)
            found = course.rows[-1] if course.rows else None
        return wire.completed(found, latest, self._clock()) if found is not None else None

    async def course(self, episode: str) -> tuple[list[AlertRow], bool]:
        """Return every known transition of an episode, oldest first, and whether the warehouse took part."""
        stored = await self._stored("alerts_history", {**AlertFilter().parameters(), "id": episode, "limit": 1000})
        known = {row.seq: row for row in rows.alerts(stored)} if stored is not None else {}
        known |= {row.seq: row for row in _live_transitions(self._latest(), 0) if row.id == episode}
        return [known[seq] for seq in sorted(known)], stored is not None

    async def silences(self) -> list[ActionRow]:
        """Return the silences that are neither over nor lifted, those that end first before the others."""
        found, now = self.ledger, self._clock()
        if self.live is None:
            found = Ledger()
            for action in stored_actions(await self.ask(TABLE, {"since": int(now - MEMORY_SECONDS)})):
                found.take(action)
        return [rows.from_action(each) for each in found.standing(now)]

    async def transitions(self, wanted: AlertFilter, limit: int, episode: str = ANY) -> Answer[AlertRow]:
        """Return every stored transition, oldest first; ``level`` and ``state`` are those of the transition."""
        asked = {**wanted.parameters(), "id": episode, "limit": limit}
        found = rows.alerts(await self.ask("alerts_history", asked))
        return Answer([row for row in found if wanted.admits(row)])

    async def counts(self) -> dict[str, int]:
        """Return the number of stored rows of each table."""
        table = await self.ask("counts", {})
        return dict(zip(table.column("name").to_pylist(), table.column("rows").to_pylist(), strict=True))

    async def new_indicators(self, wanted: IndicatorFilter, after: int, seconds: float) -> Answer[IndicatorRow]:
        """Wait until something wanted changed after the cursor, and return what is live and changed since."""

        def since(latest: Latest, cursor: int) -> list[IndicatorRow]:
            return [row for row in _live_indicators(latest, cursor) if wanted.admits(row)]

        return await self._news(since, after, seconds)

    async def new_alerts(self, wanted: AlertFilter, after: int, seconds: float) -> Answer[AlertRow]:
        """Wait until something wanted changed after the cursor, and return every transition since, oldest first."""

        def since(latest: Latest, cursor: int) -> list[AlertRow]:
            news = (row for row in _live_transitions(latest, cursor) if wanted.admits(row))
            return [wire.completed(row, latest, self._clock()) for row in news]

        return await self._news(since, after, seconds)

    async def look(self) -> bool:
        """Return whether the warehouse answers."""
        try:
            await self.ask("server_version", {})
        except WarehouseUnavailable:
            return False
        return True

    @property
    def ledger(self) -> Ledger:
        """Return what people have done about alerts."""
        return self._latest().ledger

    def _latest(self) -> Latest:
        return self.live.latest if self.live else Latest()

    async def _news(self, since: Callable[[Latest, int], list[Row]], after: int, seconds: float) -> Answer[Row]:
        if self.live is None:
            return Answer([])
        latest = self.live.latest
        after = 0 if after > latest.cursor else after  # a cursor of an earlier process
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            cursor, found = latest.cursor, since(latest, after)
            left = deadline - asyncio.get_running_loop().time()
            if found or left <= 0 or self.live.closed:
                return Answer(found, cursor)
            await self.live.wait(cursor, left)
            await asyncio.sleep(min(left, BREATH_SECONDS))

    async def _stored(self, name: str, parameters: Parameters) -> pa.Table | None:
        try:
            return await self.ask(name, parameters)
        except WarehouseUnavailable:
            if self.live is None:
                raise
            return None

    async def ask(self, name: str, parameters: Parameters) -> pa.Table:
        """Run a named query outside the event loop. Raises ``WarehouseUnavailable``."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._warehouse.query, name, parameters)


def rank(level: str) -> int:
    """Return a level's place from the lowest upward: none 0 … red 4."""
    return [str(known) for known in LEVELS].index(level)


def _matches(pairs: Iterable[tuple[str, str]]) -> bool:
    return all(wanted in (ANY, has) for wanted, has in pairs)


def _within(prefecture: str, region: str) -> bool:
    return not prefecture or region[:4] == prefecture[:4]


def _completed(row: IndicatorRow, stored: IndicatorRow) -> IndicatorRow:
    """Return the live row with the levels that only the stored one of the same moment has."""
    row.levels = row.levels or stored.levels
    return row


def _subject(row: IndicatorRow) -> tuple[str, str, str, str]:
    return row.region, row.good, row.grain, row.kind


def _higher(one: str | None, other: str | None) -> str | None:
    return max(filter(None, (one, other)), key=rank, default=None)


def _live_indicators(latest: Latest, after: int) -> Iterator[IndicatorRow]:
    for change in [*latest.indicators.values()]:
        if change.cursor > after and isinstance(change.record, Indicator):
            yield rows.from_indicator(change.record)


def _live_transitions(latest: Latest, after: int) -> Iterator[AlertRow]:
    for change in [*latest.transitions]:
        if change.cursor > after and isinstance(change.record, Alert):
            yield rows.from_alert(change.record)


def _live_alerts(latest: Latest) -> Iterator[AlertRow]:
    for key, change in [*latest.alerts.items()]:
        if isinstance(change.record, Alert):
            row = rows.from_alert(change.record)
            row.highest = LEVELS[latest.highest[key][1]]
            yield row
