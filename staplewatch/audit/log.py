"""Check *log*: where the logs end, how far they are read, and whether the two can be true together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from staplewatch.audit.report import Tally, Text, spot
from streams.positions import Place
from streams.reader import Bounds

UNIT = Text("分区", "places")
LOOK_SECONDS = 0.25


def check(bounds: Mapping[Place, Bounds], reached: Mapping[Place, int], tally: Tally, *, waited: bool) -> None:
    """Compare what the logs hold with the progress of each place.

    ``waited``: everything should have been read by now, so what was not is a disagreement.
    """
    tally.compared += len(bounds)
    for place in sorted(set(reached) - set(bounds)):
        tally.wrong("nowhere", spot(*place), None, reached[place])
    behind = 0
    for place, log in sorted(bounds.items()):
        behind += _place(place, log, reached.get(place), tally, waited=waited)
    if behind and not waited:
        tally.note(f"还有 {behind:,} 条记录未读", f"{behind:,} records are not read yet")


def _place(place: Place, log: Bounds, reached: int | None, tally: Tally, *, waited: bool) -> int:
    """Return how many records wait to be read."""
    position = reached or 0
    if position > log.end:
        tally.wrong("beyond", spot(*place), f"<= {log.end}", position, position - log.end)
        return 0
    if reached is not None and position < log.start:
        tally.wrong("gone", spot(*place, position, log.start - 1), position, log.start, log.start - position)
    lag = log.end - max(position, log.start)
    if lag and waited:
        tally.wrong("lag", spot(*place), log.end, position, lag)
    return lag


def wait(
    progress: Callable[[], Mapping[Place, int]],
    bounds: Mapping[Place, Bounds],
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when progress has reached the ends that the logs have now, or after so many seconds."""
    deadline = clock() + seconds
    while clock() < deadline:
        reached = progress()
        if all(max(reached.get(place, 0), log.start) >= log.end for place, log in bounds.items()):
            return
        sleep(LOOK_SECONDS)
