"""What the producers' tests send into, and time that passes only when somebody sleeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

Event = TypeVar("Event", bound=msgspec.Struct)


@dataclass
class Memory:
    """A sink that keeps what it gets."""

    sent: list[tuple[str, int, msgspec.Struct | bytes]] = field(default_factory=list)
    clocks: list[tuple[int, tuple[str, ...], tuple[int, ...]]] = field(default_factory=list)
    flushes: int = 0

    def send(
        self, topic: str, prefecture: int, event: msgspec.Struct | bytes, *, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        self.sent.append((topic, prefecture, event))

    def flush(self) -> None:
        self.flushes += 1

    def clock(self, time: int, *, inputs: Iterable[str] = (), prefectures: Iterable[int] = ()) -> None:
        self.clocks.append((time, tuple(inputs), tuple(prefectures)))

    def events(self, kind: type[Event]) -> list[Event]:
        return [event for _, _, event in self.sent if isinstance(event, kind)]


@dataclass
class Time:
    """A clock that only ``sleep`` moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
