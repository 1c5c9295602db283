"""Broker and warehouse before anything runs: waited for while they cannot be reached, refused when they are wrong.

"Cannot be reached" is a port that refuses, a server that is silent, busy, read-only or full: time mends it.
A host that does not exist, a password that is not accepted, a topic with another number of partitions does not
mend itself: one line and exit code 2.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import warehouse as stores
from staplewatch import addresses, assembly, cluster
from staplewatch.errors import CommandError
from staplewatch.words import say
from streams.quiet import hush
from warehouse.errors import WarehouseMistaken

if TYPE_CHECKING:
    from warehouse.protocol import Warehouse

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
#: A part that accepts the connection and says nothing for so long is told of as missing.
SILENT_SECONDS: Final = 5.0
#: What a resolver says of a name that does not exist, not of a resolver that is away.
NO_SUCH_HOST: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))

T = TypeVar("T")


class Missing(Exception):
    """A part cannot be reached yet; the text is one line for people."""


class Patience:
    """How to treat a part that is not there: with ``wait`` off it is refused, else asked for again and again.

    ``tell`` gets the part (broker, warehouse) and the reason at every try, the log one line when a part is
    missed and one when it is there.
    """

    def __init__(self, tell: Callable[[str, str], None], *, wait: bool, retry_seconds: float = RETRY_SECONDS) -> None:
        self._tell = tell
        self.wait = wait
        self._retry_seconds = retry_seconds
        self._missed: set[str] = set()
        #: Set once a part was missed.
        self.missing = asyncio.Event()

    async def broker(self, url: str, partitions: int | None, *, embedded: bool = False) -> cluster.Ready:
        """Return the broker once it has all topics; raises ``CommandError``."""
        check_hosts([*addresses.broker(url)], "--broker")

        async def ask() -> cluster.Ready:
            try:
                return await cluster.ensure(url, partitions, embedded=embedded)
            except cluster.Unreachable as error:
                hush.lost()
                raise Missing(str(error)) from error

        hush.attend()
        try:
            return await self._until("broker", ask, f"the broker at {addresses.servers(url)}")
        finally:
            hush.found()

    async def warehouse(self, url: str, *, reading: bool = False) -> Warehouse:
        """Return the warehouse once it has all tables; raises ``CommandError``.

        With ``reading`` one that takes no writes will do.
        """
        where = addresses.warehouse(url)
        if isinstance(where, Path):  # another process that holds the directory is not waited for
            return await asyncio.to_thread(assembly.open_warehouse, url)
        check_hosts([where], "--warehouse")

        async def ask() -> Warehouse:
            try:
                return await asyncio.to_thread(assembly.connect, url, reading=reading)
            except WarehouseMistaken as error:
                raise CommandError(assembly.unusable(error)) from error
            except stores.WarehouseUnavailable as error:
                raise Missing(assembly.unusable(error)) from error

        return await self._until("warehouse", ask, f"the warehouse at {where}")

    async def _until(self, part: str, ask: Callable[[], Awaitable[T]], what: str) -> T:
        while True:
            try:
                found = await self._heard(part, ask, what)
            except Missing as error:
                if not self.wait:
                    raise CommandError(str(error)) from error
                self._miss(part, what, str(error))
                await asyncio.sleep(self._retry_seconds)
            else:
                if what in self._missed:
                    log.warning("%s is there", what)
                return found

    async def _heard(self, part: str, ask: Callable[[], Awaitable[T]], what: str) -> T:
        """Ask; a part that is silent for a while is missed already before its connection gives up."""
        asking = asyncio.ensure_future(ask())
        try:
            await asyncio.wait({asking}, timeout=SILENT_SECONDS)
            if not asking.done() and self.wait:
                self._miss(part, what, say(f"{what} 无应答", f"{what} does not answer"))
            return await asking
        finally:
            asking.cancel()

    def _miss(self, part: str, what: str, reason: str) -> None:
        if what not in self._missed:
            log.warning("%s; waiting for it", reason)
            self._missed.add(what)
        self.missing.set()
        self._tell(part, reason)


def check_hosts(endpoints: list[addresses.Endpoint], option: str) -> None:
    """Raise ``CommandError`` when none of the hosts exists."""
    unknown = [endpoint.host for endpoint in endpoints if _unknown(endpoint)]
    if len(unknown) == len(endpoints):
        listed = ", ".join(unknown)
        raise CommandError(say(f"{option}：没有主机 {listed}", f"{option}: there is no host {listed}"))


def _unknown(endpoint: addresses.Endpoint) -> bool:
    try:
        socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return error.errno in NO_SUCH_HOST
    return False
