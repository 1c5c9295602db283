"""Which rules a deployment follows, as a record: the packs themselves, and where each of them holds."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.events import QuoteKind

#: Packs that a deployment runs unless its settings say otherwise.
DEFAULT: Final = ("live", "cover", "urumqi-2007", "urumqi-2007:wholesale")


class PackText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule pack as it was read: ``content`` is the TOML, ``reference`` how the settings named it.

    ``name`` and ``version`` are for people and programs that only want to know what it is. ``below`` has the
    contents of the packs that its rules name as ``county_rule``, by that name.
    """

    reference: str
    name: str
    version: str
    content: str
    kind: QuoteKind = "retail"
    below: dict[str, str] = {}


class RulesChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """Other rules for every worker (``rules.changes``), the same record once per partition.

    ``chosen`` maps the code of a region to places in ``packs``; ``000000`` has those that hold where no region has
    packs of its own. Of several changes the one with the latest ``time`` (RFC 3339) holds, then the highest
    ``event_id``: in which order and how often they are read does not matter.
    """

    event_id: str
    sender: str
    by: str
    time: str
    packs: list[PackText]
    chosen: dict[str, list[int]]
    note: str = ""
    schema: int = 1  # absent on the wire means 1
