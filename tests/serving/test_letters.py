"""Dead letters over HTTP and page by page, from a real warehouse in this process."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

import warehouse
from serving import letters
from serving.answers import Answers
from serving.app import create_app
from serving.headers import NEXT
from serving.letters import LetterFilter, Letters
from tests.warehouse import rows
from warehouse.protocol import Warehouse

TOKEN = "a-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
COUNT = 25


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Return a warehouse with 25 letters of 1 KiB, one a second."""
    house = warehouse.connect(f"chdb://{tmp_path_factory.mktemp('letters')}/warehouse")
    house.migrate()
    value = base64.b64encode(b"x" * 1024).decode()
    batch = [
        rows.dead_letter(each, value_base64=value, size=1024, headers='[["a","MQ=="],["a","Mg=="]]')
        for each in range(COUNT)
    ]
    house.insert("dead_letters", rows.columns(batch))
    yield house
    house.close()


@pytest.fixture
def ask(store: Warehouse) -> Iterator[TestClient[Litestar]]:
    with TestClient(create_app(Answers(store), TOKEN), base_url="http://127.0.0.1") as found:
        found.headers.update(BEARER)
        yield found


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_all_of_them_come_in_pages_that_are_bounded_in_bytes(
    store: Warehouse, monkeypatch: pytest.MonkeyPatch, order: letters.Order
) -> None:
    monkeypatch.setattr(letters, "PAGE_BYTES", 3 * 1024)
    sizes: list[int] = []
    offsets: list[int] = []
    page = ""
    while page or not sizes:
        found = await Letters(store).page(LetterFilter(), 1000, page, order)
        sizes.append(len(found.rows))
        offsets.extend(row.offset for row in found.rows)
        page = found.next
    assert sizes == [3] * 8 + [1]
    assert offsets == (list(range(COUNT)) if order == "oldest" else list(range(COUNT))[::-1])


def test_a_page_tells_where_the_next_begins(ask: TestClient[Litestar]) -> None:
    first = ask.get("/api/dead-letters?limit=20&order=oldest")
    second = ask.get("/api/dead-letters", params={"limit": 20, "order": "oldest", "page": first.headers[NEXT]})
    assert [row["offset"] for row in first.json() + second.json()] == list(range(COUNT))
    assert NEXT not in second.headers
    assert first.json()[0]["headers"] == [["a", "MQ=="], ["a", "Mg=="]]
    wrong = ask.get("/api/dead-letters?page=made-up")
    assert (wrong.status_code, wrong.json()["errors"][0]["name"]) == (400, "page")


def test_filters_and_counts(ask: TestClient[Litestar]) -> None:
    def offsets(query: str) -> list[int]:
        return [row["offset"] for row in ask.get(f"/api/dead-letters?{query}").json()]

    assert offsets("offset=7&partition=2&topic=pos.sales&epoch=e1") == [7]
    assert offsets("since=2017-03-20T08:53:42Z") == [24, 23, 22]
    assert offsets("reason=nothing") == offsets("sender=nobody") == offsets("replayed=true") == []
    (row,) = ask.get("/api/dead-letters/summary?stage=decode").json()
    assert (row["letters"], row["replayed"], row["example"]) == (COUNT, 0, "truncated")
    assert ask.get("/api/dead-letters?stage=nowhere").status_code == 400


def test_what_was_sent_again_is_noted_and_shown(ask: TestClient[Litestar]) -> None:
    sent = {
        "epoch": "e1",
        "topic": "pos.sales",
        "partition": 2,
        "offset": 3,
        "attempt": 1,
        "sent_partition": 5,
        "run": "r",
    }
    assert ask.post("/api/dead-letters/replays", json=[sent]).status_code == 201
    assert ask.get("/api/dead-letters/replays?run=r").json() == [{"outcome": "", "records": 1, "reason": ""}]
    (row,) = ask.get("/api/dead-letters?replayed=true").json()
    assert row["offset"] == 3
    assert [(step["step"], step["attempt"], step["sent_partition"]) for step in row["replays"]] == [("sent", 1, 5)]


def test_noting_needs_the_token_even_where_reading_is_open(store: Warehouse) -> None:
    app: Any = create_app(Answers(store), TOKEN, open_reading=True)
    with TestClient(app, base_url="http://127.0.0.1") as ask:
        assert ask.get("/api/dead-letters?limit=1").status_code == 200
        assert ask.post("/api/dead-letters/replays", json=[]).status_code == 401
