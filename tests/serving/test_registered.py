"""The registry over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pyarrow as pa

from schemas.registry import Contact, Enterprise, Site
from tests.serving.examples import FakeWarehouse
from tests.serving.test_api import BEARER, client
from warehouse.errors import WarehouseUnavailable

SHOP = Enterprise("E1", "雪域商贸", ["540400", "540500"], contact=Contact("次仁", "0894-1"), feed="movements")
STORE = Site("s1", "E1", "540402", "八一店", hours="Mo-Su 08:00-22:00", contact=Contact("卓玛", "0894-2"))


def stored(*told: tuple[int, Enterprise | Site, int]) -> pa.Table:
    """Return what the warehouse answers: (prefecture, entity, hour from which it holds)."""
    columns = {
        "prefecture": [prefecture for prefecture, _, _ in told],
        "kind": ["site" if isinstance(entity, Site) else "enterprise" for _, entity, _ in told],
        "code": [entity.code for _, entity, _ in told],
        "at": [datetime(2026, 1, 1, hour, tzinfo=UTC) for _, _, hour in told],
        "entity": [msgspec.json.encode(entity).decode() for _, entity, _ in told],
    }
    return pa.table(columns)


def test_enterprises_and_sites_with_their_contacts() -> None:
    warehouse = FakeWarehouse(registry_newest=stored((540400, SHOP, 0), (540400, STORE, 0)))
    with client(warehouse) as ask:
        shop, site = ask.get("/api/registry?prefecture=540400", headers=BEARER).json()
    assert warehouse.asked == [("registry_newest", {"kind": "", "code": "", "prefecture": 540400})]
    assert (shop["kind"], shop["code"], shop["feed"], shop["contact_phone"]) == (
        "enterprise", "E1", "movements", "0894-1",
    )  # fmt: skip
    assert (shop["enterprise"], shop["hours"], shop["prefectures"]) == (None, None, ["540400", "540500"])
    assert (site["enterprise"], site["county"], site["hours"]) == ("E1", "540402", "Mo-Su 08:00-22:00")
    assert (site["prefectures"], site["at"]) == (["540400"], "2026-01-01T00:00:00Z")


def test_of_what_several_prefectures_were_told_the_newest_is_shown() -> None:
    left = msgspec.structs.replace(SHOP, prefectures=["540500"])
    warehouse = FakeWarehouse(registry_newest=stored((540400, left, 2), (540500, SHOP, 1)))
    with client(warehouse) as ask:
        (shop,) = ask.get("/api/registry", headers=BEARER).json()
    assert shop["prefectures"] == ["540500"]


def test_without_the_warehouse_it_says_so() -> None:
    with client(FakeWarehouse(registry_newest=WarehouseUnavailable("no answer"))) as ask:
        refused = ask.get("/api/registry", headers=BEARER)
    assert refused.status_code == 503
    assert refused.headers["content-type"].startswith("application/problem+json")
