"""The warehouse of the web application: asked only while it answers, so that live values never wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import pyarrow as pa

from warehouse.errors import WarehouseUnavailable

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 2.0


class Pinged(Protocol):
    """The part of a warehouse that is needed."""

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run a named query."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append rows."""

    def ping(self) -> None:
        """Return when the warehouse answers."""


class Guard:
    """Passes queries and rows on while a ping every few seconds is answered, and refuses them at once while it is not.

    A paused server accepts connections and says nothing: without this every question would wait for
    the connection's time-out. ``say`` gets one text per change of state.
    """

    def __init__(
        self, warehouse: Pinged, *, every: float = EVERY_SECONDS, say: Callable[[str], None] = logger.warning
    ) -> None:
        self._warehouse = warehouse
        self._every = every
        self._say = say
        self._stopped = threading.Event()
        self._pinging = threading.Event()
        self._reason = ""
        self._threads = [
            threading.Thread(target=each, name="warehouse guard", daemon=True) for each in (self._ping, self._watch)
        ]

    @property
    def reason(self) -> str:
        """Return why the warehouse is not asked at present; empty while it is."""
        return self._reason

    def start(self) -> None:
        """Begin to ping."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ping no more."""
        self._stopped.set()

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run a named query; raises ``WarehouseUnavailable`` at once while the warehouse does not answer."""
        if self._reason:
            raise WarehouseUnavailable(self._reason)
        return self._warehouse.query(name, parameters)

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append rows; raises ``WarehouseUnavailable`` at once while the warehouse does not answer."""
        if self._reason:
            raise WarehouseUnavailable(self._reason)
        self._warehouse.insert(table, columns)

    def _ping(self) -> None:
        while not self._stopped.is_set():
            try:
                self._warehouse.ping()
            except Exception as error:  # whatever it is: without this thread nothing would be asked ever again
                self._change(str(error) or repr(error))
            else:
                self._change("")
            self._pinging.set()
            self._stopped.wait(self._every)

    def _watch(self) -> None:
        """Notice a ping that is not answered."""
        while not self._stopped.is_set():
            if not self._pinging.wait(3 * self._every):
                self._change("the warehouse does not answer / 仓库无应答")
            self._pinging.clear()

    def _change(self, reason: str) -> None:
        before, self._reason = self._reason, reason
        if reason and not before:
            self._say(f"stored values cannot be read, live ones go on: {reason}")
        elif before and not reason:
            self._say("stored values can be read again")
