"""The API over a fake warehouse and a live view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from schemas.events import AsOf
from serving.answers import Answers
from serving.app import create_app
from serving.live import LiveView
from tests.serving.examples import AT, FakeWarehouse, alert, alert_table, indicator, indicator_table
from warehouse.errors import WarehouseUnavailable

TOKEN = "a-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def client(warehouse: FakeWarehouse, live: LiveView | None = None, **options: Any) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(Answers(warehouse, live), TOKEN, **options), base_url="http://127.0.0.1") as found:
        yield found


def view(*records: Any) -> LiveView:
    found = LiveView("localhost:1")
    for record in records:
        found.latest.take(getattr(record, "key", f"{record.region}|{record.good}"), record)
    return found


def test_indicators_are_flat_with_null_for_undefined_and_decimal_numbers() -> None:
    stored = indicator_table({"amount": 55_000, "quantity": 1_500, "on_hand": None, "vwap": 3.6666})
    with client(FakeWarehouse(indicators_latest=stored)) as ask:
        (row,) = ask.get("/api/indicators", headers=BEARER).json()
    assert (row["region"], row["good"], row["at"]) == ("540402", "potato", "2022-08-08T02:05:00Z")
    assert (row["amount"], row["quantity"], row["lines"], row["vwap"]) == (5.5, 1.5, 1, 3.6666)
    assert row["on_hand"] is None
    assert row["spike_1h"] is None
    assert row["intermittent"] is None
    assert row["levels"] == {}


def test_the_later_of_live_and_stored_is_shown() -> None:
    older = indicator_table({"vwap_24h": 1.0}, {"good": "egg", "at": AT + timedelta(hours=1), "vwap_24h": 2.0})
    live = view(indicator(), indicator(good="egg"))
    with client(FakeWarehouse(indicators_latest=older), live) as ask:
        rows = ask.get("/api/indicators", headers=BEARER).json()
    assert [(row["good"], row["vwap_24h"]) for row in rows] == [("egg", 2.0), ("potato", 5.5)]


def test_filters_reach_the_warehouse_and_the_live_rows() -> None:
    warehouse = FakeWarehouse()
    with client(warehouse, view(indicator(), indicator(region="540502"))) as ask:
        rows = ask.get("/api/indicators?prefecture=540400&kind=retail&limit=5", headers=BEARER).json()
    assert [row["region"] for row in rows] == ["540402"]
    assert warehouse.asked[0] == (
        "indicators_latest",
        {"region": 0, "prefecture": 540400, "good": "", "grain": "", "kind": "retail", "limit": 5},
    )


def test_alerts_are_newest_first_and_one_per_episode() -> None:
    stored = alert_table({"id": "one", "seq": 0}, {"id": "old", "at": AT - timedelta(days=1), "level": "red"})
    highest = pa.table({"id": ["one", "old"], "highest": [3, 5]})
    live = view(alert(level="none", state="resolved", seq=2))
    with client(FakeWarehouse(alerts_latest=stored, alerts_highest=highest), live) as ask:
        everything = ask.get("/api/alerts", headers=BEARER).json()
        severe = ask.get("/api/alerts?level=orange", headers=BEARER).json()
    assert [(row["id"], row["level"], row["state"], row["highest"]) for row in everything] == [
        ("one", "none", "resolved", "yellow"),
        ("old", "red", "firing", "red"),
    ]
    assert [row["id"] for row in severe] == ["old"]
    assert everything[1]["values"] == {"spike_24h": 0.2}
    assert everything[1]["site"] is None


def test_what_is_new_after_a_cursor() -> None:
    live = view(alert(seq=0, state="pending"), indicator())
    with client(FakeWarehouse(), live) as ask:
        first = ask.get("/api/alerts", headers=BEARER)
        cursor = first.headers["Staplewatch-Cursor"]
        live.latest.take("k", alert(key="k", id="two", as_of=AsOf(1, 11, 0)))
        news = ask.get(f"/api/alerts?after={cursor}&wait=1", headers=BEARER)
        nothing = ask.get(f"/api/indicators?after={cursor}", headers=BEARER)
    assert [row["id"] for row in news.json()] == ["two"]
    assert nothing.json() == []


def test_live_values_are_answered_while_the_warehouse_is_away() -> None:
    away = WarehouseUnavailable("no answer")
    with client(FakeWarehouse(indicators_latest=away, dead_letters_keys=away), view(indicator())) as ask:
        shown = ask.get("/api/indicators", headers=BEARER)
        refused = ask.get("/api/dead-letters", headers=BEARER)
    assert shown.headers["Staplewatch-Incomplete"] == "warehouse"
    assert len(shown.json()) == 1
    assert refused.status_code == 503
    assert "no answer" in refused.json()["detail"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "é"}]
)
def test_without_the_token_nothing_is_told(headers: dict[str, str]) -> None:
    with client(FakeWarehouse()) as ask:
        answer = ask.get("/api/indicators", headers={name: text.encode() for name, text in headers.items()})  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_loopback_may_read_without_a_token_but_not_under_another_name() -> None:
    with client(FakeWarehouse(), open_reading=True) as ask:
        assert ask.get("/api/indicators").status_code == 200
        assert ask.get("/api/indicators", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert ask.get("/api/indicators", headers={"Host": "evil.example"}).status_code == 401


@pytest.mark.parametrize(
    ("query", "name"),
    [("region=tibet", "region"), ("limit=0", "limit"), ("kind=both", "kind"), ("limit=many", "limit")],
)
def test_a_wrong_parameter_is_named(query: str, name: str) -> None:
    with client(FakeWarehouse()) as ask:
        answer = ask.get(f"/api/indicators?{query}", headers=BEARER)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 400
    assert problem["title"] == "Bad Request"
    assert [error["name"] for error in problem["errors"]] == [name]


def test_what_was_not_foreseen_is_a_problem_without_details() -> None:
    with client(FakeWarehouse(indicators_latest=RuntimeError("secret"))) as ask:
        ask.raise_server_exceptions = False  # type: ignore[attr-defined]
        answer = ask.get("/api/indicators", headers=BEARER)
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_an_unknown_address_is_a_problem() -> None:
    with client(FakeWarehouse()) as ask:
        answer = ask.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_health_says_why_not() -> None:
    with client(FakeWarehouse(), view(), status=lambda: {"reasons": ["no worker"], "lag": 3}) as ask:
        answer = ask.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0] == "no worker"
    assert answer.json()["details"]["lag"] == 3


def test_the_description_names_every_address() -> None:
    with client(FakeWarehouse()) as ask:
        described = ask.get("/openapi/openapi.json").json()
    assert {"/api/indicators", "/api/alerts", "/api/dead-letters", "/api/health"} <= set(described["paths"])
