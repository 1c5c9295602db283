"""The command as a user meets it: help, errors in one line, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import catalogue
from staplewatch import cli, words
from tests.serving import maps


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run_command(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


COMMANDS = [
    "up", "worker", "serve", "migrate", "simulate", "replay completejourney", "replay freshretail", "replay quotes",
    "convert vegetables", "convert freshretail", "indicators", "alerts", "alerts show", "alerts ack",
    "alerts comment", "alerts silence", "alerts silences", "alerts unsilence", "dead-letters list",
    "dead-letters show", "dead-letters export", "replay dead-letters", "doctor", "demo",
    "backtest", "rules list", "rules show", "rules check", "audit", "score", "indices", "registry load",
    "registry list", "registry export",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, *command.split(), "--help")
    assert code == 0
    assert "Examples:" in out
    assert f"staplewatch {command}" in out


@pytest.mark.parametrize(
    "command",
    [
        *("indicators", "alerts", "alerts silences", "dead-letters list", "doctor", "backtest", "rules list"),
        *("score", "indices"),
    ],
)
def test_data_comes_out_in_three_forms(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert "table|json|csv" in run(capsys, *command.split(), "--help")[1].replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "No such command 'nosuch'"),
        (["alerts", "--level", "purple"], "'purple' is not one of"),
        (["simulate"], "Missing argument 'scenario'"),
        (["up", "--port", "99999"], "'--port': Input should be less than or equal to 65535"),
        (["up", "--duration", "soon"], "--duration: 'soon' is no duration"),
        (["up", "--packs", "nosuch"], 'cannot read the pack "nosuch"'),
        (
            ["alerts", "show", "x"],
            "no instance runs in data and it holds no warehouse: start staplewatch up --data data",
        ),
        (["alerts", "ack", "x"], "no instance runs in data and it holds no warehouse: start staplewatch up"),
        (["alerts", "comment", "x", " "], "TEXT: there are no words"),
        (["alerts", "silence", "--good", "potato", "--for", "2h"], "--why: say why"),
        (["alerts", "silence", "--good", "potato", "--why", "x"], "either --until or --for"),
        (["alerts", "silence", "--good", "potato", "--why", "x", "--for", "long"], "--for: 'long' is no duration"),
        (["alerts", "silence", "--good", "potato", "--why", "x", "--until", "soon"], "--until: 'soon' is no date"),
        (["alerts", "silence", "--level", "purple", "--why", "x", "--for", "2h"], "'purple' is not one of"),
        (["alerts", "silence", "--good", "potato", "--why", "x", "--for", "2h"], "no instance runs in data: start"),
        (
            ["alerts", "silence", "--why", "x", "--for", "2h", "--broker", "kafka://127.0.0.1:1"],
            "silence what? give at least one of --region",
        ),
        (
            ["alerts", "silence", "--region", "999999", "--why", "x", "--for", "2h", "--broker", "kafka://127.0.0.1:1"],
            "not in the catalogue: 999999",
        ),
        (
            ["alerts", "silence", "--good", "eggs", "--why", "x", "--for", "60d", "--broker", "kafka://127.0.0.1:1"],
            "a silence ends ahead of now and within 31 days",
        ),
        (
            ["alerts", "silence", "--good", "eggs", "--why", "x", "--for", "1h", "--broker", "kafka://127.0.0.1:1"],
            "127.0.0.1:1",
        ),
        (["up", "--catalogue", "nowhere"], "catalogue nowhere was refused"),
        (["up", "--map", "nowhere"], "map nowhere: cannot be read (No such file or directory): check --map"),
        (["up", "--broker", "http://x"], "--broker: broker 'http://x' must be written"),
        (["serve"], "--broker is needed (or STAPLEWATCH_BROKER)"),
        (["worker", "--broker", "kafka://127.0.0.1:1"], "--warehouse is needed"),
        (["indicators", "--from", "yesterday"], "--from: 'yesterday' is no date or time"),
        (["alerts"], "no instance runs in data and it holds no warehouse: start staplewatch up --data data"),
        (["audit"], "no instance runs in data and it holds no warehouse: start staplewatch up --data data"),
        (["audit", "--wait", "long"], "--wait: 'long' is no duration"),
        (["audit", "--broker", "kafka://127.0.0.1:1"], "cannot reach the Kafka broker (127.0.0.1:1"),
        (["audit", "--warehouse", "clickhouse://127.0.0.1:1/x"], "the warehouse cannot be used: ClickHouse at"),
        (["simulate", "calm"], "no instance runs in data: start staplewatch up --data data"),
        (["replay", "quotes", "q.csv", "--broker", "kafka://127.0.0.1:1", "--speed", "fast"], "--speed 'fast'"),
    ],
)
def test_errors_are_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kept_signals: None,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    first, *others = err.splitlines()
    assert (code, out) == (2, "")
    assert first.startswith("staplewatch: ")
    assert said in first
    assert all(line.startswith("  ") for line in others)


@pytest.fixture
def kept_signals() -> Iterator[None]:
    """Give the signals back that ``up`` takes over."""
    import logging  # noqa: PLC0415
    import signal  # noqa: PLC0415

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--broker", "kafka://127.0.0.1:1"],
            "cannot reach the Kafka broker (127.0.0.1:1: Connection refused): check --broker",
        ),
        (["--warehouse", "clickhouse://127.0.0.1:1"], "the warehouse cannot be used: ClickHouse at 127.0.0.1:1"),
    ],
)
def test_a_wrong_address_is_one_line_and_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    command = [
        sys.executable,
        "-m",
        "staplewatch",
        "--lang",
        "en",
        "up",
        "--data",
        str(tmp_path),
        "--port",
        "0",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_doctor_names_what_is_wrong_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    servers = ["--broker", "kafka://127.0.0.1:1", "--warehouse", "clickhouse://127.0.0.1:1/staplewatch"]
    code, out, err = run(capsys, "doctor", *servers, "--format", "json")
    states = {row["check"]: row["state"] for row in json.loads(out)}
    assert code == 2
    assert states["Kafka broker"] == states["warehouse"] == "problem"
    assert states["dependencies"] == states["catalogue"] == states["rule packs"] == "ok"
    assert len(err.splitlines()) == 2
    assert "127.0.0.1:1" in err


@pytest.mark.parametrize(
    ("without", "state", "found"),
    [(set(), "ok", f"counties.geojson, {maps.NUMBER}"), ({540402, 540421}, "note", "the map lacks 2 counties")],
)
def test_doctor_names_counties_that_the_map_lacks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, without: set[int], state: str, found: str
) -> None:
    path = maps.written(tmp_path, maps.of(catalogue.load(), without))
    code, out, _ = run(capsys, "doctor", "--data", str(tmp_path / "data"), "--map", str(path), "--format", "json")
    told = next(row for row in json.loads(out) if row["check"] == "map")
    assert (code, told["state"]) == (0, state)
    assert found in told["found"]


def test_doctor_refuses_a_map_without_its_number(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = maps.written(tmp_path, maps.collection(maps.feature(540402), review_number=""))
    code, out, err = run(capsys, "doctor", "--data", str(tmp_path / "data"), "--map", str(path), "--format", "json")
    told = next(row for row in json.loads(out) if row["check"] == "map")
    assert (code, told["state"]) == (2, "problem")
    assert "no map review number" in err


def test_help_needs_nothing_heavy() -> None:
    probe = "import sys; import staplewatch.cli; print([m for m in HEAVY if m in sys.modules])"
    heavy = [
        "polars",
        "pyarrow",
        "faust",
        "kafka",
        "aiokafka",
        "litestar",
        "chdb",
        "pydantic",
        "httpx",
        "rich.progress",
    ]
    done = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {heavy}; {probe}"], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"


def test_help_takes_less_processor_time_than_half_a_second() -> None:
    import resource  # noqa: PLC0415

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "staplewatch", "--help"], capture_output=True, check=True, timeout=30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    words.use("zh")
    code, _, err = run(capsys, "alerts")
    assert code == 2
    assert "没有运行的实例" in err
