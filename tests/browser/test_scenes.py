"""Whatever the situation, everything on the wall is about the same alerts: counters, tiles, ticker, prices, cards.

The scenes are those of the design. ``make soak`` looks at each on three screens in two languages, and leaves
pictures of them in the directory that ``PICTURES`` names.
"""

from __future__ import annotations

import itertools
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from serving import county_map
from serving.rows import AlertRow
from tests.browser.conftest import Open
from tests.browser.overflow import overflow
from tests.browser.pages import Pages, pages
from tests.browser.scenes import ALERTS, FEEDS, NOW, PRICES, RISING, SCENES, Scene, alert, answers, indicators
from tests.browser.told import CATALOGUE, story, telling
from tests.serving import maps

pytestmark = pytest.mark.services

PATIENCE_MS = 30_000
RANK = ("none", "blue", "yellow", "orange", "red")
SIZES = ((1920, 1080), (3840, 2160), (390, 844))
PRESSING = ("orange", "red")
TICKER_ROWS = 4

READ = """() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const text = (root, selector) => root.querySelector(selector)?.textContent ?? '';
    const marks = (root) => Object.fromEntries([...root.querySelectorAll('.mark')].map((each) =>
        [each.querySelector('svg').classList[1], Number(each.textContent)]));
    return {
        counters: Object.fromEntries(all('.counter').map((each) => [each.dataset.level, Number(text(each, 'b'))])),
        unconfirmed: Number(text(document, '#unconfirmed')),
        total: Number(text(document, '.sum > span').replace(/[^0-9]/g, '')),
        tiles: Object.fromEntries(all('.counties .tile[data-region]').map((each) => [each.dataset.region,
            [each.dataset.level, each.classList.contains('unconfirmed'), text(each, '.figure > span')]])),
        labels: Object.fromEntries(all('.counties .label').map((each) =>
            [each.dataset.region, Number(text(each, 'span').replace(/[^0-9]/g, ''))])),
        ticker: all('.ticker .row[data-alert]').map((each) => ({id: each.dataset.alert, level: each.dataset.level,
            extent: text(each, '.extent b'), change: text(each, '.change'),
            waits: !!each.querySelector('.unconfirmed')})),
        prices: Object.fromEntries(all('.prices button').map((each) => [each.dataset.good,
            {now: text(each, '.now'), week: text(each, '.week'), marks: marks(each)}])),
    };
}"""


@pytest.fixture(scope="module")
def instance() -> Iterator[Pages]:
    """Serve the pages that ``wall`` opens; the rest is told."""
    with pages() as served:
        yield served


def shown(
    wall: Open,
    scene: Scene,
    lang: str = "zh",
    width: int = 1920,
    height: int = 1080,
    own_map: county_map.CountyMap | None = None,
) -> Page:
    """Open the wall on a scene, as far as its clicks lead."""
    alerts = scene.rows()

    def make() -> str:
        told = {"now": NOW.timestamp(), "feeds": FEEDS, **scene.status}
        every = [*alerts, *scene.past()]
        return story(*every, indicators=indicators(alerts), exercise=scene.exercise, county_map=own_map, **told)

    known = answers(alerts)
    if own_map is not None:
        known["/api/map"] = json.loads(own_map.content.content)

    page = wall(f"?lang={lang}{scene.query}", width, height, telling(make, known)).page
    if scene.name == "takeover" and width > 640:
        expect(page.locator(".takeover .band")).to_have_count(1, timeout=PATIENCE_MS)
    else:
        expect(page.locator(".prices button")).to_have_count(len(PRICES), timeout=PATIENCE_MS)
    for step in scene.clicks if width > 640 else ():
        page.click(step)
    if scene.clicks and width > 640:
        expect(page.locator(".sheet .chart canvas")).to_have_count(1, timeout=PATIENCE_MS)
        expect(page.locator(".sheet .sites tbody tr")).to_have_count(5, timeout=PATIENCE_MS)
    page.evaluate("document.fonts.ready")
    return page


