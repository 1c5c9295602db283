"""The web application: indicators, alerts and dead letters over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Litestar, Response, Router, get
from litestar.datastructures import MutableScopeHeaders
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ServiceUnavailableException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.params import QueryParameter
from litestar.types import Message, Scope

from serving import actions, history, letters_api, login, problems, registered, rows, ruled, suspects, wall
from serving.access import NEEDS, Access
from serving.actions import AnyRequest, Desk
from serving.answers import AlertFilter, Answer, Answers, IndicatorFilter
from serving.auditing import Audit, Auditor, post_audit
from serving.headers import CURSOR, INCOMPLETE
from serving.operations.errors import StoreUnavailable
from serving.operations.operations import Operations
from serving.rows import AlertRow, IndicatorRow
from serving.wall import Wall
from warehouse.errors import WarehouseUnavailable

LARGEST_LIMIT: Final = 1_000_000
LONGEST_WAIT: Final = 30.0
#: The end of ClickHouse's DateTime, 2106-02-07.
FAR: Final = 2**32 - 1

Level = Literal["none", "blue", "yellow", "orange", "red"]
Region = Annotated[str | None, QueryParameter(pattern=r"^\d{6}$", description="six-digit code, for example 540402")]
Prefecture = Annotated[
    str | None,
    QueryParameter(pattern=r"^\d{6}$", description="a prefecture's code: itself and its counties, for example 540400"),
]
Good = Annotated[str | None, QueryParameter(description="code of the good, for example potato")]
Grain = Annotated[Literal["5m", "date"] | None, QueryParameter(description="5-minute buckets or dates")]
Kind = Annotated[Literal["retail", "wholesale"] | None, QueryParameter(description="kind of prices")]
State = Annotated[
    Literal["pending", "firing", "resolved"] | None, QueryParameter(name="state", description="state of the alert")
]
Lowest = Annotated[Level | None, QueryParameter(description="lowest level; of an episode the highest that it reached")]
Pack = Annotated[str | None, QueryParameter(description="rule pack, for example live")]
Episode = Annotated[str | None, QueryParameter(description="id of one episode")]
Moment = Annotated[datetime | None, QueryParameter(description="RFC 3339; without offset: UTC")]
Limit = Annotated[int, QueryParameter(ge=1, le=LARGEST_LIMIT, description="rows at most")]
After = Annotated[
    int | None, QueryParameter(ge=0, description=f"only what changed live after this cursor (header {CURSOR})")
]
Wait = Annotated[float, QueryParameter(ge=0, le=LONGEST_WAIT, description="with after: seconds to wait for a change")]

#: Details of the process for /api/health.
Status = Callable[[], Mapping[str, Any]]


class Health(msgspec.Struct):
    """Whether questions can be answered: ``reasons`` why not, ``notes`` what is missing although they are."""

    status: Literal["ok", "degraded"]
    reasons: list[str]
    notes: list[str]
    details: dict[str, Any]


@get("/api/indicators", summary="Newest indicators of each region and good", opt={NEEDS: "wall"})
async def get_indicators(
    answers: NamedDependency[Answers],
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
    grain: Grain = None,
    kind: Kind = None,
    limit: Limit = 100_000,
    after: After = None,
    wait: Wait = 0.0,
) -> Response[list[IndicatorRow]]:
    """Return one row per region, good, grain and kind; undefined values are null."""
    wanted = IndicatorFilter(region or "", prefecture or "", good or "", grain or "", kind or "")
    if after is not None:
        return _respond(await answers.new_indicators(wanted, after, wait))
    return _respond(await answers.indicators(wanted, limit))


@get("/api/indicators/series", summary="Stored indicators over time", opt={NEEDS: "wall"})
async def get_series(
    answers: NamedDependency[Answers],
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
    grain: Grain = None,
    kind: Kind = None,
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 100_000,
) -> Response[list[IndicatorRow]]:
    """Return every closed bucket and date between two moments (RFC 3339), ordered by subject and time."""
    wanted = IndicatorFilter(region or "", prefecture or "", good or "", grain or "", kind or "")
    return _respond(await answers.series(wanted, _epoch(since, 0), _epoch(until, FAR), limit))


@get("/api/alerts", summary="Newest transition of each alert episode, newest first", opt={NEEDS: "wall"})
async def get_alerts(
    request: AnyRequest,
    answers: NamedDependency[Answers],
    level: Lowest = None,
    phase: State = None,
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
    pack: Pack = None,
    limit: Limit = 10_000,
    after: After = None,
    wait: Wait = 0.0,
) -> Response[list[AlertRow]]:
    """Return alerts in words and numbers; with ``after`` every transition since, oldest first."""
    wanted = AlertFilter(level or "", phase or "", region or "", prefecture or "", good or "", pack or "")
    if after is not None:
        return _discreet(request, await answers.new_alerts(wanted, after, wait))
    return _discreet(request, await answers.alerts(wanted, limit))


@get("/api/alerts/transitions", summary="Every stored transition, oldest first", opt={NEEDS: "wall"})
async def get_transitions(
    request: AnyRequest,
    answers: NamedDependency[Answers],
    id: Episode = None,
    level: Lowest = None,
    phase: State = None,
    region: Region = None,
    prefecture: Prefecture = None,
    good: Good = None,
    pack: Pack = None,
    limit: Limit = 100_000,
) -> Response[list[AlertRow]]:
    """Return how alerts came to be what they are."""
    wanted = AlertFilter(level or "", phase or "", region or "", prefecture or "", good or "", pack or "")
    return _discreet(request, await answers.transitions(wanted, limit, id or ""))


@get("/api/counts", summary="Stored rows of each table", opt={NEEDS: "history"})
async def get_counts(answers: NamedDependency[Answers]) -> Response[dict[str, int]]:
    """Return cheap counts; a batch that was inserted twice counts twice until it is merged."""
    return Response(await answers.counts())


@get(["/api/health", "/healthz"], summary="Whether questions can be answered")
async def get_health(answers: NamedDependency[Answers], status: NamedDependency[Status]) -> Response[Health]:
    """Return 200 when everything is there, 503 with reasons otherwise."""
    details = dict(status())
    reasons, notes = ([str(text) for text in details.pop(name, [])] for name in ("reasons", "notes"))
    if answers.live is not None:
        details["live"] = {"connected": answers.live.connected, "caught_up": answers.live.caught_up}
        if not answers.live.connected:
            reasons.append("the broker is not answering: live values stand still")
    health = Health("degraded" if reasons or notes else "ok", reasons, notes, details)
    return Response(health, status_code=503 if reasons else 200)


def create_app(
    answers: Answers,
    token: str,
    *,
    open_reading: bool = False,
    open_wall: bool = False,
    operations: Operations | None = None,
    status: Status = dict,
    audit: Audit | None = None,
    version: str = "0.1.0",
    shown: Wall | None = None,
    desk: Desk | None = None,
) -> Litestar:
    """Build the application.

    ``token`` is what ``Authorization: Bearer`` must carry; with ``open_reading`` (loopback only) reading
    needs none, with ``open_wall`` what the wall reads. ``operations`` are accounts and wall tokens.
    ``status`` returns details for /api/health; its ``reasons`` make it 503, its ``notes`` only degrade it.
    ``audit`` makes an audit of this process's broker and warehouse. ``shown`` is the wall; without one
    there are no pages and no live stream. Without ``desk`` nobody can act.
    """
    guarded: list[Any] = [get_indicators, get_series, get_alerts, get_transitions, get_counts, post_audit]
    guarded += [*letters_api.HANDLERS, *suspects.HANDLERS]
    guarded += [login.get_me, login.get_audit_log, registered.get_registry, ruled.get_rule_changes]
    if shown is not None:
        guarded += [wall.get_live, wall.get_regions, wall.get_goods, wall.get_map, wall.get_feeds]
        guarded += [history.get_prices, history.get_sites]
    if desk is not None:
        guarded += actions.HANDLERS
    pages = [wall.get_root, wall.get_page, wall.get_desk, wall.get_login, wall.get_asset] if shown is not None else []
    access = Access(token, open_reading, open_wall, operations)
    auditor = Auditor(audit)
    return Litestar(
        [Router("/", route_handlers=guarded, guards=[access]), get_health, login.login, login.logout, *pages],
        dependencies={
            "access": Provide(lambda: access, sync_to_thread=False),
            "desk": Provide(lambda: desk, sync_to_thread=False),
            "answers": Provide(lambda: answers, sync_to_thread=False),
            "status": Provide(lambda: status, sync_to_thread=False),
            "wall": Provide(lambda: shown, sync_to_thread=False),
            "auditor": Provide(lambda: auditor, sync_to_thread=False),
        },
        exception_handlers={
            Exception: problems.respond,
            WarehouseUnavailable: _unavailable,
            StoreUnavailable: _without_store,
        },
        before_send=[_harden],
        openapi_config=OpenAPIConfig(
            title="staplewatch", version=version, path="/openapi", render_plugins=[JsonRenderPlugin()]
        ),
        logging_config=None,
    )


def _epoch(moment: datetime | None, default: int) -> int:
    if moment is None:
        return default
    return min(max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()), 0), FAR)


def _discreet(request: AnyRequest, answer: Answer[AlertRow]) -> Response[list[AlertRow]]:
    """Answer with whom to call only where somebody is known who may read more than a wall shows."""
    if "read" not in request.scope["user"].may:
        for row in answer.rows:
            rows.discreet(row)
    return _respond(answer)


def _respond(answer: Answer[Any]) -> Response[Any]:
    headers = {CURSOR: str(answer.cursor)}
    if not answer.complete:
        headers[INCOMPLETE] = "warehouse"
    return Response(answer.rows, headers=headers)


def _unavailable(request: Any, error: Exception) -> Response[Any]:
    return problems.respond(request, ServiceUnavailableException(f"the warehouse is unavailable: {error}"))


def _without_store(request: Any, error: Exception) -> Response[Any]:
    return problems.respond(request, ServiceUnavailableException(str(error)))


async def _harden(message: Message, _: Scope) -> None:
    """Give every answer the headers of the pages: an answer of the API that is opened in a tab is no page."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in wall.SAFETY.items():
            headers.setdefault(name, value)
