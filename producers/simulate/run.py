"""Plays a simulation into Kafka: history at full speed, then paced by the wall clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from producers.simulate.records import Event
from producers.simulate.simulation import Simulation
from producers.simulate.truth import write
from schemas.topics import REGISTRY, TIMED

#: Event seconds between two clock records; the grid of event-time rules has the same step.
PUNCTUATION: Final = 300
#: Longest sleep: Ctrl-C and progress are served between two.
NAP: Final = 0.2
#: Dates close two hours after their midnight.
CLOSE_AFTER: Final = 7200


class Sink(Protocol):
    """What is needed of ``producers.client.Producer``."""

    def send(self, topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        """Send one record."""

    def flush(self) -> None:
        """Wait until everything is acknowledged."""

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        """Say "no more events before ``time``"."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: event time in epoch seconds, records and lines sent, whether it is paced already."""

    at: int
    records: int
    lines: int
    paced: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run sent: see ``Simulation.counts``; ``seconds`` of wall time."""

    records: int
    lines: int
    seconds: float
    counts: dict[str, int]
    broken: dict[str, int]


def run(
    simulation: Simulation,
    producer: Sink,
    *,
    speed: float = 600.0,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    truth_path: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    punctuate: bool = False,
) -> Summary:
    """Send a whole simulation, the paced part at ``speed`` event seconds a second, never ahead of ``clock``.

    Its registry comes first, so that it is known before the first sale when each store is open.
    ``truth_path`` is written at the end, also after an interruption; ``punctuate`` adds clock
    records of the simulation's prefectures. Raises what the producer raises.
    """
    began = clock()
    player = _Player(simulation, producer, speed, clock, sleep, progress)
    marks = _Marks(simulation, producer) if punctuate else None
    with _truth(simulation, truth_path):
        for prefecture, registered in simulation.registry():
            producer.send(REGISTRY, prefecture, registered)
        producer.flush()
        for event in simulation.events():
            if marks is not None:
                marks.before(event.time)
            player.play(event)
        if marks is not None:
            marks.last()
        producer.flush()
    return Summary(player.records, player.lines, clock() - began, simulation.counts(), simulation.broken())


@contextmanager
def _truth(simulation: Simulation, path: Path | None) -> Iterator[None]:
    try:
        yield
    finally:
        if path is not None:
            write(simulation.truth(), path)


class _Player:
    """Sends events when they are due."""

    def __init__(
        self,
        simulation: Simulation,
        producer: Sink,
        speed: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        if not speed > 0:
            msg = f"speed {speed} must be above 0: event seconds per second, like 600 / 倍速必须大于 0"
            raise ValueError(msg)
        self.records = 0
        self.lines = 0
        self._paced_from = simulation.paced_from
        self._send = producer.send
        self._flush = producer.flush
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._progress = progress
        self._began: float | None = None
        self._told = -math.inf

    def play(self, event: Event) -> None:
        """Wait until the event is due and send it."""
        self._wait(event.time)
        self._send(event.topic, event.prefecture, event.payload)
        self.records += 1
        self.lines += event.lines
        self._tell(event.time)

    def _wait(self, at: int) -> None:
        if at >= self._paced_from and self._began is None:
            self._flush()
            self._began = self._clock()
        due = float(at)
        if self._began is not None:
            due = max(due, self._began + (at - self._paced_from) / self._speed)
        while (left := due - self._clock()) > 0:
            self._tell(at)
            self._sleep(min(left, NAP))

    def _tell(self, at: int) -> None:
        now = self._clock()
        if self._progress is not None and now - self._told >= NAP:
            self._told = now
            self._progress(Progress(at, self.records, self.lines, self._began is not None))


class _Marks:
    """Punctuation of a simulation's prefectures; it waits for the latest of late records, so that it is always true.

    What breaks such a promise has a different effect before and after it is read.
    """

    def __init__(self, simulation: Simulation, producer: Sink) -> None:
        self._clock = producer.clock
        self._prefectures = simulation.prefectures
        self._delay = simulation.longest_delay
        self._next = simulation.start + PUNCTUATION
        self._last = simulation.last_midnight + CLOSE_AFTER

    def before(self, at: int) -> None:
        """Say once of the last grid point that nothing before it comes any more, ``at`` being sent now."""
        if at - self._delay >= self._next:
            mark = (at - self._delay) // PUNCTUATION * PUNCTUATION
            self._clock(mark, inputs=TIMED, prefectures=self._prefectures)
            self._next = mark + PUNCTUATION

    def last(self) -> None:
        """Close every date that was simulated."""
        self._clock(self._last, inputs=TIMED, prefectures=self._prefectures)
