"""Pictures of wall and desk for the READMEs, taken of the demonstration: ``make screenshots``.

The demonstration runs in a process of its own; what is photographed is what it shows then, nothing is staged.
"""

from __future__ import annotations

import argparse
import base64
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

from staplewatch import instance
from tests.browser.chromium import chromium
from tests.services import MissingServiceError, stop, wait_until

EXAMPLES: Final = """examples:
  python -m tests.browser.pictures
  python -m tests.browser.pictures --out /tmp/pictures --seconds 60 --alerts 1
"""
LANGUAGES: Final = ("zh", "en")
SCREEN: Final = {"width": 1920, "height": 1080}
#: Flat colours and text: at 82 nothing can be told from the original, and a page has some 100 kB.
QUALITY: Final = 82
#: A page and its history are there within a second on an idle machine.
PATIENCE_MS: Final = 60_000
START_SECONDS: Final = 120.0


class Demonstration:
    """A ``staplewatch demo`` that runs."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path) -> None:
        self._process, self._data = process, data
        self.http = ""

    def until_ready(self) -> None:
        """Return when it answers."""
        wait_until(lambda: self._alive() and instance.find(self._data) is not None, START_SECONDS, "the demo is ready")
        found = instance.find(self._data)
        assert found is not None
        self.http = found.http

    def until_alerts(self, number: int, seconds: float) -> None:
        """Return when that many alerts are open."""
        wait_until(lambda: self._alive() and self._open() >= number, seconds, f"{number} open alerts")

    def link(self) -> str:
        """Return the link that logs in, once."""
        found = re.search(r"http\S+/login#link=\S+", (self._data / "demo" / "up.log").read_text(encoding="utf-8"))
        assert found is not None
        return found[0]

    def _open(self) -> int:
        """Return how many alerts are open; 0 while it does not answer, which it will not when it has ended."""
        try:
            answer = httpx.get(f"{self.http}/api/alerts", params={"state": "firing"}, trust_env=False, timeout=30)
            return len(answer.raise_for_status().json())
        except httpx.HTTPError:
            return 0

    def _alive(self) -> bool:
        assert self._process.poll() is None, f"the demo ended with {self._process.returncode}"
        return True


@contextmanager
def demonstration(seconds: int, data: Path) -> Iterator[Demonstration]:
    """Run the demonstration until the end of the block."""
    command = [sys.executable, "-m", "staplewatch", "demo", "--seconds", str(seconds), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield Demonstration(process, data)
    finally:
        stop(process)


def take(browser: Browser, shown: Demonstration, out: Path) -> list[Path]:
    """Write pictures of the wall and of the desk in both languages; return their files."""
    out.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=SCREEN, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    log_in(context, shown)
    taken = []
    for lang in LANGUAGES:
        taken.append(shoot(wall(context, shown, lang), out / f"wall-{lang}.webp"))
        taken.append(shoot(desk(context, shown, lang), out / f"desk-{lang}.webp"))
    context.close()
    return taken


def log_in(context: BrowserContext, shown: Demonstration) -> None:
    """Become this machine's user, whom the desk lets act."""
    page = context.new_page()
    page.goto(shown.link())
    page.wait_for_url("**/desk")
    page.close()


def wall(context: BrowserContext, shown: Demonstration, lang: str) -> Page:
    """Return the wall as it looks between two red alerts."""
    page = context.new_page()
    page.goto(f"{shown.http}/wall?lang={lang}&view=alerts&takeover=off")
    page.wait_for_selector(".ticker .row[data-alert], .ticker .row[data-storm]")
    page.wait_for_selector(".prices .sparkline path[d*=L]")
    return page


def desk(context: BrowserContext, shown: Demonstration, lang: str) -> Page:
    """Return the desk with its first alert open."""
    page = context.new_page()
    page.goto(f"{shown.http}/desk?lang={lang}")
    page.wait_for_selector(".detail .chart canvas")
    page.wait_for_selector("#acknowledge")
    return page


def shoot(page: Page, path: Path) -> Path:
    """Write a picture as WebP, which Playwright's own ``screenshot`` does not make; close the page."""
    page.evaluate("document.fonts.ready")
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(taken["data"]))
    page.close()
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures; exit code 1 where the demonstration did not come so far, 2 where something is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.pictures",
        description="Pictures of wall and desk, taken of the demonstration. / 以演示拍摄大屏与值守台。",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="directory (docs/images)")
    parser.add_argument("--seconds", type=int, default=240, help="how long the demonstration runs at most (240)")
    parser.add_argument("--alerts", type=int, default=12, help="how many alerts must be open (12)")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as data, demonstration(given.seconds, Path(data) / "demo-data") as shown:
            shown.until_ready()
            shown.until_alerts(given.alerts, given.seconds)
            with chromium() as browser:
                taken = take(browser, shown, given.out)
    except (MissingServiceError, AssertionError) as error:
        sys.stderr.write(f"screenshots: {error}\n")
        return 2 if isinstance(error, MissingServiceError) else 1
    for path in taken:
        sys.stdout.write(f"{path} {path.stat().st_size // 1000} kB\n")
    sys.stdout.write(f"{len(taken)} pictures in {time.monotonic() - began:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
