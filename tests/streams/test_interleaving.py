"""In event time it does not matter in which turn the topics of a partition are read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import msgspec
import polars as pl
import pytest

from producers.simulate import Simulation, load, run
from schemas import topics
from schemas.events import Alert, Clock
from streams.chunk import Chunk
from streams.columns import listed
from streams.options import Options
from tests.streams import records

#: 2026-01-01T00:00+08:00.
START = 1_767_196_800
LATER = float(START + 90 * 86_400)
#: What came before, and two days of it.
DAYS = 9
KEY = ["region", "good", "grain", "kind", "at"]
Log = dict[str, list[bytes]]


class Sent:
    """Stands in for the producer: the log of one partition."""

    def __init__(self) -> None:
        self.log: Log = defaultdict(list)

    def send(self, topic: str, prefecture: int, event: msgspec.Struct | bytes) -> None:
        assert prefecture == records.PREFECTURE
        self.log[topic].append(event if isinstance(event, bytes) else msgspec.json.encode(event))

    def flush(self) -> None:
        """Nothing waits."""

    def clock(self, time: int, *, inputs: Sequence[str] = (), prefectures: Sequence[int] = ()) -> None:
        self.send(
            topics.CLOCK,
            records.PREFECTURE,
            Clock(
                time=datetime.fromtimestamp(time, UTC).isoformat(),
                sender="test",
                offsets={topic: len(self.log[topic]) for topic in inputs},
                inputs=list(inputs),
                prefectures=[str(code) for code in prefectures],
            ),
        )


@pytest.fixture(scope="module")
def log() -> Log:
    sent = Sent()
    simulation = Simulation(
        load("lockdown"),
        records.CATALOGUE,
        seed=4,
        start=START,
        prefectures=[records.PREFECTURE],
        end=START + DAYS * 86_400,
    )
    run(simulation, sent, speed=math.inf, clock=lambda: LATER, punctuate=True)
    return sent.log


def chunk(log: Log, topic: str, begin: int, end: int) -> Chunk:
    return records.chunk(topic, log[topic][begin:end], begin)


def in_turns(log: Log, random: Random) -> Iterator[Chunk]:
    """Yield chunks of all topics in any turn, of any size."""
    read, most = dict.fromkeys(log, 0), random.choice((50, 400, 3_000))
    while left := [topic for topic in log if read[topic] < len(log[topic])]:
        topic = random.choice(left)
        end = min(len(log[topic]), read[topic] + random.randint(1, most))
        yield chunk(log, topic, read[topic], end)
        read[topic] = end


def played(chunks: Iterator[Chunk]) -> tuple[pl.DataFrame, set[tuple[str, str, int, str, str, str]]]:
    """Return the newest row of every indicator, and every transition."""
    engine = records.engine(Options(event_time=True))
    rows, alerts = list[pl.DataFrame](), list[Alert]()
    for each in chunks:
        outcome = engine.apply(each, LATER)
        alerts += outcome.alerts
        if found := outcome.rows.get("indicators"):
            rows.append(pl.DataFrame(found, infer_schema_length=None).drop("version"))
    newest = pl.concat(rows, how="vertical_relaxed").unique(KEY, keep="last").sort(KEY)
    return newest, {(each.key, each.id, each.seq, each.state, each.level, each.at) for each in alerts}


def test_any_turn_gives_the_same_rows_and_transitions(log: Log) -> None:
    wanted, transitions = played(in_turns(log, Random(0)))
    assert len(transitions) > 10
    for seed in range(1, 3):
        found, others = played(in_turns(log, Random(seed)))
        assert found.equals(wanted), seed
        assert others == transitions, seed


def test_time_begins_with_the_first_event_of_any_input_whichever_is_read_first() -> None:
    # The first clock was sent before there was any stock; the second speaks of what is read last.
    at = [records.moment(text) for text in ("11-20 03:00", "11-20 04:01", "11-20 08:00", "11-20 09:00")]
    sold = records.chunk(topics.SALES, [records.receipt(at[2], 1, ("potato", 1, 3))])
    stocked = records.chunk(topics.STOCK, [records.stock(at[1], "potato", 40)])
    clocks = [Clock(records.iso(at[0]), "test"), Clock(records.iso(at[3]), "test", offsets={topics.STOCK: 1})]
    passed = records.chunk(topics.CLOCK, clocks)
    rows = []
    for order in ((stocked, sold, passed), (sold, passed, stocked)):
        engine = records.engine(Options(event_time=True))
        found = [engine.apply(each, records.WALL).rows.get("indicators") for each in order]
        rows.append([listed(each["at"]) for each in found if each])
    assert rows[0] == rows[1]
    assert rows[0]
