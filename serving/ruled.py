"""Changes of the rules over HTTP: which packs hold where, since when, by whom."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.di import NamedDependency

from schemas.events import QuoteKind
from schemas.ruling import RulesChange
from serving import rows
from serving.access import NEEDS
from serving.answers import Answers

#: Changes that are answered: more than a bureau makes in years.
MOST: int = 1_000


class PackRow(msgspec.Struct):
    """A pack that was chosen; ``region`` is 000000 for where no region has packs of its own."""

    region: str
    reference: str
    pack: str
    kind: QuoteKind
    version: str


class RuleChangeRow(msgspec.Struct):
    """One change; ``partitions`` is how many follow it or followed it, ``applied`` when the first of them did (UTC)."""

    event_id: str
    at: str
    by: str
    sender: str
    note: str
    partitions: int
    applied: str
    packs: list[PackRow]


@get("/api/rules/changes", summary="Changes of the rules, the one in force first", opt={NEEDS: "read"})
async def get_rule_changes(answers: NamedDependency[Answers]) -> list[RuleChangeRow]:
    """Return one row per change, newest first; none where the packs of the settings have held ever since."""
    return await changes(answers)


async def changes(answers: Answers) -> list[RuleChangeRow]:
    """Return the stored changes, the one that holds first. Raises ``WarehouseUnavailable``."""
    stored = await answers.ask("rule_changes", {"limit": MOST})
    return [
        RuleChangeRow(
            row["event_id"],
            rows.utc(row["at"]),
            row["author"],
            row["sender"],
            row["note"],
            row["partitions"],
            rows.utc(row["ingested"]),
            _packs(msgspec.json.decode(row["change"], type=RulesChange)),
        )
        for row in stored.to_pylist()
    ]


def _packs(change: RulesChange) -> list[PackRow]:
    return [
        PackRow(code, each.reference, each.name, each.kind, each.version)
        for code, places in sorted(change.chosen.items())
        for each in (change.packs[place] for place in places)
    ]
