"""What a claim is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """An alert of ``rule`` on good number ``good`` is at ``level`` or above by hour ``by`` of the simulation.

    ``causes`` are the kinds of incident it follows from: ``price``, ``cover``, ``out``, any of them.
    ``store`` is its number in the prefecture; None for an alert on a region.
    """

    rule: str
    causes: tuple[str, ...]
    level: str
    good: int
    by: int
    store: int | None = None
