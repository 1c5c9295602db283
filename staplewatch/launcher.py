"""Everything on one machine in one process: broker (a child), warehouse, worker, web."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

import warehouse as stores
from serving.guard import Guard
from staplewatch import addresses, assembly, operating, watching
from staplewatch.audit import opening as audits
from staplewatch.errors import CommandError
from staplewatch.instance import Instance, Ownership
from staplewatch.launching import Ground, absolute, all_or_missing, announce_login, listen, load_map, start
from staplewatch.parts import Parts
from staplewatch.reloading import Reloading, remind
from staplewatch.settings import Settings
from staplewatch.signals import Stopping
from staplewatch.solo import until
from staplewatch.waiting import Patience
from staplewatch.web import Site, Web
from staplewatch.words import say
from streams import exits
from streams.health import Probes
from streams.presence import Presence
from streams.quiet import calm, hush

if TYPE_CHECKING:
    from serving.operations.operations import Operations
    from staplewatch.audit.report import Report
    from staplewatch.broker import EmbeddedBroker
    from staplewatch.cluster import Ready
    from streams.worker import Worker
    from warehouse.protocol import Warehouse

log = structlog.get_logger(__name__)

#: From the app's start to the first partition: 0.5-3 s on tansu, up to 13 s after a kill.
READY_SECONDS: Final = 60.0
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
#: People wait for the web's answers; a server that works on a long query sends signs of life all along.
WEB_ANSWER_SECONDS: Final = 15.0
#: A broker that is to be replaced is read to its end: that is, until nothing has come for
QUIET_SECONDS: Final = 1.0
#: and at most this long, for those who go on sending.
DRAIN_SECONDS: Final = 30.0


class Launcher:
    """``staplewatch up`` and ``serve``: starts the parts in order, and stops them in the reverse order.

    Make it in the main thread. ``ready`` is told once when events can be taken in. ``reread`` returns the settings
    as they are when SIGHUP comes.
    """

    def __init__(
        self,
        settings: Settings,
        stopping: Stopping,
        ready: Callable[[Instance], None],
        *,
        duration: float | None = None,
        with_worker: bool = True,
        reread: Callable[[], Settings] | None = None,
    ) -> None:
        self._settings = settings
        self._reread = reread or (lambda: settings)
        self._stopping = stopping
        self._ready = ready
        self._duration = duration
        self._with_worker = with_worker
        self._broker: EmbeddedBroker | None = None
        self._parts = Parts(needs_warehouse=with_worker)
        self._found: Ready | None = None
        self._store: Warehouse | None = None

    def run(self) -> int:
        """Run until stopped; return the exit code (``streams.exits``). Raises ``CommandError``."""
        try:
            return self._stopping.settled(self._run())
        except CommandError as error:
            self._stopping.settled(error.code)
            raise

    def _run(self) -> int:
        import uvloop  # noqa: PLC0415

        settings = self._settings
        with ExitStack() as stack:
            ownership = Ownership(settings.data)
            stack.callback(ownership.release)
            catalogue = assembly.load_catalogue(settings.catalogue)
            rules = assembly.load_rules(settings, catalogue)
            assembly.reads_in_rust(settings)  # refused before anything is waited for
            county_map = load_map(settings, catalogue)
            listener = listen(settings)
            stack.callback(listener.close)
            servers = self._start_broker(stack)
            probes = assembly.open_probes(settings) if self._with_worker else None
            loop = uvloop.new_event_loop()
            asyncio.set_event_loop(loop)
            # not closed: that waits for every task, and clients of a dead broker never end
            code = loop.run_until_complete(
                self._life(ownership, Ground(catalogue, rules, servers, probes, county_map), listener)
            )
        worker = self._parts.worker
        return exits.UNSTORED if code == exits.STORED and worker is not None and not worker.stored else code

    def _start_broker(self, stack: ExitStack) -> str:
        if self._settings.broker is not None:
            return addresses.servers(self._settings.broker)
        self._stopping.last_act(lambda: self._broker.stop() if self._broker else None)
        stack.callback(lambda: self._broker.stop() if self._broker else None)
        self._parts.durable = False
        return self._new_broker()

    def _new_broker(self, port: int = 0) -> str:
        from staplewatch.broker import IDENTITY, EmbeddedBroker  # noqa: PLC0415

        # the cluster id is the epoch of all rows: offsets begin at 0 again with every start
        identity = f"{IDENTITY}{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self._broker = EmbeddedBroker(identity, self._settings.data / "broker.log", port=port)
        return str(self._broker.start())

    async def _life(self, ownership: Ownership, ground: Ground, listener: socket.socket) -> int:
        async with AsyncExitStack() as stack:
            try:
                return await self._live(stack, ownership, ground, listener)
            finally:
                self._stopping.within()  # from here on parts are stopped in turn
        raise AssertionError  # the stack swallows nothing

    async def _live(self, stack: AsyncExitStack, ownership: Ownership, ground: Ground, listener: socket.socket) -> int:
        calm()
        hush.attend()
        stop = self._stopping.attach()
        if self._with_worker:
            Reloading(self._reread, ground.catalogue, lambda: self._parts.worker).attach()
        if ground.probes is not None:
            ground.probes.start()
            stack.callback(ground.probes.stop)
        wait = self._settings.wait_for_parts
        patience = Patience(self._missing(ground.probes), wait=not self._with_worker if wait is None else wait)
        broker = asyncio.create_task(self._found_broker(patience, ground.servers))
        stack.callback(broker.cancel)
        if not patience.wait and await until(stop, broker) is None:
            return exits.STORED
        store = asyncio.create_task(self._found_warehouse(patience, stack))
        stack.callback(store.cancel)
        if not await all_or_missing(stop, patience, broker, store):
            return exits.STORED
        token = self._token()
        operations = await asyncio.to_thread(operating.open_operations, self._settings)
        stack.callback(operations.store.close)
        web = Web(await self._site(ground, store, listener, token, operations, stack))
        stack.push_async_callback(self._stop_parts, web)
        await web.start()
        found = await until(stop, broker)
        if found is None or not await self._start_work(stop, store, ground, found, stack):
            return exits.STORED
        log.info("ready to take events")
        instance = self._instance(listener, ground, token)
        ownership.publish(instance)
        self._ready(instance)
        if self._on_loopback and self._with_worker:
            announce_login(instance, operations.links.make())
        return await self._watch(stop, ground, found, store)

    async def _found_broker(self, patience: Patience, servers: str) -> Ready:
        found = await patience.broker(servers, self._settings.partitions, embedded=self._broker is not None)
        self._parts.missing.pop("broker", None)
        self._found = found
        return found

    async def _found_warehouse(self, patience: Patience, stack: AsyncExitStack) -> Warehouse:
        found = await patience.warehouse(self._settings.warehouse_url, reading=not self._with_worker)
        stack.callback(found.close)
        self._parts.missing.pop("warehouse", None)
        self._store = found
        return found

    def _missing(self, probes: Probes | None) -> Callable[[str, str], None]:
        def tell(part: str, reason: str) -> None:
            self._parts.missing[part] = reason
            if probes is not None:
                probes.health.report(tuple(self._parts.missing.values()))

        return tell

    async def _start_work(
        self, stop: asyncio.Event, store: asyncio.Task[Warehouse], ground: Ground, found: Ready, stack: AsyncExitStack
    ) -> bool:
        """Start the worker, or what looks after the broker in its stead; return whether no stop came before."""
        if not self._with_worker:
            presence = Presence(ground.servers.split(","))
            presence.start()
            stack.push_async_callback(presence.stop)
            return True
        warehouse = await until(stop, store)
        if warehouse is None:
            return False
        log.info("broker and warehouse are there", broker=ground.servers, epoch=found.id, warehouse=warehouse.address)
        return await self._start_worker(stop, warehouse, ground, found)

    async def _start_worker(self, stop: asyncio.Event, warehouse: Warehouse, ground: Ground, found: Ready) -> bool:
        held_back = assembly.quarantined(self._settings)
        await asyncio.to_thread(partial(remind, warehouse, ground.rules, ground.catalogue, quarantine=held_back))
        worker = self._parts.worker = assembly.make_worker(
            self._settings,
            ground.catalogue,
            ground.rules,
            warehouse,
            servers=ground.servers,
            partitions=found.partitions,
            embedded=self._broker is not None,
            probes=ground.probes,
        )
        patient = self._settings.wait_for_parts is True
        started = asyncio.create_task(start(worker, None if patient else READY_SECONDS))
        return await until(stop, started) is not None

    async def _site(
        self,
        ground: Ground,
        store: asyncio.Task[Warehouse],
        listener: socket.socket,
        token: str,
        operations: Operations,
        stack: AsyncExitStack,
    ) -> Site:
        """Return the web's parts. A server is asked over connections of its own, so that it may be away."""
        settings = self._settings
        url = settings.warehouse_url
        self._parts.warehouse = addresses.hidden(url)
        if isinstance(addresses.warehouse(url), Path):
            source: Any = await store
        else:
            own = stores.connect(url, answer_seconds=WEB_ANSWER_SECONDS)
            stack.callback(own.close)
            source = Guard(own, say=self._say_stored)
            source.start()
            stack.callback(source.stop)
            self._parts.guard = source
        return Site(
            ground.servers,
            source,
            listener,
            token,
            open_reading=self._on_loopback and settings.open_wall is not False,
            open_wall=settings.open_wall is True,
            operations=operations,
            status=self._parts.status,
            audit=partial(self._audit, ground),
            catalogue=ground.catalogue,
            timezone=settings.timezone,
            exercise=settings.exercise,
            map=ground.county_map,
        )

    @property
    def _on_loopback(self) -> bool:
        return self._settings.host in LOOPBACK

    def _audit(self, ground: Ground, wait: float) -> Report:
        """Return the report of an audit; ``ConnectionError`` until broker and warehouse were there once."""
        found, store = self._found, self._store
        if found is None or store is None:
            raise ConnectionError("; ".join(self._parts.missing.values()) or say("正在启动", "still starting"))
        setup = audits.Setup(self._settings, ground.catalogue, ground.rules, ground.servers, found.id, found.partitions)
        return audits.within(setup, store, wait)

    def _say_stored(self, text: str) -> None:
        """Log what the guard has to say, unless another part of this process has its own line on the matter."""
        if not self._with_worker and "warehouse" not in self._parts.missing:
            log.warning(text)

    async def _watch(self, stop: asyncio.Event, ground: Ground, found: Ready, store: asyncio.Task[Warehouse]) -> int:
        """Return the exit code once a stop is asked for, the time is over or a part has died."""
        loop = asyncio.get_running_loop()
        end = None if self._duration is None else loop.time() + self._duration
        while True:
            waits = [watching.stopped(stop)]
            if end is not None:
                waits.append(asyncio.sleep(max(0.0, end - loop.time()), 0))
            if self._broker is not None:
                waits.append(watching.broker_death(self._broker))
                waits.append(watching.broker_growth(self._broker, self._settings.broker_memory))
            if self._parts.worker is not None:
                waits.append(watching.worker_death(self._parts.worker, stop))
            code = await watching.first(*waits)
            if code != watching.RENEW or self._parts.worker is None or self._broker is None:
                return code
            if not await self._renew(stop, self._broker, self._parts.worker, ground, await store):
                return exits.STORED

    async def _renew(
        self, stop: asyncio.Event, broker: EmbeddedBroker, worker: Worker, ground: Ground, warehouse: Warehouse
    ) -> bool:
        """Read and store what the broker holds, then go on with an empty one on the same port: a new epoch."""
        await until(stop, worker.caught_up(QUIET_SECONDS, DRAIN_SECONDS))
        await watching.bounded(worker.stop)
        if not worker.stored:
            return False  # rather end than forget what waits for the warehouse
        port = broker.endpoint.port
        broker.stop()
        self._new_broker(port)
        found = await Patience(self._missing(ground.probes), wait=False).broker(
            ground.servers, self._settings.partitions, embedded=True
        )
        self._found = found
        if not await self._start_worker(stop, warehouse, ground, found):
            return False
        log.warning("an empty embedded broker goes on: a new epoch, nothing that was stored is lost", epoch=found.id)
        return True

    async def _stop_parts(self, web: Web) -> None:
        worker = self._parts.worker
        stops = [web.stop] if worker is None else [web.stop, worker.stop]
        await asyncio.gather(*map(watching.bounded, stops))

    def _token(self) -> str:
        given = self._settings.token
        return given.get_secret_value() if given else secrets.token_urlsafe(32)

    def _instance(self, listener: socket.socket, ground: Ground, token: str) -> Instance:
        catalogue = self._settings.catalogue
        return Instance(
            pid=os.getpid(),
            http=f"http://{addresses.Endpoint(self._settings.host, listener.getsockname()[1])}",
            broker=ground.servers,
            token=token,
            metrics="http://{}:{}".format(*ground.probes.address) if ground.probes else "",
            catalogue=str(catalogue.resolve()) if catalogue else "",
            timezone=self._settings.timezone,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            version=metadata.version("staplewatch"),
            packs=absolute(self._settings.packs),
            region_packs={code: absolute(each) for code, each in self._settings.region_packs.items()},
        )
