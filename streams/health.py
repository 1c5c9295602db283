"""Is the worker alive, and is it doing its work? ``/livez``, ``/readyz`` with reasons, ``/metrics``."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from streams.positions import Place

#: With lag and no progress for this long, the worker is not ready.
STALL_SECONDS = 60.0
#: The event loop ticks every second; one that did not for this long is stuck.
LOOP_SECONDS = 30.0


class Stall:
    """Notices places that have records to read and are not read."""

    def __init__(self, seconds: float = STALL_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._moved: dict[Place, tuple[int, float]] = {}

    def look(self, positions: Mapping[Place, int], ends: Mapping[Place, int]) -> list[Place]:
        """Take note of the positions and return the places that are stalled."""
        now = self._clock()
        for place in set(self._moved) - set(positions):
            del self._moved[place]
        for place, position in positions.items():
            known = self._moved.get(place)
            if known is None or known[0] != position or ends.get(place, 0) <= position:
                self._moved[place] = (position, now)
        return sorted(place for place, (_, since) in self._moved.items() if now - since >= self._seconds)


@dataclass(slots=True)
class Health:
    """What the probes tell; written by the event loop, read by the HTTP server's threads."""

    clock: Callable[[], float] = time.monotonic
    loop_seconds: float = LOOP_SECONDS
    beat: float = field(default=0.0)
    #: Why the worker is not ready; empty: it is.
    reasons: tuple[str, ...] = ("starting",)

    def __post_init__(self) -> None:
        self.beat = self.clock()

    def report(self, reasons: tuple[str, ...]) -> None:
        """Say that the event loop runs, and what is wrong."""
        self.beat = self.clock()
        self.reasons = reasons

    def alive(self) -> list[str]:
        """Return why a supervisor should restart the process; empty: it should not."""
        silent = self.clock() - self.beat
        return [f"the event loop has not run for {silent:.0f} s"] if silent > self.loop_seconds else []

    def ready(self) -> list[str]:
        """Return why the worker does not do its work; empty: it does."""
        return [*self.alive(), *self.reasons]


class HealthServer:
    """Answers on a port of its own, from its own thread, so that it answers when the event loop does not."""

    def __init__(self, health: Health, registry: CollectorRegistry, host: str, port: int) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(health, registry))
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


def _handler(health: Health, registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif path in {"/livez", "/readyz"}:
                self._probe(health.alive() if path == "/livez" else health.ready())
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics /livez /readyz\n")

        def _probe(self, reasons: list[str]) -> None:
            status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
            body = json.dumps({"ok": not reasons, "reasons": reasons}, ensure_ascii=False).encode()
            self._answer(status, "application/json", body)

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: probes come every few seconds."""

    return Handler
