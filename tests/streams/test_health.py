"""Probes say what is wrong, stalls are noticed, slots are held by one worker, libraries do not chatter."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from streams.health import Health, HealthServer, LoopGuard, Probes, Stall
from streams.metrics import Metrics
from streams.quiet import OncePer
from streams.slot import Slot, SlotTakenError

PLACE = ("pos.sales", 0)


def test_a_place_with_lag_that_does_not_move_is_stalled() -> None:
    now = [0.0]
    stall = Stall(60.0, lambda: now[0])
    for second in range(122):
        now[0] = float(second)
        position = 5 if second <= 60 else 6
        expected = [PLACE] if second in {60, 121} else []
        assert stall.look({PLACE: position}, {PLACE: 10}) == expected, second
    assert stall.longest == 60
    stall.excuse()
    assert stall.look({PLACE: 6}, {PLACE: 10}) == []


def test_time_in_which_the_process_was_paused_is_no_stall() -> None:
    now = [0.0]
    stall = Stall(60.0, lambda: now[0])
    stall.look({PLACE: 5}, {PLACE: 10})
    now[0] = 3600.0
    assert stall.look({PLACE: 5}, {PLACE: 10}) == []
    assert stall.longest == 5


def test_no_lag_is_no_stall_and_lost_places_are_forgotten() -> None:
    now = [0.0]
    stall = Stall(60.0, lambda: now[0])
    for second in range(160):
        now[0] = float(second)
        assert stall.look({PLACE: 5}, {PLACE: 5 if second <= 100 else 9}) == [], second
    assert stall.look({}, {}) == []
    assert stall.look({PLACE: 5}, {PLACE: 9}) == []


def test_probes_over_http() -> None:
    now, registry = [0.0], CollectorRegistry()
    Metrics(registry).events.labels("pos.sales").inc(3)
    health = Health(clock=lambda: now[0])
    server = HealthServer(health, registry, "127.0.0.1", 0)
    server.start()
    try:
        base = "http://{}:{}".format(*server.address)
        assert probe(f"{base}/readyz") == (503, {"ok": False, "reasons": ["starting"], "notes": []})
        assert probe(f"{base}/livez") == (200, {"ok": True, "reasons": []})
        health.report((), ("the warehouse is away",), {"storing": {"state": "away"}})
        told = {"ok": True, "reasons": [], "notes": ["the warehouse is away"], "storing": {"state": "away"}}
        assert probe(f"{base}/readyz") == (200, told)
        now[0] = 31.0
        assert probe(f"{base}/livez") == (503, {"ok": False, "reasons": ["the event loop has not run for 31 s"]})
        with urllib.request.urlopen(f"{base}/metrics") as answer:
            assert b'staplewatch_events_total{topic="pos.sales"} 3.0' in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/")
    finally:
        server.stop()


def probe(url: str) -> tuple[int, object]:
    """Return status and answer."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_an_event_loop_that_stands_still_ends_the_process() -> None:
    health, ended = Health(), threading.Event()
    guard = LoopGuard(health, 0.05, ended.set, every=0.005)
    guard.start()
    for _ in range(40):
        health.tick()
        assert not ended.wait(0.005)
    assert ended.wait(10)
    guard.stop()


async def test_probes_answer_before_there_is_a_worker_and_after_it() -> None:
    probes = Probes("127.0.0.1", 0)
    probes.start()
    try:
        url = "http://{}:{}".format(*probes.address)
        assert (await asyncio.to_thread(probe, f"{url}/readyz"))[0] == 503
        probes.health.report(())
        assert (await asyncio.to_thread(probe, f"{url}/readyz"))[0] == 200
        registry = CollectorRegistry()
        Metrics(registry).rebuilds.inc()
        probes.measure(registry)
        with await asyncio.to_thread(urllib.request.urlopen, f"{url}/metrics") as answer:
            assert b"staplewatch_rebuilds_total 1.0" in answer.read()
    finally:
        probes.stop()


def test_the_last_run_on_a_directory_is_known_to_the_next(tmp_path: Path) -> None:
    with Slot(tmp_path, 3, "run-1") as first:
        assert first.predecessor == ""
    with Slot(tmp_path, 3, "run-2") as second:
        assert second.predecessor == "run-1"


def test_a_slot_is_held_by_one_worker(tmp_path: Path) -> None:
    with Slot(tmp_path, 3):
        with pytest.raises(SlotTakenError, match=f"slot 3 is taken by process {os.getpid()}"):
            Slot(tmp_path, 3).take()
        with Slot(tmp_path, 4):
            pass
    with Slot(tmp_path, 3):
        pass


def test_a_message_passes_once_a_minute() -> None:
    now = [0.0]
    once = OncePer(60.0, lambda: now[0])
    record = logging.LogRecord("x", logging.WARNING, "", 0, "try %d", (1,), None)
    other = logging.LogRecord("x", logging.WARNING, "", 0, "else", (), None)
    assert [once.filter(record), once.filter(record), once.filter(other)] == [True, False, True]
    now[0] = 60.0
    assert once.filter(record)
