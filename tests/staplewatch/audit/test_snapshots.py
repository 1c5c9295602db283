"""Snapshots against progress."""

from __future__ import annotations

import polars as pl

from staplewatch.audit import snapshots
from tests.staplewatch.audit.worlds import frame, problems, tally

ROWS = {"epoch": pl.String, "partition": pl.Int64, "position": pl.Int64, "offsets": pl.String, "fingerprint": pl.String}
PROGRESS = {("one", "pos.sales", 2): 10, ("one", "clock", 2): 1}


def test_a_snapshot_at_the_progress_agrees() -> None:
    found = tally()
    snapshots.compare(frame(ROWS, ("one", 2, 11, '{"pos.sales":10,"clock":1}', "f")), PROGRESS, found)
    assert (found.compared, problems(found)) == (1, [])


def test_a_snapshot_beyond_the_progress_is_found() -> None:
    found = tally()
    snapshots.compare(frame(ROWS, ("one", 2, 12, '{"pos.sales":11,"clock":1}', "f")), PROGRESS, found)
    assert problems(found) == [("snapshot_beyond", "one pos.sales/2 @12", "<= 10", "11")]


def test_a_position_that_is_no_sum_is_found() -> None:
    found = tally()
    snapshots.compare(frame(ROWS, ("one", 2, 12, '{"pos.sales":10,"clock":1}', "f")), PROGRESS, found)
    assert problems(found) == [("snapshot_position", "one snapshot/2 @12", "11", "12")]


def test_partitions_without_a_snapshot_that_fits_are_named() -> None:
    rows = frame(ROWS, ("old", 2, 1, "{}", "f2"), ("one", 3, 1, "{}", "other"))
    assert snapshots.missing(rows, {2: "f2", 3: "f3", 4: "f4"}) == [3, 4]
