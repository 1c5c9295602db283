"""Migrations and transactions."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from serving.operations import audit
from serving.operations.audit import Actor
from serving.operations.errors import StoreUnavailable
from serving.operations.operations import Operations
from serving.operations.store import Store
from serving.operations.tables import metadata


def test_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    with store.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_many_starts_at_once_migrate_once(url: str) -> None:
    def start(_: int) -> int:
        store = Store.open(url)
        try:
            return len(Operations(store).accounts.list())
        finally:
            store.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))) == [0] * 6


def test_a_failed_change_leaves_nothing(store: Store) -> None:
    actor = Actor("root", "cli")

    def fail() -> None:
        with store.write() as connection:
            audit.note(connection, 1, actor, "account.add")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert audit.newest(store, 10) == []


def test_a_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "operations.db"
    Store.open(f"sqlite:///{path}").close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://host/db", "must be sqlite:///FILE or postgresql://"),
        ("nonsense", "must be sqlite:///FILE or postgresql://"),
        ("postgresql://user:secret@127.0.0.1:1/db", "cannot be used"),
        ("sqlite:////proc/nowhere/operations.db", "cannot write"),
    ],
)
def test_what_cannot_be_used_says_what_to_do_without_the_password(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(url)
    assert said in str(caught.value)
    assert "--operations" in str(caught.value)
    assert "secret" not in str(caught.value)
