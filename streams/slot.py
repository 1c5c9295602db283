"""One worker per slot, and an end that always comes."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

#: Exit code of a process that did not end in time after a stop was asked for.
EXIT_HUNG = 70


class SlotTakenError(RuntimeError):
    """Another worker holds the slot; the message says which process and what to do."""


class Slot:
    """A lock on ``DIR/worker-N.lock``: two workers on one slot would push each other out for ever."""

    def __init__(self, directory: Path, number: int) -> None:
        self._path = directory / f"worker-{number}.lock"
        self._number = number
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock; raises ``SlotTakenError``."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(file, 20).decode(errors="replace").strip() or "?"
            os.close(file)
            msg = (
                f"slot {self._number} is taken by process {owner} ({self._path}): choose another --slot / "
                f"槽位 {self._number} 已被进程 {owner} 占用：请用 --slot 换一个"
            )
            raise SlotTakenError(msg) from None
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
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

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def start(self) -> None:
        """Begin to count; again does nothing."""
        if self._timer is None:
            self._timer = threading.Timer(self._seconds, os._exit, (EXIT_HUNG,))
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        """Stop counting: the process got where it should."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
