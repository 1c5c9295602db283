"""Punctuation that waits until the stream has read what it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from schemas import topics
from schemas.events import Clock
from streams.prefecture import Prefecture


class Clocks:
    """Clock records of one partition that have not taken effect for all their inputs."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Clock, int, set[str]]] = []

    def add(self, clock: Clock) -> None:
        """Note a record. Raises ``ValueError`` where it makes no sense."""
        moment = datetime.fromisoformat(clock.time)
        if moment.tzinfo is None:
            msg = f"time {clock.time[:40]!r} has no offset"
            raise ValueError(msg)
        inputs = {topics.INPUT_NAMES.get(name, name) for name in clock.inputs} or set(topics.INPUTS)
        unknown = inputs - set(topics.INPUTS)
        if unknown:
            msg = f"unknown input {sorted(unknown)[0][:40]!r}: allowed are {', '.join(topics.INPUT_NAMES)}"
            raise ValueError(msg)
        if not all(code.isascii() and code.isdecimal() for code in clock.prefectures):
            msg = "prefectures must be codes such as 540100"
            raise ValueError(msg)
        self._waiting.append((clock, int(moment.timestamp()), inputs))

    def apply(self, offsets: Mapping[str, int], places: Mapping[int, Prefecture]) -> None:
        """Let every record take effect for the inputs that were read far enough."""
        still: list[tuple[Clock, int, set[str]]] = []
        for clock, at, inputs in self._waiting:
            reached = {topic for topic in inputs if offsets.get(topic, 0) >= clock.offsets.get(topic, 0)}
            chosen = {int(code) for code in clock.prefectures}
            for code, place in places.items():
                if not chosen or code in chosen:
                    for topic in reached:
                        place.punctuate(topic, at)
            if reached != inputs:
                still.append((clock, at, inputs - reached))
        self._waiting = still

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [[msgspec.to_builtins(clock), at, sorted(inputs)] for clock, at, inputs in self._waiting]

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        self._waiting = [(msgspec.convert(clock, Clock), at, set(inputs)) for clock, at, inputs in data]
