"""One worker in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from staplewatch import addresses, assembly
from staplewatch.errors import CommandError
from staplewatch.reloading import Reloading, remind
from staplewatch.settings import Settings
from staplewatch.signals import Stopping
from staplewatch.waiting import Patience
from staplewatch.words import say
from streams import exits
from streams import worker as streaming
from streams.cluster import TopicsError
from streams.failures import WorkerFailedError, WorkerStalledError
from streams.health import Probes
from streams.quiet import calm, hush
from streams.slot import SlotTakenError

T = TypeVar("T")


def run(
    settings: Settings,
    stopping: Stopping,
    duration: float | None = None,
    reread: Callable[[], Settings] | None = None,
) -> int:
    """Run until stopped; return the exit code (``streams.exits``). Raises ``CommandError``.

    ``reread`` returns the settings as they are when SIGHUP comes.
    """
    import uvloop  # noqa: PLC0415

    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        # not closed: that waits for every task, and clients of a dead broker never end
        return stopping.settled(loop.run_until_complete(_run(settings, stopping, duration, reread)))
    except CommandError as error:
        stopping.settled(error.code)
        raise


async def _run(
    settings: Settings, stopping: Stopping, duration: float | None, reread: Callable[[], Settings] | None
) -> int:
    stop = stopping.attach()
    calm()
    hush.attend()
    if duration is not None:
        asyncio.get_running_loop().call_later(duration, stop.set)
    probes = assembly.open_probes(settings)
    probes.start()
    try:
        return await _serve(settings, probes, stop, reread or (lambda: settings))
    finally:
        probes.stop()


async def _serve(settings: Settings, probes: Probes, stop: asyncio.Event, reread: Callable[[], Settings]) -> int:
    catalogue = assembly.load_catalogue(settings.catalogue)
    rules = assembly.load_rules(settings, catalogue)
    running: list[streaming.Worker] = []
    Reloading(reread, catalogue, lambda: running[0] if running else None).attach()
    assembly.reads_in_rust(settings)  # refused before anything is waited for
    servers = addresses.servers(settings.broker or "")
    patience = Patience(lambda part, reason: probes.health.report((reason,)), wait=settings.wait_for_parts is not False)
    found = await until(stop, patience.broker(servers, settings.partitions))
    warehouse = await until(stop, patience.warehouse(settings.warehouse_url)) if found else None
    if found is None or warehouse is None:
        return exits.STORED
    await asyncio.to_thread(partial(remind, warehouse, rules, catalogue, quarantine=assembly.quarantined(settings)))
    built = assembly.make_worker(
        settings,
        catalogue,
        rules,
        warehouse,
        servers=servers,
        partitions=found.partitions,
        embedded=False,
        probes=probes,
        stop_seconds=assembly.SOLO_STOP_SECONDS,
    )
    running.append(built)
    try:
        return exits.STORED if await streaming.run(built, stop) else exits.UNSTORED
    except (SlotTakenError, TopicsError) as error:
        raise CommandError(str(error)) from error
    except WorkerStalledError as error:
        raise CommandError(str(error), code=exits.STALLED) from error
    except WorkerFailedError as error:
        msg = say(f"流处理已停止：{error}", str(error))
        raise CommandError(msg, code=exits.FAILED) from error
    finally:
        with contextlib.suppress(Exception):
            warehouse.close()


async def until(stop: asyncio.Event, awaitable: Awaitable[T]) -> T | None:
    """Return the result, or None when a stop was asked for before it came."""
    task = asyncio.ensure_future(awaitable)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait({task}, timeout=1.0)
    return None
