"""The running instance of a data directory: ``instance.json``, and locks that die with the process.

``lock`` admits one owner per directory. ``instance.json`` is written beside and renamed into
place, and its own inode stays locked while the owner lives, so a reader that can lock it knows
that the file is a leftover.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

import msgspec

from staplewatch.errors import CommandError
from staplewatch.words import say

FILE: Final = "instance.json"
LOCK: Final = "lock"


class Instance(msgspec.Struct, frozen=True):
    """Where a running instance is found, and what producers must agree with it on.

    ``broker`` is ``host:port[,…]``, ``started`` RFC 3339, ``catalogue`` a directory or empty for the default one.
    ``packs`` and ``region_packs`` are what its settings choose, files by their absolute path.
    """

    pid: int
    http: str
    broker: str
    token: str
    metrics: str = ""
    catalogue: str = ""
    timezone: str = "Asia/Shanghai"
    started: str = ""
    version: str = ""
    packs: tuple[str, ...] = ()
    region_packs: dict[str, tuple[str, ...]] = {}


class Ownership:
    """A data directory that belongs to this process until ``release`` or death."""

    def __init__(self, directory: Path) -> None:
        """Take the directory, making it if need be; ``CommandError`` says who holds it."""
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            msg = say(
                f"数据目录 {directory} 无法写入（{error.strerror}）：换一个 --data 目录或修改权限",
                f"cannot write to data directory {directory} ({error.strerror}): "
                "choose another --data or mend its permissions",
            )
            raise CommandError(msg) from error
        self._instance: int | None = None
        if not _try_lock(self._lock):
            holder = _text(self._lock)
            os.close(self._lock)
            msg = say(
                f"数据目录 {directory} 正被进程 {holder} 使用：先停止它，或换一个 --data 目录",
                f"data directory {directory} is in use by process {holder}: stop it or choose another --data",
            )
            raise CommandError(msg)
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def publish(self, instance: Instance) -> None:
        """Write ``instance.json`` (mode 0600) atomically and keep it locked."""
        target = self.directory / FILE
        beside = self.directory / f".{FILE}.{os.getpid()}"
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _try_lock(descriptor)
        os.write(descriptor, msgspec.json.format(msgspec.json.encode(instance), indent=2) + b"\n")
        os.fsync(descriptor)
        beside.rename(target)
        previous, self._instance = self._instance, descriptor
        if previous is not None:
            os.close(previous)

    def release(self) -> None:
        """Take ``instance.json`` away and give the directory back."""
        if self._instance is not None:
            (self.directory / FILE).unlink(missing_ok=True)
            os.close(self._instance)
            self._instance = None
        if self._lock >= 0:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = -1


def find(directory: Path) -> Instance | None:
    """Return the live instance of a data directory, None when none runs there."""
    try:
        descriptor = os.open(directory / FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = say(
            f"无法读取 {directory / FILE}（{error.strerror}）：请用启动该实例的用户运行",
            f"cannot read {directory / FILE} ({error.strerror}): run as the user who started the instance",
        )
        raise CommandError(msg) from error
    try:
        if _try_lock(descriptor, shared=True):
            return None
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return msgspec.json.decode(file.read(), type=Instance)
    except msgspec.DecodeError as error:
        msg = say(f"{directory / FILE} 已损坏：{error}", f"{directory / FILE} is damaged: {error}")
        raise CommandError(msg) from error
    finally:
        os.close(descriptor)


def holder(directory: Path) -> str | None:
    """Return the pid that owns the directory, also while it is still starting; None when nobody does."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _try_lock(descriptor, shared=True) else _text(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _text(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "?"
