"""Columns of shape (rows, dates, …) for the newest dates: a date has the slot ``day % dates``."""

from __future__ import annotations

from typing import Any, Final

from numpy.typing import NDArray

#: No date, or no event, so far.
NEVER: Final = -1


def enter(ring: NDArray[Any], newest: int, day: int) -> int:
    """Clear the slots of the dates after ``newest`` up to ``day``; return the newest date there is now."""
    dates = ring.shape[1]
    first = max(newest + 1, day - dates + 1) if newest != NEVER else day
    for entering in range(first, day + 1):
        ring[:, entering % dates] = 0
    return max(newest, day)
