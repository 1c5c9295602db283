"""``deploy/clickhouse-local`` starts one server, and leaves none behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import warehouse
from tests.clickhouse import RUN

pytestmark = [pytest.mark.services, pytest.mark.usefixtures("server_url")]

#: A stop of an idle server takes 1-3 s.
WAIT_SECONDS = 40.0

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:], "--die-with-parent"], stdout=subprocess.PIPE, text=True)
print(child.stdout.readline(), end="", flush=True)
child.wait()
"""


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Tell whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_background_and_stop(tmp_path: Path) -> None:
    start = [sys.executable, str(RUN), "--data", str(tmp_path), "--background"]
    url = subprocess.run(start, capture_output=True, text=True, check=True).stdout.strip()
    pid = int((tmp_path / "clickhouse-server.pid").read_text())
    try:
        assert (tmp_path / "url").read_text().strip() == url
        with closing(warehouse.connect(url)) as engine:
            assert engine.migrate()
        second = subprocess.run(start, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"already running, pid {pid}" in second.stderr
    finally:
        subprocess.run([str(RUN.with_name("stop")), str(tmp_path)], check=True, capture_output=True)
    assert gone(pid)
    assert subprocess.run([str(RUN.with_name("stop")), str(tmp_path)], check=False, capture_output=True).returncode == 0


def test_nothing_outlives_a_killed_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(RUN), "--data", str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline().startswith("clickhouse://default@127.0.0.1:")
    pid = int((tmp_path / "clickhouse-server.pid").read_text())
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    eventually(lambda: gone(pid))
