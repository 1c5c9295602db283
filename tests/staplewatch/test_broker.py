"""The embedded broker: its own listener, on loopback only, gone with its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from staplewatch import broker
from staplewatch.broker import EmbeddedBroker
from staplewatch.errors import CommandError


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """Return whether the process ended; a zombie that nobody has waited for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_listens_itself_on_loopback_and_stops_quickly(tmp_path: Path) -> None:
    child = EmbeddedBroker("cluster-of-this-test", tmp_path / "broker.log")
    endpoint = child.start()
    try:
        assert endpoint.host == "127.0.0.1"
        assert broker.owns_listener(child.pid, endpoint.port)
        assert child.ended() is None
        with socket.create_connection((endpoint.host, endpoint.port)):
            began = time.monotonic()
            child.stop()
            assert time.monotonic() - began < 5
    finally:
        child.stop()
    assert child.ended() is not None


def test_a_port_that_another_process_answers_on_is_not_ours() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as other,
    ):
        port = server.getsockname()[1]
        assert broker.owns_listener(os.getpid(), port)
        assert not broker.owns_listener(other.pid, port)


def test_a_child_that_does_not_serve_is_told_with_its_log(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    child = EmbeddedBroker("c", log, command=[sys.executable, "-c", "print('no room'); raise SystemExit(3)"])
    with pytest.raises(CommandError, match=r"did not start \(exit status 3\): see .*broker.log") as caught:
        child.start()
    assert caught.value.code == 1
    assert "no room" in log.read_text()


START_AND_WAIT = """
import sys, pathlib
from staplewatch.broker import EmbeddedBroker
child = EmbeddedBroker("orphan-test", pathlib.Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_kill_9_of_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", START_AND_WAIT, str(tmp_path / "broker.log")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: gone(child), 5)
