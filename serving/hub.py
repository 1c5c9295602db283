"""One live stream for everybody: frames are made once and shared, whoever falls behind gets a snapshot.

A follower holds no queue of its own, only its place in a ring of frames that is bounded in bytes.
One that is so slow that its place has left the ring is caught up with a snapshot, so memory does
not grow however slow it is.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from serving import rows, wire
from serving.live import LiveView

#: News are gathered this long: ten frames a second at most, and an event is seen well within its second.
BREATH_SECONDS: Final = 0.1
#: Without news a sign of life goes out this often; a page that hears nothing for 10 s calls itself stale.
HEARTBEAT_SECONDS: Final = 3.0
#: A client that has read nothing for a few seconds of full load is better served by a snapshot (~1 MB).
RING_BYTES: Final = 8 * 1024 * 1024
RING_FRAMES: Final = 1000
#: How often it is asked whether the warehouse answers.
LOOK_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Frame:
    """One event; ``number`` counts from 1 in this process."""

    number: int
    data: bytes


class Hub:
    """Makes frames from what a live view learns. ``look`` tells whether the warehouse answers."""

    def __init__(
        self,
        live: LiveView,
        look: Callable[[], Awaitable[bool]],
        *,
        clock: Callable[[], float] = time.time,
        ring_bytes: int = RING_BYTES,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.live = live
        #: Tells one process's events from another's: numbers begin at 1 with every start.
        self.name = secrets.token_hex(4)
        self._look = look
        self._clock = clock
        self._ring_bytes = ring_bytes
        self._heartbeat = heartbeat_seconds
        self._frames: deque[Frame] = deque()
        self._size = 0
        self._number = 0
        self._warehouse = True
        self._snapshot = Frame(0, b"")
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to make frames."""
        loops = (self._run(), self._watch())
        self._tasks = [asyncio.create_task(loop, name="live stream") for loop in loops]

    async def stop(self) -> None:
        """End; call it after the live view's stop, which ends every follower."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._wake()

    def cut(self) -> None:
        """Make frames of what changed and what was done, if anything was: an action comes after what it changed."""
        latest, now = self.live.latest, self._clock()
        if changed := latest.take_changed():
            self._add("change", {**wire.changes(changed, latest, now), **self._state()})
        if acted := latest.take_acted():
            self._add("action", {"actions": [rows.from_action(each) for each in acted], **self._state()})

    def beat(self) -> None:
        """Make a frame that says: still here, and this is the state of things."""
        self._add("heartbeat", self._state())

    async def follow(self, last: str | None, greeting: Callable[[bool], list[bytes]]) -> AsyncIterator[bytes]:
        """Yield events until the live view stops: all that came after event ``last``, or a snapshot first.

        ``greeting`` returns what goes before, by whether the follower only resumes.
        """
        place = self._resume(last)
        for data in greeting(place is not None):
            yield data
        while not self.live.closed:
            more = self._more
            frames = None if place is None else self._after(place)
            for frame in [self.snapshot()] if frames is None else frames:
                yield frame.data
                place = frame.number
            if frames is not None and not frames:
                await more.wait()

    def snapshot(self) -> Frame:
        """Return everything as it is now; shared by those who come while its place is in the ring."""
        self.cut()
        if self._snapshot.number != self._number or not self._number:
            content = {**wire.everything(self.live.latest, self._clock()), **self._state()}
            data = wire.event("snapshot", content, f"{self.name}-{self._number}")
            self._snapshot = Frame(self._number, data)
        return self._snapshot

    @property
    def held_bytes(self) -> int:
        """Return what the ring holds."""
        return self._size

    def _after(self, place: int) -> list[Frame] | None:
        """Return the frames after a place, None when some of them have left the ring."""
        if place >= self._number:
            return []
        if not self._frames or self._frames[0].number > place + 1:
            return None
        return [frame for frame in self._frames if frame.number > place]

    def _resume(self, last: str | None) -> int | None:
        name, _, number = (last or "").partition("-")
        if name != self.name or not number.isdecimal() or self._after(int(number)) is None:
            return None
        return min(int(number), self._number)

    def _state(self) -> dict[str, Any]:
        live = self.live
        feeds = live.latest.feeds.told()
        return {
            "now": round(self._clock(), 3),
            "feeds": feeds,
            "broker": live.connected,
            "caught_up": live.caught_up,
            "warehouse": self._warehouse,
        }

    def _add(self, name: str, content: Any) -> None:
        self._number += 1
        frame = Frame(self._number, wire.event(name, content, f"{self.name}-{self._number}"))
        self._frames.append(frame)
        self._size += len(frame.data)
        while len(self._frames) > 1 and (self._size > self._ring_bytes or len(self._frames) > RING_FRAMES):
            self._size -= len(self._frames.popleft().data)
        self._wake()

    def _wake(self) -> None:
        more, self._more = self._more, asyncio.Event()
        more.set()

    async def _run(self) -> None:
        cursor = 0
        loop = asyncio.get_running_loop()
        said, due = (False, False, False), loop.time()
        while not self.live.closed:
            left = due - loop.time()
            cursor = await self.live.wait(cursor, max(min(left, 1.0), 0.0))  # a broker's loss is told within a second
            self.cut()
            state = (self.live.connected, self.live.caught_up, self._warehouse)
            if state != said or loop.time() >= due:
                self.beat()
                said, due = state, loop.time() + self._heartbeat
            await asyncio.sleep(BREATH_SECONDS)
        self._wake()

    async def _watch(self) -> None:
        while not self.live.closed:
            self._warehouse = await self._look()
            await asyncio.sleep(LOOK_SECONDS)
