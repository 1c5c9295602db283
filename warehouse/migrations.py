"""Migrations: ``schemas/clickhouse/NNN_name.sql``, each applied once and never changed afterwards."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

import pyarrow as pa
import structlog

from warehouse import statements
from warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from warehouse.engine import Engine

LEDGER = """CREATE TABLE IF NOT EXISTS schema_migrations (
    name String, checksum String, applied DateTime('UTC')
) ENGINE = ReplacingMergeTree ORDER BY (name, checksum)"""

NAME = re.compile(r"\d{3}_[a-z0-9_]+\.sql")
ADD_COLUMN = re.compile(r"ALTER TABLE (?P<table>\w+) ADD COLUMN (?P<column>\w+)", re.IGNORECASE)
#: In what every version says of a table or column that another process was quicker to make.
EXISTS = "already exists"
#: How long the rest of a file may take the quicker one.
NOTE_SECONDS = 5.0
NOTE_STEP_SECONDS = 0.1
REQUIRES = re.compile(r"^--\s*requires:\s*(\d+)\.(\d+)\s*$", re.MULTILINE)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. ``requires`` is the oldest version (major, minor) that can run it."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, whatever the line ends of a checkout."""
        return hashlib.sha256("\n".join(self.text.splitlines()).encode()).hexdigest()

    @property
    def requires(self) -> tuple[int, int]:
        """Version named by ``-- requires: 21.3``, or (0, 0)."""
        found = REQUIRES.search(self.text)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def load() -> list[Migration]:
    """Return the product's own migrations in order."""
    directory = files("schemas").joinpath("clickhouse")
    scripts = [file for file in directory.iterdir() if NAME.fullmatch(file.name)]
    return [
        Migration(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in sorted(scripts, key=lambda file: file.name)
    ]


def apply(
    engine: Engine, wanted: Iterable[Migration], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> list[str]:
    """Apply what the ledger does not have, in order; return the names applied.

    A file that changed after it was applied is an error; one that needs a newer server is
    skipped with a warning and applied once the server is new enough.
    """
    pa.array(["warm"])  # pyarrow's first array imports pandas, 1.7 s that the first batch should not wait for
    engine.run(LEDGER)
    done = {row["name"]: row["checksum"] for row in engine.query("schema_migrations").to_pylist()}
    return [
        migration.name
        for migration in wanted
        if _is_due(migration, done, engine.version) and _applied_here(engine, migration, now())
    ]


def _applied_here(engine: Engine, migration: Migration, at: datetime) -> bool:
    """Apply it; False when another process that starts at the same moment has done so."""
    try:
        _apply_one(engine, migration, at)
    except WarehouseError as error:
        if EXISTS not in str(error) or not _noted(engine, migration):
            raise
        return False
    return True


def _noted(engine: Engine, migration: Migration) -> bool:
    """Wait for another process's note; what it makes is there a moment before."""
    deadline = time.monotonic() + NOTE_SECONDS
    while True:
        done = {row["name"]: row["checksum"] for row in engine.query("schema_migrations").to_pylist()}
        if done.get(migration.name) == migration.checksum:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(NOTE_STEP_SECONDS)


def _is_due(migration: Migration, done: dict[str, str], version: tuple[int, int]) -> bool:
    applied = done.get(migration.name)
    if applied is not None and applied != migration.checksum:
        msg = (
            f"migration {migration.name} was changed after it had been applied: "
            "put the file back and add a new one / 已执行的迁移文件被改动，请还原并新增文件"
        )
        raise WarehouseError(msg)
    if applied is None and version < migration.requires:
        _log.warning(
            "migration skipped, server too old / 服务器版本过低，跳过迁移",
            migration=migration.name,
            requires="{}.{}".format(*migration.requires),
            version="{}.{}".format(*version),
        )
        return False
    return applied is None


def _apply_one(engine: Engine, migration: Migration, at: datetime) -> None:
    """Run every statement, then note the file: after a crash in between all of it runs again."""
    for statement in statements.split(migration.text):
        if not _has_column(engine, statement):
            engine.run(statement)
    engine.insert("schema_migrations", {"name": [migration.name], "checksum": [migration.checksum], "applied": [at]})


def _has_column(engine: Engine, statement: str) -> bool:
    """Tell whether a run that crashed added the column already: servers before 19 know no IF NOT EXISTS there."""
    found = ADD_COLUMN.match(statement)
    return found is not None and any(
        row["name"] == found["column"] for row in engine.query("columns", {"table": found["table"]}).to_pylist()
    )
