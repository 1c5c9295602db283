"""Two workers on one slot, also on two machines: the group's coordinator knows who holds it.

A static member keeps its place for a session time-out after its death. So a member found at the
start is either dead and gone after that time, or it goes on sending heartbeats: then this worker
must not start. The dead predecessor of this very data directory need not be waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streams.slot import SlotTakenError, taken

#: Beyond the session time-out: the coordinator looks for dead members only now and then.
MARGIN_SECONDS = 2.0
#: Between two questions at the start.
STEP_SECONDS = 0.5
#: A member that came later gives way by itself; one that has not after so many looks does not know how.
PATIENCE = 6


@dataclass(frozen=True, slots=True)
class Member:
    """A static member of the group: the id of its slot, and of the run that holds it."""

    instance: str
    run: str
    host: str


#: Asks the coordinator for the group's members.
Ask = Callable[[], Awaitable[list[Member]]]


class Membership:
    """What a run of a worker may do with the slot ``instance`` of its group."""

    def __init__(
        self, number: int, instance: str, run: str, ask: Ask, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._number = number
        self._instance = instance
        self._run = run
        self._ask = ask
        self._clock = clock
        self._strange = 0
        #: The last run on this data directory, dead: the coordinator speaks of it until this run has joined.
        self._predecessor = ""

    async def claim(self, predecessor: str, session_seconds: float) -> None:
        """Return when the slot is free; raises ``SlotTakenError`` when another worker lives on it."""
        self._predecessor = predecessor
        deadline = self._clock() + session_seconds + MARGIN_SECONDS
        while (holder := await self._holder()) is not None and not (predecessor and holder.run == predecessor):
            if self._clock() >= deadline:
                raise self._taken(holder)
            await asyncio.sleep(STEP_SECONDS)

    async def look(self) -> SlotTakenError | None:
        """Return why this worker must stop: another one holds its slot, and was there first."""
        holder = await self._holder()
        if holder is None or not holder.run:
            self._strange = 0
            return None
        self._strange += 1
        earlier = holder.run < self._run and holder.run != self._predecessor
        return self._taken(holder) if earlier or self._strange >= PATIENCE else None

    async def _holder(self) -> Member | None:
        """Return who else holds the slot."""
        members = await self._ask()
        return next((m for m in members if m.instance == self._instance and m.run != self._run), None)

    def _taken(self, member: Member) -> SlotTakenError:
        who = f"{member.host} ({member.run or '?'})"
        return taken(self._number, f"a worker at {who}", f"另一台机器上的进程 {who} ")
