"""Everything around one operational store, made once per process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from serving.operations import audit
from serving.operations.accounts import Account, Accounts
from serving.operations.audit import Actor
from serving.operations.errors import Refused
from serving.operations.store import Store
from serving.operations.throttle import Throttle
from serving.operations.tokens import Links, Sessions, WallTokens

#: Each password that is being checked takes 64 MiB.
CHECKED_AT_ONCE: Final = 2
#: The account that login links open: the one machine's own user.
LOCAL: Final = "local"


class Operations:
    """Accounts, sessions, wall tokens, login links and throttle of one store."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        accounts: Accounts | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.accounts = accounts or Accounts(store, clock=clock)
        self.sessions = sessions or Sessions(store, clock=clock)
        self.wall_tokens = WallTokens(store, clock=clock)
        self.throttle = Throttle(store, clock=clock)
        self.links = Links(clock=clock)
        self._checking = threading.Semaphore(CHECKED_AT_ONCE)

    def login(self, name: str, password: str, address: str) -> tuple[Account, str] | None:
        """Return the account and a new session's token, None when name or password is wrong.

        Raises ``TooManyAttempts``. The attempt is counted before the password is looked at, so that
        many at once are no way around it.
        """
        attempt = self.throttle.enter(name, address)
        with self._checking:
            account = self.accounts.verify(name, password)
        if account is None:
            self.throttle.failed(name, address)
            return None
        self.throttle.passed(attempt, name, address)
        return account, self.sessions.begin(account, address)

    async def note_all(self, actor: Actor, entries: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Write (what, subject, details) of several acts that have happened into the audit log."""

        def write() -> None:
            with self.store.write() as connection:
                for what, subject, details in entries:
                    audit.note(connection, self.clock(), actor, what, subject, details)

        await asyncio.to_thread(write)

    def login_by_link(self, secret: str, address: str) -> tuple[Account, str] | None:
        """Return the machine's own account and a new session's token, None when the link is used up or too old."""
        if not self.links.redeem(secret):
            return None
        try:
            account = self.accounts.get(LOCAL)
        except Refused:
            account = self.accounts.add(LOCAL, "admin", None, Actor(LOCAL, address))
        if account.disabled is not None:
            return None
        return account, self.sessions.begin(account, address, "login.link")
