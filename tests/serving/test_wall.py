"""The wall's routes: page and files, the stream over HTTP, catalogue, history."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from schemas import catalogue
from serving import assets, county_map
from serving.answers import Answers
from serving.app import create_app
from serving.assets import Assets
from serving.hub import Hub
from serving.live import LiveView
from serving.wall import Wall
from tests.serving import maps
from tests.serving.examples import FakeWarehouse, indicator
from warehouse.errors import WarehouseUnavailable

TOKEN = "a-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def built(tmp_path: Path) -> Assets:
    """Return a page and a script as the build leaves them."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "wall.html").write_text("<script src=/assets/wall-abc.js></script>")
    (tmp_path / "assets/wall-abc.js").write_text("1;" * 500)
    (tmp_path / "assets/wall-abc.js.map").write_text("not served")
    return assets.load(tmp_path)


@contextmanager
def client(
    built: Assets,
    warehouse: FakeWarehouse | None = None,
    *,
    ended: bool = False,
    shown_map: county_map.CountyMap | None = None,
    **options: Any,
) -> Iterator[TestClient[Litestar]]:
    live = LiveView("localhost:1")
    live.latest.take("540400|potato", indicator(region="540400", heard={"sales": 1_660_000_000}), 1_660_000_001.0)
    live.closed = ended  # a stream that ends can be read to its end
    answers = Answers(warehouse or FakeWarehouse(), live)
    shown = Wall(Hub(live, answers.look), built, catalogue.load(), "Asia/Shanghai", map=shown_map)
    with TestClient(create_app(answers, TOKEN, shown=shown, **options), base_url="http://127.0.0.1") as found:
        yield found


def test_the_page_needs_no_login_and_allows_nothing_inline(built: Assets) -> None:
    with client(built) as ask:
        page = ask.get("/wall")
        root = ask.get("/", follow_redirects=False)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert (root.status_code, root.headers["location"]) == (307, "/wall")


def test_assets_are_packed_and_kept_for_ever(built: Assets) -> None:
    with client(built) as ask:
        packed = ask.get("/assets/wall-abc.js", headers={"Accept-Encoding": "gzip"})
        plain = ask.get("/assets/wall-abc.js", headers={"Accept-Encoding": "identity"})
        missing = [ask.get(f"/assets/{name}").status_code for name in ("wall-abc.js.map", "..%2Fwall.html", "other.js")]
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(gzip.compress(b"1;" * 500, mtime=0))
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == b"1;" * 500
    assert "immutable" in plain.headers["cache-control"]
    assert missing == [404, 404, 404]


def test_what_was_not_built_is_said(tmp_path: Path) -> None:
    with client(assets.load(tmp_path / "nothing")) as ask:
        answer = ask.get("/wall")
    assert answer.status_code == 503
    assert "make setup" in answer.json()["detail"]


def test_another_build_has_another_name(built: Assets, tmp_path: Path) -> None:
    (tmp_path / "wall.html").write_text("<script src=/assets/wall-def.js></script>")
    assert built.build != assets.load(tmp_path).build


def test_the_stream_begins_with_build_and_catalogue(built: Assets) -> None:
    with client(built, ended=True) as ask:
        answer = ask.get("/live", headers=BEARER)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    build, told = answer.text.strip().split("\n\n")
    assert build == f'event: build\ndata: {{"build":"{built.build}"}}'
    assert told.startswith('event: catalogue\ndata: {"regions":[{"code":"540000"')


