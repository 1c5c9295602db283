"""A running instance with quotes that are about to become alerts."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from producers.client import Producer
from schemas import topics
from schemas.events import QuoteLine, QuoteReport
from tests.integration.running import Running, up
from tests.services import wait_until

ZONE = ZoneInfo("Asia/Shanghai")
BAYI, DAMXUNG = "540402", "540122"
SITES = ("s1", "s2", "s3")
USUAL = 4.0
READ_SECONDS = 60.0


class Watched:
    """``staplewatch up`` that can be killed and started again at the same address, with more ``options``."""

    def __init__(self, data: Path, port: int, stack: ExitStack, *options: str) -> None:
        self.data, self.http = data, f"http://127.0.0.1:{port}"
        self._port, self._stack, self._options = port, stack, options
        self._running: Running | None = None
        self._number = 0

    def start(self) -> None:
        """Return when it takes events."""
        # the later of two --port counts
        given = ("--port", str(self._port), "--packs", "urumqi-2007", *self._options)
        self._running = self._stack.enter_context(up(self.data, *given))

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._running is not None
        self._running.process.kill()
        self._running.process.wait()

    @property
    def broker(self) -> str:
        """Return ``host:port`` of its broker."""
        assert self._running is not None
        return self._running.broker

    def line(self) -> str:
        """Return the line that it prints after being ready: the link to log in by."""
        assert self._running is not None
        stdout = self._running.process.stdout
        assert stdout is not None
        return stdout.readline().decode()

    def ask(self, path: str, **parameters: str) -> Any:
        """Return what the API answers to the instance's own token."""
        token = json.loads((self.data / "instance.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{self.http}{path}", params=parameters, headers=headers, trust_env=False, timeout=30)
        return answer.raise_for_status().json()

    def quote(
        self, prices: dict[str, float], sites: tuple[str, ...] = SITES, *, days_ago: int = 0, region: str = BAYI
    ) -> float:
        """Send a report of each site; returns when the broker has them, by ``time.monotonic``."""
        at = datetime.now(UTC).astimezone(ZONE) - timedelta(days=days_ago)
        with Producer(self.broker) as producer:
            for site in sites:
                self._number += 1
                lines = [QuoteLine(good=good, unit="kg", price=price) for good, price in prices.items()]
                report = QuoteReport(
                    event_id=f"{self.data}-{self._number}-{time.time_ns()}",
                    sender="bureau",
                    site=f"{region}-{site}",
                    region=region,
                    time=at.isoformat(timespec="seconds"),
                    business_date=at.date().isoformat(),
                    lines=lines,
                )
                producer.send(topics.QUOTES, int(region[:4]) * 100, report)
            producer.flush()
            return time.monotonic()

    def usual_week(self, goods: tuple[str, ...], region: str = BAYI) -> None:
        """Let every site quote the usual price a week ago and yesterday; returns when that has been read."""
        for days_ago in (7, 1):
            self.quote(dict.fromkeys(goods, USUAL), days_ago=days_ago, region=region)
        wait_until(lambda: self._known(region, goods), READ_SECONDS, "quotes read")

    def _known(self, region: str, goods: tuple[str, ...]) -> bool:
        rows = self.ask("/api/indicators", region=region, grain="date")
        return set(goods) <= {row["good"] for row in rows if row["change_day"] is None and row["price"] == USUAL}
