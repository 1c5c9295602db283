"""What a worker asks of the warehouse before it can do its work; it blocks, so it runs in threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

from streams import rebuild
from streams.metrics import Metrics
from streams.options import WorkerOptions
from streams.ports import EngineFactory
from streams.positions import Place
from warehouse.errors import WarehouseError, WarehouseUnavailable, state_of
from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

T = TypeVar("T")


class Rebuilding:
    """Registers the broker and rebuilds partitions of one worker; ``tell`` hears why it is not ready."""

    def __init__(
        self, options: WorkerOptions, warehouse: Warehouse, executor: Executor, new_engine: EngineFactory,
        prefectures: tuple[int, ...], metrics: Metrics, wall: Callable[[], float], tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._options, self._warehouse, self._executor = options, warehouse, executor
        self._new_engine, self._prefectures = new_engine, prefectures
        self._metrics, self._wall, self._tell = metrics, wall, tell
        self._epoch: rebuild.Epoch | None = None

    async def register(self, epoch: str) -> None:
        """Let the broker have its ``epoch``, waiting for the warehouse for as long as it takes."""
        said = ""
        while True:
            try:
                self._epoch = await self._blocking(rebuild.register, self._warehouse, epoch)
            except (WarehouseUnavailable, WarehouseError) as error:
                state = state_of(error)
                if said != state:
                    log.warning("waiting for the warehouse (%s): %s", state, error)
                said = state
                self._tell(f"the warehouse is {state}: {error}")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    @property
    def epoch(self) -> rebuild.Epoch:
        """Return the broker's epoch; raises ``RuntimeError`` before ``register``."""
        if self._epoch is None:
            msg = "the broker is not registered yet"
            raise RuntimeError(msg)
        return self._epoch

    async def rebuilt(self, partition: int) -> rebuild.Rebuilt:
        """Return the engine of a partition as of what is persisted. Raises what the warehouse raises."""
        rebuilder = rebuild.Rebuilder(
            self._warehouse,
            self._new_engine,
            self.epoch,
            partitions=self._options.partitions,
            prefectures=self._prefectures,
            history_days=self._options.history_days,
            wall=self._wall,
        )
        with self._metrics.rebuild.time():
            return await self._blocking(rebuilder.rebuild, partition)

    async def progress(self) -> Mapping[Place, int]:
        """Return the next offset of every place that the warehouse holds rows of."""
        return await self._blocking(rebuild.progress, self._warehouse, self.epoch.id)

    async def _blocking(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(function, *arguments))
