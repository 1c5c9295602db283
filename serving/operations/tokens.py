"""Secrets that are handed out: session tokens, wall tokens, login links. The store keeps their hashes."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, or_, select, update

from serving.operations import audit
from serving.operations.accounts import Account
from serving.operations.audit import Actor
from serving.operations.errors import Refused
from serving.operations.store import Store
from serving.operations.tables import LONGEST_ADDRESS, LONGEST_NAME, accounts, sessions, wall_tokens

#: A duty day; a desk that nobody asked anything from for a shift is left.
SESSION_SECONDS: Final = 24 * 3600
IDLE_SECONDS: Final = 8 * 3600
#: Use is noted at most this often: a page that asks ten times a second must not write as often.
NOTE_SECONDS: Final = 60
LINK_SECONDS: Final = 15 * 60


class WallToken(msgspec.Struct, frozen=True):
    """A read-only token of a screen; times are epoch seconds."""

    id: int
    name: str
    created: int
    revoked: int | None = None
    used: int | None = None


def make() -> str:
    """Return a new secret of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what is kept of a secret: it is random, so a fast hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Sessions:
    """Sessions of accounts."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        session_seconds: int = SESSION_SECONDS,
        idle_seconds: int = IDLE_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._session_seconds = session_seconds
        self._idle_seconds = idle_seconds

    def begin(self, account: Account, address: str, what: str = "login") -> str:
        """Return the token of a new session; those that are over are forgotten."""
        token, now = make(), int(self._clock())
        with self._store.write() as connection:
            over = or_(sessions.c.expires <= now, sessions.c.idle_expires <= now)
            connection.execute(delete(sessions).where(over))
            connection.execute(
                insert(sessions).values(
                    token_hash=hash_of(token),
                    account_id=account.id,
                    address=address[:LONGEST_ADDRESS],
                    created=now,
                    used=now,
                    expires=now + self._session_seconds,
                    idle_expires=now + self._idle_seconds,
                )
            )
            audit.note(connection, now, Actor(account.name, address), what)
        return token

    def find(self, token: str) -> Account | None:
        """Return whose session it is, None when it is over; using it keeps it from growing idle."""
        now, hashed = int(self._clock()), hash_of(token)
        query = (
            select(accounts, sessions.c.used)
            .join(sessions, sessions.c.account_id == accounts.c.id)
            .where(sessions.c.token_hash == hashed, sessions.c.expires > now, sessions.c.idle_expires > now)
            .where(accounts.c.disabled.is_(None))
        )
        with self._store.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if now - row["used"] >= NOTE_SECONDS:
            with self._store.write() as connection:
                used = {"used": now, "idle_expires": now + self._idle_seconds}
                connection.execute(update(sessions).where(sessions.c.token_hash == hashed).values(used))
        return Account(**{name: row[name] for name in Account.__struct_fields__})

    def end(self, token: str, actor: Actor) -> None:
        """End a session."""
        with self._store.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == hash_of(token)))
            audit.note(connection, self._clock(), actor, "logout")


class WallTokens:
    """Read-only tokens of screens without a keyboard."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def add(self, name: str, actor: Actor) -> str:
        """Return a new token, the only time that it can be seen. Raises ``Refused``."""
        name, token, now = name.strip(), make(), int(self._clock())
        if not 0 < len(name) <= LONGEST_NAME:
            raise Refused(zh=f"名称需 1 至 {LONGEST_NAME} 个字符", en=f"a name has 1 to {LONGEST_NAME} characters")
        with self._store.write() as connection:
            if connection.execute(select(wall_tokens.c.id).where(wall_tokens.c.name == name)).first():
                raise Refused(zh=f"大屏令牌 {name} 已存在", en=f"there is a wall token {name} already")
            connection.execute(insert(wall_tokens).values(name=name, token_hash=hash_of(token), created=now))
            audit.note(connection, now, actor, "wall_token.add", name)
        return token

    def list(self) -> list[WallToken]:
        """Return all tokens by name, those revoked too."""
        with self._store.read() as connection:
            rows = connection.execute(select(wall_tokens).order_by(wall_tokens.c.name)).mappings()
            return [_wall_token(row) for row in rows]

    def revoke(self, name: str, actor: Actor) -> None:
        """Refuse a token from now on. Raises ``Refused`` when there is none of that name in use."""
        now = int(self._clock())
        mine = (wall_tokens.c.name == name.strip()) & wall_tokens.c.revoked.is_(None)
        with self._store.write() as connection:
            if connection.execute(update(wall_tokens).where(mine).values(revoked=now)).rowcount == 0:
                raise Refused(
                    zh=f"没有在用的大屏令牌 {name}：见 staplewatch wall-tokens list",
                    en=f"no wall token {name} is in use: see staplewatch wall-tokens list",
                )
            audit.note(connection, now, actor, "wall_token.revoke", name)

    def find(self, token: str) -> WallToken | None:
        """Return the token if it is in use."""
        now, hashed = int(self._clock()), hash_of(token)
        with self._store.read() as connection:
            query = select(wall_tokens).where(wall_tokens.c.token_hash == hashed, wall_tokens.c.revoked.is_(None))
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if now - (row["used"] or 0) >= NOTE_SECONDS:
            with self._store.write() as connection:
                connection.execute(update(wall_tokens).where(wall_tokens.c.id == row["id"]).values(used=now))
        return _wall_token(row)


class Links:
    """Login links that work once, within minutes, in this process: for the one machine's own user."""

    def __init__(self, *, clock: Callable[[], float] = time.time, seconds: int = LINK_SECONDS) -> None:
        self._clock = clock
        self._seconds = seconds
        self._open: dict[str, float] = {}

    def make(self) -> str:
        """Return the secret of a new link."""
        secret = make()
        self._open[hash_of(secret)] = self._clock() + self._seconds
        return secret

    def redeem(self, secret: str) -> bool:
        """Return whether the link was good; it is no longer."""
        until = self._open.pop(hash_of(secret), None)
        return until is not None and self._clock() < until


def _wall_token(row: Mapping[Any, Any]) -> WallToken:
    return WallToken(**{name: row[name] for name in WallToken.__struct_fields__})
