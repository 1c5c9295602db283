"""Silent enterprises, recomputed from RULES in plain Python; nothing of the product is used.

Times are epoch seconds; the zone is UTC+8 throughout. An event is (enterprise, time); events of one prefecture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

DAY, HOUR, GRID = 86_400, 3_600, 300
OFFSET = 8 * HOUR
CLOSE_AFTER = 2 * HOUR
DATES = 7
#: The pack's numbers: times the usual interval, at least 30 minutes each, and how many intervals must be known.
TIMES, LEAST_HOURS, EVIDENCE = 3, 0.5, 3
CLEAR_FOR = 30 * 60

#: Which clock hours an enterprise is open on a date (days since 1970).
Open = Callable[[str, int], Sequence[int]]


@dataclass
class Episode:
    """From the grid point at which it was raised to that at which it was resolved, None while it is open."""

    enterprise: str
    raised: int
    resolved: int | None = None


def episodes(events: Sequence[tuple[str, int]], end: int, open_hours: Open) -> list[Episode]:
    """Return every episode up to ``end``, in the order in which they were raised."""
    first = min(at for _, at in events) // GRID * GRID
    grid = range(first + GRID, end + 1, GRID)
    found: list[Episode] = []
    for name in sorted({name for name, _ in events}):
        found += _of_one(name, sorted(at for who, at in events if who == name), grid, open_hours)
    return sorted(found, key=lambda each: (each.raised, each.enterprise))


def _of_one(name: str, times: Sequence[int], grid: range, open_hours: Open) -> list[Episode]:
    found: list[Episode] = []
    clear_since: int | None = None
    usual: dict[int, tuple[float, int]] = {}
    for point in grid:
        before = [at for at in times if at < point]
        if not before:
            continue
        closed = last_closed(point)
        if closed not in usual:
            usual[closed] = usual_interval(name, [at for at in times if day_of(at) <= closed], closed, open_hours)
        interval, count = usual[closed]
        if count < EVIDENCE:
            continue
        silent = open_seconds(name, max(before), point, open_hours) / HOUR
        standing = found[-1] if found and found[-1].resolved is None else None
        if standing is None:
            if silent >= TIMES * interval and silent >= TIMES * LEAST_HOURS:
                found.append(Episode(name, point))
                clear_since = None
        elif silent >= 0.9 * TIMES * interval and silent >= 0.9 * TIMES * LEAST_HOURS:
            clear_since = None
        else:
            clear_since = point if clear_since is None else clear_since
            if point - clear_since >= CLEAR_FOR:
                standing.resolved = point
    return found


def day_of(at: int) -> int:
    """Return the local date."""
    return (at + OFFSET) // DAY


def last_closed(point: int) -> int:
    """Return the newest date whose close is not after a grid point."""
    day = day_of(point)
    while (day + 1) * DAY - OFFSET + CLOSE_AFTER > point:
        day -= 1
    return day


def usual_interval(name: str, times: Sequence[int], closed: int, open_hours: Open) -> tuple[float, int]:
    """Return the 95th percentile (nearest rank) of the open time between moments, in hours, and of how many."""
    moments = sorted({at // GRID for at in times if closed - DATES < day_of(at) <= closed})
    gaps = []
    for earlier, later in pairwise(moments):
        opened = sum(is_open(name, bucket * GRID, open_hours) for bucket in range(earlier + 1, later + 1))
        if opened:
            gaps.append(opened * GRID / HOUR)
    if not gaps:
        return 0.0, 0
    return sorted(gaps)[ceil(95 * len(gaps) / 100) - 1], len(gaps)


def is_open(name: str, at: int, open_hours: Open) -> bool:
    """Return whether an enterprise is open at a moment."""
    return (at + OFFSET) % DAY // HOUR in open_hours(name, day_of(at))


def open_seconds(name: str, begin: int, end: int, open_hours: Open) -> int:
    """Return for how many seconds an enterprise was open between two moments."""
    total = 0
    while begin < end:
        following = min(end, (begin // HOUR + 1) * HOUR)
        total += (following - begin) * is_open(name, begin, open_hours)
        begin = following
    return total
