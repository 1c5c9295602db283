"""Accounts of people: names, roles, passwords."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, delete, insert, select, update

from serving.operations import audit
from serving.operations.audit import Actor
from serving.operations.errors import Refused
from serving.operations.store import Store
from serving.operations.tables import accounts, sessions

Role = Literal["viewer", "duty", "analyst", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

LONGEST: Final = 32
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 1024
#: No password has this hash: such an account is entered by a login link only.
NO_PASSWORD: Final = "!"


class Account(msgspec.Struct, frozen=True):
    """An account; times are epoch seconds."""

    id: int
    name: str
    role: Role
    created: int
    disabled: int | None = None


def key_of(name: str) -> str:
    """Return what names are compared by."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


class Accounts:
    """The accounts of a store. ``hasher`` costs about 50 ms and 64 MiB for each password."""

    def __init__(
        self, store: Store, *, hasher: PasswordHasher | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._hasher = hasher or PasswordHasher()
        self._clock = clock
        # for names that do not exist: an answer must take as long as for one that does
        self._nobody = self._hasher.hash("nobody")

    def add(self, name: str, role: Role, password: str | None, actor: Actor) -> Account:
        """Make an account; without a password it can only be entered by a login link. Raises ``Refused``."""
        name = _checked_name(name)
        hashed = NO_PASSWORD if password is None else self._hasher.hash(_checked_password(password, name))
        now = self._clock()
        with self._store.write() as connection:
            if _find(connection, name) is not None:
                raise Refused(zh=f"账户 {name} 已存在", en=f"there is an account {name} already")
            values = {"name": name, "name_key": key_of(name), "role": role, "hash": hashed, "created": int(now)}
            connection.execute(insert(accounts).values(values))
            audit.note(connection, now, actor, "account.add", name, {"role": role})
        return self.get(name)

    def get(self, name: str) -> Account:
        """Return an account; raises ``Refused`` when there is none of that name."""
        with self._store.read() as connection:
            return _account(_known(connection, name))

    def list(self) -> list[Account]:
        """Return all accounts by name."""
        with self._store.read() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.name_key))
            return [_account(row._mapping) for row in rows]

    def change_password(self, name: str, password: str, actor: Actor) -> None:
        """Set a password and end all sessions of the account."""
        hashed = self._hasher.hash(_checked_password(password, name))
        self._change(name, {"hash": hashed}, actor, "account.passwd", {}, ends_sessions=True)

    def change_role(self, name: str, role: Role, actor: Actor) -> None:
        """Give another role; it counts from the next request on."""
        self._change(name, {"role": role}, actor, "account.role", {"role": role}, ends_sessions=False)

    def disable(self, name: str, disabled: bool, actor: Actor) -> None:
        """Lock an account and end its sessions, or open it again."""
        moment = int(self._clock()) if disabled else None
        what = "account.disable" if disabled else "account.enable"
        self._change(name, {"disabled": moment}, actor, what, {}, ends_sessions=disabled)

    def verify(self, name: str, password: str) -> Account | None:
        """Return the account if name and password are right and it is not disabled; always takes as long."""
        with self._store.read() as connection:
            row = _find(connection, name)
        known = row["hash"] if row is not None and row["hash"] != NO_PASSWORD else self._nobody
        try:
            self._hasher.verify(known, password[:LONGEST_PASSWORD])
        except (Argon2Error, InvalidHashError):
            return None
        if row is None or row["hash"] == NO_PASSWORD or row["disabled"] is not None:
            return None
        if self._hasher.check_needs_rehash(known):
            with self._store.write() as connection:
                hashed = self._hasher.hash(password)
                connection.execute(update(accounts).where(accounts.c.id == row["id"]).values(hash=hashed))
        return _account(row)

    def _change(
        self,
        name: str,
        values: Mapping[str, Any],
        actor: Actor,
        what: str,
        details: Mapping[str, Any],
        *,
        ends_sessions: bool,
    ) -> None:
        with self._store.write() as connection:
            row = _known(connection, name)
            connection.execute(update(accounts).where(accounts.c.id == row["id"]).values(**values))
            if ends_sessions:
                connection.execute(delete(sessions).where(sessions.c.account_id == row["id"]))
            audit.note(connection, self._clock(), actor, what, row["name"], details)


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFKC", name.strip())
    if not 0 < len(name) <= LONGEST or not all(each.isalnum() or each in "._-@" for each in name):
        raise Refused(
            zh=f"账户名 {name!r} 不可用：1 至 {LONGEST} 个文字、字母、数字或 . _ - @",
            en=f"{name!r} is no name for an account: 1 to {LONGEST} letters, digits or . _ - @",
        )
    return name


def _checked_password(password: str, name: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or key_of(password) == key_of(name):
        raise Refused(
            zh=f"口令需 {SHORTEST_PASSWORD} 至 {LONGEST_PASSWORD} 个字符，且不同于账户名",
            en=f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters and is not the account's name",
        )
    return password


def _find(connection: Connection, name: str) -> Mapping[Any, Any] | None:
    row = connection.execute(select(accounts).where(accounts.c.name_key == key_of(name))).first()
    return None if row is None else row._mapping


def _known(connection: Connection, name: str) -> Mapping[Any, Any]:
    row = _find(connection, name)
    if row is None:
        raise Refused(
            zh=f"没有账户 {name}：见 staplewatch accounts list",
            en=f"there is no account {name}: see staplewatch accounts list",
        )
    return row


def _account(row: Mapping[Any, Any]) -> Account:
    return Account(**{name: row[name] for name in Account.__struct_fields__})
