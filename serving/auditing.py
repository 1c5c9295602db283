"""Asking an instance to audit itself: its warehouse may be locked by its own process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ServiceUnavailableException
from litestar.params import QueryParameter

from serving.access import NEEDS

LONGEST_WAIT: Final = 3600.0

#: Makes an audit, given how many seconds it may first wait for the stream; blocks.
Audit = Callable[[float], msgspec.Struct]
Wait = Annotated[
    float, QueryParameter(ge=0, le=LONGEST_WAIT, description="seconds to wait at most until the logs are read")
]


class Auditor:
    """Makes audits one after another, each in a thread that does not keep the process from ending."""

    def __init__(self, audit: Audit | None = None) -> None:
        self._audit = audit
        self._turn = asyncio.Lock()

    async def report(self, wait: float) -> msgspec.Struct:
        """Return a report; 404 where this process cannot audit, 503 when the broker is away."""
        if self._audit is None:
            msg = "this process cannot audit itself"
            raise NotFoundException(msg)
        async with self._turn:
            try:
                return await _in_thread(self._audit, wait)
            except ConnectionError as error:
                raise ServiceUnavailableException(str(error)) from error


async def _in_thread(audit: Audit, wait: float) -> msgspec.Struct:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[msgspec.Struct] = loop.create_future()

    def settle(report: msgspec.Struct | None, error: Exception | None) -> None:
        if done.cancelled():
            return
        if report is not None:
            done.set_result(report)
        elif error is not None:
            done.set_exception(error)

    def work() -> None:
        report, failure = None, None
        try:
            report = audit(wait)
        except Exception as error:  # handed to whoever asked
            failure = error
        loop.call_soon_threadsafe(settle, report, failure)

    threading.Thread(target=work, name="audit", daemon=True).start()
    return await done


@post("/api/audit", status_code=200, summary="Whether everything that is stored agrees", opt={NEEDS: "admin"})
async def post_audit(auditor: NamedDependency[Auditor], wait: Wait = 0.0) -> Response[msgspec.Struct]:
    """Return one summary per check and one finding per disagreement; may take minutes."""
    return Response(await auditor.report(wait))
