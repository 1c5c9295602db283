"""Bytewax: ``fold_window`` by county and good, batches of 5,000, decoded batch by batch with msgspec.

``--way combine`` goes beyond its documentation's examples: each batch is summed up in a dict before the
window sees it, so that the windows have a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import bytewax.operators as op
import bytewax.operators.windowing as win
import msgspec
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.testing import TestingSink, run_main

from tests.bench.candidates.contract import BUCKET, Left, Meter, Task, answer, asked

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Line(msgspec.Struct, gc=False):
    """What the sums need of a line."""

    good: str
    quantity: float
    amount: float


class Receipt(msgspec.Struct, gc=False):
    """What the sums need of a receipt."""

    region: str
    time: str
    lines: list[Line]


Item = tuple[str, tuple[datetime, int, int, int]]


class Reader:
    """Makes lines of batches of records, and stops the clock when the last one lies in its window."""

    def __init__(self, task: Task) -> None:
        self.meter, self.left = Meter(), Left(task.counts)
        self._decode = msgspec.json.Decoder(Receipt).decode
        self._times: dict[str, datetime] = {}
        self._under_way = 0

    def lines(self, batch: list) -> Iterable[Item]:  # type: ignore[type-arg]
        """Return every line by its key."""
        self.meter.start()
        items: list[Item] = []
        for message in batch:
            if not self.left.take(message.partition):
                continue
            receipt = self._decode(message.value)
            at, region = self._time(receipt.time), receipt.region
            for line in receipt.lines:
                values = (at, round(line.amount * 10_000), round(line.quantity * 1000), 1)
                items.append((f"{region}|{line.good}", values))
        self._under_way += len(items)
        return items

    def combined(self, batch: list) -> Iterable[Item]:  # type: ignore[type-arg]
        """Return sums of the batch by key and 5 minutes."""
        sums: dict[tuple[str, datetime], list[int]] = {}
        for key, (at, amount, quantity, _) in self.lines(batch):
            bucket = at - timedelta(seconds=(at.minute % 5) * 60 + at.second)
            found = sums.setdefault((key, bucket), [0, 0, 0])
            found[0] += amount
            found[1] += quantity
            found[2] += 1
        return [(key, (at, *values)) for (key, at), values in sums.items()]  # type: ignore[misc]

    def fold(self, sums: list[int], item: tuple[datetime, int, int, int]) -> list[int]:
        """Add a line."""
        sums[0] += item[1]
        sums[1] += item[2]
        self._under_way -= item[3]
        if not self._under_way and not self.left.records:
            self.meter.stop()
        return sums

    def _time(self, text: str) -> datetime:
        found = self._times.get(text)
        if found is None:
            found = self._times[text] = datetime.fromisoformat(text).astimezone(UTC)
        return found


def flow(task: Task, reader: Reader, out: list) -> Dataflow:  # type: ignore[type-arg]
    """Return the dataflow."""
    made = Dataflow("bench")
    tuned = {"fetch.message.max.bytes": "4194304", "queued.min.messages": "200000", "fetch.wait.max.ms": "100"}
    source = KafkaSource([task.servers], [task.topic], tail=False, batch_size=5000, add_config=tuned)
    records = op.input("receipts", made, source)
    mapper = reader.combined if task.way == "combine" else reader.lines
    keyed = op.flat_map_batch("lines", records, mapper)
    clock = EventClock(lambda item: item[0], wait_for_system_duration=timedelta(seconds=30))
    windower = TumblingWindower(length=timedelta(seconds=BUCKET), align_to=EPOCH)
    sums = win.fold_window("sums", keyed, clock, windower, lambda: [0, 0], reader.fold, lambda a, b: a, ordered=False)
    op.output("out", sums.down, TestingSink(out))
    return made


def main() -> None:
    """Read and sum."""
    task = asked()
    reader, out = Reader(task), []  # type: ignore[var-annotated]
    run_main(flow(task, reader, out))
    buckets = int(EPOCH.timestamp())
    totals = {f"{key}|{buckets + window * BUCKET}": values for key, (window, values) in out}
    answer(task, reader.meter, totals)


if __name__ == "__main__":
    main()
