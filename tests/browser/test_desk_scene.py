"""The duty desk with the design's 23 alerts: what it shows agrees with them, and fits."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from schemas.events import Substitute
from schemas.registry import Contact
from serving.rows import ActionRow, AlertRow
from tests.browser.conftest import Open
from tests.browser.pages import Pages, pages
from tests.browser.scenes import FEEDS, NOW, SCENES, answers, indicators, moment
from tests.browser.told import row_of, story, telling

pytestmark = pytest.mark.services

PATIENCE_MS = 30_000
ME = {"name": "次仁", "role": "duty", "may": ["wall", "read", "act"]}
BOXES = "html, .filters, .bar, .figures, .item button, .actions, .detail h2, .course"
OVERFLOW = """(boxes) => [...document.querySelectorAll(boxes)]
    .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.className + each.textContent)"""


@pytest.fixture(scope="module")
def instance() -> Iterator[Pages]:
    """Serve the pages that ``wall`` opens; the rest is told."""
    with pages() as served:
        yield served


def shown(wall: Open, instance: Pages, lang: str, width: int = 1920, height: int = 1080) -> tuple[Page, list[AlertRow]]:
    """Open the desk on the scene of 23 alerts, the newest of them chosen."""
    alerts = next(each for each in SCENES if each.name == "alerts").rows()

    def make() -> str:
        return story(*alerts, indicators=indicators(alerts), now=NOW.timestamp(), feeds=FEEDS)

    known = {**answers(alerts), "/api/alerts/": detail(alerts[0]), "/api/me": ME, "/api/silences": []}
    routes = telling(make, known)
    page = wall(f"?lang={lang}", width, height, routes).page
    page.goto(f"{instance.http}/desk?lang={lang}")
    expect(page.locator(".course li")).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.locator(".detail .chart canvas")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator("#acknowledge")).to_be_visible()
    return page, alerts


def detail(alert: AlertRow) -> dict[str, Any]:
    """Return an episode that began in yellow, was confirmed, and rose."""
    began = moment(NOW - timedelta(hours=36))
    helpers = [
        Substitute("市东店", "540602", "potato", 320.0, 9.5, contact=Contact("央金", "0896-12")),
        Substitute("那曲路店", "540102", "potato", 55.0, partner=True),
    ]
    alert = msgspec.structs.replace(alert, substitutes=helpers)
    lower: dict[str, Any] = {"level": "yellow", "at": began, "processed_at": began, "values": {"change_week": 0.325}}
    first = msgspec.structs.replace(alert, **lower)
    second = msgspec.structs.replace(alert, level_before="yellow", seq=1)
    seen = ActionRow(event_id="a", kind="acknowledge", by="次仁", at=moment(NOW - timedelta(hours=30)),
                     note="已联系三家超市", alert=alert.id)  # fmt: skip
    told = {"transitions": [row_of(first), row_of(second)], "actions": [msgspec.to_builtins(seen)], "complete": True}
    return {"alert": row_of(alert), **told}


@pytest.mark.parametrize(("lang", "partner"), [("zh", "协作地区"), ("en", "partner region")])
def test_who_can_step_in_is_told_with_whom_to_call(wall: Open, instance: Pages, lang: str, partner: str) -> None:
    page, _ = shown(wall, instance, lang)
    rows = page.locator("[data-substitute]")
    expect(rows).to_have_count(2)
    for text in ("市东店", "320", "9.5", "央金 0896-12"):
        expect(rows.first).to_contain_text(text)
    expect(rows.nth(1)).to_contain_text(partner)


def test_counters_views_and_list_are_about_the_same_alerts(wall: Open, instance: Pages) -> None:
    page, alerts = shown(wall, instance, "zh")
    levels = Counter(each.level for each in alerts)
    for level, number in levels.items():
        expect(page.locator(f'.levels button[data-level="{level}"] b')).to_have_text(str(number))
    waiting = sum(each.acknowledged is None for each in alerts)
    assert page.locator("[data-view=open]").inner_text().split() == ["未关闭", str(len(alerts))]
    assert page.locator("[data-view=unconfirmed]").inner_text().split() == ["未确认", str(waiting)]
    assert page.locator("[data-group=unconfirmed] .item").count() == waiting
    assert page.locator(".item").count() == len(alerts)
    expect(page.locator(".detail h2")).to_contain_text("那曲 · 色尼 · 大白菜")
    expect(page.locator(".detail h2")).to_contain_text("52.4%")


@pytest.mark.soak
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768)])
def test_nothing_flows_over(wall: Open, instance: Pages, width: int, height: int, lang: str) -> None:
    page, _ = shown(wall, instance, lang, width, height)
    if directory := os.environ.get("PICTURES"):
        page.screenshot(path=Path(directory) / f"desk-{width}-{lang}.png")
    assert page.evaluate(OVERFLOW, BOXES) == []