def agrees(told: dict[str, Any], alerts: list[AlertRow]) -> None:
    """Hold what a wall in 预警 shows against the alerts that it was told."""
    levels = Counter(each.level for each in alerts)
    assert told["counters"] == {level: levels[level] for level in reversed(RANK[1:])}
    assert told["total"] == len(alerts) == sum(told["counters"].values())
    waiting = {each.id for each in alerts if each.acknowledged is None}
    assert told["unconfirmed"] == len(waiting)
    for code, (level, corner, _) in told["tiles"].items():
        own = [each for each in alerts if each.region == code]
        assert level == max((each.level for each in own), key=RANK.index, default="none"), code
        assert corner == any(each.id in waiting for each in own), code
    prefectures = Counter(f"{each.region[:4]}00" for each in alerts)
    assert told["labels"] == {code: prefectures[code] for code in told["labels"]}
    by_id = {each.id: each for each in alerts}
    for row in told["ticker"]:
        each = by_id[row["id"]]
        assert (row["level"], row["waits"]) == (each.level, row["id"] in waiting)
        assert whole(row["extent"]) == whole(figure_of(each)), row
    assert {each.id for each in alerts if each.id in waiting and each.level in PRESSING} <= {
        row["id"] for row in told["ticker"]
    } or len(told["ticker"]) == TICKER_ROWS
    for good, row in told["prices"].items():
        counts = Counter(each.level for each in alerts if each.good == good)
        highest = [level for level in reversed(RANK) if counts[level]][:2]
        assert row["marks"] == {level: counts[level] for level in highest}, good


def figure_of(each: AlertRow) -> str:
    """Return what the ticker must say of an alert: the value that fired it."""
    (name, value), *_ = each.values.items()
    if value is None:
        return "时断时续"
    return f"{value:.1%}" if name in RISING else f"{value:g} 天"


def whole(text: str) -> str:
    """Return a figure up to its decimal point: 52.4% and 52 are the same alert's."""
    return text.split(".", maxsplit=1)[0].rstrip("% 天")


def test_the_design_scene_has_exactly_23_alerts_and_everything_agrees(wall: Open) -> None:
    scene = next(each for each in SCENES if each.name == "alerts")
    page = shown(wall, scene)
    told = page.evaluate(READ)
    assert told["counters"] == {"red": 1, "orange": 3, "yellow": 8, "blue": 11}
    assert len(ALERTS) == 23
    agrees(told, scene.rows())
    newest = told["ticker"]
    assert [each["extent"] for each in newest] == ["52.4%", "56.1%", "38.2%", "34.0%"]
    for row in newest:  # the base, the present price and the percentage say the same
        base, now = (float(each) for each in row["change"].split(" → "))
        assert now / base - 1 == pytest.approx(float(row["extent"].rstrip("%")) / 100, abs=0.002)
    for each in newest[:1]:
        region = each["id"].split("-")[0]
        assert told["tiles"][region][2] == "52%"
    assert page.locator(".feed[data-feed=quotes]").inner_text().split() == ["报价", "61/74", "县"]
    assert {good: row["now"] for good, row in told["prices"].items()} == {
        good: f"{price:.2f}" for good, (price, _, _) in PRICES.items()
    }
    assert [f"{row['week']}" for row in told["prices"].values()] == sorted(
        (row["week"] for row in told["prices"].values()), key=lambda text: -abs(float(text.replace("−", "-")))
    )


def test_a_phone_shows_the_same_alerts(wall: Open) -> None:
    scene = next(each for each in SCENES if each.name == "alerts")
    page = shown(wall, scene, width=390, height=844)
    cards = [each.get_attribute("data-alert") for each in page.locator(".card").all()]
    waiting = [each.id for each in scene.rows() if each.acknowledged is None]
    assert sorted(map(str, cards)) == sorted(waiting)
    assert page.locator("#unconfirmed").inner_text() == str(len(waiting))
    coloured = page.locator('.grid .tile:not([data-level="none"])[data-region]')
    assert coloured.count() == len({each.region for each in scene.rows()})


def test_a_county_of_the_map_that_changes_has_a_white_rim_for_a_moment(wall: Open, tmp_path: Path) -> None:
    own = county_map.load(maps.written(tmp_path, maps.of(CATALOGUE)), CATALOGUE)
    first, last = [alert(*each) for each in ALERTS[1:3]], [alert(*each) for each in ALERTS[:3]]
    told = itertools.chain([first, first], itertools.repeat(last))
    known = {"/api/map": json.loads(own.content.content)}
    page = wall("?lang=zh", routes=telling(lambda: story(*next(told), county_map=own), known)).page
    changed = page.locator(f'.map .canvas[data-changed="{ALERTS[0][0]}"]')
    expect(changed).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(f'.areas button[data-region="{ALERTS[0][0]}"]')).to_have_attribute("data-level", "orange")


