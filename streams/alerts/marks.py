"""What people did about alerts, as marks beside their state: acknowledged, silenced. See RULES, "Life of an alert".

Nothing here changes a transition. What is told depends on the set of actions and rises alone, not on the order in
which they came nor on how often: a rebuild takes the same actions from the warehouse and from the topic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas.events import LEVELS, Acknowledged, Action, Alert, Silenced
from streams.alerts.matching import covers

#: Episodes that are remembered although they are over, and silences that stand: far beyond what people do.
MOST: Final = 20_000

#: A transition to a level: (seq, index of the level).
Rise = tuple[int, int]


class Marks:
    """Acknowledgements and silences of one partition."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        #: By episode id, in the order in which the episodes were first acknowledged.
        self._acknowledged: dict[str, dict[str, Action]] = {}
        self._rises: dict[str, list[Rise]] = {}
        #: By id, with its end in epoch seconds.
        self._silences: dict[str, tuple[float, Action]] = {}
        self._lifted: dict[str, None] = {}

    # -- in

    def take(self, action: Action, now: float) -> None:
        """Take in an action; ``now`` (epoch seconds) tells whether a silence is over already. Comments are no marks."""
        if action.kind == "acknowledge":
            self._acknowledge(action)
        elif action.kind == "silence":
            self._silence(action, now)
        elif action.kind == "unsilence":
            self._lifted[action.silence] = None
            _bound(self._lifted, self._most)

    def rise(self, episode: str, seq: int, level: int) -> None:
        """Note a transition to a level (index of ``LEVELS``): an acknowledgement of a lower one up to it is void.

        Kept are the steps that no later one reaches: at most as many as there are levels.
        """
        steps = self._rises.get(episode, [])
        if any(known[0] >= seq and known[1] >= level for known in steps):
            return
        kept = [known for known in steps if known[0] > seq or known[1] > level]
        self._rises[episode] = sorted([*kept, (seq, level)])

    def is_acknowledged(self, episode: str) -> bool:
        """Return whether anybody has acknowledged an episode, be it void."""
        return episode in self._acknowledged

    def close(self, episode: str) -> None:
        """Forget what an acknowledgement of an episode that is over would be held against, if it has none."""
        if episode not in self._acknowledged:
            self._rises.pop(episode, None)

    def forget(self, is_open: Callable[[str], bool]) -> None:
        """Keep the memory bounded: the episodes acknowledged first go first, never one that is open."""
        over = len(self._acknowledged) - self._most
        closed = (episode for episode in self._acknowledged if not is_open(episode))
        for episode in [episode for episode, _ in zip(closed, range(max(over, 0)), strict=False)]:
            del self._acknowledged[episode]
            self._rises.pop(episode, None)

    # -- out

    def acknowledged(self, episode: str) -> Acknowledged | None:
        """Return the newest acknowledgement that no higher level made void."""
        found = [each for each in self._acknowledged.get(episode, {}).values() if not self._void(each)]
        newest = max(found, key=_moment, default=None)
        if newest is None:
            return None
        return Acknowledged(newest.by, newest.time, newest.note, newest.seq, newest.level)

    def silenced(self, alert: Alert, now: float) -> Silenced | None:
        """Return the silence that covers an alert longest, of several that end together the first by id."""
        standing = [found for name, found in self._silences.items() if name not in self._lifted and found[0] > now]
        covering = [found for found in standing if found[1].matcher and covers(found[1].matcher, alert)]
        if not covering:
            return None
        _, longest = min(covering, key=lambda found: (-found[0], found[1].silence))
        return Silenced(longest.silence, longest.until or "", longest.by, longest.note)

    def expire(self, now: float) -> bool:
        """Forget the silences that are over; return whether there were any."""
        over = [name for name, (end, _) in self._silences.items() if end <= now]
        for name in over:
            del self._silences[name]
            self._lifted.pop(name, None)
        return bool(over)

    @property
    def size(self) -> int:
        """Return how many actions are held."""
        return sum(map(len, self._acknowledged.values())) + len(self._silences)

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        held = [each for found in self._acknowledged.values() for each in found.values()]
        return {
            "actions": [msgspec.to_builtins(each) for each in [*held, *(each for _, each in self._silences.values())]],
            "lifted": [*self._lifted],
            "rises": [[episode, *step] for episode, steps in self._rises.items() for step in steps],
        }

    def load(self, data: Mapping[str, Any]) -> None:
        """Replace everything by what ``dump`` returned; silences that ended since go with the next ``expire``."""
        self._acknowledged, self._rises, self._silences = {}, {}, {}
        self._lifted = dict.fromkeys(data["lifted"])
        for episode, seq, level in data["rises"]:
            self.rise(episode, seq, level)
        for action in msgspec.convert(data["actions"], list[Action]):
            self.take(action, float("-inf"))

    # --

    def _acknowledge(self, action: Action) -> None:
        """Keep an acknowledgement unless one that came after it will always count where it does."""
        known = self._acknowledged.setdefault(action.alert, {})
        if any(_outlasts(each, action) for each in known.values()):
            return
        for name in [name for name, each in known.items() if _outlasts(action, each)]:
            del known[name]
        known[action.event_id] = action

    def _silence(self, action: Action, now: float) -> None:
        known, end = self._silences.get(action.silence), ends(action)
        if end <= now or (known is not None and _moment(known[1]) >= _moment(action)):
            return
        self._silences[action.silence] = (end, action)
        if len(self._silences) > self._most:
            del self._silences[min((end, name) for name, (end, _) in self._silences.items())[1]]

    def _void(self, action: Action) -> bool:
        seen = LEVELS.index(action.level)
        return any(seq >= action.seq and level > seen for seq, level in self._rises.get(action.alert, ()))


def ends(silence: Action) -> float:
    """Return when a silence is over, epoch seconds."""
    return datetime.fromisoformat(silence.until).timestamp() if silence.until else 0.0


def _outlasts(one: Action, other: Action) -> bool:
    """Return whether ``one`` is preferred to ``other`` and is never void before it."""
    seen, before = (one.seq, LEVELS.index(one.level)), (other.seq, LEVELS.index(other.level))
    return _moment(one) >= _moment(other) and seen[0] >= before[0] and seen[1] >= before[1]


def _moment(action: Action) -> tuple[float, str]:
    return datetime.fromisoformat(action.time).timestamp(), action.event_id


def _bound(known: dict[str, None], most: int) -> None:
    for name in [*known][: max(len(known) - most, 0)]:
        del known[name]
