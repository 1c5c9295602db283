"""Quix Streams: a tumbling window of 5 minutes; the best of three ways is what counts.

``group``: ``group_by`` county and good, then the window, as its documentation groups. ``county``: a
window per message key (the prefecture) whose aggregate is a dict by county and good, which spares
the repartition topic. ``state``: no window, sums in keyed state. No changelog, commits every 5 s.
"""

from __future__ import annotations

from typing import Any

import msgspec
from quixstreams import Application, State, message_context
from quixstreams.dataframe.windows import aggregations
from quixstreams.models import Deserializer, SerializationContext

from tests.bench.candidates.contract import BUCKET, Left, Meter, Task, Totals, answer, asked


class Line(msgspec.Struct, gc=False):
    """What the sums need of a line."""

    good: str
    quantity: float
    amount: float


class Receipt(msgspec.Struct, gc=False):
    """What the sums need of a receipt."""

    region: str
    lines: list[Line]


class Narrow(Deserializer):  # type: ignore[misc]
    """Decodes with msgspec only what is needed, faster than the JSON deserializer."""

    def __init__(self) -> None:
        super().__init__()
        self._decode = msgspec.json.Decoder(Receipt).decode

    def __call__(self, value: bytes, ctx: SerializationContext) -> Any:
        """Return a list of (county|good, amount, quantity)."""
        receipt = self._decode(value)
        region = receipt.region
        return [
            (f"{region}|{line.good}", round(line.amount * 10_000), round(line.quantity * 1000))
            for line in receipt.lines
        ]


class Sums(aggregations.Aggregator):  # type: ignore[misc]
    """Sums of a window: of one key, or in a dict of all keys in it."""

    state_suffix = "sums"

    def initialize(self) -> Any:
        """Return nothing yet."""
        return {}

    def agg(self, old: Any, new: Any, timestamp: int) -> Any:
        """Add the lines of one receipt."""
        for key, amount, quantity in new:
            found = old.get(key)
            if found is None:
                old[key] = [amount, quantity]
            else:
                found[0] += amount
                found[1] += quantity
        return old

    def result(self, value: Any) -> Any:
        """Return the sums."""
        return value


class Run:
    """One application; ``totals`` has the newest sums of every window."""

    def __init__(self, task: Task) -> None:
        self.task, self.meter, self.left = task, Meter(), Left(task.counts)
        self.totals: Totals = {}
        self._windows: dict[tuple[str, int], dict[str, list[int]]] = {}
        self._lines = task.records * 5
        self.app = Application(
            broker_address=task.servers,
            consumer_group=task.directory.name,
            auto_offset_reset="earliest",
            state_dir=task.directory / "state",
            use_changelog_topics=False,
            commit_interval=5.0,
            loglevel="WARNING",
            consumer_extra_config={
                "fetch.message.max.bytes": 4 << 20,
                "queued.min.messages": 100_000,
                "fetch.wait.max.ms": 100,
            },
            producer_extra_config={"linger.ms": 20, "compression.type": "lz4"},
        )

    def build(self) -> None:
        """Make the dataframe of the way asked for."""
        receipts = self.app.topic(self.task.topic, value_deserializer=Narrow(), key_deserializer="str")
        frame = self.app.dataframe(receipts).filter(self._wanted, metadata=True)
        getattr(self, f"_{self.task.way}")(frame)

    def found(self) -> Totals:
        """Return the sums of every window."""
        whole = {f"{pair}|{start}": sums for (_, start), found in self._windows.items() for pair, sums in found.items()}
        return self.totals | whole

    def _wanted(self, value: Any, key: Any, timestamp: int, headers: Any) -> bool:
        self.meter.start()
        return self.left.take(message_context().partition)

    def _county(self, frame: Any) -> None:
        window = frame.tumbling_window(BUCKET * 1000).agg(sums=Sums()).current()
        window.update(self._whole, metadata=True)

    def _whole(self, value: Any, key: Any, timestamp: int, headers: Any) -> None:
        self._windows[key, value["start"] // 1000] = value["sums"]
        self._count(5)

    def _group(self, frame: Any) -> None:
        lines = frame.apply(lambda value: value, expand=True)
        keyed = lines.group_by(lambda line: line[0], name="pair", key_serializer="str", key_deserializer="str")
        window = keyed.apply(lambda line: [line]).tumbling_window(BUCKET * 1000).agg(sums=Sums()).current()
        window.update(self._one)

    def _one(self, value: Any) -> None:
        for key, sums in value["sums"].items():
            self.totals[f"{key}|{value['start'] // 1000}"] = sums
        self._count(1)

    def _state(self, frame: Any) -> None:
        frame.apply(self._remember, stateful=True, metadata=True)

    def _remember(self, value: Any, key: Any, timestamp: int, headers: Any, state: State) -> None:
        bucket = timestamp // 1000 // BUCKET * BUCKET
        for pair, amount, quantity in value:
            name = f"{pair}|{bucket}"
            found = state.get(name) or [0, 0]
            found[0] += amount
            found[1] += quantity
            state.set(name, found)
            self.totals[name] = found
        self._count(len(value))

    def _count(self, lines: int) -> None:
        self._lines -= lines
        if not self._lines:
            self.meter.stop()
            self.app.stop()


def main() -> None:
    """Read and sum."""
    task = asked()
    run = Run(task)
    run.build()
    run.app.run()
    answer(task, run.meter, run.found())


if __name__ == "__main__":
    main()
