"""The two engines give results of the same types."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest

import warehouse
from warehouse import statements
from warehouse.protocol import Warehouse

QUERIES = sorted(file.name.removesuffix(".sql") for file in files("warehouse").joinpath("queries").iterdir())


@pytest.fixture(scope="module")
def both(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Warehouse, Warehouse]]:
    """Return both engines, migrated."""
    embedded = warehouse.connect(f"chdb://{tmp_path_factory.mktemp('parity')}")
    server = warehouse.connect(server_url)
    for engine in (embedded, server):
        engine.migrate()
    yield embedded, server
    for engine in (embedded, server):
        engine.close()


@pytest.mark.services
@pytest.mark.parametrize("query", QUERIES)
def test_same_names_and_types(both: tuple[Warehouse, Warehouse], query: str) -> None:
    kinds = {"String": "x", "Array(String)": ["x"], "Array(UInt32)": [540400]}
    wanted = {
        name: kinds.get(parameter.type, 1)
        for name, parameter in statements.named(query).parameters.items()
        if parameter.default is None
    }
    embedded, server = (engine.query(query, wanted) for engine in both)
    assert embedded.schema.equals(server.schema)
