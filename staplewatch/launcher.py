"""Everything on one machine in one process: broker (a child), warehouse, worker, web."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from staplewatch import addresses, assembly, cluster
from staplewatch.errors import CommandError
from staplewatch.instance import Instance, Ownership
from staplewatch.settings import Settings
from staplewatch.signals import Stopping
from staplewatch.web import Site, Web
from staplewatch.words import say
from streams.quiet import calm

if TYPE_CHECKING:
    from staplewatch.broker import EmbeddedBroker
    from streams.worker import Worker
    from warehouse.protocol import Warehouse

log = structlog.get_logger(__name__)

#: From the app's start to the first partition: 0.5-3 s on tansu, up to 13 s after a kill.
READY_SECONDS: Final = 60.0
BROKER_LOOK_SECONDS: Final = 0.25
#: A worker whose broker is dead does not stop by itself; the warehouse must still be closed.
PART_STOP_SECONDS: Final = 3.8
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What runs, for those who ask about it."""

    worker: Worker | None
    broker: EmbeddedBroker | None
    warehouse: Warehouse

    def status(self) -> dict[str, Any]:
        """Return details for /api/health."""
        told: dict[str, Any] = {"warehouse": self.warehouse.address, "durable": self.broker is None, "reasons": []}
        if self.worker is not None:
            told["reasons"] = self.worker.health.ready()
            told["totals"] = totals(self.worker)
        return told


class Launcher:
    """``staplewatch up`` and ``serve``: starts the parts in order, and stops them in the reverse order.

    Make it in the main thread. ``ready`` is told once when events can be taken in.
    """

    def __init__(
        self,
        settings: Settings,
        stopping: Stopping,
        ready: Callable[[Instance], None],
        *,
        duration: float | None = None,
        with_worker: bool = True,
    ) -> None:
        self._settings = settings
        self._stopping = stopping
        self._ready = ready
        self._duration = duration
        self._with_worker = with_worker
        self._broker: EmbeddedBroker | None = None

    def run(self) -> int:
        """Run until stopped; return the exit code. Raises ``CommandError``."""
        import uvloop  # noqa: PLC0415

        settings = self._settings
        with ExitStack() as stack:
            ownership = Ownership(settings.data)
            stack.callback(ownership.release)
            catalogue = assembly.load_catalogue(settings.catalogue)
            rules = assembly.load_rules(settings, catalogue)
            listener = _listen(settings)
            stack.callback(listener.close)
            servers = self._start_broker(stack)
            loop = uvloop.new_event_loop()
            asyncio.set_event_loop(loop)
            # not closed: that waits for every task, and clients of a dead broker never end
            code = loop.run_until_complete(self._life(ownership, catalogue, rules, listener, servers))
        return self._stopping.settled(code)

    def _start_broker(self, stack: ExitStack) -> str:
        if self._settings.broker is not None:
            return addresses.servers(self._settings.broker)
        from staplewatch.broker import EmbeddedBroker  # noqa: PLC0415

        # the cluster id is the epoch of all rows: offsets begin at 0 again with every start
        identity = f"embedded-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self._broker = EmbeddedBroker(identity, self._settings.data / "broker.log")
        self._stopping.last_act(self._broker.stop)
        stack.callback(self._broker.stop)
        return str(self._broker.start())

    async def _life(
        self, ownership: Ownership, catalogue: Any, rules: Any, listener: socket.socket, servers: str
    ) -> int:
        async with AsyncExitStack() as stack:
            try:
                return await self._run(stack, ownership, catalogue, rules, listener, servers)
            finally:
                self._stopping.within()  # from here on parts are stopped in turn
        raise AssertionError  # the stack swallows nothing

    async def _run(
        self,
        stack: AsyncExitStack,
        ownership: Ownership,
        catalogue: Any,
        rules: Any,
        listener: socket.socket,
        servers: str,
    ) -> int:
        calm()
        stop = self._stopping.attach()
        found = await _until(stop, cluster.ensure(servers, self._settings.partitions, embedded=bool(self._broker)))
        warehouse = await _until(stop, asyncio.to_thread(assembly.open_warehouse, self._settings.warehouse_url))
        if found is None or warehouse is None:
            return 0
        stack.callback(warehouse.close)
        log.info("broker and warehouse are there", broker=servers, epoch=found.id, warehouse=warehouse.address)
        worker = self._make_worker(catalogue, rules, warehouse, servers, found.partitions)
        started = None
        if worker is not None:
            stack.push_async_callback(_bounded, worker.stop)
            started = asyncio.create_task(_started(worker))  # joining a group takes seconds: the web starts meanwhile
        token = self._token()
        web = Web(self._site(servers, warehouse, listener, token, worker, catalogue))
        stack.push_async_callback(web.stop)
        await web.start()
        if started is not None and await _until(stop, started) is None:
            return 0
        log.info("ready to take events")
        instance = self._instance(listener, servers, token, worker)
        ownership.publish(instance)
        self._ready(instance)
        return await self._watch(stop, worker)

    def _make_worker(
        self, catalogue: Any, rules: Any, warehouse: Warehouse, servers: str, partitions: int
    ) -> Worker | None:
        if not self._with_worker:
            return None
        return assembly.make_worker(
            self._settings,
            catalogue,
            rules,
            warehouse,
            servers=servers,
            partitions=partitions,
            embedded=self._broker is not None,
        )

    def _site(
        self,
        servers: str,
        warehouse: Warehouse,
        listener: socket.socket,
        token: str,
        worker: Worker | None,
        catalogue: Any,
    ) -> Site:
        return Site(
            servers,
            warehouse,
            listener,
            token,
            open_reading=self._settings.host in LOOPBACK,
            status=Parts(worker, self._broker, warehouse).status,
            catalogue=catalogue,
            timezone=self._settings.timezone,
            exercise=self._settings.exercise,
        )

    async def _watch(self, stop: asyncio.Event, worker: Worker | None) -> int:
        """Return the exit code once a stop is asked for, the time is over or a part has died."""
        waits: list[Coroutine[Any, Any, int]] = [_when(stop)]
        if self._duration is not None:
            waits.append(asyncio.sleep(self._duration, 0))
        if self._broker is not None:
            waits.append(_broker_death(self._broker))
        if worker is not None:
            waits.append(_worker_death(worker, stop))
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return max(task.result() for task in done)
        finally:
            for task in tasks:
                task.cancel()

    def _token(self) -> str:
        given = self._settings.token
        return given.get_secret_value() if given else secrets.token_urlsafe(32)

    def _instance(self, listener: socket.socket, servers: str, token: str, worker: Worker | None) -> Instance:
        catalogue = self._settings.catalogue
        return Instance(
            pid=os.getpid(),
            http=f"http://{addresses.Endpoint(self._settings.host, listener.getsockname()[1])}",
            broker=servers,
            token=token,
            metrics="http://{}:{}".format(*worker.metrics_address) if worker else "",
            catalogue=str(catalogue.resolve()) if catalogue else "",
            timezone=self._settings.timezone,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            version=metadata.version("staplewatch"),
        )


