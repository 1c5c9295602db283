"""The ground truth: what a simulation broke when, which alerts that calls for, and what it sent."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec


class Expect(msgspec.Struct, frozen=True):
    """An alert of ``rule`` on (region, good) reaches ``level`` or more between ``after`` and ``before``.

    ``site`` is empty for an alert on a region; one on an enterprise in a prefecture has its code there, and no good.
    """

    rule: str
    level: str
    region: str
    good: str
    after: str
    before: str
    site: str = ""


class Truth(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """One line of the ground truth.

    Kind ``run`` says what was simulated, ``counts`` what was sent, any other is an incident.
    ``regions`` are the counties it touched: no other county may have an alert. ``allowed`` are
    the regions above them that may have one because their counties do.
    """

    kind: str
    since: str
    until: str
    regions: list[str] = []
    goods: list[str] = []
    stores: list[str] = []
    enterprise: str | None = None
    expects: list[Expect] = []
    allowed: list[str] = []
    scenario: str | None = None
    seed: int | None = None
    paced_from: str | None = None
    counts: dict[str, int] = {}
    broken: dict[str, int] = {}


def touched(truths: Iterable[Truth]) -> set[str]:
    """Return the counties that incidents touched."""
    return {region for truth in truths if truth.kind not in {"run", "counts"} for region in truth.regions}


def write(truths: Iterable[Truth], path: Path) -> None:
    """Write the ground truth as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(truth) + b"\n" for truth in truths))


def read(path: Path) -> list[Truth]:
    """Return the ground truth of a file of JSON lines."""
    return [msgspec.json.decode(line, type=Truth) for line in path.read_bytes().splitlines()]
