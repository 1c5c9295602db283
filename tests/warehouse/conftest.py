"""Every test of this directory that takes ``warehouse`` runs on chdb and on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import warehouse
from tests.clickhouse import clickhouse_server
from warehouse.engine import Engine


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one server for all tests."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as url:
        yield url


@pytest.fixture(params=["chdb", pytest.param("server", marks=pytest.mark.services)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database."""
    if request.param == "chdb":
        return f"chdb://{tmp_path}/chdb"
    base: str = request.getfixturevalue("server_url")
    return f"{base.rpartition('/')[0]}/test_{uuid4().hex}"


@pytest.fixture
def connected(url: str) -> Iterator[Engine]:
    """Return an engine whose database does not exist yet."""
    engine = warehouse.connect(url)
    assert isinstance(engine, Engine)
    yield engine
    engine.close()


@pytest.fixture
def house(connected: Engine) -> Engine:
    """Return a migrated engine."""
    connected.migrate()
    return connected


@pytest.fixture
def table(house: Engine) -> Callable[[str], str]:
    """Create table ``t`` with the columns given and a query for all of it."""

    def create(columns: str, order: str = "n") -> str:
        house.run(f"CREATE TABLE t (n UInt32, {columns}) ENGINE = MergeTree ORDER BY {order}")
        return "t"

    return create
