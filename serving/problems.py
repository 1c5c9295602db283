"""Errors of the API as ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import http
import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong: ``title`` names the kind, ``detail`` this case, ``errors`` the parameters."""

    title: str
    status: int
    detail: str
    instance: str = ""
    type: str = "about:blank"
    errors: list[dict[str, str]] = []


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Turn an exception into a problem; what was not foreseen is logged and told without details."""
    if isinstance(error, HTTPException):
        return _problem(request, error.status_code, error.detail, _errors(error), error.headers or {})
    logger.error("request %s failed", request.url.path, exc_info=error)
    return _problem(request, 500, "internal error, see the log of the instance", [], {})


def _problem(
    request: Request[Any, Any, Any],
    status: int,
    detail: str,
    errors: list[dict[str, str]],
    headers: dict[str, str],
) -> Response[Problem]:
    title = http.HTTPStatus(status).phrase
    problem = Problem(title=title, status=status, detail=detail, instance=request.url.path, errors=errors)
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _errors(error: HTTPException) -> list[dict[str, str]]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [
        {"name": str(item.get("key", "")), "reason": str(item.get("message", ""))}
        for item in extra
        if isinstance(item, dict)
    ]
