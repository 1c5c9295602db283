"""An open alert, what the next evaluations of it are held against, and what its rule was called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from schemas.events import QuoteKind
from streams.alerts.names import Trigger
from streams.alerts.rules import Rule, Text
from streams.alerts.transition import Reason, Transition

#: (region, good, site); the site is empty for an alert on a region.
Subject: TypeAlias = tuple[int, str, str]


class Evaluation(msgspec.Struct, frozen=True):
    """One row of an evaluated frame, as the life cycle sees it."""

    subject: Subject
    at: int
    moment: int
    start: int
    level: int
    clear: bool
    values: Mapping[str, float | None]
    evidence: Mapping[str, float | None]
    date: int | None
    ending: Reason = "cleared"


class Episode(msgspec.Struct):
    """An open alert: its newest transition, and what the next evaluations are held against.

    ``since``: moment at which the condition first held. ``clear_since`` and ``below_since``: first
    moment of the present run of clear evaluations, and of those below the level (``below`` is the
    highest of them). ``undefined_since``: date of the first of a run of undefined ones.
    """

    newest: Transition
    since: int
    clear_since: int | None = None
    below_since: int | None = None
    below: int = 0
    undefined_since: int | None = None

    def has_cleared(self, rule: Rule, seen: Evaluation) -> bool:
        """Take note of whether the clear condition holds; return whether it has for long enough."""
        if not seen.clear:
            self.clear_since = None
            return False
        if self.clear_since is None:
            self.clear_since = seen.moment
        return seen.moment - self.clear_since >= rule.clear_hold

    def has_fallen(self, rule: Rule, moment: int, effective: int) -> bool:
        """Take note of a level; return whether those below the present one have been there for long enough."""
        if effective >= self.newest.level:
            self.reset_below()
            return False
        if self.below_since is None:
            self.below_since = moment
        self.below = max(self.below, effective)
        return moment - self.below_since >= rule.clear_hold

    def reset(self) -> None:
        """Let every wait begin anew."""
        self.clear_since = None
        self.reset_below()

    def reset_below(self) -> None:
        """Let the wait for a lower level begin anew."""
        self.below_since = None
        self.below = 0


class Named(msgspec.Struct, frozen=True, array_like=True):
    """What a rule was called when a snapshot was taken: enough to end its alerts when no pack has it any more.

    ``regions`` are those with alerts of a version for some regions, empty for the one that holds everywhere else.
    """

    ref: str
    id: str
    pack: str
    pack_version: str
    kind: QuoteKind
    trigger: Trigger
    zh: str
    en: str
    regions: tuple[int, ...] = ()

    @classmethod
    def of(cls, rule: Rule, regions: tuple[int, ...]) -> Named:
        """Return what a rule is called now."""
        about = (rule.ref, rule.id, rule.pack, rule.pack_version, rule.kind, rule.trigger)
        return cls(*about, rule.title.zh, rule.title.en, regions)

    def rule(self) -> Rule:
        """Return a rule with these names and nothing to evaluate."""
        return Rule(
            id=self.id,
            pack=self.pack,
            pack_version=self.pack_version,
            kind=self.kind,
            subjects=(),
            trigger=self.trigger,
            title=Text(self.zh, self.en),
            levels={},
            evidence=None,
            hold=0,
            clear_hold=0,
            stale_after=0,
            headline="",
            phrases={},
            shows=(),
        )


class Names:
    """What the rules of a snapshot were called, by region."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._found = {(each.ref, region): each for each in named for region in each.regions or (None,)}

    def of(self, ref: str, region: int) -> Named:
        """Return the name of a rule that has alerts in a region."""
        return self._found.get((ref, region)) or self._found[ref, None]
