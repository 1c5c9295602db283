"""Who did what, when, from where: written with the act, in one transaction where the act is in this store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select

from serving.operations.store import Store
from serving.operations.tables import LONGEST_ADDRESS, LONGEST_NAME, audit

LONGEST_SUBJECT: Final = 255


class Entry(msgspec.Struct, frozen=True):
    """A line of the audit log; ``at`` is epoch seconds, ``what`` an act: ``login`` or another."""

    id: int
    at: int
    who: str
    address: str
    what: str
    subject: str
    details: dict[str, Any]


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and from where: a network address, or ``cli``."""

    name: str
    address: str


def note(
    connection: Connection,
    now: float,
    actor: Actor,
    what: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write a line within the caller's transaction."""
    connection.execute(
        insert(audit).values(
            at=int(now),
            who=actor.name[:LONGEST_NAME],
            address=actor.address[:LONGEST_ADDRESS],
            what=what,
            subject=subject[:LONGEST_SUBJECT],
            details=msgspec.json.encode(dict(details or {})).decode(),
        )
    )


def newest(store: Store, limit: int, before: int | None = None, who: str = "", what: str = "") -> list[Entry]:
    """Return lines, newest first; ``before`` is the id of the last line that was read."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    if who:
        query = query.where(audit.c.who == who)
    if what:
        query = query.where(audit.c.what == what)
    with store.read() as connection:
        return [_entry(row._mapping) for row in connection.execute(query)]


def _entry(row: Mapping[Any, Any]) -> Entry:
    return Entry(**{**row, "details": msgspec.json.decode(row["details"])})
