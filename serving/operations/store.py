"""Opening the operational store, bringing its tables up to date, and transactions."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from serving.operations.errors import StoreUnavailable

MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: Several processes share one SQLite file (the web and a command): each waits this long for the other.
BUSY_SECONDS: Final = 10
CONNECT_SECONDS: Final = 5
#: PostgreSQL's advisory lock of our migrations: "stwatch" as a number nobody else uses.
LOCK_NUMBER: Final = 0x73747761746368


class Store:
    """A database with the tables of ``tables``. Every method may be called from any thread."""

    def __init__(self, url: str) -> None:
        """Prepare for ``sqlite:///FILE`` or ``postgresql://user:password@host/database``; nothing is opened yet."""
        self._url = _parsed(url)
        self._engine = _engine(self._url)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return a store that is up to date; raises ``StoreUnavailable``."""
        store = cls(url)
        store.migrate()
        return store

    @property
    def address(self) -> str:
        """Where it is, for people: without the password."""
        return self._url.render_as_string(hide_password=True)

    def migrate(self) -> None:
        """Apply the migrations that are missing, one process at a time; raises ``StoreUnavailable``."""
        from alembic import command  # noqa: PLC0415 - it takes 0.2 s, and says so in the log
        from alembic.config import Config  # noqa: PLC0415

        with self._locked(), self.write() as connection:
            if self._url.get_backend_name() == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK_NUMBER})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection to read with; raises ``StoreUnavailable`` when the database does not answer."""
        with self._told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes are kept at the end of the block, all or none."""
        with self._told(), self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Release connections."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            raise StoreUnavailable(
                zh=f"账户库 {self.address} 无法使用（{reason}）：检查 --operations",
                en=f"the operational store {self.address} cannot be used ({reason}): check --operations",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from migrating the same file; a server has locks of its own."""
        if self._url.get_backend_name() != "sqlite" or not self._url.database:
            yield
            return
        path = Path(self._url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # password hashes are in it: made by us, for nobody else's eyes
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StoreUnavailable(
                zh=f"无法写入账户库 {path}（{error.strerror}）：检查 --data 或 --operations",
                en=f"cannot write the operational store {path} ({error.strerror}): check --data or --operations",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _parsed(url: str) -> URL:
    try:
        found = make_url(url)
    except ArgumentError:
        found = URL.create("")
    if found.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreUnavailable(
            zh="--operations 应为 sqlite:///文件 或 postgresql://用户:口令@主机/库",
            en="--operations must be sqlite:///FILE or postgresql://user:password@host/database",
        )
    return found.set(drivername="postgresql+psycopg") if found.get_backend_name() == "postgresql" else found


def _engine(url: URL) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS} if sqlite else {"connect_timeout": CONNECT_SECONDS}
    try:
        engine = create_engine(url, connect_args=arguments, pool_pre_ping=not sqlite)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreUnavailable(
            zh="使用 PostgreSQL 需要 psycopg：pip install 'staplewatch[postgresql]'",
            en="PostgreSQL needs psycopg: pip install 'staplewatch[postgresql]'",
        ) from error
    if sqlite:
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver's own way leaves tables outside of transactions
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # a transaction that reads first and writes later would fail, not wait, when another one writes in between
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
