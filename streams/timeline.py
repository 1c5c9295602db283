"""When things become due: one prefecture's time, on a grid of 5 minutes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator

from schemas import topics
from streams.indicators.civil import BUCKET
from streams.queues import NEVER, Events, Queue
from streams.setup import Setup


class Timeline(ABC):
    """Events wait in ``queues``; ``moment`` is the grid point up to which everything is decided.

    Event-time mode: a grid point is due when every named input has passed it. Live: when the
    prefecture's newest event has, or the wall clock where nothing arrives any more. Changes of the
    registry wait in ``changes``: they move no time, and time waits for them only where event-time mode names them.
    """

    def __init__(self, setup: Setup, changes: Queue) -> None:
        self._setup = setup
        self.queues = {topic: Queue() for topic in topics.INPUTS}
        self._timed = {**self.queues, topics.REGISTRY: changes}
        self.moment = NEVER
        self.closed_day = NEVER
        #: Per input: when its last chunk came, as a count of chunks and by the wall clock.
        self._arrivals: dict[str, tuple[int, float]] = {}
        self._chunks = 0
        #: Since when (wall clock) events could have come; 0 until time first passes here.
        self._listening = 0.0
        #: Since when (wall clock) a grid point, or the start, has been due; 0 while none is.
        self._due = 0.0
        #: Whether more was due than one call may decide: call ``advance`` again.
        self.behind = False

    @abstractmethod
    def enter(self, moment: int) -> None:
        """Begin the bucket that starts at ``moment``."""

    @abstractmethod
    def step(self, point: int) -> Generator[None]:
        """Decide everything up to grid point ``point``; stops where it needs something measured (``lockstep``)."""

    @abstractmethod
    def look_ahead(self, now: int) -> Generator[None]:
        """Live: take in what came in the started bucket; stops as ``step`` does."""

    @abstractmethod
    def quiet(self) -> bool:
        """Return whether nothing waits for the next grid point."""

    @abstractmethod
    def next_change(self) -> int:
        """Return the first grid point at which something changes without an event."""

    def push(self, topic: str, events: Events, wall: float, latest: int | None = None) -> None:
        """Let events of one input wait for their turn; ``latest`` is the time of their latest one, where known."""
        self.queues[topic].push(events, latest)
        self._chunks += 1
        self._arrivals[topic] = self._chunks, wall

    def punctuate(self, topic: str, at: int) -> None:
        """Take note that ``topic`` brings nothing before ``at`` any more."""
        if self.moment != NEVER or any(queue.first != NEVER for queue in self.queues.values()):
            self._timed[topic].punctuate(at)

    def await_events(self) -> None:
        """Begin to wait for events anew, after a rebuild: the wall clock must not overtake the backlog."""
        self._listening = 0.0

    def advance(self, wall: float, *, ahead: bool = True) -> Generator[None, None, bool]:
        """Do everything that is due; live, ``ahead`` looks into the started bucket too. Return whether there was any.

        Stops as ``step`` does.

        Asked of each prefecture after every chunk, in which most of 285 have nothing due.
        """
        options = self._setup.options
        if options.event_time:
            return (yield from self._advance_to(min([self._timed[topic].watermark for topic in options.inputs])))
        return (yield from self._advance_live(wall, ahead=ahead))

    def _advance_live(self, wall: float, *, ahead: bool) -> Generator[None, None, bool]:
        options = self._setup.options
        marks = [queue.watermark for queue in self.queues.values() if queue.watermark != NEVER]
        if not marks:
            return False
        now = max(marks)
        self._listening = self._listening or wall
        arrived = max((at for _, at in self._arrivals.values()), default=0.0)
        if wall - max(arrived, self._listening) >= options.idle_after and wall - now < options.idle_reach:
            now = max(now, int(wall))
        moved = False
        if self.moment == NEVER or self.moment + BUCKET <= now:
            self._due = self._due or wall
            moved = yield from self._advance_due(now, wall)
        if ahead and self.moment != NEVER and self.moment + BUCKET > now:
            yield from self.look_ahead(now)
            return True
        return moved

    def _advance_due(self, now: int, wall: float) -> Generator[None, None, bool]:
        held = wall - self._due < self._setup.options.hold
        if held and self.moment == NEVER:
            return False  # the first chunk is of one input: give the others their turn
        before = self.moment
        moved = yield from self._advance_to(min(self._flowing(wall), default=now) if held else now)
        if self.moment != before:
            self._due = 0.0
        return moved

    def _flowing(self, wall: float) -> list[int]:
        """Return the watermarks of inputs that are being read right now.

        Where a backlog is read, chunks of the topics alternate, and one may be hours of event time
        ahead of another: time must not overtake what comes with the next chunk.
        """
        options = self._setup.options
        return [
            self.queues[topic].watermark
            for topic, (chunk, at) in self._arrivals.items()
            if self._chunks - chunk <= options.alternation or wall - at < options.hold
        ]

    def _advance_to(self, now: int) -> Generator[None, None, bool]:
        if self.moment == NEVER and not self._start(now):
            return False
        most = self._setup.options.most_steps
        steps = 0
        while self.moment + BUCKET <= now and not (most and steps >= most):
            yield from self.step(self._next(now))
            steps += 1
        self.behind = self.moment + BUCKET <= now
        return steps > 0

    def _start(self, now: int) -> bool:
        """Begin with the first event's bucket once all inputs have passed it: before, one may bring an earlier one."""
        firsts = [queue.first for queue in self.queues.values() if queue.first != NEVER]
        if not firsts or now < min(firsts) // BUCKET * BUCKET:
            return False
        self.enter(min(firsts) // BUCKET * BUCKET)
        self.closed_day = self._setup.civil.day(self.moment) - 1
        return True

    def _next(self, now: int) -> int:
        """Return the next grid point at which anything can happen, at most the last one up to ``now``."""
        following = self.moment + BUCKET
        if not self.quiet():
            return following
        firsts = [queue.first for queue in self._timed.values() if queue.first != NEVER]
        due = [now // BUCKET * BUCKET, self.closes(self.closed_day + 1), self.next_change()]
        due += [first // BUCKET * BUCKET + BUCKET for first in firsts]
        return max(following, min(due))

    def closes(self, day: int) -> int:
        """Return the grid point at which ``day`` closes."""
        due = self._setup.civil.midnight(day + 1) + self._setup.options.close_after
        return -(-due // BUCKET) * BUCKET
