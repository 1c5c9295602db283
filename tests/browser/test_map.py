"""A bureau's own map in the place of the tiles, in Chromium, from a running instance."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from staplewatch.broker import free_port
from tests.browser.conftest import Open, axe
from tests.browser.instance import BAYI, DAMXUNG, USUAL, Watched
from tests.browser.overflow import overflow
from tests.browser.told import CATALOGUE
from tests.serving import maps

pytestmark = pytest.mark.services

PATIENCE_MS = 30_000
#: What the map of this test lacks.
RUTOG, GONGBO = 542524, 540421
#: The colours of a calm county and of one in orange.
PLACE = list(CATALOGUE.regions[int(BAYI)].tile or ())
TILE, ORANGE = [30, 42, 54], [245, 138, 43]

#: The colour of the map near a county's top left corner, where neither words nor symbols are: [red, green, blue].
COLOUR = """([row, column]) => {
    const canvas = document.querySelector('.map .canvas canvas');
    const bounds = {west: 80, north: 36, columns: 13, rows: 8};
    const narrowing = Math.cos((36 - bounds.rows / 2) * Math.PI / 180);
    const margin = 4 * innerWidth / 1920 * devicePixelRatio;
    const [width, height] = [canvas.width - 2 * margin, canvas.height - 2 * margin];
    const unit = Math.min(width / (bounds.columns * narrowing), height / bounds.rows);
    const left = margin + (width - unit * bounds.columns * narrowing) / 2;
    const top = margin + (height - unit * bounds.rows) / 2;
    const [x, y] = [left + (column + 0.1) * narrowing * unit, top + (row + 0.1) * unit];
    window.asked = {x: x / devicePixelRatio, y: y / devicePixelRatio};
    const pixel = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    pixel.drawImage(canvas, -Math.floor(x), -Math.floor(y));
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Run an instance whose map lacks two counties, and let mutton be half as expensive again in one."""
    directory = tmp_path_factory.mktemp("map")
    path = maps.written(directory, maps.of(CATALOGUE, without={RUTOG, GONGBO}))
    with ExitStack() as stack:
        watched = Watched(directory / "data", free_port(), stack, "--map", str(path))
        watched.start()
        watched.usual_week(("mutton",))
        watched.usual_week(("mutton",), DAMXUNG)
        watched.quote({"mutton": 1.52 * USUAL})
        watched.quote({"mutton": USUAL}, region=DAMXUNG)
        yield watched


def area(page: Page, region: str) -> Any:
    """Return the button that stands for a county of the map."""
    return page.locator(f'.areas button[data-region="{region}"]')


def colour(page: Page, region: str) -> list[int]:
    found: list[int] = page.evaluate(COLOUR, CATALOGUE.regions[int(region)].tile)
    return found


def drawn(page: Page) -> None:
    expect(area(page, BAYI)).to_have_attribute("data-level", "orange", timeout=PATIENCE_MS)
    expect(page.locator(".map .canvas canvas")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_function(f"({COLOUR})({PLACE})[0] === {ORANGE[0]}")


def test_counties_have_the_colour_of_their_highest_alert_and_the_number_stands_on_the_map(wall: Open) -> None:
    page = wall("?lang=zh&view=alerts").page
    drawn(page)
    assert colour(page, BAYI) == ORANGE
    assert colour(page, DAMXUNG) == TILE
    expect(page.locator(".map .review")).to_have_text(f"审图号：{maps.NUMBER}")
    expect(page.locator(".footnote")).to_have_count(0)
    assert page.locator(".counter[data-level=orange] b").inner_text() == "1"
    assert overflow(page) == [0]


def test_a_click_on_a_county_leads_down_to_it(wall: Open) -> None:
    page = wall("?lang=zh&view=alerts").page
    drawn(page)
    colour(page, BAYI)
    page.locator(".map .canvas").click(position=page.evaluate("window.asked"))
    expect(page.locator(".trail")).to_contain_text("巴宜区")
    expect(page.locator(".sheet .episode h3").first).to_contain_text("羊肉 比一周前上涨 52 %", timeout=PATIENCE_MS)


def test_counties_that_the_map_lacks_are_tiles(wall: Open, instance: Watched) -> None:
    page = wall("?lang=zh&view=alerts").page
    drawn(page)
    tiles = page.locator(".map .strip .tile[data-region]")
    assert [each.get_attribute("data-region") for each in tiles.all()] == [str(GONGBO), str(RUTOG)]
    expect(area(page, str(GONGBO))).to_have_count(0)
    page.locator(f'.strip .tile[data-region="{GONGBO}"]').click()
    expect(page.locator(".trail")).to_contain_text("工布江达县")
    said = (instance.data / "up.log").read_text(encoding="utf-8")
    assert "the map lacks 2 counties, drawn as tiles" in said


def test_the_three_metrics_colour_the_map(wall: Open) -> None:
    page = wall("?lang=zh&view=alerts").page
    drawn(page)
    page.get_by_role("button", name="可销天数").click()
    expect(area(page, BAYI)).to_have_attribute("data-level", "none")  # a rise on the week is no matter of cover
    expect(page.locator(".map .canvas")).to_have_attribute("aria-label", "县区可销天数")
    page.wait_for_function(f"({COLOUR})({PLACE})[0] === {TILE[0]}")
    page.get_by_role("button", name="预警").click()
    expect(area(page, BAYI)).to_have_attribute("data-level", "orange")


def test_keys_reach_every_county(wall: Open) -> None:
    page = wall("?lang=en&view=alerts").page
    drawn(page)
    assert page.locator(".areas button").count() == 72
    page.locator(".metrics button").last.focus()
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.dataset.region")
    assert page.locator(":focus").bounding_box()["width"] > 50  # type: ignore[index]
    page.keyboard.press("Enter")
    expect(page.locator(".sheet")).to_be_visible()
    assert CATALOGUE.regions[int(focused)].level == "county"
    page.evaluate(axe())  # by the debugger: the page's own policy would refuse it
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [each["id"] for each in found["violations"] if each["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160), (390, 844)])
def test_it_fits_every_screen(wall: Open, width: int, height: int) -> None:
    page = wall("?lang=en&view=alerts", width, height).page
    expect(area(page, BAYI)).to_have_attribute("data-level", "orange", timeout=PATIENCE_MS)
    expect(page.locator(".map .canvas canvas")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".map .review")).to_have_text(f"Map review No. {maps.NUMBER}")
    if directory := os.environ.get("PICTURES"):
        page.screenshot(path=Path(directory) / f"map-{width}-en.png", full_page=width < 640)
    assert overflow(page) == [0]
