"""A real clickhouse-server for tests: own directory, free ports, gone when the test process is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / "deploy" / "clickhouse-local" / "run"
#: What `run` says with when there is no server to start.
NOT_INSTALLED = 2
STOP_SECONDS = 40.0


@contextmanager
def clickhouse_server(directory: Path) -> Iterator[str]:
    """Start a server on ``directory``, yield its URL, stop it.

    Without clickhouse-server the test is skipped, or fails where ``REQUIRE_SERVICES=1``.
    """
    process = subprocess.Popen(
        [sys.executable, str(RUN), "--data", str(directory), "--die-with-parent"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield _url(process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def _url(process: subprocess.Popen[str]) -> str:
    """Return the line that `run` prints when the server answers."""
    assert process.stdout is not None
    if url := process.stdout.readline().strip():
        return url
    _, reason = process.communicate(timeout=STOP_SECONDS)
    if process.returncode == NOT_INSTALLED and os.environ.get("REQUIRE_SERVICES") != "1":
        pytest.skip(reason)
    pytest.fail(reason)
