"""Servers that are away, directories that are taken, threads that meet."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import warehouse
from tests.warehouse import rows
from warehouse import WarehouseError, WarehouseUnavailable
from warehouse.address import parse
from warehouse.engine import Engine

THREADS = 8


def test_threads_read_and_write_at_once(house: Engine) -> None:
    def work(number: int) -> int:
        for batch in range(5):
            offset = number * 1000 + batch
            house.insert("sales", rows.columns([rows.sale(offset, line) for line in range(20)]))
        mine = {"epoch": "e1", "topic": "pos.sales", "partition": 2}
        result = house.query("sales_after", {**mine, "from_offset": number * 1000, "to_offset": number * 1000 + 1000})
        return int(result.num_rows)

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(work, range(THREADS))) == [100] * THREADS


def test_an_error_does_not_spoil_the_next_call(house: Engine) -> None:
    for _ in range(3):
        with pytest.raises(WarehouseError):
            house.run("SELECT nonsense FROM nowhere")
        house.ping()


def test_a_closed_warehouse_says_so(url: str) -> None:
    engine = warehouse.connect(url)
    engine.migrate()
    engine.close()
    with pytest.raises(WarehouseError, match="was closed"):
        engine.ping()


@contextmanager
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def test_nobody_there() -> None:
    with listener() as sock:
        port = sock.getsockname()[1]
    engine = warehouse.connect(f"clickhouse://ann:s3cret@127.0.0.1:{port}/db")
    for call in (engine.ping, engine.migrate, lambda: engine.insert("sales", {"offset": [1]})):
        with pytest.raises(WarehouseUnavailable) as caught:
            call()
        text = str(caught.value)
        assert text == (
            f"ClickHouse at 127.0.0.1:{port}/db cannot be reached / 无法连接: Connection refused (127.0.0.1:{port})"
        )
    engine.close()


def test_a_server_that_does_not_answer() -> None:
    with listener() as sock:
        address = f"clickhouse://127.0.0.1:{sock.getsockname()[1]}/db"
        engine = warehouse.connect(address, connect_seconds=0.2, answer_seconds=0.2)
        with pytest.raises(WarehouseUnavailable, match="no answer in time"):
            engine.ping()
        engine.close()


def test_an_unknown_host() -> None:
    engine = warehouse.connect("clickhouse://nowhere.invalid/db")
    with pytest.raises(WarehouseUnavailable, match=r"nowhere\.invalid:9000/db cannot be reached"):
        engine.ping()
    engine.close()


@pytest.mark.services
def test_a_wrong_password_is_not_repeated(server_url: str) -> None:
    engine = warehouse.connect(server_url.replace("default@", "default:s3cret@"))
    with pytest.raises(WarehouseError, match="not accepted") as caught:
        engine.ping()
    assert "s3cret" not in str(caught.value)
    engine.close()


@pytest.mark.services
def test_a_connection_cut_by_the_server_is_made_again(server_url: str) -> None:
    engine = warehouse.connect(server_url)
    engine.migrate()
    assert isinstance(engine, Engine)
    with engine._pool.use() as client:  # type: ignore[attr-defined] # the only way to a live socket
        client.connection.socket.shutdown(socket.SHUT_RDWR)
    engine.ping()
    engine.close()


HOLD = """
import sys, warehouse
held = warehouse.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_directory_has_one_owner(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}/data"
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(WarehouseUnavailable, match=f"is in use by process {child.pid}: .* 目录正被进程"):
        warehouse.connect(url)
    child.kill()
    child.communicate()
    warehouse.connect(url).close()


def test_the_same_process_cannot_take_a_directory_twice(tmp_path: Path) -> None:
    first = warehouse.connect(f"chdb://{tmp_path}")
    with pytest.raises(WarehouseUnavailable, match="is in use"):
        warehouse.connect(f"chdb://{tmp_path}")
    first.close()


def test_an_embedded_warehouse_keeps_its_rows(tmp_path: Path) -> None:
    for expected in (2, 4):
        with closing(warehouse.connect(f"chdb://{tmp_path}")) as engine:
            engine.migrate()
            engine.insert("sales", rows.columns([rows.sale(expected), rows.sale(expected, line=1)]))
            assert engine.query("sales_since").num_rows == expected


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseError, match="cannot be used"):
        warehouse.connect(f"chdb://{tmp_path}/file/data")


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "mysql://localhost/x", "clickhouse:///x", "clickhouse://h:port/x", "chdb://relative/dir",
     "clickhouse://h/a-b", "clickhouse://u:s3cret@h:99999/x", "chdb:relative"],
)  # fmt: skip
def test_addresses_that_cannot_be_right(url: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        warehouse.connect(url)
    assert "s3cret" not in str(caught.value)


def test_addresses() -> None:
    full = parse("clickhouses://a%40b:p%2Fw@h.example/watch")
    assert (full.user, full.password, full.host, full.port) == ("a@b", "p/w", "h.example", 9440)
    assert (full.database, full.secure) == ("watch", True)
    assert "p/w" not in f"{full} {full!r}"
    short = parse("clickhouse://h")
    assert (short.user, short.password, short.port, short.database) == ("default", "", 9000, "staplewatch")
    assert parse("chdb:///a%20b/c").directory == Path("/a b/c")
