"""What the wall does in situations that are told to it: the stream is written here, the page is the real one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from schemas.events import Substitute
from tests.browser.conftest import Open
from tests.browser.pages import Pages, pages
from tests.browser.told import story, telling
from tests.services import wait_until
from tests.serving.examples import alert

pytestmark = pytest.mark.services

PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def instance() -> Iterator[Pages]:
    """Serve the pages that ``wall`` opens; the rest is told."""
    with pages() as served:
        yield served


def red(**changes: Any) -> Any:
    plain = {
        "level": "red",
        "values": {"spike_24h": 1.2},
        "thresholds": {"orange.spike_24h": 0.5, "red.spike_24h": 1.0},
    }
    return alert(**{**plain, **changes})


def test_a_red_alert_takes_over_until_somebody_touches_the_screen(wall: Open) -> None:
    page = wall(routes=telling(lambda: story(red()))).page
    expect(page.locator(".takeover .band")).to_contain_text("林芝 · 巴宜", timeout=PATIENCE_MS)
    expect(page.locator(".takeover .band")).to_contain_text("24h 涨 120.0%")
    expect(page.locator(".stage.framed")).to_be_visible()
    page.mouse.click(1900, 900)
    expect(page.locator(".takeover")).to_have_count(0)
    expect(page.locator(".ticker .row[data-alert]")).to_have_count(1)


def test_several_reds_are_three_bands_and_a_number(wall: Open) -> None:
    reds = [
        red(key=f"k{number}", id=f"r{number}", good=good)
        for number, good in enumerate(("potato", "beef", "egg", "milk", "salt"))
    ]
    page = wall(routes=telling(lambda: story(*reds))).page
    expect(page.locator(".takeover .band")).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.locator(".takeover .others")).to_have_text("另有 2 条红色预警")
    expect(page.locator(".others-open li")).to_have_count(2)


def test_an_exercise_is_said_in_header_and_every_line(wall: Open) -> None:
    page = wall("?lang=en", routes=telling(lambda: story(alert(), exercise=True))).page
    expect(page.locator(".badge.filled")).to_have_text("EXERCISE", timeout=PATIENCE_MS)
    expect(page.locator(".header.exercise")).to_be_visible()
    place = page.locator(".ticker .row[data-alert] .place")
    expect(place).to_have_text("EXERCISENyingchi · Bayi")
    assert place.evaluate("found => found.scrollWidth <= found.clientWidth")


def test_an_exercise_is_not_squeezed_out_of_a_telephone(wall: Open) -> None:
    page = wall("?lang=en", width=360, height=740, routes=telling(lambda: story(alert(), exercise=True))).page
    expect(page.locator(".badge.filled")).to_have_text("EXERCISE", timeout=PATIENCE_MS)
    badge, who = (page.locator(name).bounding_box() for name in (".badge.filled", ".header .who"))
    assert badge is not None
    assert who is not None
    assert badge["x"] + badge["width"] <= who["x"] + who["width"] + 1  # whatever is beyond is cut off


def test_a_screen_that_was_given_one_view_keeps_it(wall: Open) -> None:
    page = wall("?lang=zh&view=cover&takeover=off", routes=telling(lambda: story(red()))).page
    expect(page.locator(".ticker .row[data-alert]")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator('.metrics [aria-pressed="true"]')).to_have_text("可销天数")


def test_an_alert_of_cover_is_drawn_against_its_thresholds(wall: Open) -> None:
    scarce = alert(values={"cover_days": 2.5}, thresholds={"orange.cover_days": 3.0})
    stored = [{"at": f"2022-08-08T0{hour}:55:00Z", "cover_days": 4 - hour / 2} for hour in range(4)]
    routes = telling(lambda: story(scarce))
    routes["**/api/indicators/series*"] = lambda route: route.fulfill(json=stored)
    page = wall(routes=routes).page
    page.locator(".ticker .row[data-alert]").click(timeout=PATIENCE_MS)
    expect(page.locator(".sheet .detail h3").nth(1)).to_contain_text("可销天数", timeout=PATIENCE_MS)
    expect(page.locator(".sheet .chart canvas")).to_have_count(1, timeout=PATIENCE_MS)


def test_a_storm_is_one_row(wall: Open) -> None:
    counties = ("540402", "540421", "540423", "540424", "540425")
    storm = [
        alert(key=f"k{code}", id=code, region=code, level="yellow", thresholds={"yellow.spike_24h": 0.3})
        for code in counties
    ]
    page = wall(routes=telling(lambda: story(*storm))).page
    expect(page.locator(".ticker .row[data-storm]")).to_contain_text("林芝 5 县 · 土豆 · 最高黄", timeout=PATIENCE_MS)
    expect(page.locator("#unconfirmed")).to_have_text("5")


@pytest.mark.parametrize(("level", "where"), [("orange", ".ticker .row[data-alert]"), ("red", ".takeover .band")])
def test_who_can_step_in_first_is_said_where_the_alert_is(wall: Open, level: str, where: str) -> None:
    helpers = [Substitute("市东店", "540602", "potato", 320.0, 9.5), Substitute("那曲路店", "540102", "potato", 55.0)]
    page = wall(routes=telling(lambda: story(alert(level=level, substitutes=helpers)))).page
    expect(page.locator(where)).to_contain_text("补位 市东店 320 公斤", timeout=PATIENCE_MS)


def test_nothing_open_shows_zeros_with_hollow_shapes_and_what_was_resolved(wall: Open) -> None:
    page = wall(routes=telling(lambda: story(alert(state="resolved", level="none", level_before="orange")))).page
    expect(page.locator(".ticker.resolved .row[data-alert]")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(".counter .hollow")).to_have_count(4)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"broker": False}, "数据流中断于"),
        ({"warehouse": False}, "历史库不可用"),
        ({"caught_up": False}, "正在读取历史"),
    ],
)
def test_what_is_missing_is_said(wall: Open, changes: dict[str, Any], words: str) -> None:
    page = wall(routes=telling(lambda: story(**changes))).page
    expect(page.locator(".banner")).to_contain_text(words, timeout=PATIENCE_MS)


def test_a_new_deployment_reloads_the_page(wall: Open) -> None:
    builds = itertools.chain(["one", "one", "two"], itertools.repeat("two"))
    page = wall(routes=telling(lambda: story(build=next(builds)))).page
    page.evaluate("window.old = true")
    wait_until(lambda: is_fresh(page), PATIENCE_MS / 1000, "the page was loaded anew")
    expect(page.locator(".badge")).to_have_text("实战", timeout=PATIENCE_MS)


def is_fresh(page: Page) -> bool:
    try:
        return bool(page.evaluate("window.old === undefined"))
    except Error:  # in the middle of loading
        return False


def test_who_is_not_known_is_led_to_the_login_and_a_wrong_token_is_said(wall: Open) -> None:
    refuse = {"**/live": lambda route: route.fulfill(status=401, json={})}
    opened = wall(routes=refuse, allowed=("401",))
    opened.page.wait_for_url("**/login?next=%2Fwall%3Flang%3Dzh", timeout=PATIENCE_MS)
    with_token = wall("?lang=zh#token=guess", routes=refuse, allowed=("401",))
    expect(with_token.page.locator(".banner")).to_contain_text("/wall#token=", timeout=PATIENCE_MS)
