"""Plays scenarios straight into engines, in event time and without Kafka, and scores the alerts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from producers.simulate import Expect, Simulation, Truth, load, run
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.catalogue import load as load_catalogue
from schemas.events import LEVELS, Alert, Clock, DeadLetter
from streams.alerts.packs import load as load_pack
from streams.alerts.rulebook import Rulebook
from streams.chunk import Chunk
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome

#: 2026-01-01T00:00+08:00.
START = 1_767_196_800
#: Long after every event, and long before the year 2100 of the broken ones.
WALL = float(START + 90 * 86_400)
PARTITIONS = 4
EVERY = 4 * 3600
PACKS = ("live", "cover", "urumqi-2007", "urumqi-2007:wholesale")


@dataclass(slots=True)
class Cluster:
    """Stands in for the producer: one engine per partition; takes effect every ``EVERY`` seconds of event time.

    How often does not matter to the result (``test_engine_rebuild``), only to the time it takes.
    """

    engines: dict[int, Engine]
    alerts: list[Alert] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _clock: tuple[int, Sequence[str], Sequence[int]] | None = None
    _settled: int = 0
    _waiting: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    _next: dict[tuple[str, int], int] = field(default_factory=dict)

    def send(self, topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        """Keep a record until its turn comes."""
        raw = event if isinstance(event, bytes) else msgspec.json.encode(event)
        place = (topic, topics.partition_of(prefecture, PARTITIONS))
        self._waiting.setdefault(place, []).append(raw)

    def flush(self) -> None:
        """Apply what waits."""
        for topic, partition in list(self._waiting):
            self._apply(topic, partition, self._waiting.pop((topic, partition)))

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        """Keep the newest clock; apply everything when its turn has come."""
        self._clock = (time, inputs, prefectures)
        if time - self._settled >= EVERY:
            self.settle()

    def settle(self) -> None:
        """Apply what waits, then one clock record per partition."""
        self.flush()
        if self._clock is None:
            return
        time, inputs, prefectures = self._clock
        self._settled = time
        for partition in {topics.partition_of(code, PARTITIONS) for code in prefectures}:
            clock = Clock(
                time=datetime.fromtimestamp(time, UTC).isoformat(),
                sender="test",
                offsets={topic: self._next.get((topic, partition), 0) for topic in inputs},
                inputs=list(inputs),
                prefectures=[str(code) for code in prefectures],
            )
            self._apply(topics.CLOCK, partition, [msgspec.json.encode(clock)])

    def _apply(self, topic: str, partition: int, values: list[bytes]) -> None:
        first = self._next.get((topic, partition), 0)
        after = first + len(values)
        self._next[topic, partition] = after
        nothing: list[None] = [None] * len(values)
        chunk = Chunk(
            topic, partition, range(first, after), values, nothing, [()] * len(values), [0] * len(values), after
        )
        self._take(self.engines[partition].apply(chunk, WALL))

    def _take(self, outcome: Outcome) -> None:
        self.alerts += outcome.alerts
        self.dead += outcome.dead
        for name, amount in outcome.counts.items():
            self.counts[name] = self.counts.get(name, 0) + amount


@dataclass(frozen=True, slots=True)
class Played:
    """What a scenario brought about."""

    simulation: Simulation
    truths: list[Truth]
    cluster: Cluster

    @property
    def raised(self) -> list[Alert]:
        """Return the transitions to firing and between levels."""
        return [alert for alert in self.cluster.alerts if alert.state == "firing"]

    @property
    def expects(self) -> list[Expect]:
        """Return everything that the ground truth calls for."""
        return [expect for truth in self.truths for expect in truth.expects]

    def missed(self) -> list[Expect]:
        """Return the expectations that no alert met in time."""
        return [expect for expect in self.expects if not any(met(expect, alert) for alert in self.raised)]


def met(expect: Expect, alert: Alert) -> bool:
    """Return whether an alert is what was expected, at its level or above and in its window."""
    same = (alert.rule, alert.region, alert.good) == (expect.rule, expect.region, expect.good)
    high = LEVELS.index(alert.level) >= LEVELS.index(expect.level)
    return same and high and moment(expect.after) <= moment(alert.at) <= moment(expect.before)


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def play(
    name: str,
    prefectures: Iterable[int],
    seed: int,
    days: int | None = None,
    *,
    packs: Sequence[str] = PACKS,
    quarantine: bool = False,
) -> Played:
    """Play a scenario, or its first ``days``, in event time until every date is closed."""
    end = None if days is None else START + days * 86_400
    catalogue: Catalogue = load_catalogue()
    chosen = sorted(prefectures)
    rulebook = Rulebook([load_pack(one) for one in packs], catalogue)
    options = Options(event_time=True, quarantine=quarantine)
    engines = {
        partition: Engine(partition, PARTITIONS, catalogue, rulebook, options, "test", 0)
        for partition in {topics.partition_of(code, PARTITIONS) for code in chosen}
    }
    cluster = Cluster(engines)
    simulation = Simulation(load(name), catalogue, seed=seed, start=START, prefectures=chosen, end=end)
    run(simulation, cluster, speed=math.inf, clock=lambda: WALL, punctuate=True)
    cluster.settle()
    return Played(simulation, simulation.truth(), cluster)
