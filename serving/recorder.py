"""Keeps actions in the warehouse, and tells the live view of those that the broker no longer has.

Every serving process writes what it sees on the topic and does not know as stored; the same action written by two
of them is one row (by event id). An embedded broker forgets everything at its end: then the table is all there is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
import pyarrow as pa

from schemas.events import Action, Matcher
from serving.live import LiveView
from warehouse.errors import WarehouseError, WarehouseUnavailable

logger = logging.getLogger(__name__)

#: Episodes and silences older than this are history: the API answers from the table.
MEMORY_SECONDS: Final = 45 * 86_400
#: Actions wait this long to be written together; they are shown at once.
SETTLE_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 2.0
TABLE: Final = "alert_actions"

Ask = Callable[[str, dict[str, object]], Awaitable[pa.Table]]


class Sink(Protocol):
    """The part of a warehouse that takes rows."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append rows."""


class Recorder:
    """Loads once, then writes what is new until ``stop``. A warehouse that is away is waited for."""

    def __init__(
        self,
        live: LiveView,
        ask: Ask,
        sink: Sink,
        executor: Executor | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._live = live
        self._ask = ask
        self._sink = sink
        self._executor = executor
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._said = False

    async def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.create_task(self._run(), name="recorder of actions")

    async def stop(self) -> None:
        """Write what is left, if the warehouse takes it now, and end."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self.write()
        except (WarehouseUnavailable, WarehouseError) as error:
            logger.warning("actions that were not stored are read from the broker at the next start: %s", error)

    async def load(self) -> None:
        """Tell the live view what is stored. Raises ``WarehouseUnavailable``."""
        since = int(self._clock() - MEMORY_SECONDS)
        self._live.recall(from_table(await self._ask(TABLE, {"since": since})))

    async def write(self) -> None:
        """Store what is not stored yet. Raises ``WarehouseUnavailable``; then nothing is forgotten."""
        unstored = self._live.latest.unstored
        actions = list(unstored.values())
        if not actions:
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, self._sink.insert, TABLE, columns(actions))
        for action in actions:
            unstored.pop(action.event_id, None)

    async def _run(self) -> None:
        await self._insist(self.load)
        while True:
            await self._insist(self.write)
            await asyncio.sleep(SETTLE_SECONDS)

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except (WarehouseUnavailable, WarehouseError) as error:
                if not self._said:
                    logger.warning("actions on alerts wait for the warehouse: %s", error)
                self._said = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if self._said:
                    logger.warning("actions on alerts are stored again")
                self._said = False
                return


def columns(actions: Sequence[Action]) -> dict[str, list[Any]]:
    """Return actions as columns of table ``alert_actions``."""
    return {
        "event_id": [each.event_id for each in actions],
        "sender": [each.sender for each in actions],
        "kind": [each.kind for each in actions],
        "author": [each.by for each in actions],
        "at": [datetime.fromisoformat(each.time) for each in actions],
        "note": [each.note for each in actions],
        "alert": [each.alert for each in actions],
        "key": [each.key for each in actions],
        "seq": [each.seq for each in actions],
        "level": [each.level for each in actions],
        "silence": [each.silence for each in actions],
        "matcher": [msgspec.json.encode(each.matcher).decode() if each.matcher else "" for each in actions],
        "until": [datetime.fromisoformat(each.until) if each.until else 0 for each in actions],
    }


def from_table(table: pa.Table) -> list[Action]:
    """Return the actions of query ``alert_actions``."""
    return [_action(row) for row in table.to_pylist()]


def _action(row: Mapping[str, Any]) -> Action:
    until = row["until"] if isinstance(row["until"], datetime) else datetime.fromtimestamp(row["until"], UTC)
    return Action(
        event_id=row["event_id"],
        sender=row["sender"],
        kind=row["kind"],
        by=row["author"],
        time=_text(row["at"]),
        note=row["note"],
        alert=row["alert"],
        key=row["key"],
        seq=row["seq"],
        level=row["level"] or "none",
        silence=row["silence"],
        matcher=msgspec.json.decode(row["matcher"], type=Matcher) if row["matcher"] else None,
        until=_text(until) if until.timestamp() else None,
    )


def _text(time: datetime) -> str:
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")
