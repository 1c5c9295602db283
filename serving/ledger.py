"""What people have done about alerts: acknowledged, commented, silenced. Pure: no I/O, no clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import msgspec

from schemas.events import LEVELS, Action, Matcher

#: Actions that are remembered; a busy desk does some hundreds a day.
MOST: Final = 20_000


class Subject(Protocol):
    """What a matcher is held against: an alert as record or as row."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def pack(self) -> str: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def region(self) -> str: ...  # noqa: D102
    @property
    def site(self) -> str | None: ...  # noqa: D102
    @property
    def good(self) -> str: ...  # noqa: D102


class Acknowledged(msgspec.Struct, frozen=True):
    """Who has confirmed an alert, when (RFC 3339), and the words given with it."""

    by: str
    at: str
    note: str


class Comment(msgspec.Struct, frozen=True):
    """What somebody said of an alert."""

    by: str
    at: str
    note: str


@dataclass(slots=True)
class Ledger:
    """Takes actions in any order, each as often as it comes; what it tells depends on the set of them alone."""

    most: int = MOST
    known: OrderedDict[str, Action] = field(default_factory=OrderedDict)
    #: By episode id, in the order in which they came.
    episodes: dict[str, list[Action]] = field(default_factory=dict)
    silences: dict[str, Action] = field(default_factory=dict)
    lifted: dict[str, Action] = field(default_factory=dict)
    #: Episode id -> the highest (seq, level) by which an acknowledgement of a lower level is void.
    risen: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def take(self, action: Action) -> bool:
        """Take in an action; return whether it was news."""
        if action.event_id in self.known:
            return False
        self.known[action.event_id] = action
        if action.kind == "silence":
            self.silences[action.silence] = action
        elif action.kind == "unsilence":
            self.lifted[action.silence] = action
        else:
            self.episodes.setdefault(action.alert, []).append(action)
        while len(self.known) > self.most:
            self._forget(self.known.popitem(last=False)[1])
        return True

    def rise(self, episode: str, seq: int, level: str) -> None:
        """Take note of a transition to a level: what was acknowledged below it before no longer is.

        Kept are the steps that no later one reaches: at most as many as there are levels.
        """
        rank = _rank(level)
        steps = [step for step in self.risen.get(episode, []) if step[1] > rank or step[0] > seq]
        self.risen[episode] = [*steps, (seq, rank)]
        while len(self.risen) > self.most:
            self.risen.pop(next(iter(self.risen)))

    def acknowledged(self, episode: str, level: str) -> Acknowledged | None:
        """Return the newest acknowledgement that still counts for an episode at ``level``."""
        found = [each for each in self.episodes.get(episode, []) if each.kind == "acknowledge"]
        for each in sorted(found, key=_moment, reverse=True):
            if not self._void(each, level):
                return Acknowledged(each.by, each.time, each.note)
        return None

    def comments(self, episode: str) -> list[Comment]:
        """Return what was said of an episode, oldest first."""
        found = [each for each in self.episodes.get(episode, []) if each.kind == "comment"]
        return [Comment(each.by, each.time, each.note) for each in sorted(found, key=_moment)]

    def silenced_until(self, subject: Subject, now: float) -> str | None:
        """Return the latest end of the silences that cover an alert now, None when none does."""
        ends = [
            each.until for each in self.standing(now) if each.until and each.matcher and covers(each.matcher, subject)
        ]
        return max(ends, key=datetime.fromisoformat, default=None)

    def standing(self, now: float) -> list[Action]:
        """Return the silences that are neither over nor lifted, those that end first before the others."""
        found = [each for name, each in self.silences.items() if name not in self.lifted and ends(each) > now]
        return sorted(found, key=ends)

    def of(self, episode: str) -> list[Action]:
        """Return what was done about an episode, oldest first; silences are not of one episode."""
        return sorted(self.episodes.get(episode, []), key=_moment)

    def concerns(self, action: Action, subject: Subject) -> bool:
        """Return whether an action changes what is told of an alert."""
        if action.kind in {"acknowledge", "comment"}:
            return action.alert == subject.id
        silence = self.silences.get(action.silence)
        return silence is not None and silence.matcher is not None and covers(silence.matcher, subject)

    def _void(self, action: Action, level: str) -> bool:
        seen = _rank(action.level)
        later = (rank for seq, rank in self.risen.get(action.alert, []) if seq > action.seq)
        return max(later, default=0) > seen or _rank(level) > seen

    def _forget(self, action: Action) -> None:
        if action.kind == "silence":
            self.silences.pop(action.silence, None)
        elif action.kind == "unsilence":
            self.lifted.pop(action.silence, None)
        else:
            rest = [each for each in self.episodes.get(action.alert, []) if each is not action]
            if rest:
                self.episodes[action.alert] = rest
            else:
                self.episodes.pop(action.alert, None)


def covers(matcher: Matcher, subject: Subject) -> bool:
    """Return whether a matcher admits an alert."""
    pairs = (
        (matcher.goods, subject.good),
        (matcher.packs, subject.pack),
        (matcher.rules, subject.rule),
        (matcher.sites, subject.site or ""),
    )
    if not all(not wanted or has in wanted for wanted, has in pairs):
        return False
    return not matcher.regions or any(within(subject.region, region) for region in matcher.regions)


def within(region: str, above: str) -> bool:
    """Return whether a region is another one or lies in it: 540402 in 540400 and in 540000."""
    return region.startswith(_significant(above))


def prefectures(matcher: Matcher, known: Iterable[int]) -> set[int]:
    """Return those of the known prefectures whose alerts a matcher can cover; all where it names no region."""
    if not matcher.regions:
        return {*known}
    return {
        code
        for code in known
        for region in matcher.regions
        if within(f"{code:06d}", region) or within(region, f"{code:06d}")
    }


def ends(silence: Action) -> float:
    """Return when a silence is over, epoch seconds."""
    return datetime.fromisoformat(silence.until).timestamp() if silence.until else 0.0


def _significant(code: str) -> str:
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code


def _rank(level: str) -> int:
    return [str(known) for known in LEVELS].index(level)


def _moment(action: Action) -> tuple[float, str]:
    return datetime.fromisoformat(action.time).timestamp(), action.event_id
