"""The registry of a simulated prefecture: its enterprises and stores, when they are open, whom to call."""

from __future__ import annotations

from collections.abc import Iterator

from producers.simulate.scenario import Scenario
from producers.simulate.stores import Stores
from schemas.catalogue import Catalogue
from schemas.registry import Contact, Enterprise, Site


def entities(scenario: Scenario, catalogue: Catalogue, prefecture: int, stores: Stores) -> Iterator[Enterprise | Site]:
    """Yield what the bureau of ``prefecture`` would register; no telephone number begins with 000 as these do."""
    hours = f"Mo-Su {scenario.stores.opens:02d}:00-{scenario.stores.closes:02d}:00"
    place = catalogue.regions[prefecture]
    for number, code in enumerate(stores.enterprises, start=1):
        yield Enterprise(
            code=code,
            name_zh=f"{place.name_zh}保供企业{number}（模拟）",
            prefectures=[f"{prefecture:06d}"],
            name_en=f"{place.name_en} Supplies {number} (simulated)",
            contact=Contact("模拟值班室", f"000-{prefecture // 100}-{number:04d}"),
            feed="snapshots",
        )
    for number, (code, owner, county) in enumerate(zip(stores.ids, stores.enterprise, stores.county, strict=True)):
        region = stores.counties[county]
        yield Site(
            code=code,
            enterprise=stores.enterprises[owner],
            county=f"{region:06d}",
            name_zh=f"{catalogue.regions[region].name_zh}{code.rpartition('-')[2]}号店（模拟）",
            name_en=f"Store {code.rpartition('-')[2]}, {catalogue.regions[region].name_en} (simulated)",
            hours=hours,
            contact=Contact("模拟店长", f"000-{region}-{number:04d}"),
        )
