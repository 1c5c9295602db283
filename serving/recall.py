"""Tells the live view of actions that the broker no longer has: an embedded one forgets everything at its end.

The stream keeps actions in table ``alert_actions``; here they are only read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import pyarrow as pa

from serving.live import LiveView
from streams.actions import MEMORY_SECONDS, TABLE, stored_actions
from warehouse.errors import WarehouseError, WarehouseUnavailable

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0

Ask = Callable[[str, dict[str, object]], Awaitable[pa.Table]]


class Recall:
    """Loads once. A warehouse that is away is waited for."""

    def __init__(
        self,
        live: LiveView,
        ask: Ask,
        *,
        clock: Callable[[], float] = time.time,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._live = live
        self._ask = ask
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.create_task(self._insist(), name="recall of actions")

    async def stop(self) -> None:
        """End, whether or not it was done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def load(self) -> None:
        """Tell the live view what is stored. Raises ``WarehouseUnavailable``."""
        since = int(self._clock() - MEMORY_SECONDS)
        self._live.recall(stored_actions(await self._ask(TABLE, {"since": since})))

    async def _insist(self) -> None:
        said = False
        while True:
            try:
                await self.load()
            except (WarehouseUnavailable, WarehouseError) as error:
                if not said:
                    logger.warning("earlier actions on alerts wait for the warehouse: %s", error)
                said = True
                await asyncio.sleep(self._retry_seconds)
            else:
                return
