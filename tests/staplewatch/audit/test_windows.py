"""Days in windows of bounded size."""

from __future__ import annotations

import polars as pl

from staplewatch.audit.windows import LONGEST, windows
from tests.staplewatch.audit.worlds import frame

COUNTS = {"day": pl.Int64, "rows": pl.Int64}


def test_days_are_joined_until_a_window_is_full() -> None:
    assert windows(frame(COUNTS, (1, 4), (2, 5), (3, 2), (7, 1)), rows=10) == [(1, 3), (3, 8)]


def test_a_day_that_is_larger_stands_alone() -> None:
    assert windows(frame(COUNTS, (1, 1), (2, 50), (3, 1)), rows=10) == [(1, 2), (2, 3), (3, 4)]


def test_a_window_does_not_span_more_than_its_days() -> None:
    assert windows(frame(COUNTS, (1, 1), (1 + LONGEST, 1))) == [(1, 2), (1 + LONGEST, 2 + LONGEST)]
