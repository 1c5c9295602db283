"""Days cut into windows of about as many rows, so that a check's memory is bounded whatever the history."""

from __future__ import annotations

import polars as pl

#: Rows of one window: about 100 MB with everything that is joined to them.
ROWS = 300_000


def windows(counts: pl.DataFrame, rows: int = ROWS) -> list[tuple[int, int]]:
    """Return spans [first, end) of days that hold at most ``rows`` rows, or one day; ``counts``: (day, rows) ascending.

    Days without rows are skipped where they would stand alone.
    """
    spans: list[list[int]] = []
    held = 0
    for day, count in counts.iter_rows():
        if spans and held + count <= rows and day - spans[-1][0] < LONGEST:
            spans[-1][1], held = day + 1, held + count
        else:
            spans.append([day, day + 1])
            held = count
    return [(first, end) for first, end in spans]


#: Days in one window at most: partitions are months, and a query should not look at all of them.
LONGEST = 62
