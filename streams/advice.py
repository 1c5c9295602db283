"""Alerts are given the substitutes that can step in, as they go out; what is left open is noted for partner regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from schemas.events import Alert
from streams.alerts.rulebook import Rulebook
from streams.alerts.transition import Transition
from streams.setup import Setup
from streams.standby import Need, Standby

if TYPE_CHECKING:
    from streams.prefecture import Prefecture


class Advisor:
    """Looks for substitutes in ``places``, the prefectures of one partition by code."""

    def __init__(self, rulebook: Rulebook, places: Mapping[int, Prefecture], setup: Setup) -> None:
        self._rulebook, self._places, self._setup = rulebook, places, setup
        self._standbys: dict[int, Standby] = {}
        #: By alert key: a later transition's need takes the place of an earlier one's.
        self._needs: dict[str, list[Need]] = {}

    def complete(self, transitions: Iterable[Transition], alerts: Iterable[Alert]) -> list[Alert]:
        """Return the alerts of these transitions, those that fire with substitutes if their rule wants them."""
        for standby in self._standbys.values():
            standby.forget()
        return [self._completed(*each) for each in zip(transitions, alerts, strict=True)]

    def _completed(self, transition: Transition, alert: Alert) -> Alert:
        rule = self._rulebook.at(transition.rule, transition.region)
        place = self._places.get(transition.region // 100 * 100)
        if rule is None or not rule.substitutes:
            return alert
        self._needs.pop(transition.key, None)
        if place is None or transition.state != "firing":
            return alert
        found, needs = self._standby(place).of(rule, transition)
        if needs:
            self._needs[transition.key] = needs
        return msgspec.structs.replace(alert, substitutes=found)

    def _standby(self, place: Prefecture) -> Standby:
        found = self._standbys.get(place.code)
        if found is None:
            found = Standby(place, self._setup.goods, self._setup.cover["cover_blue"])
            self._standbys[place.code] = found
        return found

    def take(self) -> Sequence[Need]:
        """Return what is left open since the last call."""
        needs, self._needs = self._needs, {}
        return [need for each in needs.values() for need in each]
