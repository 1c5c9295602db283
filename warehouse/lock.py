"""A directory that one process holds; chdb itself refuses a second one without a reason."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from warehouse.errors import WarehouseError, WarehouseUnavailable

if TYPE_CHECKING:
    from pathlib import Path

NAME = "staplewatch.lock"


class DirectoryLock:
    """An ``flock`` on a file inside the directory; the kernel releases it when the process ends."""

    def __init__(self, directory: Path) -> None:
        """Create the directory if it is missing and take it.

        Raises ``WarehouseUnavailable`` with the holder's process id when it is taken.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            msg = f"{directory} cannot be used / 目录无法使用: {error.strerror}"
            raise WarehouseError(msg) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            msg = (
                f"{directory} is in use by process {holder}: ask that instance, or stop it / 目录正被进程 {holder} 使用"
            )
            raise WarehouseUnavailable(msg) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go of the directory; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
