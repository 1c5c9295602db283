"""Guessing passwords is made slow: failed logins are counted per account, per address and for both together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from serving.operations import audit
from serving.operations.accounts import key_of
from serving.operations.audit import Actor
from serving.operations.errors import TooManyAttempts
from serving.operations.store import Store
from serving.operations.tables import LONGEST_ADDRESS, LONGEST_NAME, login_attempts

KEPT_SECONDS: Final = 24 * 3600
NOTE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """Failed logins within ``seconds`` before the next one must wait.

    One person mistyping is stopped at ``both``. ``address`` is for somebody who tries many names, ``account`` for many
    machines that try one name: higher, so that a stranger cannot simply lock an officer out.
    """

    seconds: int = 15 * 60
    both: int = 5
    address: int = 30
    account: int = 60


class Throttle:
    """Counts attempts in the store, so that several web processes count together."""

    def __init__(self, store: Store, *, limits: Limits | None = None, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._limits = limits or Limits()
        self._clock = clock
        self._noted: dict[str, float] = {}

    def enter(self, name: str, address: str) -> int:
        """Count an attempt as failed, before the password is looked at; return its id.

        Raises ``TooManyAttempts``: then it is not counted, and the wait does not grow.
        """
        account, address, now = key_of(name)[: LONGEST_NAME * 3], address[:LONGEST_ADDRESS], int(self._clock())
        with self._store.write() as connection:
            connection.execute(delete(login_attempts).where(login_attempts.c.at < now - KEPT_SECONDS))
            wait = self._wait(connection, account, address, now)
            if not wait:
                values = {"at": now, "account": account, "address": address, "passed": False}
                made = connection.execute(insert(login_attempts).values(values)).inserted_primary_key
                return int(made[0]) if made else 0
            if self._worth_noting(address, now):
                audit.note(connection, now, Actor(name, address), "login.throttled")
        raise TooManyAttempts(wait)

    def passed(self, attempt: int, name: str, address: str) -> None:
        """Take an attempt off the count: the password was right. Earlier ones from there are forgiven."""
        mine = and_(login_attempts.c.account == key_of(name), login_attempts.c.address == address[:LONGEST_ADDRESS])
        with self._store.write() as connection:
            connection.execute(delete(login_attempts).where(mine, login_attempts.c.id != attempt))
            connection.execute(update(login_attempts).where(login_attempts.c.id == attempt).values(passed=True))

    def failed(self, name: str, address: str) -> None:
        """Write down that a login failed; it is counted already."""
        with self._store.write() as connection:
            audit.note(connection, self._clock(), Actor(name, address), "login.failed")

    def _worth_noting(self, address: str, now: float) -> bool:
        """Return whether the audit log has room for this: once a minute and address, or a flood would fill the disk."""
        self._noted = {known: at for known, at in self._noted.items() if now - at < NOTE_SECONDS}
        return self._noted.setdefault(address, now) == now

    def _wait(self, connection: Connection, account: str, address: str, now: int) -> int:
        same_account, same_address = login_attempts.c.account == account, login_attempts.c.address == address
        limits = self._limits
        checks = (
            (and_(same_account, same_address), limits.both),
            (same_address, limits.address),
            (same_account, limits.account),
        )
        return max(self._left(connection, condition, most, now) for condition, most in checks)

    def _left(self, connection: Connection, condition: ColumnElement[bool], most: int, now: int) -> int:
        """Return seconds until fewer than ``most`` failures are young enough to count."""
        recent = and_(condition, login_attempts.c.passed.is_(False), login_attempts.c.at > now - self._limits.seconds)
        count = connection.execute(select(func.count()).where(recent)).scalar_one()
        if count < most:
            return 0
        query = select(login_attempts.c.at).where(recent).order_by(login_attempts.c.at.desc()).offset(most - 1).limit(1)
        return int(connection.execute(query).scalar_one()) + self._limits.seconds - now
