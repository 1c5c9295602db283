"""One stream for everybody: order, resuming, slow followers, the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, NamedTuple

from schemas.events import AsOf
from serving.hub import Hub
from serving.live import LiveView
from tests.serving.examples import alert, indicator


class Told(NamedTuple):
    id: str
    event: str
    data: Any


def parse(data: bytes) -> Told:
    fields = dict(line.split(": ", 1) for line in data.decode().strip().split("\n"))
    return Told(fields.get("id", ""), fields["event"], json.loads(fields["data"]))


async def here() -> bool:
    return True


def make(**options: Any) -> Hub:
    return Hub(LiveView("localhost:1"), here, clock=lambda: 1_660_000_000.0, **options)


def learn(hub: Hub, number: int, **changes: Any) -> None:
    """Let the view learn one more indicator, and make a frame of it."""
    hub.live.latest.take(changes.get("region", "540402"), indicator(as_of=AsOf(1, number, 0), **changes))
    hub.cut()


def greet(resumed: bool) -> list[bytes]:
    return [b'event: greeting\ndata: "resumed"\n\n' if resumed else b'event: greeting\ndata: "new"\n\n']


def follow(hub: Hub, last: str | None = None) -> AsyncIterator[bytes]:
    return hub.follow(last, greet)


async def some(stream: AsyncIterator[bytes], count: int) -> list[Told]:
    async with asyncio.timeout(5):
        return [parse(await anext(stream)) for _ in range(count)]


async def test_a_new_follower_gets_everything_then_changes_in_order() -> None:
    hub = make()
    learn(hub, 1)
    async with aclosing(follow(hub)) as stream:  # type: ignore[type-var]
        greeting, snapshot = await some(stream, 2)
        learn(hub, 2, values={"vwap_24h": 6.0})
        learn(hub, 3, region="540421")
        changes = await some(stream, 2)
    assert (greeting.data, snapshot.event) == ("new", "snapshot")
    assert [row[0] for row in snapshot.data["indicators"]] == ["540402"]
    assert snapshot.data["now"] == 1_660_000_000.0
    assert [[row[0] for row in told.data["indicators"]] for told in changes] == [["540402"], ["540421"]]
    assert changes[0].data["indicators"][0][6] == 6.0


async def test_who_resumes_gets_what_came_meanwhile_and_no_snapshot() -> None:
    hub = make()
    learn(hub, 1)
    async with aclosing(follow(hub)) as stream:  # type: ignore[type-var]
        _, snapshot = await some(stream, 2)
    learn(hub, 2, region="540421")
    async with aclosing(follow(hub, snapshot.id)) as stream:  # type: ignore[type-var]
        greeting, change = await some(stream, 2)
    assert (greeting.data, change.event) == ("resumed", "change")
    assert change.data["indicators"][0][0] == "540421"


async def test_an_id_of_another_process_or_nonsense_begins_anew() -> None:
    hub = make()
    learn(hub, 1)
    for last in ("deadbeef-1", f"{hub.name}-x", "", f"{hub.name}-0x1"):
        async with aclosing(follow(hub, last)) as stream:  # type: ignore[type-var]
            greeting, snapshot = await some(stream, 2)
        assert (greeting.data, snapshot.event) == ("new", "snapshot")


async def test_a_slow_follower_is_caught_up_and_the_ring_stays_bounded() -> None:
    hub = make(ring_bytes=2_000)
    learn(hub, 1)
    async with aclosing(follow(hub)) as stream:  # type: ignore[type-var]
        await some(stream, 2)
        for number in range(2, 200):
            learn(hub, number, values={"vwap_24h": float(number)})
        assert hub.held_bytes <= 2_000
        (caught,) = await some(stream, 1)
        learn(hub, 200, region="540421")
        (after,) = await some(stream, 1)
    assert caught.event == "snapshot"
    assert caught.data["indicators"][0][6] == 199.0
    assert (after.event, after.data["indicators"][0][0]) == ("change", "540421")


async def test_those_who_come_together_share_one_snapshot() -> None:
    hub = make()
    learn(hub, 1)
    first = hub.snapshot()
    assert hub.snapshot() is first
    learn(hub, 2)
    assert hub.snapshot() is not first


async def test_resolved_alerts_are_limited_in_a_snapshot_and_open_ones_are_not() -> None:
    hub = make()
    for number in range(60):
        state = "resolved" if number % 2 else "firing"
        hub.live.latest.take(
            f"k{number}", alert(key=f"k{number}", state=state, at=f"2022-08-08T10:{number:02d}:00+08:00")
        )
    shown = parse(hub.snapshot().data).data["alerts"]
    assert sum(row["state"] == "firing" for row in shown) == 30
    resolved = [row["key"] for row in shown if row["state"] == "resolved"]
    assert (len(resolved), resolved[-1]) == (20, "k59")


async def test_beats_without_news_and_says_when_the_broker_is_lost() -> None:
    hub = make(heartbeat_seconds=0.05)
    hub.live.connected = True
    await hub.start()
    async with aclosing(follow(hub)) as stream:  # type: ignore[type-var]
        async with asyncio.timeout(5):
            beats = [told async for told in _beats(stream, 2)]
            hub.live.connected = False
            async for told in _beats(stream, 1_000):
                if not told.data["broker"]:
                    break
    assert [told.event for told in beats] == ["heartbeat", "heartbeat"]
    await hub.live.stop()
    await hub.stop()


async def _beats(stream: AsyncIterator[bytes], count: int) -> AsyncIterator[Told]:
    while count:
        told = parse(await anext(stream))
        if told.event == "heartbeat":
            count -= 1
            yield told


async def test_followers_end_when_the_view_stops() -> None:
    hub = make()
    await hub.start()
    ended = asyncio.create_task(_drain(follow(hub)))
    await asyncio.sleep(0)
    await hub.live.stop()
    await hub.stop()
    async with asyncio.timeout(5):
        await ended


async def _drain(stream: AsyncIterator[bytes]) -> None:
    async for _ in stream:
        pass