def test_they_agree_whatever_is_told_next(wall: Open) -> None:
    dice = random.Random(20261123)
    stories = [some(dice, number) for number in range(1, len(ALERTS), 3)]
    current = [stories[0]]

    def make() -> str:
        return story(*current[0], indicators=indicators(current[0]), now=NOW.timestamp(), feeds=FEEDS)

    page = wall("?lang=zh&view=alerts&takeover=off", routes=telling(make, answers([]))).page
    for alerts in stories:
        current[0] = alerts  # until the page has shown it: it comes back for more every half second
        expect(page.locator(".sum > span")).to_have_text(f"共 {len(alerts)} 条", timeout=PATIENCE_MS)
        agrees(page.evaluate(READ), alerts)


GAPS = """() => [...document.querySelectorAll('.prices button')].map((row) => {
    const range = (selector) => {
        const found = document.createRange();
        found.selectNodeContents(row.querySelector(selector));
        return found.getBoundingClientRect();
    };
    const [name, now, chart, day, week] = ['.name b', '.now', '.sparkline', '.day', '.week'].map(range);
    const line = row.querySelector('.sparkline').getBoundingClientRect();
    return [now.left - name.right, line.left - now.right, day.left - line.right, week.left - day.right,
        row.getBoundingClientRect().right - week.right].map((gap) => gap / (innerWidth / 1920));
})"""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_figures_of_a_price_that_doubled_do_not_touch(wall: Open, lang: str) -> None:
    large = {"price": 135.80, "change_day": 1.05, "change_week": -1.053}
    doubled = [
        msgspec.structs.replace(each, values={**each.values, **large}) if each.grain == "date" else each
        for each in indicators([])
    ]
    routes = telling(lambda: story(indicators=doubled, now=NOW.timestamp(), feeds=FEEDS), answers([]))
    page = wall(f"?lang={lang}", routes=routes).page
    expect(page.locator(".prices .day").first).to_have_text("+105.0", timeout=PATIENCE_MS)
    gaps = page.evaluate(GAPS)
    assert len(gaps) == len(PRICES)
    assert min(gap for row in gaps for gap in row[1:4]) >= 4, gaps  # pixels of the design


def some(dice: random.Random, number: int) -> list[AlertRow]:
    """Return so many of the alerts, each confirmed or not."""
    chosen = dice.sample(ALERTS, number)
    return Scene("some", tuple((*each[:6], dice.choice(("", "次仁"))) for each in chosen)).rows()


@pytest.mark.soak
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_nothing_flows_over_in_any_scene(wall: Open, scene: Scene, width: int, height: int, lang: str) -> None:
    page = shown(wall, scene, lang, width, height)
    keep(page, f"{scene.name}-{width}-{lang}")
    assert overflow(page) == [0]


@pytest.mark.soak
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("name", ["alerts", "takeover", "cover"])
def test_a_map_of_ones_own_fits_every_scene(wall: Open, tmp_path: Path, name: str, width: int, height: int) -> None:
    found = county_map.load(maps.written(tmp_path, maps.of(CATALOGUE, without={542524, 540421})), CATALOGUE)
    scene = next(each for each in SCENES if each.name == name)
    page = shown(wall, scene, "zh", width, height, found)
    expect(page.locator(".map .canvas canvas")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(".map .review")).to_be_visible()
    keep(page, f"map-{name}-{width}-zh")
    assert overflow(page) == [0]
    levels = page.evaluate(AREAS)
    own = [each for each in scene.rows() if name != "cover" or "cover_days" in each.values]
    for code, level in levels.items():
        assert level == max((each.level for each in own if each.region == code), key=RANK.index, default="none"), code
    assert len(levels) == 74


AREAS = """() => Object.fromEntries([...document.querySelectorAll('.areas button, .strip .tile')].map((each) =>
    [each.dataset.region, each.dataset.level]))"""


def keep(page: Page, name: str) -> None:
    """Leave a picture in the directory that ``PICTURES`` names, if any."""
    if directory := os.environ.get("PICTURES"):
        full = bool(page.evaluate("innerWidth < 640"))
        page.screenshot(path=Path(directory) / f"{name}.png", full_page=full)
