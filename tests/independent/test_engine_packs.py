"""Levels of the quote packs in the stream against the recomputation in pandas."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from producers.replay.recording import Timed
from schemas import catalogue, topics
from schemas.events import QuoteLine, QuoteReport
from streams.options import Options
from tests.independent import markets
from tests.independent.engine import Core
from tests.independent.markets import Row
from tests.independent.packs import backtest

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, DATES = date(2020, 1, 20), 100
PACKS = ("urumqi-2007", "urumqi-2007-steady", "qingdao-2014", "qingdao-2015", "mofcom-2011")
#: Every level that a rule can give.
LEVELS = {
    "urumqi-2007": {"undefined", "none", "yellow", "orange", "red"},
    "urumqi-2007-steady": {"undefined", "none", "yellow", "orange", "red"},
    "qingdao-2014": {"undefined", "none", "blue", "yellow", "orange", "red"},
    "qingdao-2015": {"undefined", "none", "blue"},
    "mofcom-2011": {"undefined", "none", "blue", "yellow", "orange", "red"},
}


def reports(rows: Sequence[Row], late: float, seed: int) -> Iterator[Timed]:
    """Return one report per row, by date; of those of a date a correction comes last.

    The share ``late`` of the rows comes after up to nine dates more, when their date has closed. What comes
    later of one site, good and date stays later: the last one in the order of the file holds.
    """
    chance = random.Random(seed)
    sent: dict[tuple[str, str, date], date] = {}
    order = []
    for row in sorted(rows, key=lambda each: each.day):
        subject = (row.site, row.good, row.day)
        comes = row.day + timedelta(days=chance.randint(1, 9) if chance.random() < late else 0)
        sent[subject] = comes = max(comes, sent.get(subject, comes))
        order.append((comes, row))
    for number, (_, row) in enumerate(sorted(order, key=lambda each: each[0])):
        moment = datetime.combine(row.day, time(12), ZONE)
        line = QuoteLine(good=row.good, unit=row.unit, price=row.price, stock=row.stock)
        name, place = f"q{number}", str(row.region)
        report = QuoteReport(
            event_id=name, sender="test", site=row.site, region=place, time=moment.isoformat(), lines=[line]
        )
        yield Timed(int(moment.timestamp()), topics.QUOTES, row.region // 100 * 100, report, 1)


def played(rows: Sequence[Row], directory: Path, late: float, seed: int, coverage: float = 1.0) -> Core:
    markets.write_catalogue(directory)
    core = Core(catalogue.load(directory), Options(inputs=(topics.QUOTES,), coverage=coverage), packs=PACKS, seed=seed)
    closed = datetime.combine(FIRST + timedelta(days=DATES), time(6), ZONE)
    core.play(reports(rows, late, seed), until=closed.isoformat(), inputs=[topics.QUOTES])
    return core


@pytest.mark.parametrize(("seed", "late", "coverage"), [(4, 0.0, 0.8), (12, 0.03, 1.0)])
def test_every_level_equals_the_recomputation(tmp_path: Path, seed: int, late: float, coverage: float) -> None:
    rows = markets.generated(seed, FIRST, DATES)
    if late:  # stock stays as it was at the close: only prices may come late
        rows = [Row(row.day, row.region, row.site, row.good, row.price, None, row.unit) for row in rows if row.price]
    core = played(rows, tmp_path, late, seed, coverage)
    expected: dict[Any, str] = {key: found["level"] for key, found in backtest(markets.world(rows)).items()}
    found: dict[Any, str] = {}
    for (region, good, _), row in core.indicators("date").items():
        day = date(1970, 1, 1) + timedelta(days=row["date"])
        found |= {(rule, region, good, day): level for rule, level in json.loads(row["levels"]).items()}
    wrong = {key: (level, expected[key]) for key, level in found.items() if expected[key] != level}
    assert not wrong, (len(wrong), len(found), sorted(wrong.items())[:5])
    # Where the stream has no row, nothing was heard for 28 dates or ever: the recomputation knows nothing there.
    silent = {level for key, level in expected.items() if key not in found}
    assert silent <= {"undefined"}
    if not late:
        assert {rule: {level for key, level in found.items() if key[0] == rule} for rule in PACKS} == {
            rule: LEVELS[rule] for rule in PACKS
        }
