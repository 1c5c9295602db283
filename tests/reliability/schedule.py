"""What goes wrong and when: a list of blows drawn from a seed, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from streams.ports import CRASH_POINTS

#: How often each kind is drawn, of a round's blows.
WEIGHTS: Final[Mapping[str, int]] = {
    "kill": 6,
    "crash": 6,
    "stop": 3,
    "pause": 3,
    "rebalance": 3,
    "broker": 2,
    "warehouse": 2,
}
#: A pause of more than the session's 6 s lets the others take the partitions; a shorter one does not.
PAUSES: Final = (0.5, 2.0, 8.0)
#: How long a server stays away.
ABSENCES: Final = (0.0, 1.0, 4.0)
#: The how-manieth time a crash point is passed: soon after a rebuild, or in the middle of work.
TIMES: Final = (1, 2, 3, 5)
#: Seconds between the crew's being ready and the next blow; or, unready, between two blows.
CALM: Final = (0.2, 2.5)


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that happens: ``kind``, to which worker, for how many seconds, at which crash point.

    ``settled`` blows wait until every worker is ready; the others fall into a rebuild or a rebalance.
    """

    kind: str
    slot: int
    after: float
    settled: bool
    seconds: float = 0.0
    point: str = ""
    times: int = 0

    def __str__(self) -> str:
        target = "" if self.kind in {"broker", "warehouse", "rebalance"} else f" worker {self.slot}"
        detail = f" at {self.point} #{self.times}" if self.point else f" for {self.seconds} s" if self.seconds else ""
        when = "once ready" if self.settled else "at once"
        return f"{self.kind}{target}{detail} ({when} +{self.after:.1f} s)"


def draw(seed: int, blows: int, workers: int) -> list[Blow]:
    """Return ``blows`` blows for ``workers`` workers: every kind and every crash point early, in a drawn order."""
    chance = random.Random(seed)
    points = _cycle(chance, CRASH_POINTS)
    kinds = _kinds(chance, blows)
    return [_blow(chance, kind, workers, points) for kind in kinds]


def _kinds(chance: random.Random, blows: int) -> list[str]:
    deck = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    drawn: list[str] = []
    while len(drawn) < blows:
        drawn += chance.sample(deck, len(deck))
    return drawn[:blows]


def _cycle(chance: random.Random, points: tuple[str, ...]) -> list[str]:
    """Return the crash points as a stack that never gives one twice before all others."""
    return [point for _ in range(200) for point in chance.sample(points, len(points))]


def _blow(chance: random.Random, kind: str, workers: int, points: list[str]) -> Blow:
    slot = chance.randrange(workers)
    settled = chance.random() < 0.75
    after = round(chance.uniform(*CALM), 1)
    if kind == "crash":
        return Blow(kind, slot, after, settled, point=points.pop(), times=chance.choice(TIMES))
    seconds = chance.choice(PAUSES if kind == "pause" else ABSENCES) if kind not in {"rebalance", "stop"} else 0.0
    return Blow(kind, slot, after, settled, seconds=seconds)
