"""The product's pure core without servers: timed events in, rows of the warehouse out."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from producers.replay.recording import Timed
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import Clock
from schemas.topics import partition_of
from streams.alerts import DEFAULT, Rulebook, load
from streams.chunk import Chunk
from streams.columns import listed
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome

PARTITIONS = 4
#: Any present after the events will do in event-time mode; an event ahead of it would be rejected.
PRESENT = 1_900_000_000.0

Rows = list[dict[str, Any]]


class Core:
    """The engines of all partitions. Records arrive in chunks of random size, as fetches bring them."""

    def __init__(
        self,
        catalogue: Catalogue,
        options: Options,
        *,
        seed: int = 7,
        most: int = 500,
        packs: Iterable[str] = DEFAULT,
    ) -> None:
        rulebook = Rulebook([load(name) for name in packs], catalogue)
        options = replace(options, event_time=True)
        self._engines = [
            Engine(number, PARTITIONS, catalogue, rulebook, options, "test", 1) for number in range(PARTITIONS)
        ]
        self._random, self._most = random.Random(seed), most
        self._waiting: defaultdict[tuple[str, int], list[bytes]] = defaultdict(list)
        self._next: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.tables: defaultdict[str, Rows] = defaultdict(list)

    def play(self, events: Iterable[Timed], *, until: str, inputs: Iterable[str]) -> None:
        """Apply all events, then "no more events before ``until``" (RFC 3339) for the inputs."""
        for each in events:
            place = each.topic, partition_of(each.prefecture, PARTITIONS)
            self._waiting[place].append(msgspec.json.encode(each.event))
            if len(self._waiting[place]) >= self._random.randint(1, self._most):
                self._deliver(*place)
        for place in list(self._waiting):
            self._deliver(*place)
        for number in range(PARTITIONS):
            clock = Clock(time=until, sender="test", inputs=list(inputs))
            self._waiting[topics.CLOCK, number].append(msgspec.json.encode(clock))
            self._deliver(topics.CLOCK, number)
        self._deliver(topics.EXTENTS, 0)

    def _deliver(self, topic: str, partition: int) -> None:
        values: list[bytes | None] = [*self._waiting.pop((topic, partition), [])]
        first = self._next[topic, partition]
        self._next[topic, partition] = first + len(values)
        offsets = range(first, first + len(values))
        nothing: list[list[tuple[str, bytes]]] = [[] for _ in values]
        chunk = Chunk(topic, partition, offsets, values, [b""] * len(values), nothing, [0] * len(values), offsets.stop)
        self._take(self._engines[partition].apply(chunk, PRESENT))

    def _take(self, outcome: Outcome) -> None:
        assert not outcome.dead, outcome.dead[0]
        self._waiting[topics.EXTENTS, 0] += map(msgspec.json.encode, outcome.extents)
        if len(self._waiting[topics.EXTENTS, 0]) >= self._random.randint(1, self._most):
            self._deliver(topics.EXTENTS, 0)
        for table, columns in outcome.rows.items():
            names, rows = list(columns), zip(*map(listed, columns.values()), strict=True)
            self.tables[table] += [dict(zip(names, row, strict=True)) for row in rows]

    def indicators(self, grain: str, kind: str = "retail") -> dict[tuple[int, str, int], dict[str, Any]]:
        """Return the newest row of each (region, good, end), as the warehouse would."""
        newest: dict[tuple[int, str, int], dict[str, Any]] = {}
        for row in self.tables["indicators"]:
            if row["grain"] == grain and row["kind"] == kind:
                newest[row["region"], row["good"], row["at"]] = row
        return newest
