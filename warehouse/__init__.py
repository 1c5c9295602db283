"""ClickHouse: one protocol, two adapters, migrations, named queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.address import parse
from warehouse.errors import WarehouseError, WarehouseFull, WarehouseReadOnly, WarehouseUnavailable

if TYPE_CHECKING:
    from warehouse.protocol import Warehouse

__all__ = ["WarehouseError", "WarehouseFull", "WarehouseReadOnly", "WarehouseUnavailable", "connect"]

#: A server that does not accept within this is down or behind a closed port.
CONNECT_SECONDS = 5.0
#: Longest silence of a server during a statement. A rebuild's largest read sends blocks all along.
ANSWER_SECONDS = 60.0


def connect(url: str, *, connect_seconds: float = CONNECT_SECONDS, answer_seconds: float = ANSWER_SECONDS) -> Warehouse:
    """Return the warehouse at ``clickhouse://user:password@host:port/database`` or ``chdb:///directory``.

    ``clickhouses://`` is the same over TLS. A server is first contacted by the first call; a chdb
    directory is locked and opened at once. Raises ``WarehouseError`` for an address that cannot be
    right, ``WarehouseUnavailable`` for a directory that another process holds.
    """
    address = parse(url)
    if address.directory is None:
        from warehouse.server import Server  # noqa: PLC0415 - the driver takes 0.2 s, chdb users need none of it

        return Server(address, connect_seconds=connect_seconds, answer_seconds=answer_seconds)
    try:
        from warehouse.embedded import Embedded  # noqa: PLC0415 - an optional dependency of 500 MB
    except ModuleNotFoundError as error:
        msg = f"{error.name} is not installed: pip install 'staplewatch[embedded]' / 未安装 {error.name}"
        raise WarehouseError(msg) from error
    return Embedded(address)
