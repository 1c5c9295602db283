"""Faust as its documentation teaches it: a Record, an agent, a windowed Table. INFO level, as WARNING is slower."""

from __future__ import annotations

import os
import signal

import faust
from confluent_kafka.admin import AdminClient, NewTopic

from tests.bench.candidates.contract import BUCKET, Left, Meter, Task, answer, asked


class Line(faust.Record, serializer="json"):  # type: ignore[misc,call-arg]
    """A line; the fields that are not asked for are ignored."""

    good: str
    quantity: float
    amount: float


class Receipt(faust.Record, serializer="json"):  # type: ignore[misc,call-arg]
    """A receipt."""

    region: str
    time: str
    lines: list[Line]


def build(task: Task) -> faust.App:
    """Return the application."""
    app = faust.App(
        f"faust-{task.directory.name}",
        broker=f"kafka://{task.servers}",
        store="memory://",
        datadir=str(task.directory / "faust"),
        topic_partitions=len(task.counts),
        web_enabled=False,
        stream_wait_empty=False,
        producer_linger=0.05,
        broker_max_poll_records=5000,
    )
    receipts = app.topic(task.topic, value_type=Receipt, partitions=len(task.counts))
    amounts = app.Table("amounts", default=int).tumbling(BUCKET).relative_to_stream()
    quantities = app.Table("quantities", default=int).tumbling(BUCKET).relative_to_stream()
    meter, left = Meter(), Left(task.counts)

    @app.agent(receipts)  # type: ignore[untyped-decorator]
    async def sum_up(stream: faust.StreamT[Receipt]) -> None:
        async for event in stream.events():
            meter.start()
            if not left.take(event.message.partition):
                continue
            receipt = event.value
            for line in receipt.lines:
                key = f"{receipt.region}|{line.good}"
                amounts[key] += round(line.amount * 10_000)
                quantities[key] += round(line.quantity * 1000)
            if not left.records:
                meter.stop()
                finish()

    def finish() -> None:
        amount, quantity = as_totals(amounts), as_totals(quantities)
        answer(task, meter, {key: [value, quantity[key]] for key, value in amount.items()})
        os.kill(os.getpid(), signal.SIGKILL)  # the answer is written; Faust takes seconds to stop

    return app


def as_totals(table) -> dict[str, int]:  # type: ignore[no-untyped-def]
    """Return the values of a windowed table by "key|start of the window"."""
    return {f"{key}|{int(window[0])}": value for (key, window), value in table.table.items()}


def prepared(task: Task) -> faust.App:
    """Make the changelog topics first: an agent that starts before the broker tells of them crashes."""
    app = build(task)
    names = [f"{app.conf.id}-{table}-changelog" for table in ("amounts", "quantities")]
    admin = AdminClient({"bootstrap.servers": task.servers})
    made = admin.create_topics(
        [NewTopic(name, len(task.counts), 1, config={"cleanup.policy": "compact"}) for name in names]
    )
    for future in made.values():
        future.result()
    return app


if __name__ == "__main__":
    faust.Worker(prepared(asked()), loglevel="INFO").execute_from_commandline()
