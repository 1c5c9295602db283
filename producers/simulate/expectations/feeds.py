"""Claims on enterprises that stop reporting: pack feed."""

from __future__ import annotations

import numpy as np

from producers.simulate.expectations.rules import Feed
from producers.simulate.market import Ints


def silence_known(lines: Ints, begin: int, opens: int, closes: int, rule: Feed) -> int | None:
    """Return by which hour of the simulation the silence of an enterprise from hour ``begin`` on must be known.

    ``lines`` (H): its sale lines, also those that nobody was told. None where it did not sell in every open hour of
    the dates before, at least one of them closed, so that its usual interval may be longer.
    """
    hour = np.arange(len(lines))
    opened = (hour % 24 >= opens) & (hour % 24 < closes)
    closed = (begin - rule.close_after_hours) // 24
    before = (hour >= (closed - rule.dates) * 24) & (hour < closed * 24) & opened
    if not before.any() or not lines[before].all():
        return None
    heard = np.flatnonzero(opened & (hour >= begin))
    return int(heard[rule.hold - 1]) + 1 if len(heard) >= rule.hold else None
