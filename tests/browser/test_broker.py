"""The broker stops and comes back under a wall that is looked at: a real Kafka of this file's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from staplewatch.broker import free_port
from tests import services
from tests.browser.conftest import Open
from tests.browser.instance import BAYI, USUAL, Watched
from tests.reliability.servers import Server, kafka

pytestmark = pytest.mark.services

PATIENCE_MS = 30_000
#: A killed broker starts again within 15 s on an idle machine, and the live view asks it every few seconds.
BACK_MS = 120_000


@dataclass(frozen=True)
class Site:
    """A broker and an instance on it."""

    broker: Server
    watched: Watched


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run Kafka and an instance, with mutton half as expensive again as a week ago."""
    directory = tmp_path_factory.mktemp("broker")
    with ExitStack() as stack:
        try:
            broker = kafka(directory / "kafka")
        except services.MissingServiceError as error:
            services.missing(error)
        stack.callback(broker.stop)
        broker.start()
        watched = Watched(directory / "data", free_port(), stack, "--broker", broker.url)
        watched.start()
        watched.usual_week(("mutton",))
        watched.quote({"mutton": 1.52 * USUAL})
        yield Site(broker, watched)


@pytest.fixture(scope="module")
def instance(site: Site) -> Watched:
    """Return the instance that ``wall`` opens."""
    return site.watched


def test_a_broker_that_stops_is_said_and_found_again(wall: Open, site: Site) -> None:
    page = wall("?lang=zh&view=alerts").page
    orange = page.locator(".counter[data-level=orange] b")
    expect(orange).to_have_text("1", timeout=PATIENCE_MS)
    expect(page.locator(".banner")).to_have_count(0)
    site.broker.kill()
    expect(page.locator(".banner")).to_contain_text("数据流中断于", timeout=PATIENCE_MS)
    expect(page.locator(".banner")).to_contain_text("以下为当时数字")
    assert orange.inner_text() == "1"  # it stays
    expect(page.locator(".prices.dimmed")).to_be_visible()
    site.broker.start()
    expect(page.locator(".banner")).to_have_count(0, timeout=BACK_MS)
    expect(page.locator(".prices.dimmed")).to_have_count(0)
    site.watched.usual_week(("beef",))
    site.watched.quote({"beef": 1.52 * USUAL})  # and it is followed again
    expect(orange).to_have_text("2", timeout=BACK_MS)
    expect(page.locator(f'.tile[data-region="{BAYI}"]')).to_have_attribute("data-level", "orange")
