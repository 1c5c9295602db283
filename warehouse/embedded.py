"""ClickHouse inside this process: chdb on a directory that one process owns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
from chdb.session import Session

from warehouse.address import Address
from warehouse.coded import Gaps, Words
from warehouse.engine import Columns, Engine, kind_of
from warehouse.errors import WarehouseError
from warehouse.lock import DirectoryLock
from warehouse.pool import Pool
from warehouse.types import TIMESTAMP, arrow_type, bare
from warehouse.values import Ready, guarded

if TYPE_CHECKING:
    from warehouse.statements import Statement

#: An insert of years of events touches more than 100 months.
UNLIMITED_PARTITIONS = "SETTINGS max_partitions_per_insert_block = 0"

#: How Arrow columns must look to become a Date or a DateTime: as the integers that are stored.
STORED = {"Date": pa.uint16(), "DateTime": pa.uint32()}


class Embedded(Engine):
    """One session per thread at work: a single session would run its queries one after another."""

    def __init__(self, address: Address) -> None:
        super().__init__()
        if address.directory is None:
            msg = f"{address} is not a directory"
            raise WarehouseError(msg)
        self._address = address
        self._schemas: dict[str, pa.Schema] = {}
        self._lock = DirectoryLock(address.directory)
        self._pool = Pool(self._session, Session.close)
        try:
            # Held until close: chdb shuts its engine down when the last session goes.
            with self._translated("open"):
                self._first = Session(str(address.directory))
        except BaseException:
            self._lock.release()
            raise

    @property
    def address(self) -> str:
        """``chdb:///directory``."""
        return str(self._address)

    def select(self, statement: Statement, parameters: Mapping[str, object]) -> pa.Table:
        """Run a query with chdb's own parameter binding."""
        bound = statement.bound(parameters)
        with self._translated(statement.name), self._pool.use() as session:
            if statement.name not in self._schemas:
                self._schemas[statement.name] = _schema(session, statement.text, bound)
            result = session.query(statement.text, "ArrowTable", params=bound)
        return _cast(result, self._schemas[statement.name])

    def run(self, sql: str) -> None:
        """Run a statement that returns nothing."""
        with self._translated("statement"), self._pool.use() as session:
            session.query(sql)

    def create_database(self) -> None:
        """Create it with the session that needs none."""
        with self._translated("create database"):
            self._first.query(f"CREATE DATABASE IF NOT EXISTS `{self._address.database}`")

    def write(self, table: str, columns: Columns, types: Mapping[str, str]) -> None:
        """Send the columns as one Arrow stream."""
        arrays = [_array(f"table {table}, column {name}", values, types[name]) for name, values in columns.items()]
        names = ", ".join(f"`{name}`" for name in columns)
        batch = pa.record_batch(arrays, names=list(columns))
        sql = f"INSERT INTO `{table}` ({names}) {UNLIMITED_PARTITIONS}"
        content = _stream(batch)
        doing = f"insert into {table}"
        with self._translated(doing), self._pool.use() as session, session.send_insert(sql, "ArrowStream") as stream:
            stream.append(content)
            stream.finish()

    def close(self) -> None:
        """Close the sessions, then let go of the directory."""
        self._pool.close()
        self._first.close()
        self._lock.release()

    def _session(self) -> Session:
        session = Session(str(self._address.directory))
        session.query(f"USE `{self._address.database}`")
        return session

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Turn chdb's errors into ours."""
        try:
            yield
        except RuntimeError as error:
            raise _refusal(self.address, doing, str(error)) from error


def _refusal(address: str, doing: str, text: str) -> Exception:
    if "(UNKNOWN_DATABASE)" in text:
        return WarehouseError(f"{address}: no such database; run `staplewatch migrate` / 请先运行 migrate")
    kind = kind_of(lambda name, _: f"({name})" in text, text)
    return kind(f"{address}, {doing}: {text.strip().splitlines()[0] if text.strip() else 'failed without a reason'}")


def _array(where: str, values: Ready, clickhouse: str) -> pa.Array:
    stored = STORED.get(bare(clickhouse)) or arrow_type(clickhouse)
    if isinstance(values, Words):
        return guarded(where, lambda: pa.array(values.words, stored)).take(pa.array(values.codes))
    if isinstance(values, Gaps):
        return guarded(where, lambda: pa.array(values.numbers, stored, mask=values.null))
    return guarded(where, lambda: pa.array(values, stored))


def _stream(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _schema(session: Session, sql: str, bound: Mapping[str, str]) -> pa.Schema:
    """Ask for the types of a result: Arrow output alone shows a DateTime as a number."""
    described = session.query(f"DESCRIBE ({sql})", "ArrowTable", params=bound).to_pylist()
    return pa.schema([(row["name"], arrow_type(row["type"])) for row in described])


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Give every column the type of the schema; seconds become a timestamp only from int64."""
    columns = [
        column.cast(pa.int64()).cast(field.type) if field.type == TIMESTAMP else column.cast(field.type)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)
