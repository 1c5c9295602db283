"""One step in the life of an alert, before it is put into words."""

from __future__ import annotations

from typing import Literal

import msgspec

from schemas.events import AlertState

#: ``pending`` and ``not_held`` frame a condition that did not last; ``stale`` and ``fresh`` say that
#: data stopped and came back while the alert stands; ``rule_removed``: no pack has the rule any more.
#: ``confirmed``: a suspect value is right; ``corrected``: what had decided was replaced by another value.
Reason = Literal[
    "pending", "not_held", "raised", "escalated", "lowered", "stale", "fresh", "cleared", "no_data", "rule_removed",
    "confirmed", "corrected",
]  # fmt: skip


class Transition(msgspec.Struct, frozen=True):
    """``rule`` is ``Rule.ref``; ``level_before`` is the level of the transition before, 0 at the start.

    ``start`` and ``at`` are epoch seconds; on a date rule ``start`` and ``date`` are days since
    1970-01-01. ``values`` and ``evidence`` have no undefined entries.
    """

    rule: str
    key: str
    id: str
    seq: int
    region: int
    good: str
    site: str
    state: AlertState
    level: int
    level_before: int
    start: int
    at: int
    reason: Reason
    values: dict[str, float]
    thresholds: dict[str, float]
    evidence: dict[str, float]
    date: int | None = None
    stale: bool = False
