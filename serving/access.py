"""Who may ask: the instance's token, and on loopback anybody may read."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers.base import BaseRouteHandler

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
#: A browser can be made to ask loopback under another name (DNS rebinding): such a Host is not open.
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Access:
    """A guard: ``Authorization: Bearer TOKEN``, or reading without one where ``open_reading``."""

    token: str
    open_reading: bool = False

    def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Raise 401 unless the request may pass. A wrong token never passes."""
        given = connection.headers.get("authorization")
        if given is None and self.open_reading and _reads_by_loopback(connection):
            return
        if given is None or not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            msg = "send 'Authorization: Bearer TOKEN' with the token of instance.json"
            raise NotAuthorizedException(msg, headers={"WWW-Authenticate": "Bearer"})


def _reads_by_loopback(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    name = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    return str(connection.scope.get("method", "")) in READING and name in LOOPBACK_NAMES
