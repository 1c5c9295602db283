"""All rules of a deployment, and which regions each watches."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from schemas.catalogue import Catalogue
from streams.alerts.names import TRIGGERS, Trigger
from streams.alerts.packs import Pack, PackError
from streams.alerts.rules import Rule

#: Code of the nation, which no catalogue lists: 000000.
NATION: Final = 0
#: A county's code without its last two digits is its prefecture's, without four its province's.
_STEPS: Final = (1, 100, 10_000)


class Rulebook:
    """Immutable. ``rules`` maps ``Rule.name`` to the rule, in the order of the packs.

    ``regional`` has packs that hold in a region and those below it in place of ``packs``; of several the one for the
    smallest region holds. So one rule may be there in several versions, each of them for other regions; packs that
    are the same in several regions are one version. Raises ``PackError`` when two packs bring the same rule for the
    same kind of price to one region.
    """

    def __init__(
        self, packs: Iterable[Pack], catalogue: Catalogue, regional: Mapping[int, Iterable[Pack]] | None = None
    ) -> None:
        #: Packs by the region that they were chosen for; ``NATION`` has those that hold where no other does.
        self.chosen: Mapping[int, tuple[Pack, ...]] = MappingProxyType(
            {NATION: tuple(packs), **{code: tuple(each) for code, each in sorted((regional or {}).items())}}
        )
        levels = [*((code, region.level) for code, region in catalogue.regions.items()), (NATION, "nation")]
        versions = _versions(self.chosen)
        self.rules: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule, _ in versions})
        self._by_trigger: dict[Trigger, tuple[Rule, ...]] = {
            trigger: tuple(rule for rule in self.rules.values() if rule.trigger == trigger) for trigger in TRIGGERS
        }
        self._regions = {
            rule.name: frozenset(
                code for code, level in levels if self.choice(code) in choices and _watches(rule, level)
            )
            for rule, choices in versions
        }
        self._at = {(rule.ref, code): rule for rule in self.rules.values() for code in self._regions[rule.name]}
        #: SHA-256 (hex) of names, kinds and versions (hence content) of all packs and where they hold, in any order.
        self.fingerprint = hashlib.sha256("\n".join(_described(self.chosen)).encode()).hexdigest()

    @property
    def packs(self) -> tuple[Pack, ...]:
        """Return every pack once, in the order of the regions that they are chosen for."""
        found = {(pack.name, pack.kind, pack.version): pack for packs in self.chosen.values() for pack in packs}
        return tuple(found.values())

    def choice(self, region: int) -> int:
        """Return the region whose packs hold in ``region``."""
        return choice(region, self.chosen)

    def on(self, trigger: Trigger) -> tuple[Rule, ...]:
        """Return the rules that frames of ``trigger`` are evaluated with."""
        return self._by_trigger[trigger]

    def regions(self, rule: Rule) -> frozenset[int]:
        """Return the regions whose rows ``rule`` looks at; those of its sites or enterprises, if it is on such."""
        return self._regions[rule.name]

    def at(self, ref: str, region: int) -> Rule | None:
        """Return the version of rule ``ref`` that watches ``region``, None where none does."""
        return self._at.get((ref, region))


def choice(region: int, chosen: Container[int]) -> int:
    """Return which of the chosen regions decides in ``region``: itself, its prefecture, its province or ``NATION``."""
    return next((code for code in (region // step * step for step in _STEPS) if code in chosen), NATION)


def _watches(rule: Rule, level: str) -> bool:
    within = (level == "county" and rule.on_sites) or (level == "prefecture" and rule.on_enterprises)
    return level in rule.subjects or within


def _versions(chosen: Mapping[int, Sequence[Pack]]) -> list[tuple[Rule, set[int]]]:
    """Return every version of every rule, and for which regions it was chosen; it is named by the first of them."""
    found: dict[tuple[str, ...], tuple[Rule, set[int]]] = {}
    for code, packs in chosen.items():
        for rule in _distinct(code, packs):
            below = rule.county_rule.pack_version if rule.county_rule else ""
            version = (rule.ref, rule.pack, rule.pack_version, below)
            named = rule if code == NATION else dataclasses.replace(rule, chosen_for=code)
            found.setdefault(version, (named, set()))[1].add(code)
    return list(found.values())


def _distinct(code: int, packs: Sequence[Pack]) -> list[Rule]:
    rules: dict[str, Rule] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.ref in rules:
                where = f" of region {code:06d}" if code else ""
                msg = f'rule "{rule.ref}"{where} is also in pack "{rules[rule.ref].pack}": leave one of the two out'
                raise PackError(pack.name, msg)
            rules[rule.ref] = rule
    return list(rules.values())


def _described(chosen: Mapping[int, Sequence[Pack]]) -> list[str]:
    return sorted(
        f"{pack.name} {pack.kind} {pack.version}" + (f" {code:06d}" if code else "")
        for code, packs in chosen.items()
        for pack in packs
    )
