"""The web application and the live view in a thread with an event loop of their own.

A chunk of history keeps the worker's loop busy for a second or more; questions are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from schemas.catalogue import Catalogue
from serving import assets
from serving.acting import Acting
from serving.actions import Desk
from serving.answers import Answers
from serving.app import create_app
from serving.auditing import Audit
from serving.county_map import CountyMap
from serving.hub import Hub
from serving.letters import Store
from serving.live import LiveView
from serving.operations.operations import Operations
from serving.recall import Recall
from serving.server import WebServer
from serving.wall import Wall

#: Questions to the warehouse at the same time.
QUERY_THREADS: Final = 2
STOP_SECONDS: Final = 1.7


@dataclass(frozen=True, slots=True)
class Site:
    """What the web application needs: the broker's ``servers``, a bound ``listener``, ``status`` and ``audit``."""

    servers: str
    warehouse: Store
    listener: socket.socket
    token: str
    open_reading: bool
    status: Callable[[], Mapping[str, Any]]
    audit: Audit
    catalogue: Catalogue
    timezone: str = "Asia/Shanghai"
    exercise: bool = False
    map: CountyMap | None = None
    open_wall: bool = False
    operations: Operations | None = None


class Web:
    """Runs a site until ``stop``."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    async def start(self) -> None:
        """Return when requests are answered."""
        self._thread.start()
        await asyncio.wrap_future(self._started)

    async def stop(self) -> None:
        """Stop answering."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    def _run(self) -> None:
        import uvloop  # noqa: PLC0415

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            if not self._started.done():
                self._started.set_exception(error)

    async def _serve(self) -> None:
        site = self._site
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        live = LiveView(site.servers)
        executor = ThreadPoolExecutor(QUERY_THREADS, thread_name_prefix="query")
        answers = Answers(site.warehouse, live, executor)
        hub = Hub(live, answers.look)
        recall = Recall(live, answers.ask)
        acting = Acting(site.servers)
        app = create_app(
            answers,
            site.token,
            open_reading=site.open_reading,
            open_wall=site.open_wall,
            operations=site.operations,
            status=site.status,
            audit=site.audit,
            version=metadata.version("staplewatch"),
            shown=Wall(hub, assets.load(), site.catalogue, site.timezone, site.exercise, map=site.map),
            desk=Desk(acting, site.catalogue),
        )
        server = WebServer(app, site.listener)
        try:
            await live.start()
            await hub.start()
            await recall.start()
            await server.start()
            self._started.set_result(None)
            await self._stop.wait()
        finally:
            await live.stop()  # first: it lets go of requests that wait for news
            await hub.stop()
            await server.stop()
            await recall.stop()
            await acting.stop()
            executor.shutdown(wait=False, cancel_futures=True)
