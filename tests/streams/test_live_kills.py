"""Live, killed anywhere: the same episodes, ids and highest levels as undisturbed (RULES, end)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from schemas import topics
from schemas.events import LEVELS, Alert
from streams.alerts import packs
from streams.alerts.rulebook import Rulebook
from streams.decode import TABLES
from streams.engine import Engine
from streams.options import Options
from streams.outcome import Outcome
from tests.streams import records
from tests.streams.records import BAYI, GONGBU

NOON = records.moment("10-20 12:00")
DAY, HOUR, MINUTE = 86_400, 3600, 60
LIVE = Options(hold=1.0)
RULES = Rulebook([packs.load(name) for name in ("live", "urumqi-2007")], records.CATALOGUE)
#: How long after its time an event is read.
DELAY = 10


@dataclass(frozen=True)
class Step:
    """Records of one topic read at ``wall``; without any, time passes."""

    wall: float
    topic: str = ""
    events: Sequence[msgspec.Struct] = ()


NOTHING_REJECTED = pa.table({name: pa.array([], pa.int64()) for name in ("offset", "line", "lines")})


def week() -> list[Step]:
    """Eight dates with the usual prices, quotes and enough stock."""
    steps = []
    for day in range(8, 0, -1):
        noon = NOON - day * DAY
        for number, site in enumerate("abc"):
            quoted = [records.quote(noon - 3 * HOUR + number, ("potato", 4, None), site=site)]
            steps.append(Step(noon - 3 * HOUR + DELAY, topics.QUOTES, quoted))
        counts = [records.stock(noon - HOUR, "potato", 500, site=site) for site in "abc"]
        steps.append(Step(noon - HOUR + DELAY, topics.STOCK, counts))
        hours = [noon + hour * HOUR for hour in range(4)]
        steps += [Step(at + DELAY, topics.SALES, sales(at, 4.0, at - noon)) for at in hours]
    return steps


def sales(at: int, price: float, number: int, count: int = 12) -> list[msgspec.Struct]:
    return [
        records.receipt(at + each, number + each, ("potato", 1, price), store="abc"[each % 3],
                        region=BAYI if each % 4 else GONGBU)
        for each in range(count)
    ]  # fmt: skip


def storm(seed: int) -> list[Step]:
    """One day on which prices go up for hours and come down, stock runs out and comes back, quotes double.

    It begins with a price keyed in wrongly and taken back within a second: only who looks between the two
    chunks sees a level.
    """
    chance, steps = random.Random(seed), mistake(NOON + MINUTE)
    up = chance.randrange(4, 12)
    down = up + chance.randrange(10, 16)
    for part in range(1, 32):  # a quarter of an hour each
        at = NOON + part * 15 * MINUTE
        price = 4.0 * (chance.choice((1.4, 1.8, 2.5)) if up <= part < down else 1.0)
        events = sales(at, price, 1000 + 20 * part)
        steps.append(Step(at + DELAY, topics.SALES, events[:7]))
        steps.append(Step(at + DELAY + 1, topics.SALES, events[7:]))
        if part % 8 == 3:
            left = 0 if chance.random() < 0.4 else 300
            counts = [records.stock(at + 20, "potato", left, site=site) for site in "abc"]
            steps.append(Step(at + 20 + DELAY, topics.STOCK, counts))
        if part in {14, 18}:
            quoted = [records.quote(at + 30, ("potato", 8, None), site=site) for site in "abc"[: part - 13]]
            steps.append(Step(at + 30 + DELAY, topics.QUOTES, quoted))
        steps += [Step(at + offset) for offset in (60, 360)]
    last = NOON + 32 * 15 * MINUTE
    return [*steps, *(Step(last + part * 30 * MINUTE) for part in range(1, 28))]


def mistake(at: int) -> list[Step]:
    wrong = [records.receipt(at + n, 900 + n, ("potato", 1, 48.0), store="abc"[n % 3]) for n in range(6)]
    void = [records.receipt(at + n, 910 + n, ("potato", 1, 48.0), store="abc"[n % 3], kind="void") for n in range(6)]
    return [Step(at + DELAY, topics.SALES, wrong), Step(at + DELAY + 1, topics.SALES, void), Step(at + MINUTE)]


@dataclass
class Run:
    """What one worker after the other published and stored; ``stored`` has raw rows and alerts of every step."""

    engine: Engine
    published: list[Alert] = field(default_factory=list)
    stored: list[tuple[dict[str, dict[str, list[Any]]], list[Alert], int]] = field(default_factory=list)

    def do(self, step: Step) -> None:
        if step.topic:
            first = self.engine.offsets.get(step.topic, 0)
            self.keep(self.engine.apply(records.chunk(step.topic, step.events, first), step.wall))
        else:
            self.keep(self.engine.tick(step.wall))

    def keep(self, outcome: Outcome) -> None:
        assert not outcome.dead
        self.published += outcome.alerts
        raw = {table: outcome.rows[table] for table in TABLES.values() if table in outcome.rows}
        self.stored.append((raw, outcome.alerts, sum(self.engine.offsets.values())))

    def episodes(self) -> dict[str, tuple[str, str]]:
        """Return the highest level of every episode, and how it ended."""
        found: dict[str, list[Alert]] = {}
        for alert in self.published:
            found.setdefault(f"{alert.key} {alert.id}", []).append(alert)
        return {
            name: (
                max((each.level for each in alerts), key=LEVELS.index),
                max(alerts, key=lambda each: (each.as_of, each.seq)).state,
            )
            for name, alerts in found.items()
        }


def restarted(died: Run, snapshot: bytes, since: int, last: int, wall: float) -> Run:
    """Return a worker that begins with what was stored up to step ``last``, from a snapshot after ``since``."""
    engine = records.engine(LIVE, rulebook=RULES)
    engine.restore(snapshot)
    for raw, _, _ in died.stored[since : last + 1]:
        for table, columns in raw.items():
            rows = records.stored(columns)
            events = engine.prepare(table, rows, NOTHING_REJECTED)
            engine.settle(columns["ingested"][0])
            engine.replay(events, 0, len(events))
            engine.settle(columns["ingested"][-1])
    engine.adopt(newest(died, since, last))
    run = Run(engine, [*died.published])
    run.keep(engine.republish(wall))
    return run


def newest(died: Run, since: int, last: int) -> pa.Table:
    return records.stored_alerts([(alerts, position) for _, alerts, position in died.stored[since : last + 1]])


@pytest.fixture(scope="module")
def begun() -> bytes:
    run = Run(records.engine(LIVE, rulebook=RULES))
    for step in week():
        run.do(step)
    return run.engine.snapshot().pack()


def fresh(state: bytes) -> Run:
    engine = records.engine(LIVE, rulebook=RULES)
    engine.restore(state)
    return Run(engine)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 30))])
def test_killed_anywhere_live_the_episodes_are_the_same(begun: bytes, seed: int) -> None:
    """What a chunk alone showed, and was published and not stored when the worker died, cannot be known again."""
    steps, chance = storm(seed), random.Random(seed)
    undisturbed = fresh(begun)
    for step in steps:
        undisturbed.do(step)
    expected = undisturbed.episodes()
    assert {"live-24h", "urumqi-2007"} <= {name.split("|")[0] for name in expected}
    for kill in range(2):
        # The first kill comes after the mistake and its snapshot before: what it showed is only stored.
        killed = chance.randrange(8, 30) if kill == 0 else chance.randrange(10, len(steps) - 1)
        lost = chance.randrange(6)
        taken = -1 if kill == 0 else chance.randrange(killed - lost)
        run = fresh(begun)
        snapshot = begun
        for number, step in enumerate(steps[: killed + 1]):
            run.do(step)
            if number == taken:
                snapshot = run.engine.snapshot().pack()
        again = restarted(run, snapshot, taken + 1, killed - lost, steps[killed].wall + 3)
        for step in reread(steps[killed - lost + 1 : killed + 1], steps[killed].wall + 4):
            again.do(step)
        for step in steps[killed + 1 :]:
            again.do(step)
        assert again.episodes() == expected, (seed, killed, lost, taken)


def reread(steps: Sequence[Step], wall: float) -> list[Step]:
    """Return the records that were not stored, of each topic in one chunk: a fetch after a restart brings many."""
    merged: dict[str, list[msgspec.Struct]] = {}
    for step in steps:
        if step.topic:
            merged.setdefault(step.topic, []).extend(step.events)
    return [Step(wall, topic, events) for topic, events in merged.items()]
