"""Addresses of warehouses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from warehouse.errors import WarehouseError

DATABASE = "staplewatch"
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
#: ClickHouse's native protocol, plain and over TLS.
PORTS = {"clickhouse": 9000, "clickhouses": 9440}

HOW = "use clickhouse://user:password@host:port/database or chdb:///directory / 请用上述两种写法之一"


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URL; ``directory`` is set for chdb, ``host`` and ``port`` for a server."""

    database: str
    directory: Path | None = None
    host: str = ""
    port: int = 0
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False

    def __str__(self) -> str:
        """Return the address for people, without the password."""
        if self.directory is not None:
            return f"chdb://{self.directory}"
        return f"{self.host}:{self.port}/{self.database}"


def parse(url: str) -> Address:
    """Read a URL; the text of an error never repeats the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        msg = f"warehouse address cannot be read ({error}): {HOW}"
        raise WarehouseError(msg) from None
    if parts.scheme == "chdb" and parts.path.startswith("/") and not parts.netloc:
        database = parse_qs(parts.query).get("database", [DATABASE])[0]
        return Address(_identifier(database), directory=Path(unquote(parts.path)))
    if parts.scheme not in PORTS or not parts.hostname:
        msg = f"warehouse address with scheme {parts.scheme!r} and host {parts.hostname!r} cannot be used: {HOW}"
        raise WarehouseError(msg)
    return Address(
        _identifier(parts.path.strip("/") or DATABASE),
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        secure=parts.scheme == "clickhouses",
    )


def _identifier(database: str) -> str:
    if IDENTIFIER.fullmatch(database):
        return database
    msg = f"database name {database!r}: letters, digits and _ only / 数据库名只能用字母、数字和下划线"
    raise WarehouseError(msg)
