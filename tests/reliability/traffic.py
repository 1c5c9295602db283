"""A simulated region with known totals, sent while everything else is being killed."""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from producers.client import Producer
from producers.simulate import Simulation, load, run
from schemas import topics
from schemas.catalogue import load as load_catalogue

#: 2026-01-01T00:00+08:00.
START: Final = 1_767_196_800
#: A broker's restart takes 5 to 24 s, and there may be two in a row.
DELIVERY_SECONDS: Final = 180.0


@dataclass(slots=True)
class Sent:
    """What the producer was told to send, by itself: the stream has no part in these numbers."""

    records: Counter[str] = field(default_factory=Counter)


class Counting:
    """Passes records on and counts them by topic."""

    def __init__(self, producer: Producer, sent: Sent) -> None:
        self._producer, self._sent = producer, sent

    def send(self, topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        """Send one record."""
        self._producer.send(topic, prefecture, event)
        self._sent.records[topic] += 1

    def flush(self) -> None:
        """Wait until everything is acknowledged."""
        self._producer.flush()

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        """Say that nothing before ``time`` comes any more."""
        self._producer.clock(time, inputs=inputs, prefectures=prefectures)


class Sending(ABC):
    """Something that sends in the background until everything is acknowledged."""

    def __init__(self, server: str, partitions: int) -> None:
        self.sent = Sent()
        self._server, self._partitions = server, partitions
        self._hurry, self._paced = threading.Event(), threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._send, name="traffic", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    @property
    def paced(self) -> bool:
        """Return whether what comes first is sent and the paced part runs, or everything is sent."""
        return self._paced.is_set() or not self._thread.is_alive()

    def hurry(self) -> None:
        """Come to the end as fast as it goes."""
        self._hurry.set()

    @property
    def done(self) -> bool:
        """Return whether everything was sent and acknowledged; raises what the producer raised."""
        if self._failure is not None:
            raise self._failure
        return not self._thread.is_alive()

    def _send(self) -> None:
        try:
            with Producer(
                self._server, partitions=self._partitions, give_up_seconds=DELIVERY_SECONDS, sender="traffic"
            ) as producer:
                self._run(Counting(producer, self.sent))
        except BaseException as error:
            self._failure = error

    @abstractmethod
    def _run(self, producer: Counting) -> None:
        """Send everything."""


class Traffic(Sending):
    """The scenario beside this file in some prefectures: its history at full speed, then its days within ``seconds``.

    ``hurry`` sends the rest at full speed: what is sent does not depend on how long the blows took.
    """

    def __init__(self, server: str, partitions: int, prefectures: Sequence[int], seed: int, seconds: float) -> None:
        super().__init__(server, partitions)
        scenario = load(Path(__file__).with_suffix(".toml"))
        self.simulation = Simulation(scenario, load_catalogue(), seed=seed, start=START, prefectures=prefectures)
        self._speed = scenario.days * 86_400 / seconds

    def _run(self, producer: Counting) -> None:
        run(self.simulation, producer, speed=self._speed, clock=self._clock, sleep=self._sleep, punctuate=True)

    def _clock(self) -> float:
        return math.inf if self._hurry.is_set() else time.time()

    def _sleep(self, seconds: float) -> None:
        self._paced.set()
        self._hurry.wait(seconds)

    @property
    def totals(self) -> dict[str, int]:
        """Return what must be stored: records per topic, lines that count, repeats, broken records."""
        counts = self.simulation.counts()
        inputs = {topic: self.sent.records[topic] for topic in topics.INPUTS}
        return {**inputs, **{name: counts[name] for name in ("lines", "duplicates", "broken")}}
