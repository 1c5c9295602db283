"""One worker in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib

from staplewatch import addresses, assembly, cluster
from staplewatch.errors import CommandError
from staplewatch.settings import Settings
from staplewatch.signals import Stopping
from staplewatch.words import say
from streams import worker as streaming
from streams.cluster import TopicsError
from streams.slot import SlotTakenError


def run(settings: Settings, stopping: Stopping, duration: float | None = None) -> int:
    """Run until stopped; return the exit code. Raises ``CommandError``."""
    import uvloop  # noqa: PLC0415

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings, stopping, duration))


async def _run(settings: Settings, stopping: Stopping, duration: float | None) -> int:
    stop = stopping.attach()
    catalogue = assembly.load_catalogue(settings.catalogue)
    rules = assembly.load_rules(settings, catalogue)
    servers = addresses.servers(settings.broker or "")
    found = await cluster.ensure(servers, settings.partitions)
    warehouse = await asyncio.to_thread(assembly.open_warehouse, settings.warehouse_url)
    built = assembly.make_worker(
        settings, catalogue, rules, warehouse, servers=servers, partitions=found.partitions, embedded=False
    )
    if duration is not None:
        asyncio.get_running_loop().call_later(duration, stop.set)
    try:
        await streaming.run(built, stop)
    except (SlotTakenError, TopicsError) as error:
        raise CommandError(str(error)) from error
    except streaming.WorkerFailedError as error:
        msg = say(f"流处理已停止：{error}", str(error))
        raise CommandError(msg, code=1) from error
    finally:
        with contextlib.suppress(Exception):
            warehouse.close()
    return 0
