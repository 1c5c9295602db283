"""What time mends is waited for with one line; what it does not is refused."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

from staplewatch import addresses, assembly, waiting
from staplewatch.errors import CommandError
from staplewatch.waiting import Patience
from warehouse.errors import WarehouseMistaken, WarehouseReadOnly, WarehouseUnavailable

URL = "clickhouse://default@127.0.0.1:1/staplewatch"


class Connecting:
    """Stands for ``assembly.connect``: fails with these errors in turn, then returns itself."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)

    def __call__(self, url: str, *, reading: bool) -> Any:
        if self._errors:
            raise self._errors.pop(0)
        return self


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


def patient(told: list[tuple[str, str]], *, wait: bool = True) -> Patience:
    return Patience(lambda part, reason: told.append((part, reason)), wait=wait, retry_seconds=0.001)


async def test_a_warehouse_that_is_away_is_one_line_and_one_when_it_is_there(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    connect = Connecting(WarehouseUnavailable("gone"), WarehouseUnavailable("gone"), WarehouseReadOnly("no writes"))
    monkeypatch.setattr(assembly, "connect", connect)
    with caplog.at_level(logging.WARNING):
        found: Any = await patient(told).warehouse(URL)
    assert found is connect
    assert [part for part, _ in told] == ["warehouse"] * 3
    assert "no writes" in told[-1][1]
    first, last = (record.getMessage() for record in caplog.records)
    assert "gone" in first
    assert first.endswith("waiting for it")
    assert last == "the warehouse at 127.0.0.1:1 is there"


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (WarehouseUnavailable("gone"), False),
        (WarehouseMistaken("that is no ClickHouse"), True),
        (CommandError("the password is not accepted"), True),
    ],
)
async def test_what_does_not_mend_itself_is_refused(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str]], error: Exception, wait: bool
) -> None:
    monkeypatch.setattr(assembly, "connect", Connecting(error))
    with pytest.raises(CommandError, match=str(error)):
        await patient(told, wait=wait).warehouse(URL)
    assert told == []


async def test_a_silent_warehouse_is_missed_before_its_connection_gives_up(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str]]
) -> None:
    answers = asyncio.Event()

    async def silent(*arguments: Any, **options: Any) -> str:
        await answers.wait()
        return "there"

    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.01)
    monkeypatch.setattr(asyncio, "to_thread", silent)
    patience = patient(told)
    asking = asyncio.create_task(patience.warehouse(URL))
    await patience.missing.wait()
    assert "does not answer" in told[0][1] or "无应答" in told[0][1]
    answers.set()
    found: Any = await asking
    assert found == "there"


@pytest.mark.parametrize("kind", [waiting.NO_SUCH_HOST[0], waiting.NO_SUCH_HOST[1]])
async def test_a_host_that_does_not_exist_is_refused(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str]], kind: int
) -> None:
    def resolve(*arguments: Any, **options: Any) -> None:
        raise socket.gaierror(kind, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(CommandError, match=r"--warehouse.*nowhere"):
        await patient(told).warehouse("clickhouse://nowhere:9000/staplewatch")
    with pytest.raises(CommandError, match=r"--broker.*nowhere, neither"):
        await patient(told).broker("kafka://nowhere:9092,neither:9092", None)


def test_a_resolver_that_is_away_is_no_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*arguments: Any, **options: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    waiting.check_hosts([addresses.Endpoint("somewhere", 9092)], "--broker")
