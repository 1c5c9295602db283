"""Substitutes from partner prefectures: asked after the alert, never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import pyarrow as pa
import pytest

from schemas.events import Substitute
from schemas.registry import Contact
from streams.partners import COUNTED_SECONDS, MOST_WAITING, Inquiry, Partners
from streams.standby import Need
from tests.integration.workers import until
from tests.streams.fakes import MemoryWarehouse
from warehouse.errors import WarehouseUnavailable

LHASA, NYINGCHI, LHOKA = 540100, 540400, 540500
ALL = (LHASA, NYINGCHI, LHOKA)
NEED = Need("out|540402|potato|s1", "e1", 0, 1_790_000_000, NYINGCHI, "potato", 30.0, 7.0, 2)
#: Region, site, last count in 1/1,000 kg, stock (1/1,000 kg) and demand (kg a day) of the county.
ROWS = [
    (540502, "big", 90_000, 100_000, 10.0),
    (540502, "small", 10_000, 100_000, 10.0),
    (540102, "lone", 20_000, 0, 0),
]


class Answering(MemoryWarehouse):
    """Answers the two questions, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.entities: dict[tuple[str, str], str] = {}

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        given = dict(parameters or {})
        self.asked.append((name, given))
        if self.broken:
            raise self.broken
        if name == "registry_newest":
            found = self.entities.get((str(given["kind"]), str(given["code"])))
            return pa.table({"entity": pa.array([found] if found else [], pa.string())})
        assert name == "partners"
        names = ("region", "site", "quantity", "on_hand", "demand_day")
        return pa.table(dict(zip(names, map(list, zip(*ROWS, strict=True)), strict=True)))


@asynccontextmanager
async def inquiring(
    warehouse: Answering, partners: Partners, away: Callable[[], bool] = lambda: False
) -> AsyncIterator[tuple[Inquiry, list[tuple[int, Need, Any]]]]:
    found: list[tuple[int, Need, Any]] = []
    inquiry = Inquiry(warehouse, partners, lambda *each: found.append(each), away=away)
    task = asyncio.create_task(inquiry.run())
    yield inquiry, found
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_partners_are_ranked_by_what_they_have_beyond_their_county_s_need() -> None:
    warehouse = Answering()
    warehouse.entities = {
        ("site", "big"): '{"code":"big","enterprise":"mart","county":"540502","name_zh":"大"}',
        (
            "enterprise",
            "mart",
        ): '{"code":"mart","name_zh":"超市","prefectures":[],"contact":{"name":"扎西","phone":"7"}}',
    }
    async with inquiring(warehouse, Partners(ALL, {})) as (inquiry, found):
        inquiry.seek(3, [NEED])
        await until(lambda: bool(found), "answered")
    # big: 90 kg, sells 9 of the county's 10 kg a day, needs 63 itself; lone: nothing is known of its county
    assert found == [
        (
            3,
            NEED,
            [
                Substitute("big", "540502", "potato", 27.0, 7.0, "mart", Contact("扎西", "7"), partner=True),
                Substitute("lone", "540102", "potato", 20.0, partner=True),
            ],
        )
    ]
    assert warehouse.asked[0] == (
        "partners",
        {"good": "potato", "prefectures": [LHASA, LHOKA], "since": NEED.at - COUNTED_SECONDS},
    )


async def test_one_question_serves_all_alerts_of_a_good_and_the_newest_need_of_each_counts() -> None:
    warehouse = Answering()
    async with inquiring(warehouse, Partners(ALL, {NYINGCHI: (LHOKA,)})) as (inquiry, found):
        inquiry.seek(3, [NEED, Need(NEED.key, "e2", 1, NEED.at, NYINGCHI, "potato", 5.0, 7.0, 1)])
        inquiry.seek(3, [Need("another", "e3", 0, NEED.at, NYINGCHI, "potato", 5.0, 7.0, 1)])
        await until(lambda: len(found) == 2, "both answered")
    assert [need.id for _, need, _ in found] == ["e2", "e3"]
    assert [name for name, _ in warehouse.asked].count("partners") == 1
    assert warehouse.asked[0][1]["prefectures"] == [LHOKA]
    asked = [given["code"] for name, given in warehouse.asked if name == "registry_newest"]
    assert asked == ["lone"]  # both alerts name it


async def test_a_warehouse_that_is_away_costs_one_line_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    warehouse = Answering()
    warehouse.broken = WarehouseUnavailable("gone")
    async with inquiring(warehouse, Partners(ALL, {})) as (inquiry, found):
        for _ in range(2):
            before = len(warehouse.asked)
            inquiry.seek(3, [NEED])
            await until(lambda before=before: len(warehouse.asked) > before, "asked")  # type: ignore[misc]
        warehouse.broken = None
        inquiry.seek(3, [NEED])
        await until(lambda: bool(found), "answered")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_nobody_is_asked_while_rows_wait_for_the_warehouse_nor_without_partners() -> None:
    warehouse, away = Answering(), [True]
    async with inquiring(warehouse, Partners(ALL, {LHASA: ()}), lambda: away[0]) as (inquiry, found):
        inquiry.seek(3, [NEED])
        await until(lambda: not inquiry.waits, "given up")
        away[0] = False
        inquiry.seek(3, [Need("lhasa", "e4", 0, NEED.at, LHASA, "potato", 5.0, 7.0, 1)])
        await until(lambda: not inquiry.waits, "nobody to ask")
        inquiry.seek(3, [NEED])
        await until(lambda: bool(found), "answered")
    assert [name for name, _ in warehouse.asked].count("partners") == 1


async def test_a_flood_of_alerts_is_bounded() -> None:
    inquiry = Inquiry(Answering(), Partners(ALL, {}), lambda *each: None)
    inquiry.seek(3, [Need(f"k{n}", "e", 0, 0, NYINGCHI, "potato", 1.0, 7.0, 1) for n in range(MOST_WAITING + 5)])
    assert inquiry.waits == MOST_WAITING
