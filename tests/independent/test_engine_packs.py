"""Levels of the county packs in the stream against the recomputation in pandas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from producers.replay.recording import Timed
from schemas import catalogue, topics
from schemas.events import QuoteLine, QuoteReport
from streams.options import Options
from tests.independent import markets
from tests.independent.engine import Core
from tests.independent.markets import Row
from tests.independent.packs import READ, indicators, tight, urumqi

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, DATES = date(2020, 1, 20), 100
PACKS = ("urumqi-2007", "urumqi-2007-steady", "qingdao-2015")


def reports(rows: Sequence[Row]) -> Iterator[Timed]:
    """Return one report per row, by date; of those of a date a correction comes last."""
    for number, row in enumerate(sorted(rows, key=lambda each: each.day)):
        moment = datetime.combine(row.day, time(12), ZONE)
        line = QuoteLine(good=row.good, unit=row.unit, price=row.price, stock=row.stock)
        name, place = f"q{number}", str(row.region)
        report = QuoteReport(
            event_id=name, sender="test", site=row.site, region=place, time=moment.isoformat(), lines=[line]
        )
        yield Timed(int(moment.timestamp()), topics.QUOTES, row.region // 100 * 100, report, 1)


def test_every_level_equals_the_recomputation(tmp_path: Path) -> None:
    rows = markets.generated(4, FIRST, DATES)
    markets.write_catalogue(tmp_path)
    core = Core(catalogue.load(tmp_path), Options(inputs=(topics.QUOTES,)), packs=PACKS)
    closed = datetime.combine(FIRST + timedelta(days=DATES), time(2), ZONE)
    core.play(reports(rows), until=closed.isoformat(), inputs=[topics.QUOTES])
    world = markets.world(rows)
    levels = {
        (region, good): (urumqi(found, steady=False), urumqi(found, steady=True), tight(found))
        for (region, good), found in indicators(world, 1, READ).items()
    }
    wrong, seen = [], set()
    for (region, good, _), row in core.indicators("date").items():
        if region % 100:
            day = FIRST + timedelta(days=row["date"] - (FIRST - date(1970, 1, 1)).days)
            expected = dict(zip(PACKS, (found[day] for found in levels[region, good]), strict=True))
            seen |= set(expected.items())
            if json.loads(row["levels"]) != expected:
                wrong.append((region, good, day, row["levels"], expected))
    assert not wrong[:5]
    assert {level for rule, level in seen if rule == "urumqi-2007-steady"} == {
        "undefined", "none", "yellow", "orange", "red"
    }  # fmt: skip
    assert {level for rule, level in seen if rule == "qingdao-2015"} == {"undefined", "none", "blue"}
