"""``staplewatch accounts`` and ``wall-tokens`` as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PASSWORD = "correct horse battery\n"


def run(data: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "staplewatch", "--lang", "en", *arguments, "--data", str(data)]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=60, check=False)


def test_an_account_is_made_listed_changed_and_locked(tmp_path: Path) -> None:
    assert run(tmp_path, "accounts", "add", "次仁", "--role", "duty", said=PASSWORD).returncode == 0
    assert run(tmp_path, "accounts", "role", "次仁", "admin").returncode == 0
    assert run(tmp_path, "accounts", "disable", "次仁").returncode == 0
    (row,) = json.loads(run(tmp_path, "accounts", "list", "--format", "json").stdout)
    assert (row["name"], row["role"]) == ("次仁", "admin")
    assert row["disabled"] is not None
    assert "hash" not in row


def test_a_wall_token_is_shown_once(tmp_path: Path) -> None:
    (made,) = json.loads(run(tmp_path, "wall-tokens", "add", "hall-1", "--format", "json").stdout)
    assert made["address"] == f"/wall?token={made['token']}"
    listed = run(tmp_path, "wall-tokens", "list", "--format", "json").stdout
    assert made["token"] not in listed
    assert json.loads(listed)[0]["name"] == "hall-1"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("accounts", "add", "u", "--password-stdin"), "a password has 10 to 1024 characters"),
        (("accounts", "passwd", "nobody"), "there is no account nobody"),
        (("wall-tokens", "revoke", "hall-9"), "no wall token hall-9 is in use"),
        (("accounts", "list", "--operations", "mysql://h/d"), "--operations must be sqlite:///FILE or postgresql://"),
    ],
)
def test_an_error_is_one_line_and_code_2(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = run(tmp_path, *arguments, said="short\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
