"""Playing a recording into a sink: which part, how fast, when in time, and with which punctuation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from producers import pace
from producers.progress import Reporter, Silent
from producers.replay.recording import Recording, Timed, days_to_now


class Sink(Protocol):
    """Where events go: ``producers.client.Producer``, or a list in tests."""

    def send(
        self, topic: str, prefecture: int, event: msgspec.Struct | bytes, *, headers: Iterable[tuple[str, bytes]] = ()
    ) -> None:
        """Hand over one event."""

    def flush(self) -> None:
        """Wait until everything is delivered."""

    def clock(self, time: int, *, inputs: Iterable[str] = (), prefectures: Iterable[int] = ()) -> None:
        """Say "no more events before ``time``"."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How to play. The rate in lines per second is the sink's.

    ``speed``: seconds of event time per second, None as fast as it goes. ``start`` and ``end``:
    epoch seconds of the recording's own times, [start, end). ``shift_to_now``: by whole dates, so that
    the last one is today, or yesterday where today would reach into the future. ``final``: end with a
    clock that closes the last date everywhere. ``punctuate``: every so many seconds of event time, say
    "no more events before this" for the recording's own inputs and prefectures.
    """

    speed: float | None = None
    start: int | None = None
    end: int | None = None
    shift_to_now: bool = False
    final: bool = False
    punctuate: int | None = None
    limit_lines: int | None = None
    zone: str = pace.DEFAULT_ZONE
    close_after: int = pace.CLOSE_AFTER


@dataclass(slots=True)
class Summary:
    """What was played. ``first`` and ``last`` are event times as sent, epoch seconds."""

    events: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    first: int | None = None
    last: int | None = None
    shifted_days: int = 0
    clocks: int = 0
    #: Reason -> lines of the source that were not played.
    skipped: dict[str, int] = field(default_factory=dict)


def play(
    recording: Recording,
    sink: Sink,
    playback: Playback,
    *,
    reporter: Reporter | None = None,
    now: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Summary:
    """Play it all; returns when the sink has delivered everything. Raises what the sink raises."""
    placed, days = prepare(recording, playback, now())
    summary = Summary(shifted_days=days, skipped=dict(recording.skipped))
    shown = reporter or Silent()
    shown.begin(recording.title, placed.lines.height)
    try:
        tempo = pace.Tempo(playback.speed, clock, sleep) if playback.speed else None
        _run(placed, sink, playback, summary, shown, tempo)
    finally:
        shown.end()
    return summary


def prepare(recording: Recording, playback: Playback, now: float) -> tuple[Recording, int]:
    """Return the part to be played at its place in time, and by how many dates it was moved."""
    zone = playback.zone
    part = recording.placed(zone).between(playback.start, playback.end).first(playback.limit_lines)
    span = part.span()
    if span is None or not playback.shift_to_now:
        return part, 0
    ceiling = pace.closing(span[1], zone, playback.close_after) if playback.final else span[1]
    days = days_to_now(span[1], ceiling, now, zone)
    return part.moved(days, zone), days


def _run(
    placed: Recording,
    sink: Sink,
    playback: Playback,
    summary: Summary,
    shown: Reporter,
    tempo: pace.Tempo | None,
) -> None:
    punctuation = _Punctuation(placed, sink, playback.punctuate, tempo) if playback.punctuate else None
    for timed in placed.events(playback.zone):
        if punctuation:
            summary.clocks += punctuation.up_to(timed.time)
        if tempo:
            tempo.wait(timed.time)
        sink.send(timed.topic, timed.prefecture, timed.event)
        _count(summary, timed)
        shown.advance(timed.lines, timed.time)
    if playback.final and summary.last is not None:
        sink.clock(pace.closing(summary.last, playback.zone, playback.close_after))
        summary.clocks += 1
    sink.flush()


def _count(summary: Summary, timed: Timed) -> None:
    summary.events[timed.topic] += 1
    summary.lines += timed.lines
    summary.last = timed.time
    if summary.first is None:
        summary.first = timed.time


class _Punctuation:
    """Sends the clock at multiples of ``every`` seconds that lie before the next event."""

    def __init__(self, recording: Recording, sink: Sink, every: int, tempo: pace.Tempo | None) -> None:
        self._recording = recording
        self._sink = sink
        self._every = every
        self._tempo = tempo
        self._next: int | None = None

    def up_to(self, moment: int) -> int:
        """Send what is due before an event at ``moment``; return how many clocks that were."""
        newest = moment // self._every * self._every
        if self._next is None:
            self._next = newest + self._every
            if self._tempo:
                self._tempo.ahead(moment)
        sent = 0
        while self._next <= newest:
            due = self._due(self._next, newest)
            if self._tempo:
                self._tempo.wait(due)
            self._sink.clock(due, inputs=self._recording.inputs, prefectures=self._recording.prefectures)
            self._next = due + self._every
            sent += 1
        return sent

    def _due(self, earliest: int, newest: int) -> int:
        """Return the newest multiple whose moment has come: one clock says all that earlier ones would."""
        if self._tempo is None:
            return newest
        late = max(0.0, -self._tempo.ahead(earliest))
        return min(newest, earliest + int(late * self._tempo.speed) // self._every * self._every)
