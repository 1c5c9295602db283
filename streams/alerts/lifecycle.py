"""The life of alerts: pending, firing at a level, resolved. See RULES, "Life of an alert".

A *moment* is what durations are measured in: the epoch second of a tick rule's evaluation, or the
date (days since 1970-01-01) of a date rule's. An early evaluation of a date and the one at its
close have the same moment, so two clear ones of them do not resolve an alert.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from schemas.catalogue import Catalogue
from schemas.events import Alert, AlertState, AsOf
from streams.alerts import explain, words
from streams.alerts.episode import Episode, Evaluation, Named, Names, Subject
from streams.alerts.evaluation import UNDEFINED
from streams.alerts.rulebook import Rulebook
from streams.alerts.rules import Rule
from streams.alerts.transition import Reason, Transition

BUCKET: Final = 300
#: Never change it: episode ids would no longer agree with those stored.
NAMESPACE: Final = uuid.UUID("6f1d3b0e-5d0a-5f0c-9a51-7c8a3f1f2b64")
_UNIX_EPOCH: Final = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001


class Book:
    """All alerts of one partition. Deterministic: no clock, no randomness, nothing but what is stepped in.

    ``tz`` says on which date an evaluation of a tick rule falls.
    """

    def __init__(self, rulebook: Rulebook, catalogue: Catalogue, tz: tzinfo) -> None:
        self._rulebook = rulebook
        self._catalogue = catalogue
        self._tz = tz
        self._open: dict[str, dict[Subject, Episode]] = {ref: {} for ref in rulebook.rules}
        #: Episodes that ended in the bucket or date they began in: (start, next seq). Another one
        #: that begins there has the same id, so it counts on.
        self._ended: dict[str, dict[Subject, tuple[int, int]]] = {ref: {} for ref in rulebook.rules}
        #: Rules that a region has no more, by (ref, region), and their alerts until ``retire`` ends them.
        self._removed: dict[tuple[str, int], Rule] = {}
        self._orphans: list[Episode] = []

    def open_keys(self, rule: Rule) -> set[Subject]:
        """Return the subjects that must be evaluated even if nothing arrived for them."""
        return set(self._open[rule.name])

    @property
    def size(self) -> int:
        """Return the number of open alerts."""
        return sum(map(len, self._open.values()))

    def open_alerts(self) -> list[Transition]:
        """Return the newest transition of every open alert, to be published again after a rebuild."""
        return [episodes[subject].newest for _, episodes in sorted(self._open.items()) for subject in sorted(episodes)]

    def step(
        self,
        rule: Rule,
        region: int,
        good: str,
        site: str,
        at: int,
        level: int,
        clear: bool,
        values: Mapping[str, float | None],
        evidence: Mapping[str, float | None],
        date: int | None = None,
        ending: Reason = "cleared",
    ) -> list[Transition]:
        """Apply one evaluation and return the transition it causes, if any.

        ``at`` (epoch s) ascends per subject; a tick rule's belongs to the bucket with
        ``start < at <= start + 300``. ``date`` (days since 1970-01-01) is the date that a date rule
        evaluated. ``level`` is -1 where the evaluation is undefined. ``ending`` is the reason given if this
        resolves the alert. Raises ``ValueError`` when a date rule comes without its date.
        """
        subject = (region, good, site)
        episode = self._open[rule.name].get(subject)
        if episode is None and level <= 0:
            return []
        moment, start = _moment(rule, at, date)
        seen = Evaluation(subject, at, moment, start, level, clear, values, evidence, date, ending)
        if episode is None:
            return [self._begin(rule, seen)]
        transition = self._go_on(rule, episode, seen)
        return [] if transition is None else [transition]

    def correct(
        self,
        rule: Rule,
        region: int,
        good: str,
        site: str,
        at: int,
        level: int,
        values: Mapping[str, float | None],
        evidence: Mapping[str, float | None],
        date: int | None = None,
    ) -> list[Transition]:
        """Take an open alert back to ``level`` at once, because a value that it rests on was corrected.

        Waits do not apply: it should never have stood higher. Of a date rule, ``date`` is the one that was evaluated
        anew; an alert that rests on another date stays, and so does one that the correction would raise.
        """
        episode = self._open[rule.name].get((region, good, site))
        if episode is None or not UNDEFINED < level < episode.newest.level or episode.newest.date != date:
            return []
        at = max(at, episode.newest.at)
        moment, start = _moment(rule, at, date)
        seen = Evaluation((region, good, site), at, moment, start, level, level == 0, values, evidence, date)
        episode.reset()
        state = episode.newest.state if level else "resolved"
        return [self._move(rule, episode, seen, state, level, "corrected")]

    def to_alert(self, transition: Transition, as_of: AsOf, processed_at: int, tz: tzinfo) -> Alert:
        """Return the record for topic ``alerts``, in words and with times at the offset of ``tz``."""
        where = (transition.rule, transition.region)
        present, removed = self._rulebook.at(*where), self._removed.get(where)
        rule = removed or present if transition.reason == "rule_removed" else present or removed
        if rule is None:
            raise KeyError(where)
        return words.to_alert(transition, rule, self._catalogue, as_of, processed_at, tz)

    def dump(self) -> dict[str, object]:
        """Return everything that ``load`` needs, as plain lists, dicts, numbers and strings."""
        rules = self._rulebook.rules
        ended = [
            [rules[name].ref, *subject, *memory]
            for name, found in self._ended.items()
            for subject, memory in found.items()
        ]
        used = [rule for name, rule in rules.items() if self._open[name] or self._ended[name]]
        return {
            "open": [msgspec.to_builtins(episode) for found in self._open.values() for episode in found.values()],
            "ended": ended,
            "rules": [msgspec.to_builtins(Named.of(rule, self._held(rule))) for rule in used],
        }

    def load(self, data: Mapping[str, object]) -> None:
        """Replace everything by what ``dump`` returned, perhaps under other packs.

        Alerts of a rule that still exists stay open: its next evaluation decides, with its present
        conditions. Those of a rule that is gone, is evaluated at other times now or does not watch
        their region any more wait for ``retire``. Raises ``msgspec.ValidationError`` for data of another shape.
        """
        episodes = msgspec.convert(data["open"], list[Episode])
        ended = msgspec.convert(data["ended"], list[tuple[str, int, str, str, int, int]])
        named = Names(msgspec.convert(data["rules"], list[Named]))
        self._open = {name: {} for name in self._rulebook.rules}
        self._ended = {name: {} for name in self._rulebook.rules}
        self._removed, self._orphans = {}, []
        for episode in episodes:
            newest = episode.newest
            rule = self._heir(named.of(newest.rule, newest.region), newest.region)
            if rule is None:
                self._orphans.append(episode)
            else:
                self._open[rule.name][newest.region, newest.good, newest.site] = episode
        for ref, region, good, site, start, seq in ended:
            if (rule := self._heir(named.of(ref, region), region)) is not None:
                self._ended[rule.name][region, good, site] = (start, seq)

    def _heir(self, named: Named, region: int) -> Rule | None:
        """Return the rule that goes on with the alerts of another one in a region, None where they must end."""
        rule = self._rulebook.at(named.ref, region)
        if rule is not None and rule.trigger == named.trigger:
            return rule
        self._removed[named.ref, region] = named.rule()
        return None

    def _held(self, rule: Rule) -> tuple[int, ...]:
        """Return where a version for some regions has alerts; a rule for all regions needs no list."""
        if not rule.chosen_for:
            return ()
        return tuple(sorted({region for region, _, _ in (*self._open[rule.name], *self._ended[rule.name])}))

    def retire(self, now: Callable[[int], int]) -> list[Transition]:
        """Resolve the alerts of rules that are gone; ``now`` gives the present of a region, epoch seconds."""
        orphans, self._orphans = self._orphans, []
        return [
            msgspec.structs.replace(
                each.newest,
                seq=each.newest.seq + 1,
                state="resolved",
                level=0,
                level_before=each.newest.level,
                at=max(each.newest.at, now(each.newest.region)),
                reason="rule_removed",
                stale=False,
            )
            for each in orphans
        ]

    def adopt(self, stored: Iterable[tuple[Transition, Named]]) -> list[Transition]:
        """Go on from the newest stored transition of each episode where it is ahead; return those that ended there.

        When an episode began to clear is not stored: such waits begin anew.
        """
        ended: list[Transition] = []
        for newest, named in sorted(stored, key=lambda each: (each[0].start, each[0].seq)):
            subject = (newest.region, newest.good, newest.site)
            rule = self._heir(named, newest.region)
            if rule is None:
                self._orphans += [Episode(newest, newest.start)] if newest.state != "resolved" else []
                continue
            known = self._open[rule.name].get(subject)
            if known is not None and not _ahead(newest, known.newest):
                continue
            if newest.state == "resolved":
                ended.append(newest)
                self._open[rule.name].pop(subject, None)
                self._ended[rule.name][subject] = (newest.start, newest.seq + 1)
            elif known is not None and known.newest.id == newest.id:
                known.newest = newest
            else:
                since = newest.at if newest.state == "pending" else newest.start
                self._open[rule.name][subject] = Episode(newest, since)
        return ended

    def _begin(self, rule: Rule, seen: Evaluation) -> Transition:
        key = rule.key(*seen.subject)
        start, seq = self._ended[rule.name].pop(seen.subject, (None, 0))
        region, good, site = seen.subject
        pending = rule.hold > 0
        newest = Transition(
            rule=rule.ref,
            key=key,
            id=str(uuid.uuid5(NAMESPACE, f"{key}|{seen.start}")),
            seq=seq if start == seen.start else 0,
            region=region,
            good=good,
            site=site,
            state="pending" if pending else "firing",
            level=seen.level,
            level_before=0,
            start=seen.start,
            at=seen.at,
            reason="pending" if pending else "raised",
            values=_defined(seen.values),
            thresholds=explain.thresholds(rule, seen.values),
            evidence=_defined(seen.evidence),
            date=seen.date,
        )
        self._open[rule.name][seen.subject] = Episode(newest, seen.moment)
        return newest

    def _go_on(self, rule: Rule, episode: Episode, seen: Evaluation) -> Transition | None:
        if seen.level == UNDEFINED:
            return self._undefined(rule, episode, seen)
        episode.undefined_since = None
        if episode.newest.state == "pending":
            return self._pending(rule, episode, seen)
        transition = self._firing(rule, episode, seen)
        if transition is None and episode.newest.stale:
            return self._move(rule, episode, seen, "firing", episode.newest.level, "fresh")
        return transition

    def _undefined(self, rule: Rule, episode: Episode, seen: Evaluation) -> Transition | None:
        """Hold the state, mark it stale, give up on the seventh date."""
        date = seen.date if seen.date is not None else self._local_date(seen.at)
        if episode.undefined_since is None:
            episode.undefined_since = date
        if date - episode.undefined_since >= rule.stale_after:
            return self._move(rule, episode, seen, "resolved", 0, "no_data", stale=True)
        if episode.newest.state == "firing" and not episode.newest.stale:
            return self._move(rule, episode, seen, "firing", episode.newest.level, "stale", stale=True)
        return None

    def _pending(self, rule: Rule, episode: Episode, seen: Evaluation) -> Transition | None:
        if seen.level == 0:
            return self._move(rule, episode, seen, "resolved", 0, "not_held")
        if seen.moment - episode.since >= rule.hold:
            return self._move(rule, episode, seen, "firing", seen.level, "raised")
        return None

    def _firing(self, rule: Rule, episode: Episode, seen: Evaluation) -> Transition | None:
        if seen.level > episode.newest.level:
            episode.reset()
            return self._move(rule, episode, seen, "firing", seen.level, "escalated")
        if episode.has_cleared(rule, seen):
            return self._move(rule, episode, seen, "resolved", 0, seen.ending)
        # At no level, but not clear: the lowest level counts as still there.
        effective = seen.level if seen.level > 0 or seen.clear else rule.lowest
        if not episode.has_fallen(rule, seen.moment, effective):
            return None
        lower = episode.below
        episode.reset_below()
        transition = self._move(rule, episode, seen, "firing", lower, "lowered")
        episode.has_fallen(rule, seen.moment, effective)
        return transition

    def _move(
        self, rule: Rule, episode: Episode, seen: Evaluation, state: AlertState, level: int, reason: Reason,
        *, stale: bool = False,
    ) -> Transition:  # fmt: skip
        before = episode.newest
        episode.newest = msgspec.structs.replace(
            before,
            seq=before.seq + 1,
            state=state,
            level=level,
            level_before=before.level,
            at=seen.at,
            reason=reason,
            values=_defined(seen.values),
            thresholds=explain.thresholds(rule, seen.values),
            evidence=_defined(seen.evidence),
            date=seen.date,
            stale=stale,
        )
        if state == "resolved":
            del self._open[rule.name][seen.subject]
            if seen.start == before.start:
                self._ended[rule.name][seen.subject] = (before.start, before.seq + 2)
        return episode.newest

    def _local_date(self, at: int) -> int:
        return datetime.fromtimestamp(at, self._tz).toordinal() - _UNIX_EPOCH


def _ahead(stored: Transition, known: Transition) -> bool:
    """Return whether a stored transition is later than the known one: of the same episode, or of a later one."""
    if stored.id == known.id:
        return stored.seq > known.seq
    return stored.start > known.start


def _moment(rule: Rule, at: int, date: int | None) -> tuple[int, int]:
    """Return the moment of an evaluation, and the start that an episode beginning there has."""
    if rule.trigger != "date":
        return at, (at - 1) // BUCKET * BUCKET
    if date is None:
        msg = f"rule {rule.ref} is evaluated per date: pass the date"
        raise ValueError(msg)
    return date, date


def _defined(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}
