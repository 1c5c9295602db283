"""How a worker is: why it does not do its work, what is not well although it does, and what must end it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from faust.exceptions import ConsumerNotStarted

from streams.app import Stream
from streams.failures import WorkerStalledError
from streams.health import Stall
from streams.metrics import Metrics
from streams.options import WorkerOptions
from streams.outage import MIB, moment
from streams.pipeline import Pipeline
from streams.positions import Place
from streams.presence import Presence
from streams.writer import Writer

#: Stands for the group where places are watched.
GROUP: Place = ("group", 0)


@dataclass(slots=True)
class Findings:
    """Reasons for not being ready, notes, and figures by name."""

    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)


class Condition:
    """Looks at the parts of one worker, every second. ``fatal``: why the worker must end itself."""

    def __init__(
        self, options: WorkerOptions, presence: Presence, stream: Stream, writer: Writer, pipeline: Pipeline,
        metrics: Metrics,
    ) -> None:  # fmt: skip
        self._options, self._presence, self._stream = options, presence, stream
        self._writer, self._pipeline, self._metrics = writer, pipeline, metrics
        self._stall = Stall(options.stall_seconds)
        self._sharing = Stall(options.sharing_seconds)
        #: Where logs end as the broker says: fetches do not tell of places that are not read.
        self.found_ends: dict[Place, int] = {}
        self.fatal: Exception | None = None

    def look(self) -> Findings:
        """Return how the worker is now."""
        told = Findings([reason for reason in (self._presence.reason, self._stream.waiting) if reason])
        self._note_storing(told)
        self._look_for_endless_sharing()
        if stalled := self._stalled():
            told.reasons.append(f"no progress in spite of lag: {', '.join(f'{t}/{p}' for t, p in stalled)}")
        return told

    def _note_storing(self, told: Findings) -> None:
        outage, waiting, full = self._writer.outage, self._writer.waiting, self._writer.full
        if outage is not None:
            (told.reasons if full else told.notes).append(f"{outage}; {waiting}")
        if full:
            said = "the buffer is full, reading waits for the warehouse / 缓冲已满，暂停读取"
            (told.reasons if outage else told.notes).append(said)
        told.figures["storing"] = {
            "state": outage.state if outage else "ok",
            "since": moment(outage.since) if outage else None,
            "reason": outage.reason if outage else "",
            "rows_waiting": waiting.rows,
            "mib_waiting": round(waiting.bytes / MIB, 1),
            "mib_bound": round(self._options.buffer_bytes / MIB, 1),
            "seconds_left": None if waiting.seconds_left is None else round(waiting.seconds_left),
        }

    def _look_for_endless_sharing(self) -> None:
        """End the worker when its group does not come to an assignment: a new process joins anew.

        Nothing else would: while partitions are shared out, records that wait are no stall.
        """
        if not self._stream.sharing or self._presence.away_since:
            self._sharing.excuse()
        elif self._sharing.look({GROUP: 0}, {GROUP: 1}) and self.fatal is None:
            lasted = f"{self._sharing.longest:.0f} s"
            msg = f"no partitions were shared out for {lasted}: start it again / 分区分配 {lasted} 未完成，请重启"
            self.fatal = WorkerStalledError(msg)

    def _stalled(self) -> list[Place]:
        """Return the places that are not read although they could be; the worker must end when that lasts."""
        ends = self._ends()
        if self._presence.away_since or self._writer.full or self._stream.waiting or self._pipeline.suspended:
            self._stall.excuse()
            return []
        stalled = self._stall.look(self._pipeline.positions(), ends)
        if stalled and self._stall.longest >= self._options.stall_exit_seconds and self.fatal is None:
            places = ", ".join(f"{topic}/{partition}" for topic, partition in stalled)
            lasted = f"{self._stall.longest:.0f} s"
            self.fatal = WorkerStalledError(
                f"no progress for {lasted} in spite of lag ({places}): start it again / 消费停滞 {lasted}，请重启"
            )
        return stalled

    def _ends(self) -> Mapping[Place, int]:
        """Return the log ends that fetches told of, and publish the lag."""
        ends: dict[Place, int] = {}
        with suppress(ConsumerNotStarted):
            ends = self._stream.consumer.ends()
        for place, end in self.found_ends.items():
            ends[place] = max(end, ends.get(place, 0))
        for (topic, partition), position in self._pipeline.positions().items():
            lag = max(0, ends.get((topic, partition), position) - position)
            self._metrics.lag.labels(topic, partition).set(lag)
        return ends
