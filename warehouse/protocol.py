"""What the rest of the product may ask of a warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Warehouse(Protocol):
    """ClickHouse behind one face: a server, or chdb inside this process.

    Every method may be called from any thread, several at once. All of them raise
    ``WarehouseUnavailable`` (try again) or ``WarehouseError`` (broken statement or data).
    """

    @property
    def address(self) -> str:
        """Where it is, for people: without the password."""
        ...

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append rows, given as columns of equal length; it returns when they are stored.

        Values: ``int``, ``float``, ``str``, ``None`` (nullable columns only), ``list[str]``,
        ``date`` or days since 1970 for Date, aware ``datetime`` or epoch seconds for DateTime;
        numpy arrays as well, and columns that are ``warehouse.coded.Coded`` or ``Nullable``. A NaN
        stays a NaN, NULL is None. Columns left out get the table's default. No rows: nothing happens.
        """
        ...

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run ``warehouse/queries/NAME.sql`` and return its rows.

        Column types are the same on every engine, see ``warehouse.types``. A parameter that
        the file gives a default may be left out.
        """
        ...

    def migrate(self) -> list[str]:
        """Create the database and apply what is missing; return the names applied now."""
        ...

    def ping(self) -> None:
        """Return when the warehouse answers."""
        ...

    def close(self) -> None:
        """Release connections and locks; the object cannot be used afterwards."""
        ...
