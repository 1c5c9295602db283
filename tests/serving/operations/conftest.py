"""A store of each kind, with a clock that stands still and a hash that costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from serving.operations.accounts import Accounts
from serving.operations.operations import Operations
from serving.operations.store import Store
from tests import services

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Clock:
    """Time that only a test moves, epoch seconds."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Run PostgreSQL once for all tests."""
    try:
        with services.postgres() as url:
            yield url
    except services.MissingServiceError as error:
        services.missing(error)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'operations.db'}"
    found: str = request.getfixturevalue("server")
    store = Store(found)
    with store.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    store.close()
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close()


@pytest.fixture
def operations(store: Store, clock: Clock) -> Operations:
    return Operations(store, clock=clock, accounts=Accounts(store, hasher=CHEAP, clock=clock))
