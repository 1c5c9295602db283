"""One Chromium for all tests of the pages, an instance for each file; pages are watched for what must never happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from staplewatch.broker import free_port
from tests.browser.chromium import chromium
from tests.browser.instance import Watched
from tests.browser.pages import Pages
from tests.conftest import start


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Run ``staplewatch up`` on a port that it keeps when it is started again."""
    with ExitStack() as stack:
        watched = Watched(tmp_path_factory.mktemp("browser") / "data", free_port(), stack)
        watched.start()
        yield watched


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run Chromium without a screen.

    Not for the whole session: its event loop runs in the main thread until it ends.
    """
    with ExitStack() as stack:
        yield start(chromium(), stack)


@dataclass
class Faults:
    """What a page did that it must not: errors in the console, and requests to elsewhere."""

    origin: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    #: Errors with these words are expected: a server that is killed is missed.
    allowed: tuple[str, ...] = ()

    def heard(self, message: ConsoleMessage) -> None:
        """Take note of an error or a warning, violations of the Content-Security-Policy among them."""
        if message.type in {"error", "warning"} and not any(word in message.text for word in self.allowed):
            self.errors.append(message.text)

    def asked(self, request: Request) -> None:
        """Take note of a request that leaves the instance."""
        if urlsplit(request.url).netloc != self.origin and not request.url.startswith("data:"):
            self.strangers.append(request.url)


@dataclass
class Opened:
    """A page of the wall and its faults."""

    page: Page
    faults: Faults


Open = Callable[..., Opened]


@pytest.fixture
def wall(browser: Browser, instance: Watched | Pages) -> Iterator[Open]:
    """Return what opens the wall, ``wall(query, width=…, height=…, routes={…}, allowed=(…))``.

    Faults fail the test at its end.
    """
    opened: list[Opened] = []

    def open_wall(
        query: str = "?lang=zh",
        width: int = 1920,
        height: int = 1080,
        routes: dict[str, Any] | None = None,
        allowed: tuple[str, ...] = (),
    ) -> Opened:
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        faults = Faults(urlsplit(instance.http).netloc, allowed=allowed)
        page.on("console", faults.heard)
        page.on("pageerror", lambda error: faults.errors.append(str(error)))
        page.on("request", faults.asked)
        for pattern, handler in (routes or {}).items():
            page.route(pattern, handler)
        page.goto(f"{instance.http}/wall{query}")
        opened.append(Opened(page, faults))
        return opened[-1]

    yield open_wall
    for each in opened:
        each.page.close()
        assert each.faults.errors == []
        assert each.faults.strangers == []


def axe() -> str:
    """Return the source of axe-core, which the page's own packages bring."""
    return Path("serving/web/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
