"""Suspect quotes over HTTP, from a real warehouse in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

import warehouse
from serving.answers import Answers
from serving.app import create_app
from tests.warehouse import rows

TOKEN = "a-token-of-this-test"
#: 2017-03-20, and what the rows of these tests are dated.
DATE = "2017-03-21"


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient[Litestar]]:
    house = warehouse.connect(f"chdb://{tmp_path_factory.mktemp('suspects')}/warehouse")
    house.migrate()
    house.insert("quotes", rows.columns([rows.quote(0, price=410_000), rows.quote(1, price=41_000, corrects=["q0"])]))
    held = [rows.suspect("a"), rows.suspect("b", site="m2", slip=0.0, state="expired", decided=1_490_000_120)]
    house.insert("quote_suspects", rows.columns(held))
    with TestClient(create_app(Answers(house), TOKEN), base_url="http://127.0.0.1") as found:
        found.headers["Authorization"] = f"Bearer {TOKEN}"
        yield found
    house.close()


def test_a_suspect_quote_is_told_with_all_that_it_was_held_against(ask: TestClient[Litestar]) -> None:
    (row,) = ask.get("/api/quotes/suspects", params={"state": "waiting"}).json()
    assert row == {
        "id": "a", "state": "waiting", "kind": "retail", "region": "540402", "site": "m1", "good": "potato",
        "date": DATE, "at": "2017-03-20T08:53:20Z", "price": 41.0, "own_price": 4.1, "county_price": 4.0,
        "county_sites": 4, "slip": 10.0, "own_z": None, "county_z": 31.5, "decided": "2017-03-20T08:54:20Z",
        "event_id": "q0", "sender": "bureau",
    }  # fmt: skip


def test_an_absurd_value_is_no_slip_and_the_newest_decision_comes_first(ask: TestClient[Litestar]) -> None:
    found = ask.get("/api/quotes/suspects").json()
    assert [(row["id"], row["slip"]) for row in found] == [("b", None), ("a", 10.0)]
    assert [row["id"] for row in ask.get("/api/quotes/suspects", params={"date": DATE, "site": "m2"}).json()] == ["b"]


def test_the_quotes_of_a_site_good_and_date_come_as_they_count(ask: TestClient[Litestar]) -> None:
    found = ask.get("/api/quotes", params={"site": "m1", "good": "potato", "date": DATE}).json()
    assert [(row["event_id"], row["price"], row["corrects"]) for row in found] == [
        ("q0", 41.0, []),
        ("q1", 4.1, ["q0"]),
    ]


@pytest.mark.parametrize(
    ("address", "asked", "wrong"),
    [
        ("/api/quotes/suspects", {"state": "lost"}, "state"),
        ("/api/quotes/suspects", {"region": "54"}, "region"),
        ("/api/quotes", {"site": "m1", "good": "potato", "date": "yesterday"}, "date"),
        ("/api/quotes", {"site": "m1", "good": "potato"}, "date"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ask: TestClient[Litestar], address: str, asked: dict[str, str], wrong: str
) -> None:
    answer = ask.get(address, params=asked)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert wrong in answer.text
