"""Real servers for tests: each with its own directory and free ports, stopped by process id.

A server that is not installed raises ``MissingServiceError``; ``make test`` installs all of them.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from staplewatch.broker import EmbeddedBroker, binary, free_port
from staplewatch.errors import CommandError

ROOT = Path(__file__).resolve().parents[1]
KAFKA = ROOT / "deploy/kafka-local/run"
KAFKA_JARS = ROOT / ".services/kafka/lib"
#: What the scripts end with when a program they need is not installed.
EXIT_MISSING = 2

#: A broker's first start was seen to take 4 s on an idle machine, ten times that on a crowded one.
START_SECONDS = 90.0
STOP_SECONDS = 30.0
PR_SET_PDEATHSIG = 1


class MissingServiceError(RuntimeError):
    """A server that this machine does not have; the message says how to get it."""


def required() -> bool:
    """Return whether a missing server is a failure (``REQUIRE_SERVICES=1``) and not a skip."""
    return os.environ.get("REQUIRE_SERVICES", "") not in {"", "0"}


def missing(error: MissingServiceError) -> None:
    """Fail or skip the running test, as ``REQUIRE_SERVICES`` says."""
    if required():
        pytest.fail(str(error))
    pytest.skip(str(error))


@contextmanager
def kafka_server(directory: Path) -> Iterator[str]:
    """Run Apache Kafka on ``directory``; yields ``host:port``."""
    if not any(KAFKA_JARS.glob(".complete-*")):
        msg = f"no Kafka: run {KAFKA.relative_to(ROOT)} fetch"
        raise MissingServiceError(msg)
    with serving([str(KAFKA), "start", "--data", str(directory)], "kafka://", directory) as url:
        yield url.removeprefix("kafka://")


@contextmanager
def tansu(directory: Path) -> Iterator[str]:
    """Run the embedded broker with an empty memory; yields ``host:port``."""
    try:
        binary()
    except CommandError as error:
        raise MissingServiceError(str(error)) from error
    directory.mkdir(parents=True, exist_ok=True)
    broker = EmbeddedBroker(uuid.uuid4().hex, directory / "tansu.log")
    try:
        yield str(broker.start())
    finally:
        broker.stop()


@contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL with an empty database on a free port of loopback; yields its URL."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if programs is None:
        msg = "no PostgreSQL: run scripts/services, or apt-get install postgresql"
        raise MissingServiceError(msg)
    # it refuses to run as root, and the tests' own directories are root's alone
    owner: dict[str, Any] = {}
    if os.getuid() == 0:
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
    directory, port = Path(tempfile.mkdtemp(prefix="staplewatch-postgres-")), free_port()
    if owner:
        shutil.chown(directory, "postgres", "postgres")
    try:
        made = [
            str(programs / "initdb"),
            "-D",
            str(directory / "data"),
            "-A",
            "trust",
            "-U",
            "staplewatch",
            "-E",
            "UTF8",
            "-N",
        ]
        subprocess.run(made, check=True, capture_output=True, cwd=directory, **owner)
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(directory), "-c", "fsync=off"]
        with (directory / "log").open("wb") as log:
            child = child_of_tests([str(programs / "postgres"), "-D", str(directory / "data"), *options], log, **owner)
        try:
            wait_until(lambda: _accepts(programs, port), START_SECONDS, "PostgreSQL accepts connections")
            yield f"postgresql://staplewatch@127.0.0.1:{port}/postgres"
        finally:
            child.send_signal(signal.SIGINT)  # "fast": it does not wait for clients
            child.wait(STOP_SECONDS)
            assert child.stdout is not None
            child.stdout.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _accepts(programs: Path, port: int) -> bool:
    asked = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"]
    return subprocess.run(asked, check=False).returncode == 0


@contextmanager
def serving(command: Sequence[str], prefix: str, directory: Path) -> Iterator[str]:
    """Run a command until the end of the block; yields the first line it prints, which must start with ``prefix``."""
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "start.log"
    with log.open("wb") as said, child_of_tests(command, said) as child:
        try:
            line = first_line(child)
            if not line.startswith(prefix):
                raise failure(child, command[0], f"{line} {log.read_text(errors='replace')}".strip())
            yield line
        finally:
            stop(child)


def first_line(child: subprocess.Popen[bytes]) -> str:
    """Return the child's first line, empty when it ends or stays silent for ``START_SECONDS``."""
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        spoke = selector.select(START_SECONDS)
    return child.stdout.readline().decode().strip() if spoke else ""


def failure(child: subprocess.Popen[bytes], program: str, said: str) -> RuntimeError:
    """Return why a server did not start."""
    stop(child)
    if child.returncode == EXIT_MISSING:
        return MissingServiceError(said)
    return RuntimeError(f"{program} did not start within {START_SECONDS:.0f} s: {said}")


def stop(child: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """End a child, by force when it does not obey."""
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def gone(child: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> int:
    """Wait for the end of a child and close its pipe, which would be a ResourceWarning; return its exit code."""
    code = child.wait(seconds)
    if child.stdout is not None:
        child.stdout.close()
    return code


def child_of_tests(command: Sequence[str], log: IO[bytes], **options: Any) -> subprocess.Popen[bytes]:
    """Start a command that gets SIGTERM when the tests are killed; ``options`` are those of ``Popen``."""
    prctl = ctypes.CDLL(None).prctl
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=log,
        preexec_fn=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509
        **options,
    )


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Return when ``condition()`` holds; ``AssertionError`` names what did not happen in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)
