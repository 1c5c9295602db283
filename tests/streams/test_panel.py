"""Rules over several prefectures at once decide what they decide for each alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schemas import topics
from schemas.events import Alert
from streams import engine as engines
from streams import panel
from streams.alerts.packs import load
from streams.alerts.rulebook import Rulebook
from streams.engine import Engine
from streams.judge import Judge
from streams.options import Options
from streams.prefecture import Prefecture
from tests.streams import records
from tests.streams.records import CATALOGUE

COUNTIES = (540102, 540202, 540402)
RULES = Rulebook([load(name) for name in ("live", "cover", "site", "feed")], CATALOGUE)
NOON = records.moment("10-20 12:00")
DAY = 86_400


def day(back: int, number: int) -> dict[str, list[object]]:
    """Return events of one date: on the last, potatoes cost twice as much, and the first store has none left."""
    at, last = NOON - back * DAY, back == 0
    sales, counts, quotes = [], [], []
    for region in COUNTIES:
        for n in range(36):
            line = ("potato", 1, 8.0 if last else 4.0)
            sales.append(records.receipt(at + n, number + n, line, store=f"{region}-{n % 3}", region=region))
        for store in range(3):
            short = last and not store
            site = f"{region}-{store}"
            counts.append(records.stock(at - 60, "potato", 0 if short else 90, site=site, region=region))
            quotes.append(records.quote(at - 30, ("potato", 9.0 if short else 4.0, None), site=site, region=region))
    return {topics.SALES: [*sales], topics.STOCK: [*counts], topics.QUOTES: [*quotes]}


def alerts() -> list[Alert]:
    engine = Engine(0, 1, CATALOGUE, RULES, Options(hold=1.0), "one", 1)
    found: list[Alert] = []
    for back in range(4, -1, -1):
        for topic, events in day(back, 100 * back).items():
            chunk = records.chunk(topic, events, engine.offsets.get(topic, 0))  # type: ignore[arg-type]
            found += engine.apply(chunk, NOON - back * DAY + 60).alerts
        for wait in (600, 1200, 7 * 3600):
            found += engine.tick(NOON - back * DAY + wait).alerts
    return found


def test_together_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    together = alerts()

    def one_by_one(judge: Judge, places: Iterable[Prefecture]) -> None:
        for place in places:
            panel.judge_together(judge, [place])

    monkeypatch.setattr(engines, "judge_together", one_by_one)
    assert alerts() == together
    prefectures = {alert.region[:4] for alert in together}
    assert prefectures == {str(county)[:4] for county in COUNTIES}
    assert {bool(alert.site) for alert in together} == {True, False}


def test_rows_are_judged_in_groups_that_bound_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    together = alerts()
    monkeypatch.setattr(panel, "FRAME_ROWS", 2)
    assert alerts() == together
