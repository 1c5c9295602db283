"""Logging to stderr: for people on a terminal, JSON otherwise; other libraries quiet, floods cut short."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Literal

import structlog

#: They tell their life story at INFO.
QUIET: Final = (
    "alembic",
    "aiokafka",
    "faust",
    "mode",
    "kafka",
    "uvicorn",
    "asyncio",
    "litestar",
    "httpx",
    "httpcore",
    "chdb",
    "streams.transport",
)
#: A lost broker made 763 lines in 12 s: more than these many of one kind in a while are counted instead.
BURST: Final = 2
WHILE_SECONDS: Final = 60.0


class FloodGate(logging.Filter):
    """Lets ``BURST`` records of one origin pass per ``WHILE_SECONDS``; the next one tells how many did not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, int, str], list[float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may pass."""
        kind = (record.name, record.lineno, str(record.msg)[:80])
        now = self._clock()
        since, passed, held = self._seen.get(kind, (now, 0.0, 0.0))
        if now - since >= WHILE_SECONDS:
            if held:
                record.msg = f"{record.msg} (and {held:.0f} more like this in {now - since:.0f} s)"
            since, passed, held = now, 0.0, 0.0
        admitted = passed < BURST
        self._seen[kind] = [since, passed + admitted, held + (not admitted)]
        return admitted


def configure(
    level: str = "info", form: Literal["auto", "human", "json"] = "auto", *, terminal: bool | None = None
) -> None:
    """Send structlog's and the standard library's records to stderr in one form."""
    human = form == "human" or (form == "auto" and (sys.stderr.isatty() if terminal is None else terminal))
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, human=human))
    handler.addFilter(FloodGate())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # "overlapping" at every stall of a busy machine
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_died


def _thread_died(what: threading.ExceptHookArgs) -> None:
    """Tell in one line: a client's thread whose broker is gone would write a page."""
    name = what.thread.name if what.thread else "?"
    logging.getLogger("threads").error("thread %s ended: %r", name, what.exc_value)


def _formatter(shared: list[Any], *, human: bool) -> structlog.stdlib.ProcessorFormatter:
    ending: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if human
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )
