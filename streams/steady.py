"""The present, safe from jumps of the system clock.

In live mode the wall clock closes dates and judges records from the future. An operator's slip or a
broken time server must do neither: what counts is the start plus the time that passed since. A step
of the system clock is told once, and believed only when it has lasted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

#: A time server corrects by fractions of a second, a leap second is one: more at once is a step.
STEP_SECONDS = 3.0
#: For so long a step must last: a clock set wrong by mistake is set right again within minutes.
ADOPT_SECONDS = 180.0


def uptime() -> float:
    """Return seconds since the machine's start; goes on while it sleeps, where the system can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class SteadyWall:
    """Unix time as a callable: drifts of the system clock are followed at once, steps after a while."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = uptime,
        *,
        step_seconds: float = STEP_SECONDS,
        adopt_seconds: float = ADOPT_SECONDS,
    ) -> None:
        self._wall = wall
        self._clock = clock
        self._step = step_seconds
        self._adopt = adopt_seconds
        self._offset = wall() - clock()
        #: The step that is not believed yet: the system clock's offset, and when it was first seen.
        self._stepped: tuple[float, float] | None = None

    def __call__(self) -> float:
        """Return the present, unix seconds."""
        now = self._clock()
        offset = self._wall() - now
        if abs(offset - self._offset) <= self._step:
            self._follow(offset)
        elif self._stepped is None or abs(offset - self._stepped[0]) > self._step:
            self._notice(offset, now)
        elif now - self._stepped[1] >= self._adopt:
            log.warning("the system clock has kept its step of %+.0f s: followed from now on", offset - self._offset)
            self._offset, self._stepped = offset, None
        return now + self._offset

    def _follow(self, offset: float) -> None:
        if self._stepped is not None:
            log.warning("the system clock is back")
        self._offset, self._stepped = offset, None

    def _notice(self, offset: float, now: float) -> None:
        log.warning(
            "the system clock jumped by %+.0f s: not followed unless it lasts for %.0f s",
            offset - self._offset,
            self._adopt,
        )
        self._stepped = offset, now
