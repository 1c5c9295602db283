"""A rule as it is evaluated: conditions per level, how long they must hold, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import polars as pl

from schemas.events import QuoteKind
from streams.alerts.evaluation import levels_and_clear
from streams.alerts.names import NAMES, NEAR, Trigger, flag_names
from streams.alerts.terms import Condition, names, relaxed, renamed

Subject = Literal["site", "enterprise", "county", "prefecture", "province", "nation"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule of a pack, compared by identity.

    Durations are seconds for a ``tick`` rule and dates for a ``date`` rule.
    ``levels`` maps 1..4 (blue..red) to conditions, ascending. ``hold`` is the pack's ``for``,
    ``clear_hold`` its ``clear_for``; ``stale_after`` is in dates for both. ``phrases`` has the
    words for each indicator that can decide, ``shows`` what else an alert carries.
    ``flags`` are conditions on each county of a prefecture, counted by ``streams.alerts.flags``;
    ``county_rule`` is the rule whose levels ``streams.alerts.extent`` counts over regions. With
    ``substitutes`` its firing alerts name sites that can step in. ``chosen_for`` is the region that its
    pack was chosen for, 0 for the whole deployment.
    """

    id: str
    pack: str
    pack_version: str
    kind: QuoteKind
    subjects: tuple[Subject, ...]
    trigger: Trigger
    title: Text
    levels: Mapping[int, Condition]
    evidence: Condition | None
    hold: int
    clear_hold: int
    stale_after: int
    headline: str
    phrases: Mapping[str, Text]
    shows: tuple[str, ...]
    flags: Mapping[str, Condition] = field(default_factory=dict)
    county_rule: Rule | None = None
    substitutes: bool = False
    chosen_for: int = 0

    @cached_property
    def ref(self) -> str:
        """What its alerts are filed under, whatever the region: ``urumqi-2007``, ``urumqi-2007:wholesale``."""
        return self.id if self.kind == "retail" else f"{self.id}:{self.kind}"

    @cached_property
    def name(self) -> str:
        """Name of this version in a rulebook: ``ref``, and ``@540100`` where its pack was chosen for a region."""
        return f"{self.ref}@{self.chosen_for:06d}" if self.chosen_for else self.ref

    @cached_property
    def on_sites(self) -> bool:
        """Whether its subjects are sites: frames of sites are evaluated, not those of regions."""
        return "site" in self.subjects

    @cached_property
    def on_enterprises(self) -> bool:
        """Whether its subjects are enterprises in prefectures: frames of those are evaluated, and there is no good."""
        return "enterprise" in self.subjects

    @cached_property
    def on_regions(self) -> bool:
        """Whether its subjects are regions."""
        return not self.on_sites and not self.on_enterprises

    @cached_property
    def reaches_above(self) -> bool:
        """Whether it has subjects above prefectures: what several partitions know is put together for it."""
        return self.county_rule is not None and not {"province", "nation"}.isdisjoint(self.subjects)

    @cached_property
    def looks_across(self) -> bool:
        """Whether it reads counts over the counties of a prefecture, or how far another rule has spread."""
        counted = any(NAMES[name].scope == "prefecture" for name in self.measured)
        return bool(self.flags) or self.county_rule is not None or counted

    @cached_property
    def lowest(self) -> int:
        """The lowest level that the rule has."""
        return min(self.levels)

    @cached_property
    def cleared(self) -> Condition:
        """The condition that must not be true any more for the alert to clear."""
        near = {name: name + NEAR for name in flag_names(self.flags)}
        return renamed(relaxed(self.levels[self.lowest]), near)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Indicators that decide, and measurements shown beside them: ``Alert.values``."""
        deciding = [name for condition in self.levels.values() for name in names(condition)]
        shown = [name for name in self.shows if NAMES[name].kind != "count"]
        return tuple(dict.fromkeys([*deciding, self.headline, *shown]))

    @cached_property
    def counts(self) -> tuple[str, ...]:
        """Indicators that say how much was seen: ``Alert.evidence``."""
        needed = names(self.evidence) if self.evidence is not None else ()
        shown = [name for name in self.shows if NAMES[name].kind == "count"]
        return tuple(name for name in dict.fromkeys([*needed, *shown]) if name not in self.values)

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Every indicator of a region that the rule reads, also through its flags and its county rule."""
        flagged = [name for condition in self.flags.values() for name in names(condition)]
        below = self.county_rule.measured if self.county_rule is not None else ()
        own = set(flag_names(self.flags))
        return tuple(name for name in dict.fromkeys([*self.values, *self.counts, *flagged, *below]) if name not in own)

    def key(self, region: int, good: str, site: str = "") -> str:
        """Return the alert key: ``rule|region|good[|site][|wholesale]``; for an enterprise ``rule|region||code``."""
        parts = [self.id, f"{region:06d}", good]
        parts += [site] if site else []
        parts += [self.kind] if self.kind != "retail" else []
        return "|".join(parts)


def evaluate(rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with ``level`` (Int8, -1 undefined) and ``clear`` (Boolean, never null).

    ``frame`` carries the columns ``rule.values`` and ``rule.counts``; undefined values are null
    (NaN and infinities are taken as null too); it has no ``level`` and no ``clear`` yet.
    A missing column raises ``polars.exceptions.ColumnNotFoundError``.
    """
    level, clear = levels_and_clear(frame, rule.levels, rule.cleared, rule.evidence)
    # with_columns would cost 0.1 ms more: it goes through a lazy plan.
    return frame.hstack([level, clear])
