"""What ends or renews a running instance: a stop, the time, a part that died, a broker that grew too large."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import structlog

from staplewatch.words import say
from streams import exits
from streams.failures import WorkerFailedError, WorkerStalledError

if TYPE_CHECKING:
    from staplewatch.broker import EmbeddedBroker
    from streams.worker import Worker

log = structlog.get_logger(__name__)

BROKER_LOOK_SECONDS: Final = 0.25
#: A worker whose broker is dead does not stop by itself; the warehouse must still be closed.
PART_STOP_SECONDS: Final = 3.8
#: Not an exit code: the embedded broker is to be replaced, then it goes on.
RENEW: Final = -1
MIB: Final = 1024 * 1024


async def stopped(stop: asyncio.Event) -> int:
    """Return 0 once a stop is asked for."""
    await stop.wait()
    return exits.STORED


async def broker_death(broker: EmbeddedBroker) -> int:
    """Say so and return the exit code once the embedded broker has died."""
    while (status := broker.ended()) is None:  # noqa: ASYNC110 - the kernel tells only the parent's own wait
        await asyncio.sleep(BROKER_LOOK_SECONDS)
    msg = say(
        f"内置代理（进程 {broker.pid}）已退出（{status}）：见 {broker.log}，再运行 staplewatch up；已入库的数据都在",
        f"the embedded broker (process {broker.pid}) has died ({status}): see {broker.log}, "
        "then start staplewatch up again; what was stored is safe",
    )
    return fatal(msg, exits.FAILED)


async def broker_growth(broker: EmbeddedBroker, mib: int) -> int:
    """Return ``RENEW`` once the embedded broker takes more memory than it may: it never forgets a record."""
    while (taken := broker.memory()) <= mib * MIB:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(BROKER_LOOK_SECONDS)
    log.warning(
        "the embedded broker takes more than it may: everything is read and stored, then an empty one goes on",
        mib=taken // MIB,
        allowed=mib,
    )
    return RENEW


async def worker_death(worker: Worker, stop: asyncio.Event) -> int:
    """Say so and return the exit code once the worker cannot go on."""
    from streams.slot import SlotTakenError  # noqa: PLC0415

    try:
        await worker.run_until(stop)
    except SlotTakenError as error:
        return fatal(str(error), exits.REFUSED)
    except WorkerFailedError as error:
        msg = say(
            f"流处理已停止（{error}）：请重新启动，已入库的数据都在", f"{error}: start again, what was stored is safe"
        )
        return fatal(msg, exits.STALLED if isinstance(error, WorkerStalledError) else exits.FAILED)
    return exits.STORED


async def first(*waits: Awaitable[int]) -> int:
    """Return what the first of them to end returned; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return max(task.result() for task in done)
    finally:
        for task in tasks:
            task.cancel()


async def bounded(stop: Callable[[], Awaitable[None]]) -> None:
    """Stop a part; one that hangs or fails must not keep the others from being stopped."""
    task = asyncio.ensure_future(stop())
    await asyncio.wait({task}, timeout=PART_STOP_SECONDS)
    if not task.done():
        log.warning("a part did not stop in time and is left behind")
    elif (error := task.exception()) is not None:
        log.warning("stopping: %r", error)


def fatal(message: str, code: int) -> int:
    """Say at once why everything ends, before parts that miss the dead one have their say; return ``code``."""
    sys.stderr.write(f"staplewatch: {message}\n")
    sys.stderr.flush()
    return code
