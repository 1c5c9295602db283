"""How the warehouse is, as the writer meets it: what is the matter, since when, and for how long rows can wait."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from warehouse.errors import State, state_of

log = logging.getLogger(__name__)

#: An insert takes milliseconds, a large one some seconds. A server that is paused accepts the connection and
#: says nothing more; the connection itself gives up after a minute.
SILENT_SECONDS = 10.0
#: The present rate is that of so many seconds.
RATE_SECONDS = 30.0
MIB = 1024 * 1024

WORDS: dict[State, tuple[str, str]] = {
    "away": ("the warehouse is away", "仓库连不上"),
    "busy": ("the warehouse is overloaded or stopping", "仓库过载或正在停止"),
    "read-only": ("the warehouse is read-only", "仓库只读"),
    "disk full": ("the disk of the warehouse is full", "仓库磁盘已满"),
    "refuses": ("the warehouse refuses rows", "仓库拒收数据"),
}


@dataclass(frozen=True, slots=True)
class Outage:
    """What keeps rows from being stored; ``since`` is unix seconds, from the first failure on."""

    state: State
    reason: str
    since: float

    def __str__(self) -> str:
        """Return it for people: what, since when, why."""
        english, chinese = WORDS[self.state]
        return f"{english} / {chinese}, since {moment(self.since)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the warehouse, and how many seconds the room lasts at the present rate (None: nothing comes)."""

    rows: int
    bytes: int
    seconds_left: float | None

    def __str__(self) -> str:
        """Return it for people."""
        left = "" if self.seconds_left is None else f", room for about {lasting(self.seconds_left)} more at this rate"
        return f"{self.rows:,} rows ({self.bytes / MIB:.1f} MiB) wait{left}"


class Rate:
    """Amounts per second over the last ``seconds``."""

    def __init__(self, seconds: float = RATE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._steps: deque[tuple[float, float]] = deque()
        self._sum = 0.0

    def add(self, amount: float) -> None:
        """Count an amount now; those of one second are one entry."""
        now = self._clock()
        if self._steps and now - self._steps[-1][0] < 1.0:
            at, before = self._steps[-1]
            self._steps[-1] = at, before + amount
        else:
            self._steps.append((now, amount))
        self._sum += amount
        self._forget(now)

    def per_second(self) -> float:
        """Return the mean; 0 when nothing came."""
        now = self._clock()
        self._forget(now)
        if not self._steps:
            return 0.0
        return self._sum / max(1.0, now - self._steps[0][0])

    def _forget(self, now: float) -> None:
        while self._steps and now - self._steps[0][0] > self._seconds:
            self._sum -= self._steps.popleft()[1]


class Watch:
    """Follows inserts and says in one line when the state of the warehouse changes."""

    def __init__(
        self,
        *,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._wall = wall
        self._clock = clock
        self._silent_seconds = silent_seconds
        self._asked: float | None = None
        #: What is the matter; None while all is well.
        self.outage: Outage | None = None

    def began(self) -> None:
        """Take note that the warehouse was asked."""
        self._asked = self._clock()

    def failed(self, error: BaseException) -> None:
        """Take note of an error."""
        self._asked = None
        self._change(state_of(error), " ".join(str(error).split()) or repr(error))

    def succeeded(self) -> None:
        """Take note that it did what it was asked."""
        self._asked = None
        if self.outage is not None:
            lasted = self._wall() - self.outage.since
            log.warning("the warehouse takes rows again after %s", lasting(lasted))
            self.outage = None

    def abandoned(self) -> None:
        """Take note that nobody waits for the answer any more."""
        self._asked = None

    def look(self) -> Outage | None:
        """Return what is the matter; a question that is not answered counts."""
        if self._asked is not None and self.outage is None and self._clock() - self._asked >= self._silent_seconds:
            self._change("away", f"no answer for {self._silent_seconds:.0f} s", self._silent_seconds)
        return self.outage

    def _change(self, state: State, reason: str, already: float = 0.0) -> None:
        before = self.outage
        if before is None or before.state != state:
            # each state is a message of its own: a filter against floods must not take one for a repetition of another
            log.warning(f"{WORDS[state][0]} (%s); rows wait in memory and are tried again", reason)
        since = before.since if before is not None else self._wall() - already
        self.outage = Outage(state, reason, since)


def moment(at: float) -> str:
    """Return unix seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def lasting(seconds: float) -> str:
    """Return a duration for people: 45 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
