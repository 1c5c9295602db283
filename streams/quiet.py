"""Client libraries log every retry: 763 lines in the 12 s after a broker's death. Here: each once a minute."""

from __future__ import annotations

import logging
import time
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


class OncePer(logging.Filter):
    """Lets a message pass once per ``seconds``; messages are equal when their template is."""

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._said: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to let the record pass."""
        key, now = (record.name, record.levelno, str(record.msg)), self._clock()
        if now - self._said.get(key, -self._seconds) < self._seconds:
            return False
        self._said[key] = now
        return True


def calm(level: int = logging.WARNING) -> None:
    """Make the chatty libraries speak at ``level`` and above, and not twice a minute; again does nothing.

    Faust itself needs no set-up: only its ``Worker``, which is not used here, turns the root logger to DEBUG.
    """
    for name in CHATTY:
        logger = logging.getLogger(name)
        if not any(isinstance(known, OncePer) for known in logger.filters):
            logger.addFilter(OncePer())
    for name in ("aiokafka", "faust", "mode"):
        logging.getLogger(name).setLevel(level)
