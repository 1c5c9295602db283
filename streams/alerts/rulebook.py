"""All rules of a deployment, and which regions each watches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from schemas.catalogue import Catalogue
from streams.alerts.names import TRIGGERS, Trigger
from streams.alerts.packs import Pack, PackError
from streams.alerts.rules import Rule

#: Code of the nation, which no catalogue lists: 000000.
NATION: Final = 0


class Rulebook:
    """Immutable. ``rules`` maps ``Rule.ref`` to the rule, in the order of the packs.

    Raises ``PackError`` when two packs bring the same rule for the same kind of price.
    """

    def __init__(self, packs: Iterable[Pack], catalogue: Catalogue) -> None:
        self.packs = tuple(packs)
        self.rules: Mapping[str, Rule] = MappingProxyType(_by_ref(self.packs))
        self._by_trigger: dict[Trigger, tuple[Rule, ...]] = {
            trigger: tuple(rule for rule in self.rules.values() if rule.trigger == trigger) for trigger in TRIGGERS
        }
        self._regions = {
            ref: frozenset(code for code, level in _levels(catalogue) if _watches(rule, level))
            for ref, rule in self.rules.items()
        }
        parts = sorted(f"{pack.name} {pack.kind} {pack.version}" for pack in self.packs)
        #: SHA-256 (hex) of names, kinds and versions (hence content) of all packs, whatever their order.
        self.fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def on(self, trigger: Trigger) -> tuple[Rule, ...]:
        """Return the rules that frames of ``trigger`` are evaluated with."""
        return self._by_trigger[trigger]

    def regions(self, rule: Rule) -> frozenset[int]:
        """Return the regions whose rows ``rule`` looks at; those of its sites or enterprises, if it is on such."""
        return self._regions[rule.ref]


def _levels(catalogue: Catalogue) -> Iterable[tuple[int, str]]:
    yield from ((code, region.level) for code, region in catalogue.regions.items())
    yield NATION, "nation"


def _watches(rule: Rule, level: str) -> bool:
    within = (level == "county" and rule.on_sites) or (level == "prefecture" and rule.on_enterprises)
    return level in rule.subjects or within


def _by_ref(packs: Iterable[Pack]) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.ref in rules:
                msg = f'rule "{rule.ref}" is also in pack "{rules[rule.ref].pack}": leave one of the two out'
                raise PackError(pack.name, msg)
            rules[rule.ref] = rule
    return rules
