"""Migrations run once, in order, and never change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

import warehouse
from warehouse import WarehouseError, migrations
from warehouse.engine import Engine
from warehouse.migrations import Migration
from warehouse.protocol import Warehouse

FIRST = Migration("001_a", "CREATE TABLE a (x UInt8) ENGINE = MergeTree ORDER BY x;\n\n-- end; really\n")
SECOND = Migration("002_b", "CREATE TABLE b (x LowCardinality(String)) ENGINE = MergeTree ORDER BY x; DROP TABLE a")


@pytest.fixture
def empty(connected: Engine) -> Engine:
    """Return an engine with a database and nothing in it."""
    connected.create_database()
    return connected


def test_the_products_own_migrations_run_and_are_idempotent(connected: Engine) -> None:
    names = [migration.name for migration in migrations.load()]
    assert connected.migrate() == names
    assert names[:2] == ["001_raw", "002_derived"]
    assert connected.migrate() == []
    assert all(row["rows"] == 0 for row in connected.query("counts").to_pylist())


@pytest.mark.services
@pytest.mark.parametrize("turn", range(3))
def test_processes_that_start_at_the_same_moment_do_not_refuse_each_other(server_url: str, turn: int) -> None:
    url = f"{server_url.rpartition('/')[0]}/test_{turn}_{uuid4().hex}"
    engines = [warehouse.connect(url) for _ in range(4)]
    together = Barrier(len(engines))

    def migrate(engine: Warehouse) -> list[str]:
        together.wait()
        return engine.migrate()

    with ThreadPoolExecutor(len(engines)) as pool:
        applied = list(pool.map(migrate, engines))
    assert {name for names in applied for name in names} == {migration.name for migration in migrations.load()}
    assert engines[0].migrate() == []
    assert all(row["rows"] == 0 for row in engines[0].query("counts").to_pylist())
    for engine in engines:
        engine.close()


def test_only_new_files_are_applied(empty: Engine) -> None:
    assert migrations.apply(empty, [FIRST]) == ["001_a"]
    assert migrations.apply(empty, [FIRST, SECOND]) == ["002_b"]
    assert [row["name"] for row in empty.query("schema_migrations").to_pylist()] == ["001_a", "002_b"]


def test_a_changed_file_is_an_error(empty: Engine) -> None:
    migrations.apply(empty, [FIRST])
    with pytest.raises(WarehouseError, match=r"001_a was changed .* 已执行的迁移文件被改动"):
        migrations.apply(empty, [Migration("001_a", FIRST.text + " ")])


def test_line_ends_of_a_checkout_do_not_count() -> None:
    assert Migration("001_a", FIRST.text.replace("\n", "\r\n")).checksum == FIRST.checksum


def test_a_file_for_a_newer_server_is_skipped_loudly_and_applied_later(empty: Engine) -> None:
    future = Migration("003_new", "-- requires: 99.1\nCREATE TABLE c (x UInt8) ENGINE = MergeTree ORDER BY x")
    with capture_logs() as logs:
        assert migrations.apply(empty, [FIRST, future, SECOND]) == ["001_a", "002_b"]
    assert [(log["log_level"], log["migration"], log["requires"]) for log in logs] == [("warning", "003_new", "99.1")]
    now = Migration("003_new", future.text.replace("99.1", "18.1"))
    assert migrations.apply(empty, [FIRST, now, SECOND]) == ["003_new"]


def test_a_broken_file_is_not_noted(empty: Engine) -> None:
    with pytest.raises(WarehouseError, match="Nope"):
        migrations.apply(empty, [FIRST, Migration("002_bad", "CREATE TABLE nonsense (x Nope) ENGINE = Nope")])
    assert [row["name"] for row in empty.query("schema_migrations").to_pylist()] == ["001_a"]


def test_without_migrations_the_reader_is_told_what_to_do(connected: Engine) -> None:
    with pytest.raises(WarehouseError, match="staplewatch migrate"):
        connected.query("progress", {"epoch": "e"})


def test_a_file_that_adds_columns_runs_again_after_a_crash_in_the_middle(empty: Engine) -> None:
    migrations.apply(empty, [FIRST])
    adding = Migration("002_more", "ALTER TABLE a ADD COLUMN y UInt8 DEFAULT 7; ALTER TABLE a ADD COLUMN z String")
    empty.run("ALTER TABLE a ADD COLUMN y UInt8 DEFAULT 7")  # as far as the crashed run came
    assert migrations.apply(empty, [FIRST, adding]) == ["002_more"]
    assert [row["name"] for row in empty.query("columns", {"table": "a"}).to_pylist()] == ["x", "y", "z"]
