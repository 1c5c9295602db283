"""The figures that are promised for a warehouse that is away: memory and alerts at 20,000 lines a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.reliability import outage
from tests.services import wait_until

MIB = 1024 * 1024
BUFFER_MIB = 256
LINES_PER_SECOND = 20_000
#: Until the worker's memory has found its level: caches, allocators, and the single movements of
#: stock of the last 600 s, which would grow for as long with the warehouse there.
WARM_SECONDS = 620
#: Beyond the moment at which the buffer is full: what the pause itself takes must be seen too.
FULL_SECONDS = 20
#: Once the buffer is full nothing is read any more: the last alerts are asked for before that.
ALARMS_SHARE = 0.8
#: Alerts during the outage: five a second, in at least so many seconds.
LEAST_ALERTS = 200


class Peak:
    """Follows the highest value of a measure."""

    def __init__(self, measure: Callable[[], int]) -> None:
        self._measure = measure
        self._stopped = threading.Event()
        self.highest = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while not self._stopped.wait(0.1):
            with suppress(OSError):  # the process has ended
                self.highest = max(self.highest, self._measure())

    def stop(self) -> int:
        self._stopped.set()
        return self.highest


@pytest.mark.soak
def test_memory_is_bounded_and_alerts_flow_while_the_warehouse_is_away(tmp_path: Path) -> None:
    pack = tmp_path / "shelf.toml"
    pack.write_text(outage.PACK)
    with outage.both(tmp_path) as (kafka, house):
        where = ("--broker", f"kafka://{kafka.server}", "--warehouse", house.url)
        worker = outage.Process(tmp_path / "w", "worker", *where, "--packs", str(pack))
        load, alarms = outage.Load(kafka.server, LINES_PER_SECOND), outage.Alarms(kafka.server, 5)
        try:
            worker.until_ready()
            load.start()
            warm = LINES_PER_SECOND * WARM_SECONDS
            wait_until(lambda: worker.metric("staplewatch_rows_total") > warm, 2 * WARM_SECONDS, "warm")
            before, peak = worker.memory, Peak(lambda: worker.memory)
            house.kill()
            alarms.start()
            nearly = ALARMS_SHARE * BUFFER_MIB * MIB
            wait_until(lambda: worker.metric("staplewatch_buffer_bytes") > nearly, 600, "the buffer is nearly full")
            alarms.stop()
            wait_until(lambda: worker.metric("staplewatch_paused") == 1, 600, "the buffer is full")
            threading.Event().wait(FULL_SECONDS)
            grown = (peak.stop() - before) / MIB
            assert worker.says("the buffer is full", '"away"')
            worst = sorted(alarms.seconds)
            p99 = worst[int(len(worst) * 0.99)]
            print(f"memory +{grown:.0f} MiB of {BUFFER_MIB}; {len(worst)} alerts, p99 {p99:.2f} s, {load.lines} lines")
            house.start()
            load.stop()
            wait_until(lambda: worker.metric("staplewatch_buffer_bytes") == 0 and house.lines()[0] == load.lines, 600,
                       "everything landed")  # fmt: skip
            assert house.lines() == (load.lines, load.quantity)
            assert worker.stop()[0] == 0
            assert grown < BUFFER_MIB * 1.25
            assert len(worst) >= LEAST_ALERTS
            assert p99 < 2.0
        finally:
            worker.end()
            alarms.end()
            load.stop()
