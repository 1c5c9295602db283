"""Client libraries log every retry: 763 lines in the 12 s after a broker's death. Here: none of them.

That the broker is away is told once, by ``streams.presence``. What the libraries say about it is
dropped; what they say while the broker answers is let through, once a minute and a little late:
their first complaints come before the outage is known, so each is held back until an answer shows
that there is none.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

#: Loggers of aiokafka, Faust and mode that speak again and again while a broker is away.
CHATTY = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.consumer.subscription_state",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
    "faust.app.base",
    "faust.transport.consumer",
    "faust.transport.drivers.aiokafka",
    "faust.tables.recovery",
    "mode.threads",
    "mode.services",
    "streams.publish",
    "streams.transport",
)
#: A broker's death is noticed within two looks and a time-out.
HOLD_SECONDS = 12.0
#: After a broker's return: old requests still run into their time limit of 15 s, then groups are joined again.
SETTLE_SECONDS = 45.0
#: Records held back at most.
MOST = 100


class Hush:
    """Holds records of chatty loggers until it is known whether the broker answers."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        hold_seconds: float = HOLD_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._clock = clock
        self._hold = hold_seconds
        self._settle = settle_seconds
        self._lock = threading.Lock()
        self._held: deque[tuple[float, logging.LogRecord]] = deque(maxlen=MOST)
        self._away = False
        self._quiet_until = -float("inf")
        #: Whether somebody looks after the broker; without that nothing is held.
        self.attended = False

    def take(self, record: logging.LogRecord) -> bool:
        """Return whether the record may pass now; one that may not is held or dropped."""
        if not self.attended or record.levelno >= logging.CRITICAL:
            return True
        now = self._clock()
        with self._lock:
            if not self._away and now >= self._quiet_until:
                self._held.append((now, record))
        return False

    def attend(self) -> None:
        """Take note that somebody is going to look after the broker."""
        self.attended = True

    def lost(self) -> None:
        """Take note that the broker does not answer: what is held was about that."""
        self.attended = True
        with self._lock:
            self._away = True
            self._held.clear()

    def found(self) -> None:
        """Take note that the broker answers: what was said long enough before was about something else."""
        self.attended = True
        now = self._clock()
        with self._lock:
            if self._away:
                self._away, self._quiet_until = False, now + self._settle
            due = []
            while self._held and now - self._held[0][0] >= self._hold:
                due.append(self._held.popleft()[1])
        for record in due:
            logging.getLogger(record.name).callHandlers(record)

    def unattended(self) -> None:
        """Take note that nobody looks after the broker any more: everything may pass, unless it was away."""
        with self._lock:
            self.attended = self._away
            self._held.clear()


#: One process has one standard error, and its libraries' loggers are global: so is this.
hush = Hush()


class OncePer(logging.Filter):
    """Lets a message pass once per ``seconds``; messages are equal when their template is."""

    def __init__(
        self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic, hushed: Hush | None = None
    ) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._hush = hushed
        self._said: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to let the record pass."""
        key, now = (record.name, record.levelno, str(record.msg)), self._clock()
        if now - self._said.get(key, -self._seconds) < self._seconds:
            return False
        self._said[key] = now
        return self._hush is None or self._hush.take(record)


def calm(level: int = logging.WARNING) -> None:
    """Make the chatty libraries speak at ``level`` and above, and not twice a minute; again does nothing.

    Faust itself needs no set-up: only its ``Worker``, which is not used here, turns the root logger to DEBUG.
    """
    for name in CHATTY:
        logger = logging.getLogger(name)
        if not any(isinstance(known, OncePer) for known in logger.filters):
            logger.addFilter(OncePer(hushed=hush))
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(level)
