"""A ClickHouse server, spoken to in the native protocol by clickhouse-driver."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from clickhouse_driver import Client, defines, errors
from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.columns.service import write_column
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str, write_binary_uint8

from warehouse.address import Address
from warehouse.blocks import written
from warehouse.coded import Gaps, Words
from warehouse.engine import Columns, Engine, kind_of
from warehouse.errors import WarehouseError, WarehouseMistaken, WarehouseUnavailable
from warehouse.pool import Pool
from warehouse.types import bare
from warehouse.values import Ready, date_of, guarded

if TYPE_CHECKING:
    import pyarrow as pa

    from warehouse.statements import Statement

# It logs every failed connection with a traceback; we raise one line instead.
logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)

UNKNOWN_DATABASE = 81
WRONG_USER_OR_PASSWORD = {192, 193, 194, 516}

#: Reads 800 k rows/s of `sales` where one Python object per value gives 200 k. Inserts are ``warehouse.blocks``.
NUMPY = {"use_numpy": True}

#: Old servers end a query at a setting that they do not know, so each half gets its own.
MODERN = (20, 1)
#: An insert of years of events touches more than 100 months. 18.16 has neither the limit nor the setting.
UNLIMITED_PARTITIONS = {"max_partitions_per_insert_block": 0}
#: 18.16 keeps LowCardinality behind a permission; chdb 26 no longer knows the name.
LOW_CARDINALITY_ALLOWED = {"allow_experimental_low_cardinality_type": 1}


class Server(Engine):
    """One connection per thread at work, made when needed."""

    def __init__(self, address: Address, *, connect_seconds: float, answer_seconds: float) -> None:
        super().__init__()
        self._address = address
        self._timeouts = (connect_seconds, answer_seconds)
        self._pool = Pool(lambda: self._client(address.database), Client.disconnect)

    @property
    def address(self) -> str:
        """``host:port/database``."""
        return str(self._address)

    def select(self, statement: Statement, parameters: Mapping[str, object]) -> pa.Table:
        """Run a query; its values become literals, see ``warehouse.statements``."""
        sql = statement.rendered(parameters)
        with self._translated(statement.name), self._pool.use() as client:
            return client.query_arrow(sql, field_metadata=False, settings=NUMPY)

    def run(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        settings = LOW_CARDINALITY_ALLOWED if self.version < MODERN else {}
        with self._translated("statement"), self._pool.use() as client:
            client.execute(sql, settings=settings)

    def create_database(self) -> None:
        """Create it from the database ``default``: a connection to a missing one is refused."""
        client = self._client("default")
        with self._translated("create database"):
            try:
                client.execute(f"CREATE DATABASE IF NOT EXISTS `{self._address.database}`")
            finally:
                client.disconnect()

    def write(self, table: str, columns: Columns, types: Mapping[str, str]) -> None:
        """Send the columns as blocks of at most about a million rows."""
        names = ", ".join(f"`{name}`" for name in columns)
        data = [_Column(name, values) for name, values in columns.items()]
        settings = UNLIMITED_PARTITIONS if self.version >= MODERN else {}
        with self._translated(f"insert into {table}"), self._pool.use() as client:
            client.execute(f"INSERT INTO `{table}` ({names}) VALUES", data, columnar=True, settings=settings)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _client(self, database: str) -> Client:
        connect, answer = self._timeouts
        return _Client(
            self._address.host,
            port=self._address.port,
            database=database,
            user=self._address.user,
            password=self._address.password,
            secure=self._address.secure,
            client_name="staplewatch",
            connect_timeout=connect,
            send_receive_timeout=answer,
            sync_request_timeout=connect,
            compression="lz4",
            tcp_keepalive=True,
        )

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Turn the driver's errors into ours."""
        try:
            yield
        except errors.ServerException as error:
            raise self._refusal(error, doing) from error
        except (errors.UnexpectedPacketFromServerError, errors.UnknownPacketFromServerError) as error:
            msg = f"{self.address} does not speak ClickHouse's native protocol / 该端口不是 ClickHouse 原生协议"
            raise WarehouseMistaken(msg) from error
        except (errors.NetworkError, errors.SocketTimeoutError, EOFError, OSError) as error:
            msg = f"ClickHouse at {self.address} cannot be reached / 无法连接: {_reason(error)}"
            raise WarehouseUnavailable(msg) from error
        except (errors.Error, TypeError, ValueError, AttributeError) as error:
            msg = f"{self.address}, {doing}: {_line(error)}"
            raise WarehouseError(msg) from error

    def _refusal(self, error: errors.ServerException, doing: str) -> Exception:
        if error.code in WRONG_USER_OR_PASSWORD:
            user = self._address.user
            return WarehouseError(f"{self.address}: user {user!r} or its password is not accepted / 用户名或密码错误")
        if error.code == UNKNOWN_DATABASE:
            return WarehouseError(f"{self.address}: no such database; run `staplewatch migrate` / 请先运行 migrate")
        kind = kind_of(lambda _, code: error.code == code, str(error.message))
        return kind(f"{self.address}, {doing}: {_line(error)}")


