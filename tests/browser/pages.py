"""The pages alone, served by the product's own application: for tests that tell the stream themselves."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from schemas import catalogue
from serving import assets
from serving.answers import Answers
from serving.app import create_app
from serving.hub import Hub
from serving.live import LiveView
from serving.server import WebServer, bind
from serving.wall import Wall
from tests.serving.examples import FakeWarehouse

STARTED_SECONDS = 30.0


class Pages:
    """Where the pages are: ``http``."""

    def __init__(self, http: str) -> None:
        self.http = http


@contextmanager
def pages() -> Iterator[Pages]:
    """Serve pages, scripts and fonts in a thread until the end of the block. Nothing live, nothing stored."""
    listener = bind("127.0.0.1", 0)
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        live = LiveView("localhost:1")
        answers = Answers(FakeWarehouse(), live)
        shown = Wall(Hub(live, answers.look), assets.load(), catalogue.load(), "Asia/Shanghai")
        server = WebServer(create_app(answers, "t" * 16, open_reading=True, shown=shown), listener)
        stopped = asyncio.Event()
        await server.start()
        started.set_result((asyncio.get_running_loop(), stopped))
        await stopped.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="pages")
    thread.start()
    loop, stopped = started.result(STARTED_SECONDS)
    try:
        yield Pages(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        listener.close()
