"""Debian's Chromium without a screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from serving import assets
from tests.services import MissingServiceError

#: Debian's, or what another distribution calls it.
NAMES = ("chromium", "chromium-browser", "google-chrome")
#: No sandbox: tests run as root in a container; no /dev/shm: it is 64 MB there.
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser until the end of the block; raises ``MissingServiceError`` without it or the built pages."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        msg = "no Chromium: run scripts/services, or apt-get install chromium"
        raise MissingServiceError(msg)
    if not assets.load().built:
        msg = "the pages are not built: run scripts/web"
        raise MissingServiceError(msg)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(OPTIONS))
        yield browser
        browser.close()
