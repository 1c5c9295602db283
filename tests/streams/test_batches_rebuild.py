"""What a worker remembers of batches of receipts is rebuilt from their rows and dead letters."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.events import Receipt
from streams.chunk import Chunk
from streams.columns import listed
from streams.engine import Engine
from tests.streams import records
from tests.streams.test_batches import RECEIPTS, RUNS, Record, batch, one_by_one
from tests.streams.test_receipts import WALL


def applied(engine: Engine, values: list[Record]) -> dict[str, dict[str, list[Any]]]:
    """Take in records of one chunk and return the rows that came of it."""
    size, begin = len(values), engine.offsets.get(topics.SALES, 0)
    places, headers = range(begin, begin + size), [each for _, each in values]
    given = [value for value, _ in values]
    chunk = Chunk(topics.SALES, 0, places, given, [b"k"] * size, headers, [0] * size, places.stop)
    rows = engine.apply(chunk, WALL).rows
    return {table: {name: listed(each) for name, each in columns.items()} for table, columns in rows.items()}


def rebuilt(*chunks: dict[str, dict[str, list[Any]]]) -> Engine:
    engine = records.engine()
    for tables in chunks:
        if "sales" in tables:
            records.replay(engine, {"sales": tables["sales"]}, tables.get("dead_letters"))
    return engine


@settings(deadline=None, max_examples=150)
@given(RUNS, st.lists(RECEIPTS, max_size=4))
def test_a_rebuild_remembers_what_the_worker_did(runs: list[tuple[bool, list[Receipt]]], later: list[Receipt]) -> None:
    """And so what comes later, repeats and lines that had been rejected among it, is taken alike."""
    engine = records.engine()
    mixed = [each for together, group in runs for each in ([batch(group)] if together else one_by_one(group))]
    first = applied(engine, mixed)
    again = rebuilt(first)
    assert names_of(again) == names_of(engine)
    engine.offsets[topics.SALES] = again.offsets[topics.SALES] = 100
    values = one_by_one(later)
    assert applied(again, values) == applied(engine, values)


def names_of(engine: Engine) -> dict[int, tuple[Any, Any]]:
    """Return what is remembered by name: the numbers of tills depend on their order."""
    found = engine._seen.dump()
    names = dict(zip(found["tills"].tolist(), zip(found["stores"], found["workstations"], strict=True), strict=True))
    days = {}
    for number, day in found["sales"]:
        tills, sizes, bounds = (day["tills"][name].tolist() for name in ("tills", "sizes", "bounds"))
        ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
        spans = zip(tills, sizes, ends, strict=True)
        runs = {names[till]: bounds[end - size : end] for till, size, end in spans}
        lines = {(names[till], sequence): own for till, sequence, own in day["lines"] if own}
        days[number] = ({till: own for till, own in runs.items() if own}, lines)
    return {number: day for number, day in days.items() if any(day)}


def test_a_batch_in_which_one_receipt_lost_a_line_is_remembered_receipt_by_receipt() -> None:
    right = records.receipt(int(WALL) - 60, 1, ("potato", 1, 2.0))
    wrong = records.receipt(int(WALL) - 60, 2, ("potato", 1, 2.0), ("sand", 1, 2.0))
    engine = records.engine()
    first = applied(engine, [batch([right, wrong, right])])
    assert first["sales"]["repeat"] == [0, 0, 1]
    assert (first["dead_letters"]["line"], first["dead_letters"]["lines"]) == ([1], [2])
    [(runs, lines)] = names_of(rebuilt(first)).values()
    assert (list(runs.values()), lines) == ([[1, 2]], {(("s1", "1"), 2): [1]})
