"""One round: servers, workers and traffic; a schedule of blows; then the verdict."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import warehouse as stores
from schemas import topics
from streams import cluster, rebuild
from streams.positions import Place
from tests.reliability import servers, verdict
from tests.reliability.crew import Crew, Log, Worker
from tests.reliability.livetraffic import PACK, LiveTraffic
from tests.reliability.oracle import expect
from tests.reliability.schedule import Blow, draw
from tests.reliability.traffic import Traffic
from warehouse.protocol import Warehouse

#: Nyingchi and Lhoka, which the scenario strikes, and Lhasa, which it leaves alone.
PREFECTURES: Final = (540100, 540400, 540500)
#: After the last blow everything must have been read, stored and decided within this time.
CATCH_UP_SECONDS: Final = 240.0
#: How long a worker is given to reach its crash point: a start takes 3 s, and a writer stores once a second.
CRASH_SECONDS: Final = 15.0
HISTORY_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Plan:
    """A round that can be repeated: everything follows from these numbers."""

    seed: int
    blows: int
    workers: int = 2
    partitions: int = 4
    event_time: bool = True
    prefectures: Sequence[int] = PREFECTURES
    #: The traffic's paced days are spread over this time; a round that takes longer sends the rest at full speed.
    seconds: float = 120.0

    def __str__(self) -> str:
        mode = "event time" if self.event_time else "live"
        return f"seed {self.seed}: {self.blows} blows on {self.workers} workers, {self.partitions} partitions, {mode}"


@dataclass(slots=True)
class Round:
    """What a round did and found."""

    plan: Plan
    done: Counter[str] = field(default_factory=Counter)
    log: Log = field(default_factory=Log)
    findings: list[str] = field(default_factory=list)
    transitions: int = 0
    indicators: int = 0
    records: int = 0
    seconds: float = 0.0

    @property
    def start_seconds(self) -> float:
        """Return the median time from the start of a process after a kill to its first record."""
        return statistics.median(self.log.first_record) if self.log.first_record else float("nan")


class Chaos:
    """The scene of one round."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self.plan = plan
        self.kafka = servers.kafka(directory / "kafka")
        self.house = servers.clickhouse_server(directory / "clickhouse")
        self._directory = directory
        self.result = Round(plan)

    @property
    def broker(self) -> str:
        """Return ``host:port``."""
        return self.kafka.url.removeprefix("kafka://")

    def run(self) -> Round:
        """Play the round and return what was found; a failure in between names the plan."""
        began = time.monotonic()
        blows = draw(self.plan.seed, self.plan.blows, self.plan.workers)
        with self._servers():
            crew = self._crew()
            self.result.log = crew.log
            traffic = self._traffic()
            try:
                crew.start(self.plan.workers)
                crew.settle()
                traffic.start()
                crew.until(lambda: traffic.paced, HISTORY_SECONDS, "the history is sent")
                for number, blow in enumerate(blows):
                    _say(f"{number + 1}/{len(blows)} {blow}")
                    self._strike(crew, blow)
                self._finish(crew, traffic)
            finally:
                for worker in crew.workers:
                    if worker.running:
                        worker.kill()
            self._judge(traffic)
        self.result.seconds = time.monotonic() - began
        return self.result

    @contextmanager
    def _servers(self) -> Iterator[None]:
        self.kafka.start()
        try:
            self.house.start()
            asyncio.run(cluster.ensure_topics([self.broker], self.plan.partitions))
            yield
        finally:
            self.house.stop()
            self.kafka.stop()

    def _crew(self) -> Crew:
        options = [
            *("--broker", self.kafka.url, "--warehouse", self.house.url, "--partitions", str(self.plan.partitions)),
            *self._mode,
        ]
        # one more than work: it joins and leaves for live rebalances
        return Crew([Worker(slot, self._directory, options) for slot in range(self.plan.workers + 1)])

    @property
    def _mode(self) -> tuple[str, ...]:
        return ("--event-time",) if self.plan.event_time else ("--packs", str(PACK))

    def _traffic(self) -> Traffic | LiveTraffic:
        plan = self.plan
        if plan.event_time:
            return Traffic(self.broker, plan.partitions, plan.prefectures, plan.seed, plan.seconds)
        return LiveTraffic(self.broker, plan.partitions, plan.prefectures, plan.seed)

    # -- blows

    def _strike(self, crew: Crew, blow: Blow) -> None:
        if blow.settled:
            crew.settle()
        crew.wait(blow.after)
        worker = crew.workers[blow.slot]
        if not worker.running:  # it ended by itself a moment ago
            crew.tend()
        getattr(self, f"_{blow.kind}")(crew, worker, blow)
        self.result.done[blow.kind] += 1

    def _kill(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        crew.kill(worker, blow.seconds)

    def _crash(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        crew.crash(worker, blow.point, blow.times)
        crew.wait(CRASH_SECONDS, unless=lambda: not worker.armed)

    def _stop(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        crew.stop(worker)
        worker.start()

    def _pause(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        crew.pause(worker, blow.seconds)

    def _rebalance(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        """Let a worker join those that live, and leave again."""
        crew.settle()
        extra = crew.workers[-1]
        extra.start()
        crew.until(lambda: extra.partitions() > 0, 60.0, "the new worker has partitions")
        crew.wait(blow.after)
        crew.stop(extra)
        crew.until(lambda: self._held(crew) == self.plan.partitions, 60.0, "the others have all partitions again")

    def _held(self, crew: Crew) -> int:
        return sum(worker.partitions() for worker in crew.workers if worker.running)

    def _broker(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        self.kafka.kill()
        crew.wait(blow.seconds)
        self.kafka.start()

    def _warehouse(self, crew: Crew, worker: Worker, blow: Blow) -> None:
        self.house.kill()
        crew.wait(blow.seconds)
        self.house.start()

    # -- the end

    def _finish(self, crew: Crew, traffic: Traffic | LiveTraffic) -> None:
        """Send the rest, let the workers read all of it, and stop them."""
        traffic.hurry()
        crew.until(lambda: traffic.done, CATCH_UP_SECONDS, "everything is sent")
        self.result.records = sum(traffic.sent.records.values())
        crew.until(self._all_read, CATCH_UP_SECONDS, "progress has reached the log ends")
        crew.settle()
        for worker in crew.workers:
            if worker.running:
                crew.stop(worker)

    def _all_read(self) -> bool:
        ends = servers.log_ends(self.broker, topics.CONSUMED, self.plan.partitions)
        with closing(stores.connect(self.house.url)) as house:
            read = self._progress(house)
        return all(read.get(place, 0) >= end for place, end in ends.items())

    def _progress(self, house: Warehouse) -> Mapping[Place, int]:
        epoch = asyncio.run(cluster.inspect([self.broker])).id
        return rebuild.progress(house, epoch)

    def _judge(self, traffic: Traffic | LiveTraffic) -> None:
        result = self.result
        with closing(stores.connect(self.house.url)) as house:
            if isinstance(traffic, LiveTraffic):
                result.transitions, result.indicators = len(traffic.truth.episodes), len(traffic.truth.sold)
                result.findings = verdict.live(house, traffic)
            else:
                expected = expect(self.broker, self.plan.partitions)
                result.transitions, result.indicators = len(expected.transitions), expected.indicators.height
                result.findings = verdict.event_time(house, traffic, expected)
        result.findings += verdict.audit(self.broker, self.house.url, *self._mode)


def _say(text: str) -> None:
    sys.stderr.write(f"chaos: {text}\n")
    sys.stderr.flush()
