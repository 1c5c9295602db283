"""Ctrl-C and SIGTERM: the first one asks for a clean end, the second one ends at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

from streams.exits import HUNG

#: "Clean within 5 s" is the promise.
STOP_SECONDS: Final = 4.8
#: What the interpreter takes to end by itself when nothing hangs.
SETTLED_SECONDS: Final = 1.0
#: As a shell reports a process that Ctrl-C ended.
INTERRUPTED: Final = 130


class StoppedEarlyError(BaseException):
    """A signal came before there was anything to stop in order."""


class Stopping:
    """Takes SIGINT and SIGTERM over. Make it in the main thread, before imports that take seconds."""

    def __init__(self, leave: Callable[[int], None] = os._exit) -> None:
        self._leave = leave
        self._event: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = False
        self._late = HUNG
        self._last_act: Callable[[], None] = _nothing
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    @property
    def asked(self) -> bool:
        """Return whether the end was asked for."""
        return self._asked

    def attach(self) -> asyncio.Event:
        """Return an event of the running loop that is set by the first signal."""
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._take, number)
        if self._asked:
            self._event.set()
        return self._event

    def last_act(self, act: Callable[[], None]) -> None:
        """Set what is done before the process is ended by force: killing the broker."""
        self._last_act = act

    def within(self, seconds: float = STOP_SECONDS) -> None:
        """End the process by force if it still runs after ``seconds``: a client of a dead server hangs for ever."""
        timer = threading.Timer(seconds, lambda: self._force(self._late))
        timer.daemon = True
        timer.start()

    def settled(self, code: int) -> int:
        """Note that everything of ours is put away and only threads of others are left; return ``code``."""
        self._late = code
        return code

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._take(number):
            raise StoppedEarlyError

    def _take(self, number: int) -> bool:
        """Note a signal; return whether nobody waits for the event yet."""
        if self._asked:
            self._force(INTERRUPTED if number == signal.SIGINT else 128 + number)
        self._asked = True
        if self._event is None:
            return True
        self._event.set()
        return False

    def _force(self, code: int) -> None:
        try:
            self._last_act()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            self._leave(code)


def leave(code: int, seconds: float = SETTLED_SECONDS) -> NoReturn:
    """End the process, by force if need be: a thread that waits for a dead server would hold it for a minute."""
    sys.stdout.flush()
    sys.stderr.flush()
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()
    sys.exit(code)


def _nothing() -> None:
    """Do nothing."""
