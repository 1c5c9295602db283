"""Streams that are told to a page instead of an instance's own: one moment, everything in it known."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from playwright.sync_api import Route

from schemas import catalogue
from schemas.events import Alert, Indicator
from serving import rows, wire
from serving.county_map import CountyMap

CATALOGUE = catalogue.load()

#: What a page asks beside the stream, by path: JSON, or what makes it of the query.
Answers = Mapping[str, Any]


def event(name: str, content: Any) -> str:
    """Return one server-sent event."""
    return f"event: {name}\ndata: {content if isinstance(content, str) else json.dumps(content)}\n\n"


def status(**changes: Any) -> dict[str, Any]:
    """Return a status in which nothing is wrong, but for ``changes``."""
    return {"now": time.time(), "feeds": {}, "broker": True, "caught_up": True, "warehouse": True, **changes}


def row_of(told: Alert | rows.AlertRow) -> Any:
    """Return an alert as it goes over the wire."""
    row = rows.from_alert(told) if isinstance(told, Alert) else told
    return json.loads(msgspec.json.encode(row))


def story(
    *alerts: Alert | rows.AlertRow,
    indicators: Iterable[Indicator] = (),
    exercise: bool = False,
    build: str = "one",
    county_map: CountyMap | None = None,
    **changes: Any,
) -> str:
    """Return a whole stream: it ends, the page comes back for more and gets the same again."""
    known = wire.catalogue(CATALOGUE, "Asia/Shanghai", exercise=exercise, county_map=county_map)
    told = {"indicators": list(map(wire.indicator, indicators)), "alerts": list(map(row_of, alerts))}
    return "".join([
        event("build", {"build": build}),
        event("catalogue", msgspec.json.encode(known).decode()),
        event("snapshot", {**told, **status(**changes)}),
    ])  # fmt: skip


def telling(make: Callable[[], str], answers: Answers | None = None) -> dict[str, Any]:
    """Return routes on which the stream is ``make()``, and history is ``answers``, elsewhere empty."""

    def stream(route: Route) -> None:
        route.fulfill(body=make(), content_type="text/event-stream")

    def answer(content: Any) -> Callable[[Route], None]:
        return lambda route: route.fulfill(json=content(route.request.url) if callable(content) else content)

    plain = {"**/live": stream, "**/api/**": lambda route: route.fulfill(json=[])}
    return plain | {f"**{path}*": answer(content) for path, content in (answers or {}).items()}
