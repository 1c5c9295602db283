"""One owner per directory, and an instance file that tells whether its writer lives."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from staplewatch import instance
from staplewatch.errors import CommandError
from staplewatch.instance import Instance, Ownership

FOUND = Instance(pid=os.getpid(), http="http://127.0.0.1:1", broker="127.0.0.1:2", token="t")


def test_published_found_and_taken_away(tmp_path: Path) -> None:
    owner = Ownership(tmp_path / "data")
    assert instance.find(tmp_path / "data") is None
    owner.publish(FOUND)
    assert instance.find(tmp_path / "data") == FOUND
    assert stat.S_IMODE((tmp_path / "data" / instance.FILE).stat().st_mode) == 0o600
    assert instance.holder(tmp_path / "data") == str(os.getpid())
    owner.release()
    assert instance.find(tmp_path / "data") is None
    assert instance.holder(tmp_path / "data") is None
    assert not (tmp_path / "data" / instance.FILE).exists()


def test_published_again_the_newer_one_is_found(tmp_path: Path) -> None:
    owner = Ownership(tmp_path)
    owner.publish(FOUND)
    newer = Instance(pid=1, http="http://127.0.0.1:9", broker="b", token="n")
    owner.publish(newer)
    assert instance.find(tmp_path) == newer
    owner.release()


def test_a_second_owner_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    owner = Ownership(tmp_path)
    with pytest.raises(CommandError, match=f"in use by process {os.getpid()}"):
        Ownership(tmp_path)
    owner.release()
    Ownership(tmp_path).release()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="cannot write to data directory"):
        Ownership(tmp_path / "file" / "data")


PUBLISH_AND_WAIT = """
import sys, pathlib
from staplewatch.instance import Instance, Ownership
owner = Ownership(pathlib.Path(sys.argv[1]))
owner.publish(Instance(pid=1, http="http://x", broker="b", token="t"))
print("published", flush=True)
sys.stdin.read()
"""


def test_after_kill_9_the_file_is_a_leftover_and_the_directory_free(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", PUBLISH_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"published\n"
        assert instance.find(tmp_path) is not None
        with pytest.raises(CommandError, match=f"process {other.pid}"):
            Ownership(tmp_path)
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert (tmp_path / instance.FILE).exists()
    assert instance.find(tmp_path) is None
    Ownership(tmp_path).release()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    owner = Ownership(tmp_path)
    owner.publish(FOUND)
    with (tmp_path / instance.FILE).open("r+") as file:
        file.truncate(5)
    with pytest.raises(CommandError, match="damaged"):
        instance.find(tmp_path)
    owner.release()
