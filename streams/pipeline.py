"""One engine per partition, between the transport that brings chunks and the writer and publisher.

A step of an engine and the hand-over of what it produced happen without an await in between, so
that state and buffer always agree. Partitions that this worker loses are forgotten, state and
buffer together.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from schemas import topics
from schemas.events import Substitute
from streams.buffer import RAW, Snapshot
from streams.chunk import Chunk
from streams.metrics import Metrics
from streams.pace import Pace
from streams.ports import Engine, Outcome
from streams.positions import Place
from streams.publish import Publisher, held_bytes
from streams.rebuild import Rebuilt
from streams.rejections import RejectionLog
from streams.standby import Need
from streams.writer import Writer

log = logging.getLogger(__name__)

#: Seconds that packing states may take at a stop; half of the stop's six are there for all that is stored.
STOP_PACKING = 1.5


class Pipeline:
    """What the partitions of one worker do with their input; all methods run in the event loop."""

    def __init__(
        self,
        writer: Writer,
        publisher: Publisher,
        metrics: Metrics,
        pace: Pace,
        *,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer = writer
        self._publisher = publisher
        self._metrics = metrics
        self._pace = pace
        self._wall = wall
        self._clock = clock
        self._rejections = RejectionLog(clock)
        #: Places of whose last records most were rejected.
        self._flooded: set[Place] = set()
        self.engines: dict[int, Engine] = {}
        #: While partitions are being taken away or rebuilt: nothing is applied, time does not pass.
        self.suspended = True
        #: Counts chunks applied and time steps, for whoever looks for a stall.
        self.steps = 0
        #: Told what the substitutes of alerts leave open; nobody is by default.
        self.seek: Callable[[int, Sequence[Need]], None] = lambda partition, needs: None
        writer.snapshots = self._due_snapshots

    def positions(self) -> dict[Place, int]:
        """Return the next offset that each partition's state needs of every topic."""
        return {
            (topic, partition): engine.offsets.get(topic, 0)
            for partition, engine in self.engines.items()
            for topic in topics.READ
        }

    def persisted(self) -> dict[Place, int]:
        """Return the next offset after what the warehouse holds, of the partitions that we have."""
        return {place: offset for place, offset in self._writer.persisted.items() if place[1] in self.engines}

    def gap(self, place: Place, expected: int, found: int) -> None:
        """Take note of records that no longer exist."""
        log.error("%s/%d: %d records from offset %d are gone, going on", *place, found - expected, expected)
        self._metrics.gaps.labels(place[0]).inc(found - expected)

    def flooded(self, place: Place) -> bool:
        """Return whether most of what came last from a place was rejected."""
        return place in self._flooded

    def ahead(self, chunk: Chunk) -> None:
        """Begin with a chunk that comes to its turn soon."""
        if (engine := self.engines.get(chunk.partition)) is not None:
            engine.ahead(chunk)

    def apply(self, first: int, chunk: Chunk) -> bool:
        """Take in a chunk that speaks for offsets from ``first``; False when something before it is missing."""
        engine = self.engines.get(chunk.partition)
        if self.suspended or engine is None:
            return True
        if first > engine.offsets.get(chunk.topic, 0):
            self._metrics.stale.inc()
            return False
        started, wall = time.perf_counter(), self._wall()
        outcome = engine.apply(chunk, wall)
        place = (chunk.topic, chunk.partition)
        self._emit(chunk.partition, outcome, {place: engine.offsets.get(chunk.topic, 0)})
        if outcome.counts.get("rule_changes"):  # what was decided under the old rules is not to be decided anew
            self._pace.press(chunk.partition)
        (self._flooded.add if len(outcome.dead) > len(chunk) / 2 else self._flooded.discard)(place)
        self._measure(chunk, time.perf_counter() - started, wall)
        return True

    def tick(self) -> None:
        """Let time pass for every partition."""
        if self.suspended:
            return
        self.steps += 1
        self._rejections.tell()
        wall = self._wall()
        for partition, engine in self.engines.items():
            self._emit(partition, engine.tick(wall), {})

    def catch_up(self, partition: int) -> bool:
        """Decide some more of what is due in a partition; False once nothing is."""
        engine = self.engines.get(partition)
        if self.suspended or engine is None or not engine.behind:
            return False
        self.steps += 1
        self._emit(partition, engine.tick(self._wall()), {})
        return True

    def support(self, partition: int, need: Need, found: Sequence[Substitute]) -> None:
        """Add substitutes from partner regions to an alert that is still as it was."""
        engine = self.engines.get(partition)
        if not self.suspended and engine is not None:
            self._emit(partition, engine.support(need, found, self._wall()), {})

    def drain(self) -> None:
        """Hand over what is still open, and have every state stored: for a clean stop."""
        wall = self._wall()
        self._rejections.tell(everything=True)
        self._pace.hurry()
        for partition, engine in self.engines.items():
            self._emit(partition, engine.drain(wall), self._offsets(partition, engine))
        self.suspended = True

    def adopt(self, partition: int, rebuilt: Rebuilt) -> None:
        """Take over a rebuilt partition and tell the world how it stands."""
        self.engines[partition] = rebuilt.engine
        self._writer.persisted.update(rebuilt.persisted)
        self._pace.adopt(partition, self._clock())
        self._metrics.rebuilds.inc()
        self._emit(partition, rebuilt.engine.republish(self._wall()), {})

    def keep_only(self, partitions: Iterable[int]) -> None:
        """Forget every other partition; what it had to store must have been stored."""
        for partition in set(self.engines) - set(partitions):
            del self.engines[partition]
            self._pace.forget(partition)
        self._writer.persisted = {p: o for p, o in self._writer.persisted.items() if p[1] in self.engines}
        self._metrics.assigned.set(len(self.engines))

    def discard(self) -> None:
        """Forget all partitions and everything of theirs that is not stored or sent."""
        self.engines.clear()
        self._writer.discard()
        self._publisher.discard()
        self.keep_only(())

    def measure_states(self) -> None:
        """Publish the sizes of the states as metrics."""
        self._metrics.assigned.set(len(self.engines))
        self._metrics.state.clear()
        for partition, engine in self.engines.items():
            for part, size in engine.sizes().items():
                self._metrics.state.labels(partition, part).set(size)

    def _emit(self, partition: int, outcome: Outcome, progress: Mapping[Place, int]) -> None:
        receipts = [self._publisher.dead(partition, outcome.dead)] if outcome.dead else []
        if outcome.extents:
            receipts.append(self._publisher.extents(outcome.extents))
        self._writer.add(outcome.rows, progress, receipts, sum(map(held_bytes, outcome.dead)))
        self._publisher.live(partition, outcome.live)
        self._publisher.alerts(partition, outcome.alerts)
        self._publisher.marked(partition, outcome.marked)
        if outcome.needs:
            self.seek(partition, outcome.needs)
        self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        for table in RAW:
            if table in outcome.rows:
                self._metrics.lines.labels(table).inc(len(outcome.rows[table]["offset"]))
        for (topic, stage), amount in Counter((letter.topic, letter.stage) for letter in outcome.dead).items():
            self._metrics.dead_letters.labels(topic, stage).inc(amount)
        self._rejections.note(outcome.dead)
        for what, amount in outcome.counts.items():
            self._metrics.counts.labels(what).inc(amount)

    def _measure(self, chunk: Chunk, seconds: float, wall: float) -> None:
        self.steps += 1
        self._metrics.events.labels(chunk.topic).inc(len(chunk))
        self._metrics.chunk.observe(len(chunk))
        self._metrics.batch.observe(seconds)
        if chunk.timestamps:
            self._metrics.latency.observe(max(0.0, wall - chunk.timestamps[-1] / 1000))

    def _offsets(self, partition: int, engine: Engine) -> dict[Place, int]:
        return {(topic, partition): offset for topic, offset in engine.offsets.items()}

    def _due_snapshots(self) -> Sequence[Snapshot]:
        """Return states that are due: one, for copying it stops the event loop; at a stop what there is time for.

        After a change of the rules all that are concerned.
        """
        now = self._clock()
        due = [each for each in self.engines.items() if self._pace.due(each[0], each[1].offsets, now)]
        if not self.suspended:
            pressed = [each for each in due if self._pace.is_pressed(each[0])]
            return [self._snapshot(*each) for each in pressed or due[:1]]
        left, chosen = STOP_PACKING, []
        for partition, engine in sorted(due, key=lambda each: self._pace.packing.get(each[0], 0.0)):
            left -= self._pace.packing.get(partition, 0.0)
            if left >= 0:
                chosen.append(self._snapshot(partition, engine))
        return chosen

    def _snapshot(self, partition: int, engine: Engine) -> Snapshot:
        now, started, offsets = self._clock(), time.perf_counter(), dict(engine.offsets)
        state = engine.snapshot()
        seconds = time.perf_counter() - started
        self._metrics.freeze.observe(seconds)
        slot = self._pace.take(partition, offsets, now, seconds)
        return Snapshot(partition, slot, offsets, engine.fingerprint, state, partial(self._packed, partition))

    def _packed(self, partition: int, size: int, seconds: float) -> None:
        self._pace.packed(partition, size, seconds)
        self._metrics.snapshot_bytes.labels(partition).set(size)
