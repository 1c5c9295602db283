"""Is the worker alive, and is it doing its work? ``/livez``, ``/readyz`` with reasons, ``/metrics``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.exits import STALLED
from streams.positions import Place

#: With lag and no progress for this long, the worker is not ready,
STALL_SECONDS = 60.0
#: and after this long it ends, for its supervisor to start it again.
STALL_EXIT_SECONDS = 180.0
#: The event loop ticks every second; one that did not for this long is stuck.
LOOP_SECONDS = 30.0
TICK_SECONDS = 1.0
#: What one look counts at most. A process that was paused, or whose machine was, did not stall meanwhile.
LONGEST_STEP = 5.0


class Stall:
    """Notices places that have records to read and are not read."""

    def __init__(self, seconds: float = STALL_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._now = 0.0
        self._looked = clock()
        self._moved: dict[Place, tuple[int, float]] = {}

    def look(self, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> list[Place]:
        """Take note of the positions and return the places that are stalled."""
        now = self._clock()
        self._now += min(now - self._looked, LONGEST_STEP)
        self._looked = now
        for place in set(self._moved) - set(positions):
            del self._moved[place]
        for place, position in positions.items():
            known = self._moved.get(place)
            if known is None or known[0] != position or ends.get(place, 0) <= position:
                self._moved[place] = (position, self._now)
        return sorted(place for place, (_, since) in self._moved.items() if self._now - since >= self._seconds)

    def excuse(self) -> None:
        """Begin anew: nothing could be read, and there is a reason for it."""
        self._moved.clear()

    @property
    def longest(self) -> float:
        """Return for how many seconds the place that waits longest has waited."""
        return max((self._now - since for _, since in self._moved.values()), default=0.0)


@dataclass(slots=True)
class Health:
    """What the probes tell; written by the event loop, read by the HTTP server's threads."""

    clock: Callable[[], float] = time.monotonic
    loop_seconds: float = LOOP_SECONDS
    beat: float = field(default=0.0)
    #: How often the event loop has run.
    beats: int = 0
    #: Why the worker is not ready; empty: it is.
    reasons: tuple[str, ...] = ("starting",)
    #: What is not well although the worker does its work.
    notes: tuple[str, ...] = ()
    #: The same for programs: state of the warehouse, rows that wait.
    details: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.beat = self.clock()

    def report(
        self, reasons: tuple[str, ...], notes: tuple[str, ...] = (), details: Mapping[str, object] | None = None
    ) -> None:
        """Say that the event loop runs, and what is wrong."""
        self.tick()
        self.reasons, self.notes, self.details = reasons, notes, details or {}

    def tick(self) -> None:
        """Say that the event loop runs."""
        self.beat = self.clock()
        self.beats += 1

    def alive(self) -> list[str]:
        """Return why a supervisor should restart the process; empty: it should not."""
        silent = self.clock() - self.beat
        return [f"the event loop has not run for {silent:.0f} s"] if silent > self.loop_seconds else []

    def ready(self) -> list[str]:
        """Return why the worker does not do its work; empty: it does."""
        return [*self.alive(), *self.reasons]


class LoopGuard:
    """Ends the process when the event loop stands still for good: a thread of its own looks every second.

    It counts its own looks, not the clock: a process that was paused has missed both alike.
    """

    def __init__(self, health: Health, seconds: float, end: Callable[[], None], *, every: float = TICK_SECONDS) -> None:
        self._health = health
        self._looks = seconds / every
        self._end = end
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="loop guard", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _watch(self) -> None:
        seen, still = -1, 0
        while not self._stopped.wait(self._every):
            still = still + 1 if self._health.beats == seen else 0
            seen = self._health.beats
            if still >= self._looks:
                self._end()
                return


def _end_stuck() -> None:
    """End a process whose event loop stands still, with a line for whoever starts it again."""
    sys.stderr.write(
        "staplewatch: the event loop stands still: ending, to be started again / 事件循环停住，退出待重启\n"
    )
    sys.stderr.flush()
    os._exit(STALLED)


async def beat(health: Health) -> None:
    """Tell ``health`` every second that the event loop runs, for ever."""
    while True:
        health.tick()
        await asyncio.sleep(TICK_SECONDS)


class HealthServer:
    """Answers on a port of its own, from its own thread, so that it answers when the event loop does not."""

    def __init__(self, health: Health, registry: CollectorRegistry, host: str, port: int) -> None:
        self._health = health
        #: What ``/metrics`` tells; a new worker in the same process brings its own.
        self.registry = registry
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Return the host and port that it listens on."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Return status, content type and body for a path."""
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.registry)
        if path == "/livez":
            return _probe({"reasons": self._health.alive()})
        if path == "/readyz":
            health = self._health
            return _probe({"reasons": health.ready(), "notes": list(health.notes), **health.details})
        return HTTPStatus.NOT_FOUND, "text/plain", b"/metrics /livez /readyz\n"


class Probes:
    """The probes of one process: they answer before there is a worker, and outlive one that is replaced.

    ``port`` 0 takes a free one. Raises ``OSError`` when the port is taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        health: Health | None = None,
        *,
        stuck_seconds: float = STALL_EXIT_SECONDS,
        stuck: Callable[[], None] = _end_stuck,
    ) -> None:
        self.health = health or Health()
        self._server = HealthServer(self.health, CollectorRegistry(), host, port)
        self._guard = LoopGuard(self.health, stuck_seconds, stuck)
        self._beat: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Return where they are."""
        return self._server.address

    def measure(self, registry: CollectorRegistry) -> None:
        """Tell the metrics of this registry from now on."""
        self._server.registry = registry

    def start(self) -> None:
        """Begin to answer, and to watch the running event loop."""
        self._server.start()
        self._guard.start()
        self._beat = asyncio.create_task(beat(self.health), name="heart beat")

    def stop(self) -> None:
        """Close the port."""
        self._guard.stop()
        if self._beat is not None:
            self._beat.cancel()
        self._server.stop()


def _probe(told: dict[str, object]) -> tuple[HTTPStatus, str, bytes]:
    well = not told["reasons"]
    body = json.dumps({"ok": well, **told}, ensure_ascii=False).encode()
    return (HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE), "application/json", body


def _handler(server: HealthServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = server.answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: probes come every few seconds."""

    return Handler
