"""A screen with a wall token, where nothing is open: it reads the wall, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from serving.operations.audit import Actor
from serving.operations.operations import Operations
from serving.operations.store import Store
from staplewatch.broker import free_port
from tests.browser.conftest import Open
from tests.browser.instance import BAYI, USUAL, Watched

pytestmark = pytest.mark.services

PATIENCE_MS = 30_000
CLI = Actor("root", "cli")
#: A refusal is an error in the browser's console.
REFUSED = ("401", "403")

#: What the page's own scripts could ask, by the cookie that it has: path, method.
ASK = """async ([path, method]) => {
    const body = method === 'GET' ? undefined : '{}';
    const headers = {'Staplewatch-Request': '1', 'Content-Type': 'application/json'};
    return (await fetch(path, {method, body, headers})).status;
}"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Run an instance on which nobody may read without being known, with one orange alert."""
    with ExitStack() as stack:
        watched = Watched(tmp_path_factory.mktemp("token") / "data", free_port(), stack, "--no-open-wall")
        watched.start()
        watched.usual_week(("mutton",))
        watched.quote({"mutton": 1.52 * USUAL})
        yield watched


@pytest.fixture(scope="module")
def operations(instance: Watched) -> Iterator[Operations]:
    store = Store.open(f"sqlite:///{instance.data / 'operations.db'}")
    yield Operations(store)
    store.close()


@pytest.fixture(scope="module")
def token(operations: Operations) -> str:
    """Return a wall token, as ``staplewatch wall-tokens add`` makes them."""
    return operations.wall_tokens.add("大厅", CLI)


def asked(page: Page, path: str, method: str = "GET") -> int:
    status: int = page.evaluate(ASK, [path, method])
    return status


def opened(wall: Open, token: str) -> Page:
    page = wall(f"?lang=zh&view=alerts&token={token}", allowed=REFUSED).page
    expect(page.locator(".counter[data-level=orange] b")).to_have_text("1", timeout=PATIENCE_MS)
    return page


def test_the_wall_works_and_its_address_no_longer_names_the_token(wall: Open, token: str) -> None:
    page = opened(wall, token)
    assert token not in page.url
    page.locator(f'.tile[data-region="{BAYI}"]').click()
    expect(page.locator(".sheet .sites tbody tr")).to_have_count(3, timeout=PATIENCE_MS)
    page.reload()
    expect(page.locator(".counter[data-level=orange] b")).to_have_text("1", timeout=PATIENCE_MS)


def test_nothing_can_be_done_and_nothing_else_read(wall: Open, instance: Watched, token: str) -> None:
    page = opened(wall, token)
    episode: Any = instance.ask("/api/alerts")[0]["id"]
    acts = [
        (f"/api/alerts/{episode}/acknowledge", "POST"),
        (f"/api/alerts/{episode}/comment", "POST"),
        ("/api/alerts/acknowledge", "POST"),
        ("/api/silences", "POST"),
        ("/api/audit", "POST"),
    ]
    reads = ["/api/counts", "/api/dead-letters", "/api/silences", "/api/audit-log", f"/api/alerts/{episode}"]
    assert [asked(page, path, method) for path, method in acts] == [403] * len(acts)
    assert [asked(page, path) for path in reads] == [403] * len(reads)
    assert [asked(page, path) for path in ("/api/alerts", "/api/indicators", "/api/prices")] == [200] * 3


def test_the_desk_asks_for_a_login(wall: Open, instance: Watched, token: str) -> None:
    page = opened(wall, token)
    page.goto(f"{instance.http}/desk")
    page.wait_for_url("**/login?next=%2Fdesk", timeout=PATIENCE_MS)


def test_who_has_no_token_sees_nothing(wall: Open) -> None:
    page = wall("?lang=zh", allowed=REFUSED).page
    page.wait_for_url("**/login?next=*", timeout=PATIENCE_MS)


def test_a_revoked_token_no_longer_reads(wall: Open, operations: Operations) -> None:
    passing = operations.wall_tokens.add("门厅", CLI)
    page = opened(wall, passing)
    operations.wall_tokens.revoke("门厅", CLI)
    page.reload()
    page.wait_for_url("**/login?next=*", timeout=PATIENCE_MS)
