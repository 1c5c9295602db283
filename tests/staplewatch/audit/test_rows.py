"""One content per key, and brokers that are known."""

from __future__ import annotations

import polars as pl

from staplewatch.audit import rows
from tests.staplewatch.audit.worlds import frame, problems, tally

COPIES = {"offset": pl.Int64, "line": pl.Int64, "copies": pl.Int64, "contents": pl.Int64}
EXTENTS = {"epoch": pl.String, "rows": pl.Int64}


def test_equal_copies_are_counted_and_no_fault() -> None:
    found = tally()
    assert rows.contents("pos.sales/2", frame(COPIES, (4, 0, 3, 1), (9, 0, 2, 1)), found) == 3
    assert problems(found) == []


def test_two_contents_of_one_key_are_found() -> None:
    found = tally()
    assert rows.contents("pos.sales/2", frame(COPIES, (4, 1, 3, 2)), found) == 1
    assert problems(found) == [("contents", "pos.sales/2 @4:1", "contents=1", "contents=2")]


def test_rows_of_a_broker_that_is_not_known_are_found() -> None:
    found = tally()
    rows.unknown(frame(EXTENTS, ("one", 5), ("stray", 2), ("stray", 3)), {"one"}, found)
    assert problems(found) == [("epoch", "stray", "epochs", "rows=5")]
