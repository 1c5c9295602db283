"""Who may do what: roles, wall tokens, the instance's own token, and reading without any of them on loopback."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers.base import BaseRouteHandler

from serving.operations.audit import Actor
from serving.operations.operations import Operations

Connection = ASGIConnection[Any, Any, Any, Any]

#: ``wall``: what the wall reads. ``read``: what a desk reads. ``history``: all that is stored. ``act``: on alerts.
Permission = Literal["wall", "read", "history", "act", "admin"]
#: The name of the route option that says what it needs; a route without one is for admins.
NEEDS: Final = "needs"

READERS: Final[frozenset[Permission]] = frozenset({"wall", "read"})
#: What each role may.
ROLES: Final[Mapping[str, frozenset[Permission]]] = {
    "viewer": READERS,
    "duty": READERS | {"act"},
    "analyst": READERS | {"history"},
    "admin": READERS | {"history", "act", "admin"},
}
OPEN_READING: Final[frozenset[Permission]] = READERS | {"history"}
ONLY_WALL: Final[frozenset[Permission]] = frozenset({"wall"})

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: A browser can be made to ask loopback under another name (DNS rebinding): such a Host is not open.
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})

SESSION_COOKIE: Final = "staplewatch_session"
WALL_COOKIE: Final = "staplewatch_wall"
#: A page of ours sends it with everything that changes something; a foreign page cannot without being asked first.
REQUEST_HEADER: Final = "staplewatch-request"
#: With the instance's token a command may say for whom it acts.
ACTOR_HEADER: Final = "staplewatch-actor"


class Who(msgspec.Struct, frozen=True):
    """Somebody who asks; ``kind`` says how they are known, ``name`` is empty where nobody is named."""

    kind: Literal["instance", "session", "wall", "nobody"]
    may: frozenset[Permission]
    name: str = ""
    role: str = ""
    address: str = ""

    @property
    def actor(self) -> Actor:
        """Return who acts, for the audit log."""
        return Actor(self.name or self.kind, self.address)


@dataclass(frozen=True, slots=True)
class Access:
    """A guard. ``token`` is the instance's own and may everything.

    With ``open_reading`` (bound to loopback) anybody there may read; with ``open_wall`` anybody anywhere
    may read what the wall reads. Without ``operations`` there are no accounts.
    """

    token: str
    open_reading: bool = False
    open_wall: bool = False
    operations: Operations | None = None
    #: How often a stream that goes on asks whether it still may.
    recheck_seconds: float = 20.0
    unauthenticated: dict[str, str] = field(default_factory=lambda: {"WWW-Authenticate": "Bearer"})

    def __deepcopy__(self, _: object) -> Access:
        """Stay one: a router copies its guards, and the store behind this one cannot be copied."""
        return self

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """Raise 401 unless somebody is known, 403 unless they may; a wrong token never passes."""
        needed = handler.opt.get(NEEDS, "admin")
        who = await self.who(connection)
        connection.scope["user"] = who
        if needed not in who.may:
            self.refuse(who, needed)
        if who.kind == "session" and connection.scope["method"] not in READING:  # type: ignore[typeddict-item]
            same_origin(connection)

    async def who(self, connection: Connection) -> Who:
        """Return who asks; raises 401 for a token that is not known."""
        address = address_of(connection)
        anybody = self._anybody(connection)
        given = connection.headers.get("authorization")
        if given is not None:
            return await self._bearer(connection, given.removeprefix("Bearer "), address)
        if self.operations is None:
            return Who("nobody", anybody, address=address)
        session, wall = connection.cookies.get(SESSION_COOKIE), connection.cookies.get(WALL_COOKIE)
        if session and (account := await asyncio.to_thread(self.operations.sessions.find, session)) is not None:
            return Who("session", ROLES[account.role] | anybody, account.name, account.role, address)
        if wall and (screen := await asyncio.to_thread(self.operations.wall_tokens.find, wall)) is not None:
            return Who("wall", ONLY_WALL | anybody, screen.name, "", address)
        return Who("nobody", anybody, address=address)

    async def still(self, connection: Connection, needed: Permission) -> bool:
        """Return whether who asked before still may: a session ends, a token is revoked."""
        try:
            return needed in (await self.who(connection)).may
        except NotAuthorizedException:
            return False

    def refuse(self, who: Who, needed: str) -> None:
        """Raise 401 where logging in would help, 403 where it would not."""
        if who.kind == "nobody":
            msg = (
                "log in, or send 'Authorization: Bearer TOKEN' with the token of instance.json"
                " / 请先登录，或以 instance.json 中的令牌发送 'Authorization: Bearer 令牌'"
            )
            raise NotAuthorizedException(msg, headers=self.unauthenticated)
        known = f"role {who.role} / 角色 {who.role}" if who.role else "a wall token / 大屏令牌"
        msg = f"not permitted ({needed}): {known}; ask an administrator / 无此权限，请联系管理员"
        raise PermissionDeniedException(msg)

    async def _bearer(self, connection: Connection, token: str, address: str) -> Who:
        if hmac.compare_digest(token.encode(), self.token.encode()):
            name = connection.headers.get(ACTOR_HEADER, "")[:LONGEST_ACTOR]
            return Who("instance", ROLES["admin"], _decoded(name), "admin", address)
        if self.operations is not None:
            screen = await asyncio.to_thread(self.operations.wall_tokens.find, token)
            if screen is not None:
                return Who("wall", ONLY_WALL, screen.name, "", address)
        msg = "this token is not known / 令牌无效"
        raise NotAuthorizedException(msg, headers=self.unauthenticated)

    def _anybody(self, connection: Connection) -> frozenset[Permission]:
        if connection.scope.get("method") not in READING:
            return frozenset()
        if self.open_reading and by_loopback(connection):
            return OPEN_READING
        return ONLY_WALL if self.open_wall else frozenset()


LONGEST_ACTOR: Final = 64


def address_of(connection: Connection) -> str:
    """Return the asker's address; uvicorn has put a trusted proxy's word in its place already."""
    return connection.client.host if connection.client else "unknown"


def by_loopback(connection: Connection) -> bool:
    """Return whether the request came over loopback, and the browser knows it as such."""
    name = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    if name not in LOOPBACK_NAMES:
        return False
    try:
        return ipaddress.ip_address(address_of(connection)).is_loopback
    except ValueError:  # not an address at all: a socket of this machine
        return True


def same_origin(connection: Connection) -> None:
    """Raise 403 unless one of our own pages asks: its header, and the origin that the browser vouches for."""
    origin = connection.headers.get("origin")
    own = connection.headers.get("host", "")
    vouched = urlsplit(origin).netloc == own if origin else connection.headers.get("sec-fetch-site") == "same-origin"
    if not vouched or connection.headers.get(REQUEST_HEADER) is None:
        msg = "the request did not come from a page of this instance / 请求并非来自本系统的页面"
        raise PermissionDeniedException(msg)


def secure(connection: Connection) -> bool:
    """Return whether the browser speaks https, with us or with a proxy before us."""
    forwarded = connection.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    return "https" in {connection.scope["scheme"], forwarded}


def _decoded(name: str) -> str:
    """Return a header's text as UTF-8: the wire has bytes, the server reads them as Latin-1."""
    try:
        return name.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return ""
