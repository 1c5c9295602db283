"""Plays scenarios straight into engines, in event time and without Kafka, and scores the alerts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from producers.simulate import Expect, Simulation, Truth, load, run
from producers.simulate.run import CLOSE_AFTER
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.catalogue import load as load_catalogue
from schemas.events import Alert, Clock
from schemas.letters import DeadLetter
from staplewatch.scoring.truth import Transition, missed, unexplained
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
#: Packs whose rules look at regions, and at single sites: the latter cost two thirds of a run's time.
DATES = ("urumqi-2007", "urumqi-2007-steady", "qingdao-2014", "qingdao-2015", "mofcom-2011")
SITES = ("site", "gouging", "suspected-out")
PACKS = ("live", "cover", *DATES, "urumqi-2007:wholesale", *SITES, "feed")
#: What prefectures tell each other about a province is put together here.
ABOVE = 0


@dataclass(slots=True)
class Cluster:
    """Stands in for the producer: one engine per partition.

    Records are applied in chunks of ``most``, and what waits together with a clock record every ``every``
    seconds of event time. Neither matters to the result, only to the time it takes.
    """

    engines: dict[int, Engine]
    most: int = 1_000_000
    every: int = EVERY
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
        waiting = self._waiting.setdefault(place, [])
        waiting.append(raw)
        if len(waiting) >= self.most:
            self._apply(*place, self._waiting.pop(place))

    def flush(self) -> None:
        """Apply what waits."""
        for topic, partition in list(self._waiting):
            self._apply(topic, partition, self._waiting.pop((topic, partition)))

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        """Keep the newest clock; apply everything when its turn has come."""
        self._clock = (time, inputs, prefectures)
        if time - self._settled >= self.every:
            self.settle()

    def settle(self) -> None:
        """Apply what waits, then one clock record per partition."""
        self.flush()
        if self._clock is None:
            return
        time, inputs, prefectures = self._clock
        self._settled = time
        for partition in self._concerned(prefectures):
            clock = Clock(
                time=datetime.fromtimestamp(time, UTC).isoformat(),
                sender="test",
                offsets={topic: self._next.get((topic, partition), 0) for topic in inputs},
                inputs=list(inputs),
                prefectures=[str(code) for code in prefectures],
            )
            self._apply(topics.CLOCK, partition, [msgspec.json.encode(clock)])
        self._flush_extents()

    def final(self, time: int) -> None:
        """Close everything up to ``time``, prefectures that were not simulated among them."""
        self._clock = (time, topics.INPUTS, [])
        self.settle()

    def _concerned(self, prefectures: Sequence[int]) -> set[int]:
        return {topics.partition_of(code, PARTITIONS) for code in prefectures} or set(self.engines)

    def _flush_extents(self) -> None:
        if waiting := self._waiting.pop((topics.EXTENTS, ABOVE), []):
            self._apply(topics.EXTENTS, ABOVE, waiting)

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
        for extent in outcome.extents:
            self.send(topics.EXTENTS, ABOVE, extent)
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
    rules: frozenset[str]

    @property
    def raised(self) -> list[Alert]:
        """Return the transitions to firing and between levels."""
        return [alert for alert in self.cluster.alerts if alert.state == "firing"]

    @property
    def transitions(self) -> list[Transition]:
        """Return every transition as a score reads it."""
        return msgspec.convert(msgspec.to_builtins(self.cluster.alerts), list[Transition])

    def missed(self) -> list[Expect]:
        """Return the expectations on the rules that were loaded that no alert met in time."""
        return [expect for expect in missed(self.truths, self.transitions) if expect.rule in self.rules]

    def expected(self) -> set[tuple[str, str]]:
        """Return rules and levels that the ground truth calls for."""
        return {(expect.rule, expect.level) for truth in self.truths for expect in truth.expects}

    def unexplained(self) -> list[Transition]:
        """Return the episodes that no incident explains."""
        return unexplained(self.truths, self.transitions)


def play(
    name: str | Path,
    prefectures: Iterable[int],
    seed: int,
    days: int | None = None,
    packs: Iterable[str] = PACKS,
    chunks: tuple[int, int] = (1_000_000, EVERY),
    *,
    quarantine: bool = False,
) -> Played:
    """Play a scenario, or its first ``days``, in event time until every date is closed.

    ``chunks``: ``most`` and ``every`` of the cluster.
    """
    end = None if days is None else START + days * 86_400
    catalogue: Catalogue = load_catalogue()
    chosen = sorted(prefectures)
    rulebook = Rulebook([load_pack(one) for one in packs], catalogue)
    options = Options(event_time=True, quarantine=quarantine)
    engines = {
        partition: Engine(partition, PARTITIONS, catalogue, rulebook, options, "test", 0)
        for partition in range(PARTITIONS)
    }
    cluster = Cluster(engines, *chunks)
    simulation = Simulation(load(name), catalogue, seed=seed, start=START, prefectures=chosen, end=end)
    run(simulation, cluster, speed=math.inf, clock=lambda: WALL, punctuate=True)
    cluster.final(simulation.last_midnight + CLOSE_AFTER)
    rules = frozenset(rule.id for rule in rulebook.rules.values())
    return Played(simulation, simulation.truth(), cluster, rules)
