"""What both adapters share: checking inserts, naming queries, migrating."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from warehouse import migrations, statements
from warehouse.errors import (
    DISK_FULL,
    WarehouseBusy,
    WarehouseError,
    WarehouseFull,
    WarehouseReadOnly,
    WarehouseUnavailable,
)
from warehouse.statements import Statement
from warehouse.values import Ready, columns_of

if TYPE_CHECKING:
    import pyarrow as pa

#: Names and codes of what an engine says when the same call may succeed later, by what is the matter.
BUSY = {
    "TIMEOUT_EXCEEDED": 159,
    "TOO_MANY_SIMULTANEOUS_QUERIES": 202,
    "ABORTED": 236,
    "MEMORY_LIMIT_EXCEEDED": 241,
    "TOO_MANY_PARTS": 252,
    "QUERY_WAS_CANCELLED": 394,
    "KEEPER_EXCEPTION": 999,
}
AWAY = {"SOCKET_TIMEOUT": 209, "NETWORK_ERROR": 210}
READ_ONLY = {"READONLY": 164, "TABLE_IS_READ_ONLY": 242}
FULL = {"NOT_ENOUGH_SPACE": 243}
PASSING: tuple[tuple[Mapping[str, int], type[WarehouseUnavailable]], ...] = (
    (FULL, WarehouseFull),
    (READ_ONLY, WarehouseReadOnly),
    (BUSY, WarehouseBusy),
    (AWAY, WarehouseUnavailable),
)

Columns = dict[str, Ready]


def kind_of(is_named: Callable[[str, int], bool], text: str) -> type[WarehouseError | WarehouseUnavailable]:
    """Return the class of an engine's refusal; ``is_named`` tells whether it is the one of a name and code."""
    for codes, kind in PASSING:
        if any(is_named(name, code) for name, code in codes.items()):
            return kind
    return WarehouseFull if any(words in text for words in DISK_FULL) else WarehouseError


class Engine(ABC):
    """A ``warehouse.protocol.Warehouse``; an adapter adds how its engine is spoken to."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, str]] = {}
        self._version: tuple[int, int] | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it is, without the password."""

    @abstractmethod
    def select(self, statement: Statement, parameters: Mapping[str, object]) -> pa.Table:
        """Run a statement that returns rows."""

    @abstractmethod
    def run(self, sql: str) -> None:
        """Run a statement that returns none."""

    @abstractmethod
    def create_database(self) -> None:
        """Create the database of the address if it is missing."""

    @abstractmethod
    def write(self, table: str, columns: Columns, types: Mapping[str, str]) -> None:
        """Store checked columns; ``types`` has the ClickHouse type of each."""

    @abstractmethod
    def close(self) -> None:
        """Release everything."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """See ``Warehouse.insert``."""
        ready = columns_of(table, columns, self._types_of(table))
        if any(len(values) for values in ready.values()):
            self.write(table, ready, self._types_of(table))

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """See ``Warehouse.query``."""
        return self.select(statements.named(name), parameters or {})

    def migrate(self) -> list[str]:
        """See ``Warehouse.migrate``."""
        self.create_database()
        applied = migrations.apply(self, migrations.load())
        self._types.clear()
        return applied

    def ping(self) -> None:
        """See ``Warehouse.ping``."""
        self.query("server_version")

    @property
    def version(self) -> tuple[int, int]:
        """Major and minor version of the engine."""
        if self._version is None:
            major, minor = self.query("server_version")["version"][0].as_py().split(".")[:2]
            self._version = int(major), int(minor)
        return self._version

    def _types_of(self, table: str) -> dict[str, str]:
        """Return column → ClickHouse type; asked once, a running program does not change tables."""
        if table not in self._types:
            rows = self.query("columns", {"table": table}).to_pylist()
            if not rows:
                msg = f"{self.address}: no table {table}; run `staplewatch migrate` / 没有这张表，请先运行 migrate"
                raise WarehouseError(msg)
            self._types[table] = {row["name"]: row["type"] for row in rows}
        return self._types[table]
