"""``registry load``: what is sent where, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from schemas import topics
from schemas.catalogue import load as load_catalogue
from schemas.registry import Contact, Enterprise, RegistryChange, Site
from serving.registered import RegistryRow
from staplewatch import registering
from staplewatch.errors import CommandError
from staplewatch.registering import Known, changes

TIME = "2026-01-01T00:00:00+08:00"
CATALOGUE = load_catalogue()
SHOP = Enterprise("E1", "雪域商贸", ["540400", "540500"], "Xueyu", Contact("次仁", "0894-1"), "movements")
STORE = Site("s1", "E1", "540402", "八一店", "Bayi", "Mo-Su 08:00-22:00", Contact("卓玛", "0894-2"))


def sent(entities: list[Enterprise | Site], known: Known) -> list[int]:
    return [prefecture for prefecture, _ in changes(entities, known, time=TIME, sender="test")]


def known(*entities: Enterprise | Site) -> Known:
    return Known({(type(each), each.code): each for each in entities})


def test_an_entity_is_told_to_every_prefecture_of_its_own() -> None:
    assert sent([SHOP, STORE], known()) == [540400, 540500, 540400]


def test_what_has_not_changed_is_not_sent_again() -> None:
    assert sent([SHOP, STORE], known(SHOP, STORE)) == []


def test_prefectures_that_an_enterprise_leaves_are_told_too() -> None:
    left = msgspec.structs.replace(SHOP, prefectures=["540400", "540600"])
    assert sent([left], known(SHOP)) == [540400, 540500, 540600]


def test_a_site_that_moves_is_told_to_both_prefectures() -> None:
    moved = msgspec.structs.replace(STORE, county="540502")
    assert sent([moved], known(STORE)) == [540400, 540500]


def test_changes_go_to_the_topic_of_the_registry() -> None:
    class Outlet:
        def __init__(self) -> None:
            self.records: list[tuple[str, int, RegistryChange]] = []

        def send(self, topic: str, prefecture: int, event: RegistryChange) -> None:
            self.records.append((topic, prefecture, event))

    outlet = Outlet()
    registering.send(outlet, changes([STORE], known(), time=TIME, sender="test"))
    ((topic, prefecture, event),) = outlet.records
    assert (topic, prefecture) == (topics.REGISTRY, 540400)
    assert event == RegistryChange(f"registry/site/s1/540400/{TIME}", "test", "540400", TIME, site=STORE)


def test_a_row_of_the_api_gives_back_the_entity() -> None:
    shared = {"name_zh": "", "name_en": "", "enterprise": None, "county": None, "hours": None, "feed": None, "at": TIME}
    for entity in (SHOP, STORE):
        own = {name: value for name, value in msgspec.structs.asdict(entity).items() if name != "contact"}
        kind = "site" if isinstance(entity, Site) else "enterprise"
        contact = {"contact_name": entity.contact.name, "contact_phone": entity.contact.phone}
        row = msgspec.convert({**shared, "prefectures": [], **own, **contact, "kind": kind}, RegistryRow)
        assert Known.of([msgspec.to_builtins(row)]).before(entity) == entity


def test_a_bad_row_refuses_the_sheet_unless_it_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("code,enterprise,county,name_zh\ns1,E1,540402,店\ns2,E1,1,店\n", encoding="utf-8")
    with pytest.raises(CommandError, match="1 wrong, nothing was sent") as caught:
        registering.read(path, None, CATALOGUE, skip_bad=False)
    assert caught.value.code == 2
    assert caught.value.details == ("sites.csv:3 county: 1 is no county of the catalogue",)
    assert len(registering.read(path, None, CATALOGUE, skip_bad=True).entities) == 1


def test_a_file_that_is_not_there_and_one_that_says_nothing_are_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="wrong, nothing was sent") as caught:
        registering.read(tmp_path / "absent.csv", None, CATALOGUE, skip_bad=False)
    assert "cannot be read" in caught.value.details[0]
    path = tmp_path / "strange.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CommandError, match="add --kind enterprises or --kind sites"):
        registering.read(path, None, CATALOGUE, skip_bad=False)


def test_a_change_holds_from_now_on_or_from_an_earlier_moment() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert registering.effective(None, now) == "2026-01-02T00:00:00+00:00"
    assert registering.effective(TIME, now) == TIME
    with pytest.raises(CommandError, match="--from: 2026-01-03T00:00:00\\+00:00 lies ahead"):
        registering.effective("2026-01-03T00:00:00+00:00", now)
