"""500 followers of one process at ten updates a second: how late, and what it costs. Only with ``make soak``."""

from __future__ import annotations

import asyncio
import resource
import socket
import statistics
import time
from pathlib import Path

import pytest

from schemas import catalogue
from schemas.events import AsOf
from serving.answers import Answers
from serving.app import create_app
from serving.assets import Assets
from serving.hub import Hub
from serving.live import LiveView
from serving.server import WebServer
from serving.wall import Wall
from tests.serving.examples import FakeWarehouse, indicator

pytestmark = [pytest.mark.soak]

FOLLOWERS = 500
PER_SECOND = 10
SECONDS = 60
#: Half of the time for the memory to settle.
SETTLED = SECONDS * PER_SECOND // 2
PROMISED_SECONDS = 1.0
#: Nobody has missed anything if all of it has come by then.
LAST_SECONDS = 10
#: What the process may grow by while 500 followers read, MiB: the ring's 8 and the allocator's slack.
GROWTH_MIB = 32


async def follow(port: int, began: dict[int, float], delays: list[float]) -> None:
    """Read until the stream ends, noting how long after its cause each change came.

    By hand: 500 HTTP clients would cost this process, which is the server's too, more than the server does.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    while line := await reader.readline():  # chunk sizes are lines of their own, every event is in one chunk
        if (number := _number(line)) in began:
            delays.append(time.perf_counter() - began[number])
    writer.close()


def _number(line: bytes) -> int:
    """Return a change's number, which stands as the value of ``vwap_24h``, the first after the date; 0 for the rest."""
    if not line.startswith(b'data: {"indicators"'):
        return 0
    return int(float(line.partition(b",null,")[2].partition(b",")[0] or 0))


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def test_500_followers_hear_within_a_second_in_flat_memory(capsys: pytest.CaptureFixture[str]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    live = LiveView("localhost:1")
    answers = Answers(FakeWarehouse(), live)
    hub = Hub(live, answers.look)
    app = create_app(answers, "t" * 16, open_reading=True, shown=Wall(hub, Assets(), catalogue.load(), "Asia/Shanghai"))
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = WebServer(app, listener)
    await hub.start()
    await server.start()
    port = listener.getsockname()[1]
    began: dict[int, float] = {}
    delays: list[float] = []
    followers = [asyncio.create_task(follow(port, began, delays)) for _ in range(FOLLOWERS)]
    await asyncio.sleep(10)  # all of them greeted: what is measured is the steady state
    settled = 0.0
    for number in range(1, SECONDS * PER_SECOND + 1):
        began[number] = time.perf_counter()
        live.latest.take("k", indicator(as_of=AsOf(1, number, 0), values={"vwap_24h": float(number)}))
        hub.cut()
        if number == SETTLED:
            settled = resident_mib()
        await asyncio.sleep(1 / PER_SECOND)
    grown = resident_mib() - settled
    sent = FOLLOWERS * PER_SECOND * SECONDS
    async with asyncio.timeout(LAST_SECONDS):
        while len(delays) < sent:  # noqa: ASYNC110 - followers count for themselves
            await asyncio.sleep(0.1)
    await live.stop()
    await hub.stop()
    await asyncio.wait(followers, timeout=10)
    await server.stop()
    p50, p99 = statistics.median(delays), statistics.quantiles(delays, n=100)[98]
    with capsys.disabled():
        print(f"\n{FOLLOWERS} followers, {PER_SECOND}/s, {SECONDS} s: {len(delays)} heard, p50 {p50:.3f} s, ", end="")
        print(f"p99 {p99:.3f} s, +{grown:.1f} MiB in the second half")
    assert len(delays) == sent
    assert p99 < PROMISED_SECONDS
    assert grown < GROWTH_MIB
