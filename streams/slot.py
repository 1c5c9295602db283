"""One worker per slot, and an end that always comes."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from streams.exits import HUNG


class SlotTakenError(RuntimeError):
    """Another worker holds the slot; the message says which and what to do."""


def run_id(slot: int, started: float | None = None) -> str:
    """Return a name of one run of a worker; of two on one slot the smaller one started first."""
    milliseconds = int((time.time() if started is None else started) * 1000)
    return f"staplewatch-{slot}-{milliseconds:013d}-{os.getpid()}-{secrets.token_hex(4)}"


def taken(number: int, english: str, chinese: str) -> SlotTakenError:
    """Return the error for a slot that somebody holds."""
    return SlotTakenError(
        f"slot {number} is taken by {english}: choose another --slot / "
        f"槽位 {number} 已被{chinese}占用：请用 --slot 换一个"
    )


class Slot:
    """A lock on ``DIR/worker-N.lock``: two workers on one slot would push each other out for ever.

    The file names the process and its ``run_id``; once the lock is held, whoever is named there
    before is dead (``predecessor``). Workers with other data directories are ``streams.membership``'s.
    """

    def __init__(self, directory: Path, number: int, run: str = "") -> None:
        self._path = directory / f"worker-{number}.lock"
        self._number = number
        self._run = run or run_id(number)
        self._file: int | None = None
        #: The id of the last run on this directory; empty when there was none.
        self.predecessor = ""

    def take(self) -> None:
        """Take the lock; raises ``SlotTakenError``."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        owner, _, run = os.pread(file, 200, 0).decode(errors="replace").strip().partition(" ")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            who = f"{owner or '?'} ({self._path})"
            raise taken(self._number, f"process {who}", f"进程 {who}") from None
        self.predecessor = run
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()} {self._run}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Slot:
        self.take()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


class Watchdog:
    """Ends the process some seconds after a stop was asked for, whatever hangs (a thread in a dead socket)."""

    def __init__(self, seconds: float, leave: Callable[[int], object] = os._exit) -> None:
        self._seconds = seconds
        self._leave = leave
        self._timer: threading.Timer | None = None

    def start(self) -> None:
        """Begin to count; again does nothing."""
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, self._leave, (HUNG,))
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Stop counting: the process got where it should."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