def totals(worker: Worker) -> dict[str, float]:
    """Return what the worker has counted since its start, summed over labels."""
    told: dict[str, float] = {}
    for metric in worker.metrics.registry.collect():
        if metric.type in {"counter", "gauge"}:
            told[metric.name.removeprefix("staplewatch_")] = sum(
                sample.value for sample in metric.samples if not sample.name.endswith("_created")
            )
    return told


def announce(instance: Instance) -> None:
    """Write the one line that says that events can be taken in."""
    sys.stdout.write(f"ready: http={instance.http} broker={instance.broker}\n")
    sys.stdout.flush()


def _listen(settings: Settings) -> socket.socket:
    from serving.server import bind  # noqa: PLC0415

    try:
        return bind(settings.host, settings.port)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        reason = error.strerror or error
        msg = say(
            f"无法监听 {where}（{reason}）：换一个 --port，0 表示任意空闲端口",
            f"cannot listen on {where} ({reason}): choose another --port, 0 takes a free one",
        )
        raise CommandError(msg) from error


async def _until(stop: asyncio.Event, awaitable: Awaitable[T]) -> T | None:
    """Return the result, or None when a stop was asked for before it came."""
    task = asyncio.ensure_future(awaitable)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return None


async def _started(worker: Worker) -> bool:
    """Start the worker and return when it can take events; raises ``CommandError``."""
    from streams.cluster import BrokerUnreachableError, TopicsError  # noqa: PLC0415
    from streams.slot import SlotTakenError  # noqa: PLC0415
    from streams.worker import WorkerFailedError  # noqa: PLC0415

    try:
        await worker.start()
        await worker.wait_ready(READY_SECONDS)
    except (BrokerUnreachableError, TopicsError, SlotTakenError) as error:
        raise CommandError(str(error)) from error
    except WorkerFailedError as error:
        raise CommandError(str(error), code=1) from error
    except TimeoutError as error:
        raise CommandError(say(f"未能就绪：{error}", f"the worker is {error}"), code=1) from error
    return True


async def _bounded(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop a part; one that hangs or fails must not keep the others from being stopped."""
    task = asyncio.ensure_future(stop())
    await asyncio.wait({task}, timeout=PART_STOP_SECONDS)
    if not task.done():
        log.warning("a part did not stop in time and is left behind")
    elif (error := task.exception()) is not None:
        log.warning("stopping: %r", error)


async def _when(stop: asyncio.Event) -> int:
    await stop.wait()
    return 0


async def _broker_death(broker: EmbeddedBroker) -> int:
    while (status := broker.ended()) is None:  # noqa: ASYNC110 - the kernel tells only the parent's own wait
        await asyncio.sleep(BROKER_LOOK_SECONDS)
    msg = say(
        f"内置代理（进程 {broker.pid}）已退出（{status}）：见 {broker.log}，再运行 staplewatch up；已入库的数据都在",
        f"the embedded broker (process {broker.pid}) has died ({status}): see {broker.log}, "
        "then start staplewatch up again; what was stored is safe",
    )
    return _fatal(msg)


async def _worker_death(worker: Worker, stop: asyncio.Event) -> int:
    from streams.worker import WorkerFailedError  # noqa: PLC0415

    try:
        await worker.run_until(stop)
    except WorkerFailedError as error:
        return _fatal(
            say(
                f"流处理已停止（{error}）：请重新启动，已入库的数据都在",
                f"{error}: start again, what was stored is safe",
            )
        )
    return 0


def _fatal(message: str) -> int:
    """Say at once why everything ends, before parts that miss the dead one have their say."""
    sys.stderr.write(f"staplewatch: {message}\n")
    sys.stderr.flush()
    return 1
