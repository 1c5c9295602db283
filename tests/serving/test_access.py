"""Who may do what on every route, logging in and out, and acting, over a store on SQLite and a broker that echoes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from schemas import catalogue, topics
from schemas.events import Alert, AsOf, Substitute
from schemas.registry import Contact
from serving import wire
from serving.access import NEEDS, ROLES, SESSION_COOKIE, WALL_COOKIE
from serving.acting import Acting
from serving.actions import Desk
from serving.answers import Answers
from serving.app import create_app
from serving.assets import Asset, Assets
from serving.hub import Hub
from serving.live import LiveView
from serving.operations.accounts import Accounts
from serving.operations.audit import Actor
from serving.operations.operations import Operations
from serving.operations.store import Store
from serving.wall import Wall
from streams.actions import ActionReader
from streams.marking import Marker
from streams.options import Options
from tests.serving.examples import FakeWarehouse, alert
from tests.serving.operations.conftest import CHEAP

PARTITIONS = 12
TOKEN = "a-token-of-this-test"
PASSWORD = "correct horse battery"
CLI = Actor("root", "cli")
#: Not a name of loopback: nothing is open there.
ORIGIN = "http://watch.example"
OURS = {"Origin": ORIGIN, "Staplewatch-Request": "1"}
PAGES = Assets({name: Asset("text/html", b"<p>") for name in ("wall.html", "desk.html", "login.html")}, "b")

#: What each role is answered: read by the wall, read at a desk, history, act, admin.
REQUESTS: tuple[tuple[str, str, str, Any], ...] = (
    ("wall", "GET", "/api/alerts", None),
    ("read", "GET", "/api/alerts/one", None),
    ("read", "GET", "/api/silences", None),
    ("history", "GET", "/api/dead-letters", None),
    ("act", "POST", "/api/alerts/one/acknowledge", {"note": "seen"}),
    ("act", "POST", "/api/alerts/one/comment", {"note": "seen"}),
    ("act", "POST", "/api/alerts/acknowledge", {"alerts": [{"id": "one"}]}),
    ("admin", "GET", "/api/audit-log", None),
)


class Echo:
    """A producer whose records are in the live view at once, with what the stream makes of them.

    ``down`` makes it fail.
    """

    def __init__(self, live: LiveView) -> None:
        self.live, self.down, self.sent = live, False, 0
        self._reader = ActionReader(5404 % PARTITIONS, PARTITIONS, Options())
        self._marker = Marker()

    def __call__(self, **_: Any) -> Echo:
        return self

    def publish(self, alert: Alert) -> None:
        """Publish a transition as the stream does."""
        for each in self._marker.mark([alert], time.time(), self.sent):
            self.live.latest.take(each.key, each)

    async def start(self) -> None:
        if self.down:
            raise OSError

    async def stop(self) -> None:
        pass

    async def partitions_for(self, _: str) -> set[int]:
        return {*range(PARTITIONS)}

    async def send(self, topic: str, value: bytes, key: bytes, partition: int) -> Any:
        assert topic == topics.ACTIONS
        self.live.latest.apply(topic, key, value)
        if partition == 5404 % PARTITIONS:
            self.sent += 1
            self._marker.take([self._reader.read(value, time.time())], time.time())
            for each in self._marker.changed(AsOf(1, 10 + self.sent, 0), time.time(), self.sent):
                self.live.latest.take(each.key, each)

        async def done() -> int:
            return partition

        return done()


class World:
    """An instance with one orange alert, one account of each role and a wall token."""

    def __init__(self, directory: Path, **options: Any) -> None:
        store = Store.open(f"sqlite:///{directory / 'operations.db'}")
        self.operations = Operations(store, accounts=Accounts(store, hasher=CHEAP))
        for role in ROLES:
            self.operations.accounts.add(role, role, PASSWORD, CLI)  # type: ignore[arg-type]
        self.wall_token = self.operations.wall_tokens.add("hall", CLI)
        self.live = LiveView("localhost:1")
        self.echo = Echo(self.live)
        self.echo.publish(alert())
        answers = Answers(FakeWarehouse(), self.live)
        known = catalogue.load()
        self.app = create_app(
            answers,
            TOKEN,
            shown=Wall(Hub(self.live, answers.look), PAGES, known, "Asia/Shanghai"),
            desk=Desk(Acting("localhost:1", producer=self.echo), known),
            operations=self.operations,
            **options,
        )

    @contextmanager
    def client(self, role: str | None = None, base_url: str = ORIGIN) -> Iterator[TestClient[Litestar]]:
        with TestClient(self.app, base_url=base_url) as found:
            if role is not None:
                answer = found.post("/api/login", json={"name": role, "password": PASSWORD}, headers=OURS)
                assert answer.status_code == 200, answer.text
            yield found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.operations.store.close()


def statuses(client: TestClient[Litestar], headers: dict[str, str]) -> dict[str, set[int]]:
    told: dict[str, set[int]] = {}
    for needed, method, path, body in REQUESTS:
        answer = client.request(method, path, json=body, headers=headers)
        told.setdefault(needed, set()).add(answer.status_code // 100 * 100 if answer.is_success else answer.status_code)
    return told


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_it_may_and_nothing_else(world: World, role: str) -> None:
    with world.client(role) as client:
        told = statuses(client, OURS)
    assert told == {needed: {200 if needed in ROLES[role] else 403} for needed in told}


def test_nobody_may_anything(world: World) -> None:
    with world.client() as client:
        assert set().union(*statuses(client, OURS).values()) == {401}


def test_a_wall_token_reads_what_the_wall_reads_and_nothing_else(world: World) -> None:
    only_wall = {"wall": {200}, "read": {403}, "history": {403}, "act": {403}, "admin": {403}}
    with world.client() as client:
        assert statuses(client, {**OURS, "Authorization": f"Bearer {world.wall_token}"}) == only_wall
        page = client.get("/wall", params={"token": world.wall_token})
        assert (page.status_code, WALL_COOKIE in client.cookies) == (200, True)
        assert statuses(client, OURS) == only_wall
        world.operations.wall_tokens.revoke("hall", CLI)
        assert set().union(*statuses(client, OURS).values()) == {401}


def test_a_wrong_wall_token_makes_no_cookie(world: World) -> None:
    with world.client() as client:
        client.get("/wall", params={"token": "guess"})
        assert WALL_COOKIE not in client.cookies


def test_whom_to_call_is_told_to_those_who_are_known_and_to_no_wall(world: World) -> None:
    helper = Substitute("s9", "540421", "potato", 5.0, contact=Contact("央金", "0894-1"))
    named = msgspec.structs.replace(alert(), substitutes=[helper], seq=alert().seq + 1)
    world.echo.publish(named)
    streamed = wire.alert(named, world.live.latest, 0.0)
    assert [(each.site, each.contact) for each in streamed.substitutes] == [("s9", Contact())]
    with world.client("viewer") as client:
        assert "0894-1" in client.get("/api/alerts").text
        assert "0894-1" in client.get("/api/alerts/one").text
    with world.client() as client:
        told = client.get("/api/alerts", headers={"Authorization": f"Bearer {world.wall_token}"})
        assert [each["site"] for each in told.json()[0]["substitutes"]] == ["s9"]
        assert "0894-1" not in told.text


def test_every_route_says_what_it_needs(world: World) -> None:
    free = {
        "/",
        "/wall",
        "/desk",
        "/login",
        "/assets/{name:str}",
        "/api/login",
        "/api/logout",
        "/api/health",
        "/healthz",
    }
    told = {
        (method, route.path): handler.opt.get(NEEDS)
        for route in world.app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/openapi")
        for handler in route.route_handlers
        for method in handler.http_methods - {"OPTIONS"}
    }
    assert {path for (_, path), needed in told.items() if needed is None} == free
    assert told["POST", "/api/silences"] == "act"
    assert {needed for (method, _), needed in told.items() if method != "GET"} == {None, "act", "admin"}


def test_loopback_is_open_for_reading_alone(tmp_path: Path) -> None:
    world = World(tmp_path, open_reading=True)
    with world.client(base_url="http://127.0.0.1") as client:
        told = statuses(client, {"Origin": "http://127.0.0.1", "Staplewatch-Request": "1"})
        assert told == {"wall": {200}, "read": {200}, "history": {200}, "act": {401}, "admin": {401}}
        # another name that leads to loopback (DNS rebinding)
        assert client.get("/api/alerts", headers={"Host": "evil.example"}).status_code == 401
    world.operations.store.close()


def test_an_open_wall_is_open_for_what_the_wall_reads(tmp_path: Path) -> None:
    world = World(tmp_path, open_wall=True)
    with world.client() as client:
        assert statuses(client, OURS) == {"wall": {200}, "read": {401}, "history": {401}, "act": {401}, "admin": {401}}
    world.operations.store.close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ORIGIN},
        {"Staplewatch-Request": "1"},
        {"Origin": "http://evil.example", "Staplewatch-Request": "1"},
        {"Origin": "null", "Staplewatch-Request": "1"},
        {"Sec-Fetch-Site": "cross-site", "Staplewatch-Request": "1"},
    ],
)
def test_another_site_can_make_a_browser_do_nothing(world: World, headers: dict[str, str]) -> None:
    with world.client("duty") as client:
        assert client.post("/api/alerts/one/acknowledge", json={}, headers=headers).status_code == 403
        assert (
            client.post("/api/login", json={"name": "duty", "password": PASSWORD}, headers=headers).status_code == 403
        )
        assert client.post("/api/logout", headers=headers).status_code == 403
    assert world.live.latest.ledger.known == {}


@pytest.mark.parametrize(("forwarded", "secure"), [("https", True), ("http", False), ("", False)])
def test_the_cookie_is_for_this_host_and_no_script(world: World, forwarded: str, secure: bool) -> None:
    with world.client() as client:
        answer = client.post(
            "/api/login",
            json={"name": "duty", "password": PASSWORD},
            headers={**OURS, **({"X-Forwarded-Proto": forwarded} if forwarded else {})},
        )
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(SESSION_COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert ("secure" in cookie) is secure
    assert "domain" not in cookie


def test_too_many_wrong_passwords_are_told_when_to_come_back(world: World) -> None:
    with world.client() as client:
        wrong = {"name": "duty", "password": "wrong"}
        codes = [client.post("/api/login", json=wrong, headers=OURS).status_code for _ in range(5)]
        answer = client.post("/api/login", json={"name": "duty", "password": PASSWORD}, headers=OURS)
    assert codes == [401] * 5
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 800
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "too many failed logins" in answer.json()["detail"]
    assert "登录失败次数过多" in answer.json()["detail"]


def test_logging_out_takes_everything_back(world: World) -> None:
    with world.client("admin") as client:
        assert client.get("/api/me").json()["role"] == "admin"
        token = client.cookies[SESSION_COOKIE]
        assert client.post("/api/logout", headers=OURS).status_code == 204
        assert client.get("/api/me").status_code == 401
        assert client.get("/api/me", headers={"Cookie": f"{SESSION_COOKIE}={token}"}).status_code == 401


def test_every_answer_has_the_headers_of_a_page(world: World) -> None:
    with world.client() as client:
        answers = [client.get(path) for path in ("/wall", "/desk", "/login", "/api/alerts", "/nowhere")]
    for answer in answers:
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_acknowledging_is_shown_and_written_down(world: World) -> None:
    with world.client("duty") as client:
        done = client.post(
            "/api/alerts/one/acknowledge", json={"note": " 已联系三家超市 ", "seq": 1}, headers=OURS
        ).json()
        client.post("/api/alerts/one/comment", json={"note": "明早再看"}, headers=OURS)
        (row,) = client.get("/api/alerts").json()
        detail = client.get("/api/alerts/one").json()
    seen = {"note": "已联系三家超市", "seq": 1, "level": "orange"}
    assert row["acknowledged"] == {"by": "duty", "at": f"{done['at'][:19]}Z", **seen}
    assert [(each["by"], each["note"]) for each in row["comments"]] == [("duty", "明早再看")]
    assert [each["kind"] for each in detail["actions"]] == ["acknowledge", "comment"]
    assert [each["seq"] for each in detail["transitions"]] == [1]
    with world.client("admin") as client:
        entries = client.get("/api/audit-log", params={"who": "duty"}).json()
    assert [each["what"] for each in entries] == ["alert.comment", "alert.acknowledge", "login"]
    assert entries[1]["subject"] == "one"


def test_what_has_risen_since_it_was_seen_is_not_acknowledged(world: World) -> None:
    world.echo.publish(alert(seq=2, level="red", level_before="orange"))
    with world.client("duty") as client:
        late = client.post("/api/alerts/one/acknowledge", json={"seq": 1}, headers=OURS)
        many = client.post(
            "/api/alerts/acknowledge", json={"alerts": [{"id": "one", "seq": 1}, {"id": "none"}]}, headers=OURS
        ).json()
        now = client.post("/api/alerts/one/acknowledge", json={"seq": 2}, headers=OURS)
    assert (late.status_code, now.status_code) == (409, 201)
    assert many["acknowledged"] == []
    assert [each["id"] for each in many["refused"]] == ["one", "none"]


def test_a_silence_covers_until_it_is_lifted(world: World) -> None:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    with world.client("duty") as client:
        made = client.post(
            "/api/silences", json={"matcher": {"regions": ["540400"]}, "until": until, "why": "检修"}, headers=OURS
        ).json()
        (row,) = client.get("/api/alerts").json()
        assert row["silenced_until"] == until
        assert [each["silence"] for each in client.get("/api/silences").json()] == [made["silence"]]
        assert client.delete(f"/api/silences/{made['silence']}", headers=OURS).status_code == 200
        (row,) = client.get("/api/alerts").json()
        assert row["silenced_until"] is None
        assert client.delete(f"/api/silences/{made['silence']}", headers=OURS).status_code == 404


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"matcher": {}}, "matcher"),
        ({"matcher": {"regions": ["999999"]}}, "matcher"),
        ({"matcher": {"regions": ["0540400"]}}, "matcher"),
        ({"matcher": {"goods": ["unobtainium"]}}, "matcher"),
        ({"matcher": {"sites": ["x" * 201]}}, "matcher"),
        ({"matcher": {"rules": [""]}}, "matcher"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00"}, "until"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_by_name(world: World, changes: dict[str, Any], wrong: str) -> None:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    body = {"matcher": {"goods": ["potato"]}, "until": until, "why": "x", **changes}
    with world.client("duty") as client:
        answer = client.post("/api/silences", json=body, headers=OURS)
    assert answer.status_code == 400
    assert [each["name"] for each in answer.json()["errors"]] == [wrong]


def test_without_a_broker_nothing_is_said_to_be_done(world: World) -> None:
    world.echo.down = True
    with world.client("duty") as client:
        answer = client.post("/api/alerts/one/acknowledge", json={}, headers=OURS)
        assert answer.status_code == 503
        assert "try again" in answer.json()["detail"]
        (row,) = client.get("/api/alerts").json()
        assert row["acknowledged"] is None
        world.echo.down = False
        assert client.post("/api/alerts/one/acknowledge", json={}, headers=OURS).status_code == 201
