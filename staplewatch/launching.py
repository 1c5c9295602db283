"""What starting everything on one machine is made of: the ground it stands on, its port, its words."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from staplewatch import assembly
from staplewatch.errors import CommandError
from staplewatch.instance import Instance
from staplewatch.settings import Settings
from staplewatch.waiting import Patience
from staplewatch.words import say
from streams import exits
from streams.failures import WorkerFailedError
from streams.health import Probes

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue
    from serving.county_map import CountyMap
    from streams.worker import Worker

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What parts are made of: settings that were read and checked, and where the broker is."""

    catalogue: Any
    rules: Any
    servers: str
    probes: Probes | None
    county_map: CountyMap | None


def absolute(references: Iterable[str]) -> tuple[str, ...]:
    """Return packs as they are found from any directory: ``my.toml:wholesale`` with its whole path."""
    return tuple(str(Path(each).resolve()) if ".toml" in each else each for each in references)


def load_map(settings: Settings, catalogue: Catalogue) -> CountyMap | None:
    """Return the wall's map, and log which counties it lacks; raises ``CommandError``."""
    found = assembly.load_map(settings.map, catalogue)
    if found is not None and (lacking := assembly.counties_missing(found, catalogue)):
        log.warning(lacking, map=str(settings.map))
    return found


def announce(instance: Instance) -> None:
    """Write the one line that says that events can be taken in."""
    sys.stdout.write(f"ready: http={instance.http} broker={instance.broker}\n")
    sys.stdout.flush()


def announce_login(instance: Instance, secret: str) -> None:
    """Write the link by which this machine's user logs in, once; what follows ``#`` is in nobody's log."""
    link = f"{instance.http}/login#link={secret}"
    sys.stdout.write(say(f"登录（15 分钟内，仅一次）：{link}\n", f"login (once, within 15 minutes): {link}\n"))
    sys.stdout.flush()


def listen(settings: Settings) -> socket.socket:
    """Return the web's listening socket; raises ``CommandError``."""
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


async def all_or_missing(stop: asyncio.Event, patience: Patience, *parts: asyncio.Task[Any]) -> bool:
    """Return when all parts are there or one is missed, False when a stop was asked for before; raises their errors."""
    others = [asyncio.create_task(event.wait()) for event in (patience.missing, stop)]
    pending = set(parts)
    try:
        while pending and not any(other.done() for other in others):
            done, _ = await asyncio.wait({*pending, *others}, return_when=asyncio.FIRST_COMPLETED)
            for part in done & pending:
                part.result()
            pending -= done
        return not stop.is_set()
    finally:
        for other in others:
            other.cancel()


async def start(worker: Worker, seconds: float | None) -> bool:
    """Start the worker and return when it can take events; raises ``CommandError``."""
    from streams.cluster import BrokerUnreachableError, TopicsError  # noqa: PLC0415
    from streams.slot import SlotTakenError  # noqa: PLC0415

    try:
        await worker.start()
        await worker.wait_ready(seconds)
    except (BrokerUnreachableError, TopicsError, SlotTakenError) as error:
        raise CommandError(str(error)) from error
    except WorkerFailedError as error:
        raise CommandError(str(error), code=exits.FAILED) from error
    except TimeoutError as error:
        raise CommandError(say(f"未能就绪：{error}", f"the worker is {error}"), code=exits.FAILED) from error
    return True
