"""An instance audits itself when it is asked with its token."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from litestar.testing import TestClient

from serving.answers import Answers
from serving.app import create_app
from tests.serving.examples import FakeWarehouse
from tests.serving.test_api import BEARER, TOKEN
from warehouse.errors import WarehouseUnavailable


class Found(msgspec.Struct):
    waited: float


def post(
    audit: Callable[[float], msgspec.Struct] | None, query: str = "", **headers: str
) -> tuple[int, dict[str, object]]:
    app = create_app(Answers(FakeWarehouse()), TOKEN, open_reading=True, audit=audit)
    with TestClient(app, base_url="http://127.0.0.1") as ask:
        answer = ask.post(f"/api/audit{query}", headers=headers)
        return answer.status_code, answer.json()


def failing(error: Exception) -> Callable[[float], msgspec.Struct]:
    def audit(wait: float) -> msgspec.Struct:
        raise error

    return audit


def test_the_report_comes_back() -> None:
    assert post(Found, "?wait=2.5", **BEARER) == (200, {"waited": 2.5})


def test_it_needs_the_token_even_on_loopback() -> None:
    assert post(Found)[0] == 401


@pytest.mark.parametrize("wait", ["-1", "soon", "1e9"])
def test_a_wait_that_is_none_is_refused(wait: str) -> None:
    assert post(Found, f"?wait={wait}", **BEARER)[0] == 400


@pytest.mark.parametrize("error", [ConnectionError("the broker went away"), WarehouseUnavailable("gone away")])
def test_servers_that_are_away_are_said_to_be(error: Exception) -> None:
    status, body = post(failing(error), **BEARER)
    assert status == 503
    assert "away" in str(body["detail"])


def test_a_process_that_cannot_audit_says_so() -> None:
    assert post(None, **BEARER)[0] == 404
