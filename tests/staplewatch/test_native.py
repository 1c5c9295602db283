"""Which decoder of receipts is chosen, and what is said where the one that is wanted is not there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from staplewatch import assembly, settings
from staplewatch.errors import CommandError
from streams import native
from tests.staplewatch.test_cli import run

installed = pytest.mark.skipif(not native.available(), reason="staplewatch_native is not installed: make native")


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, native.MODULE, None)


@pytest.mark.usefixtures("absent")
def test_python_reads_receipts_where_there_is_no_other_decoder() -> None:
    assert not assembly.engine_options(settings.load()).native
    assert not assembly.engine_options(settings.load(native="off")).native
    with pytest.raises(CommandError, match=r"the decoder in Rust cannot be loaded .*run make native, or set --native"):
        assembly.engine_options(settings.load(native="on"))


@installed
def test_rust_reads_them_where_it_is_installed_and_not_switched_off() -> None:
    chosen = {how: assembly.engine_options(settings.load(native=how)).native for how in ("auto", "on", "off")}
    assert chosen == {"auto": True, "on": True, "off": False}


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize(("how", "state", "found"), [("auto", "ok", "Python"), ("on", "problem", "cannot be loaded")])
def test_doctor_says_which_decoder_works(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    how: str,
    state: str,
    found: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAPLEWATCH_NATIVE", how)
    _, out, _ = run(capsys, "doctor", "--format", "json")
    told = {row["check"]: row for row in json.loads(out)}["decoder of receipts"]
    assert told["state"] == state
    assert found in told["found"]


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("command", ["up", "worker"])
def test_asking_for_what_is_not_there_is_refused_before_anything_is_waited_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    servers = ("--broker", "kafka://127.0.0.1:1", "--warehouse", "clickhouse://127.0.0.1:1/x")
    code, _, err = run(capsys, command, "--native", "on", *servers, "--data", str(tmp_path))
    assert (code, len(err.splitlines())) == (2, 1)
    assert "the decoder in Rust cannot be loaded" in err
