"""Which events came when their time had been decided, perhaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from schemas import topics
from staplewatch.audit.lateness import Lateness, Punctuation
from staplewatch.audit.scope import ORDER_BITS
from streams.options import Options
from tests.staplewatch.audit.worlds import EPOCH, PARTITION, Answers, frame, scope
from tests.streams.records import PREFECTURE

FIRSTS = {
    "name": pl.String,
    "epoch": pl.String,
    "topic": pl.String,
    "partition": pl.Int64,
    "prefecture": pl.Int64,
    **dict.fromkeys(("bucket", "first_offset", "first_ingested"), pl.Int64),
}
EVENTS = dict.fromkeys(("prefecture", "order", "ingested", "limit"), pl.Int64)
STRICT = Options(event_time=True, inputs=(topics.SALES,))
#: An event of bucket 9, the tenth of its log, that came in at the second 4,000.
OFFSET, TAKEN, LIMIT = 9, 4000, 10


def late(
    *firsts: tuple[str, int, int, int],
    options: Options = STRICT,
    clocks: Sequence[Punctuation] = (),
    taken: int = TAKEN,
) -> bool:
    """Judge the event; ``firsts`` are (table, bucket, first offset, first second) of other events."""
    rows: list[dict[str, Any]] = [
        dict(zip(FIRSTS, (name, EPOCH.id, topics.SALES, PARTITION, PREFECTURE, *numbers), strict=True))
        for name, *numbers in firsts
    ]
    found = scope(Answers({"audit_firsts": lambda _: rows}, {"audit_firsts": FIRSTS}), options=options)
    event = frame(EVENTS, (PREFECTURE, EPOCH.ordinal * 2**ORDER_BITS + OFFSET, taken, LIMIT))
    return bool(Lateness(found, "sales", clocks).judge(event)["late"].item())


def test_an_event_is_late_when_one_of_a_later_bucket_came_before_it() -> None:
    assert late(("sales", 12, 8, 0))
    assert not late(("sales", 12, 10, 0))
    assert not late(("sales", 9, 3, 0))


def test_other_inputs_overtake_it_only_where_they_move_time() -> None:
    ahead = ("quotes", 12, 0, TAKEN)
    assert not late(ahead)
    assert late(ahead, options=Options(event_time=True, inputs=(topics.QUOTES,)))
    assert late(ahead, options=Options(), taken=TAKEN)
    assert not late(("quotes", 12, 0, TAKEN + 1), options=Options(event_time=True, inputs=(topics.QUOTES,)))


def test_live_the_clock_may_have_passed_it_within_its_reach() -> None:
    reach = Options().idle_reach
    assert late(options=Options(), taken=LIMIT * 300)
    assert not late(options=Options(), taken=LIMIT * 300 - 1)
    assert not late(options=Options(), taken=LIMIT * 300 + reach + 1)
    assert not late(taken=LIMIT * 300)


def test_punctuation_overtakes_what_comes_after_the_offsets_that_it_names() -> None:
    def clock(at: int, *, taken: int = TAKEN, **offsets: int) -> list[Punctuation]:
        return [
            Punctuation([PREFECTURE], at, taken, {topics.INPUT_NAMES[name]: each for name, each in offsets.items()})
        ]

    assert late(clocks=clock(LIMIT * 300, sales=OFFSET))
    assert not late(clocks=clock(LIMIT * 300 - 1, sales=OFFSET))
    assert not late(clocks=clock(LIMIT * 300, sales=OFFSET + 1))
    assert not late(clocks=clock(LIMIT * 300, taken=TAKEN + 2))
    assert late(clocks=clock(LIMIT * 300))
