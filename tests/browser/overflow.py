"""Whether anything on a page is wider than its place."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

#: How far the page is too wide, and whatever is wider than its box or reaches beyond the screen.
SCRIPT = """() => {
    const boxes = 'h1, h2, .counters, .sum, .feeds, .clock, .today, .tile, .label, .map .review, .legend, '
        + '.prices .row, .prices .row > span, .cover .row, .ticker .good, .ticker .extent, .ticker .change, '
        + '.takeover .where, .takeover .what, .others-open b, .others-open span';
    const wide = [...document.querySelectorAll(boxes)].filter((each) =>
        each.scrollWidth > each.clientWidth + 1 || each.getBoundingClientRect().right > innerWidth + 1);
    const found = wide.map((each) => `${each.className} ${each.textContent}`);
    return [document.documentElement.scrollWidth - innerWidth, ...found];
}"""


def overflow(page: Page) -> list[Any]:
    """Return [0] where nothing is: pixels that the page is too wide by, then what does not fit."""
    found: list[Any] = page.evaluate(SCRIPT)
    return found
