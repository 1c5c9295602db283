"""A wall runs for weeks: does the page grow? Only with ``make soak``; HEAP_MINUTES=60 for the long run."""

from __future__ import annotations

import os
import time

import pytest
from playwright.sync_api import CDPSession, expect

from producers.client import Producer
from schemas import topics
from schemas.events import Receipt, SaleLine
from tests.browser.conftest import Open
from tests.browser.instance import BAYI, Watched

pytestmark = [pytest.mark.services, pytest.mark.soak]

MINUTES = float(os.environ.get("HEAP_MINUTES", "3"))
PER_SECOND = 10
MEASURE_SECONDS = 10.0
#: After collecting garbage the heap goes up and down by this much; a leak of 1 kB an update shows within a minute.
SLACK_MB = 2.0


def used_mb(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def test_ten_updates_a_second_leave_nothing_behind(
    wall: Open, instance: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    page = wall().page
    expect(page.locator(".grid .tile").first).to_be_visible(timeout=30_000)
    session = page.context.new_cdp_session(page)
    session.send("Runtime.enable")
    heaps: list[float] = []
    with Producer(instance.broker) as producer:
        began, number, measured = time.monotonic(), 0, 0.0
        while (elapsed := time.monotonic() - began) < MINUTES * 60:
            producer.send(topics.SALES, int(BAYI[:4]) * 100, receipt(number))
            producer.flush()
            number += 1
            if elapsed >= measured:
                heaps.append(used_mb(session))
                measured = elapsed + MEASURE_SECONDS
            # by the clock: a busy machine sends fewer, and does not take longer
            page.wait_for_timeout(max(0.0, number / PER_SECOND - elapsed) * 1000)
    half = len(heaps) // 2
    early, late = min(heaps[1:half]), min(heaps[half:])
    with capsys.disabled():
        rate = number / MINUTES / 60
        print(f"\nheap over {MINUTES:g} min at {rate:.1f}/s: {early:.1f} MB, then {late:.1f} MB")
    assert late < early + SLACK_MB


def receipt(number: int) -> Receipt:
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    line = SaleLine(
        line=1, good=("potato", "carrot", "beef")[number % 3], quantity=1.0, unit="kg", amount=4.0 + number % 7 / 10
    )
    return Receipt(
        event_id=f"heap-{number}", sender="chain", store=f"s{number % 4}", region=BAYI, workstation="1",
        business_date=now[:10], sequence=number, time=now, lines=[line],
    )  # fmt: skip
