"""What people said and did about alerts, as a record of it. Pure: no I/O, no clock.

What comes of it for an alert (acknowledged, silenced, inhibited) is the stream's to say, on the alert's own record.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from schemas.events import Action
from streams.alerts.marks import ends

#: Actions that are remembered; a busy desk does some hundreds a day.
MOST: Final = 20_000


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

    def comments(self, episode: str) -> list[Comment]:
        """Return what was said of an episode, oldest first."""
        found = [each for each in self.episodes.get(episode, []) if each.kind == "comment"]
        return [Comment(each.by, each.time, each.note) for each in sorted(found, key=_moment)]

    def standing(self, now: float) -> list[Action]:
        """Return the silences that are neither over nor lifted, those that end first before the others."""
        found = [each for name, each in self.silences.items() if name not in self.lifted and ends(each) > now]
        return sorted(found, key=ends)

    def of(self, episode: str) -> list[Action]:
        """Return what was done about an episode, oldest first; silences are not of one episode."""
        return sorted(self.episodes.get(episode, []), key=_moment)

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


def _moment(action: Action) -> tuple[float, str]:
    return datetime.fromisoformat(action.time).timestamp(), action.event_id