def test_a_map_is_told_in_the_catalogue_and_served_from_here(built: Assets, tmp_path: Path) -> None:
    known = catalogue.load()
    found = county_map.load(maps.written(tmp_path, maps.of(known, without={540402})), known)
    with client(built, ended=True, shown_map=found) as ask:
        stream = ask.get("/live", headers=BEARER).text
        answer = ask.get("/api/map", headers=BEARER)
    assert f'"map":{{"review_number":"{maps.NUMBER}","missing":["540402"]}}' in stream
    assert f'"build":"{built.build}-{found.digest}"' in stream  # another map is another page
    assert answer.headers["content-type"].startswith("application/geo+json")
    assert answer.headers["content-security-policy"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["review_number"] == maps.NUMBER
    assert len(answer.json()["features"]) == 73


def test_without_a_map_there_is_none(built: Assets) -> None:
    with client(built, ended=True) as ask:
        stream = ask.get("/live", headers=BEARER).text
        answer = ask.get("/api/map", headers=BEARER)
    assert '"map":null' in stream
    assert answer.status_code == 404
    assert "the wall draws tiles" in answer.json()["detail"]


def test_data_needs_the_token_where_reading_is_not_open(built: Assets) -> None:
    paths = ("/live", "/api/map", "/api/regions", "/api/goods", "/api/feeds", "/api/prices", "/api/sites?region=540402")
    with client(built, ended=True) as ask:
        assert [ask.get(path).status_code for path in paths] == [401] * len(paths)
    with client(built, ended=True, open_reading=True) as ask:
        assert ask.get("/live").status_code == 200
        assert ask.get("/live", headers={"Host": "evil.example"}).status_code == 401


def test_the_catalogue_has_names_tiles_and_thresholds(built: Assets) -> None:
    with client(built) as ask:
        regions = {row["code"]: row for row in ask.get("/api/regions", headers=BEARER).json()}
        goods = {row["code"]: row for row in ask.get("/api/goods", headers=BEARER).json()}
        feeds = ask.get("/api/feeds", headers=BEARER).json()
    assert regions["540402"]["tile"] == [3, 8]
    assert regions["540402"]["parent"] == "540400"
    assert regions["540000"]["tile"] is None
    assert goods["potato"]["cover"] == [10, 5, 3, 1]
    assert feeds == {"sales": {"at": 1_660_000_000, "heard": 1_660_000_001.0}}


def test_daily_prices_end_with_the_newest_event_and_are_asked_for_once(built: Assets) -> None:
    table = pa.table({"good": ["potato"], "date": [date(2022, 8, 9)], "price": [4.5], "counties": [2]})
    warehouse = FakeWarehouse(prices_daily=table)
    with client(built, warehouse) as ask:
        first, again = (ask.get("/api/prices?days=7&grain=5m", headers=BEARER).json() for _ in range(2))
    assert first == again == [{"good": "potato", "date": "2022-08-09", "price": 4.5, "counties": 2}]
    # 1,660,000,000 is 2022-08-09 07:06 in Shanghai, day 19213
    asked = [parameters for name, parameters in warehouse.asked if name == "prices_daily"]
    assert [(each["since"], each["until"], each["grain"]) for each in asked] == [(19207, 19213, "5m")]


def test_sites_say_what_they_last_said(built: Assets) -> None:
    at = datetime(2022, 8, 9, 1, tzinfo=UTC)
    rows = [
        {"site": "s1", "good": "potato", "said": "count", "newest": at, "value": 0, "quantity": 12_000},
        {"site": "s1", "good": "potato", "said": "sales", "newest": at, "value": 90_000, "quantity": 2_000},
        {"site": "s2", "good": "potato", "said": "quote", "newest": at, "value": 41_000, "quantity": 0},
        {"site": "s2", "good": "potato", "said": "sales", "newest": at, "value": -10_000, "quantity": -1_000},
    ]
    with client(built, FakeWarehouse(sites_latest=pa.Table.from_pylist(rows))) as ask:
        first, second = ask.get("/api/sites?region=540402&good=potato", headers=BEARER).json()
    assert (first["stock"], first["sold_24h"], first["vwap_24h"], first["price"]) == (12.0, 2.0, 4.5, None)
    assert (second["price"], second["quoted_at"]) == (4.1, "2022-08-09T01:00:00Z")
    assert (second["sold_24h"], second["vwap_24h"]) == (-1.0, None)


def test_history_is_refused_while_the_warehouse_is_away(built: Assets) -> None:
    away = WarehouseUnavailable("no answer")
    with client(built, FakeWarehouse(prices_daily=away, sites_latest=away)) as ask:
        answers = [ask.get(path, headers=BEARER) for path in ("/api/prices", "/api/sites?region=540402")]
        assert [each.status_code for each in answers] == [503, 503]
        assert ask.get("/api/regions", headers=BEARER).status_code == 200


@pytest.mark.parametrize("query", ["prices?days=0", "prices?grain=1h", "sites", "sites?region=tibet"])
def test_a_wrong_question_is_named(built: Assets, query: str) -> None:
    with client(built) as ask:
        answer = ask.get(f"/api/{query}", headers=BEARER)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
