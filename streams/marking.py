"""Gives alerts their marks as they are published, and finds those that must be published again.

What people did is in ``alerts.marks``, what covers what in ``alerts.inhibition``; here are the open alerts of one
partition as they were published last, so that one whose marks changed goes out again unchanged but for them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from schemas.events import LEVELS, Acknowledged, Action, Alert, AsOf, Inhibited, Silenced, Substitute
from streams.alerts.inhibition import Inhibition, Owner, across_partitions, covered, nobody
from streams.alerts.marks import Marks
from streams.indicators.substitutes import MOST
from streams.standby import Need

Marked: TypeAlias = tuple[Acknowledged | None, Silenced | None, Inhibited | None]


class Marker:
    """The marks of the alerts of one partition; ``owner`` says whose a site is.

    ``wall`` is the present, epoch seconds.
    """

    def __init__(self, owner: Owner = nobody) -> None:
        self._marks = Marks()
        self._owner = owner
        self._inhibition = Inhibition(owner)
        #: Open alerts by key, as they were published last.
        self._open: dict[str, Alert] = {}
        #: Keys of open alerts whose marks may have changed.
        self._unsure: set[str] = set()

    def take(self, actions: Iterable[Action], wall: float) -> None:
        """Take in what people did; what comes of it comes with ``changed``."""
        for action in actions:
            self._marks.take(action, wall)
            if action.kind == "acknowledge":
                self._unsure.add(action.key)
            elif action.kind != "comment":
                self._unsure.update(self._open)
        self._marks.forget({each.id for each in self._open.values()}.__contains__)

    def rise(self, risen: Iterable[tuple[str, int, int]], standing: Container[str]) -> None:
        """Take in stored transitions, each as (episode, seq, index of the level), that a replay may not bring again.

        Only those of ``standing`` episodes and of acknowledged ones matter.
        """
        for episode, seq, level in risen:
            if episode in standing or self._marks.is_acknowledged(episode):
                self._marks.rise(episode, seq, level)

    def know(self, alerts: Sequence[Alert]) -> None:
        """Take in alerts that are open, before any of them is published: a rebuild found them so."""
        self._note(alerts)
        for alert in alerts:
            self._rise(alert)
            self._open[alert.key] = alert

    def mark(self, alerts: Sequence[Alert], wall: float, offset: int) -> list[Alert]:
        """Return transitions in their order with their marks; ``offset`` is the next one of ``alert.actions``.

        What covers others is looked at first: where a prefecture's alert and its counties' come of one evaluation,
        not even the first record of a county's may go out without the mark.
        """
        self._note(alerts)
        return [self._marked(alert, wall, offset) for alert in alerts]

    def changed(self, as_of: AsOf, wall: float, offset: int) -> list[Alert]:
        """Return, newest transition and higher ``as_of``, the open alerts whose marks are not those published last."""
        if self._marks.expire(wall):
            self._unsure.update(self._open)
        unsure, self._unsure = self._unsure, set()
        found = []
        for key in sorted(unsure & self._open.keys()):
            known = self._open[key]
            marks = self._of(known, wall)
            if marks != _marks_of(known):
                self._open[key] = _with(msgspec.structs.replace(known, as_of=as_of), marks, offset)
                found.append(self._open[key])
        return found

    def support(self, need: Need, found: Sequence[Substitute], as_of: AsOf) -> Alert | None:
        """Add substitutes to an open alert and return it to be published again; None if it has moved on."""
        known = self._open.get(need.key)
        if known is None or (known.id, known.seq) != (need.id, need.seq):
            return None
        more = [each for each in found if each not in known.substitutes][: max(0, MOST - len(known.substitutes))]
        if not more:
            return None
        told = msgspec.structs.replace(known, substitutes=[*known.substitutes, *more], as_of=as_of)
        self._open[need.key] = told
        return told

    @property
    def size(self) -> int:
        """Return how many actions are held."""
        return self._marks.size

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot; open alerts are the life cycle's to keep, ``know`` brings them back."""
        return self._marks.dump()

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._marks.load(data)

    def _marked(self, alert: Alert, wall: float, offset: int) -> Alert:
        self._rise(alert)
        marked = _with(alert, self._of(alert, wall), offset)
        if alert.state == "resolved":
            self._open.pop(alert.key, None)
            self._marks.close(alert.id)
        else:
            self._open[alert.key] = marked
        return marked

    def _rise(self, alert: Alert) -> None:
        self._marks.rise(alert.id, alert.seq, LEVELS.index(alert.level))

    def _note(self, alerts: Sequence[Alert]) -> None:
        """Note what covers others; provinces do so on other partitions: the consumers apply that, for all alike."""
        scopes = {self._inhibition.note(each) for each in alerts if not across_partitions(each)} - {None}
        if scopes:
            concerned = ((key, covered(each, self._owner)) for key, each in self._open.items())
            self._unsure.update(key for key, found in concerned if not scopes.isdisjoint(found))

    def _of(self, alert: Alert, wall: float) -> Marked:
        return self._marks.acknowledged(alert.id), self._marks.silenced(alert, wall), self._inhibition.of(alert)


def _marks_of(alert: Alert) -> Marked:
    return alert.acknowledged, alert.silenced, alert.inhibited


def _with(alert: Alert, marks: Marked, offset: int) -> Alert:
    acknowledged, silenced, inhibited = marks
    return msgspec.structs.replace(
        alert, acknowledged=acknowledged, silenced=silenced, inhibited=inhibited, actions_offset=offset
    )
