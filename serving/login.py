"""Logging in and out, who one is, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, NotFoundException, TooManyRequestsException
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from serving.access import NEEDS, ROLES, SESSION_COOKIE, WALL_COOKIE, Access, Who, address_of, same_origin, secure
from serving.operations import audit
from serving.operations.accounts import Account
from serving.operations.audit import Entry
from serving.operations.errors import TooManyAttempts
from serving.operations.operations import Operations
from serving.operations.tokens import SESSION_SECONDS

AnyRequest = Request[Any, Any, Any]

#: A kiosk's cookie outlives its restarts; the token itself decides.
WALL_SECONDS: Final = 400 * 24 * 3600
WRONG_LINK: Final = (
    "this link has been used or is too old: log in by name, or start again / 链接已用过或已过期：请以账户登录或重新启动"
)
WRONG_PASSWORD: Final = "name or password is wrong / 账户名或口令不正确"
Before = Annotated[int | None, QueryParameter(ge=1, description="id of the last entry that was read")]
By = Annotated[str | None, QueryParameter(description="only what this account did")]
What = Annotated[str | None, QueryParameter(description="only this act, for example alert.acknowledge")]
Limit = Annotated[int, QueryParameter(ge=1, le=10_000, description="entries at most")]


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """Name and password, or the secret of a login link."""

    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    password: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    link: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Me(msgspec.Struct):
    """Who asks, and what they may; ``name`` is null where reading needs no login."""

    name: str | None
    role: str | None
    may: list[str]


@post("/api/login", summary="Log in", status_code=HTTP_200_OK, sync_to_thread=True)
def login(request: AnyRequest, access: NamedDependency[Access], data: JSONBody[Credentials]) -> Response[Me]:
    """Begin a session: name and password of an account, or a login link. The cookie is for this host alone."""
    same_origin(request)
    operations = _operations(access)
    address = address_of(request)
    try:
        if data.link:
            found = operations.login_by_link(data.link, address)
        else:
            found = operations.login(data.name, data.password, address)
    except TooManyAttempts as error:
        raise TooManyRequestsException(str(error), headers={"Retry-After": str(error.seconds)}) from error
    if found is None:
        msg = WRONG_LINK if data.link else WRONG_PASSWORD
        raise NotAuthorizedException(msg)
    account, token = found
    cookie = _cookie(request, SESSION_COOKIE, token, SESSION_SECONDS)
    return Response(_me(account), cookies=[cookie], headers={"Cache-Control": "no-store"})


@post("/api/logout", summary="Log out", status_code=204, sync_to_thread=True)
def logout(request: AnyRequest, access: NamedDependency[Access]) -> Response[None]:
    """End the session and take the cookie back."""
    same_origin(request)
    operations = _operations(access)
    token = request.cookies.get(SESSION_COOKIE, "")
    account = operations.sessions.find(token) if token else None
    if account is not None:
        operations.sessions.end(token, audit.Actor(account.name, address_of(request)))
    return Response(None, status_code=204, cookies=[_cookie(request, SESSION_COOKIE, "", 0)])


@get("/api/me", summary="Who one is, and what one may", opt={NEEDS: "wall"})
async def get_me(request: AnyRequest) -> Response[Me]:
    """Return the account of the session; the name is null where reading needs no login."""
    who: Who = request.user
    me = Me(who.name or None, who.role or None, sorted(who.may))
    return Response(me, headers={"Cache-Control": "no-store"})


@get("/api/audit-log", summary="Who did what, newest first", opt={NEEDS: "admin"}, sync_to_thread=True)
def get_audit_log(
    access: NamedDependency[Access], before: Before = None, who: By = None, what: What = None, limit: Limit = 100
) -> list[Entry]:
    """Return logins, failed ones too, changes of accounts and tokens, and every action on alerts."""
    return audit.newest(_operations(access).store, limit, before, who or "", what or "")


def wall_cookie(request: AnyRequest, token: str) -> Cookie:
    """Return the cookie by which a screen is known from now on."""
    return _cookie(request, WALL_COOKIE, token, WALL_SECONDS)


def _cookie(request: AnyRequest, name: str, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=name, value=value, max_age=seconds, path="/", httponly=True, samesite="strict", secure=secure(request)
    )


def _me(account: Account) -> Me:
    return Me(account.name, account.role, sorted(ROLES[account.role]))


def _operations(access: Access) -> Operations:
    if access.operations is None:
        msg = "this instance has no accounts / 本实例未启用账户"
        raise NotFoundException(msg)
    return access.operations