class _Client(Client):  # type: ignore[misc]
    """Writes columns itself where that is faster than the driver's way, value by value."""

    def send_data(
        self, sample_block: ColumnOrientedBlock, data: list[_Column], types_check: bool = False, columnar: bool = False
    ) -> int:
        """Send the columns in blocks; everything around them is as the driver does it."""
        rows, step = len(data[0].values), self.connection.context.client_settings["insert_block_size"]
        for begin in range(0, rows, step):
            self._send_block(sample_block.columns_with_types, data, begin, min(begin + step, rows))
            self.receive_profile_events()
        self.connection.send_data(ColumnOrientedBlock())
        self.receive_profile_events()
        return rows

    def _send_block(self, kinds: list[tuple[str, str]], data: list[_Column], begin: int, end: int) -> None:
        """Write one block, as ``Connection.send_data`` and ``BlockOutputStream.write`` do."""
        connection = self.connection
        revision = connection.server_info.used_revision
        write_varint(ClientPacketTypes.DATA, connection.fout)
        write_binary_str("", connection.fout)
        out = connection.block_out.fout
        BlockInfo().write(out)
        write_varint(len(kinds), out)
        write_varint(end - begin, out)
        for (name, kind), column in zip(kinds, data, strict=True):
            write_binary_str(name, out)
            write_binary_str(kind, out)
            if revision >= defines.DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION:
                write_binary_uint8(0, out)
            column.write(connection.context, kind, begin, end, out)
        connection.block_out.finalize()


@dataclass(frozen=True, slots=True)
class _Column:
    """A column on its way: ``write`` writes rows [begin, end)."""

    name: str
    values: Ready

    def write(self, context: Any, kind: str, begin: int, end: int, out: Any) -> None:
        own = self.values.part(begin, end) if isinstance(self.values, Words | Gaps) else self.values[begin:end]
        content = guarded(f"column {self.name}", lambda: written(own, kind))
        if content is None:
            write_column(context, self.name, kind, _listed(own, kind), out)
        else:
            out.write(content)


def _listed(values: Ready, clickhouse: str) -> list[object]:
    """Return what the driver packs: a list, with dates as dates (it takes integers for DateTime only)."""
    if isinstance(values, Words):
        values = [values.words[code] for code in values.codes.tolist()]
    elif isinstance(values, Gaps):
        values = [
            None if gap else number for number, gap in zip(values.numbers.tolist(), values.null.tolist(), strict=True)
        ]
    column = values.tolist() if isinstance(values, np.ndarray) else values
    if bare(clickhouse) != "Date":
        return column
    dates = {day: None if day is None else date_of(day) for day in set(column)}
    return [dates[day] for day in column]


def _line(error: errors.Error | Exception) -> str:
    """Return the first line of an error, without the server's stack trace."""
    text = str(getattr(error, "message", None) or error)
    return text.partition("Stack trace:")[0].strip().partition("\n")[0].rstrip(" .") or type(error).__name__


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the connection was closed / 连接被关闭"
    if isinstance(error, TimeoutError | errors.SocketTimeoutError):
        return "no answer in time / 超时"
    return _line(error)
