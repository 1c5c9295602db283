"""Alerts scored against the ground truth of a simulated scenario. Pure functions.

Per rule, with an *episode* being the transitions of one alert id that reached ``firing``:

- recall = expectations met / expectations. One is met by a firing transition of its rule, region, site and
  good, at its level or above, within its window.
- delay (hours of event time) of a met expectation: from ``after``, when the incident began, to the first
  transition that met it.
- precision = explained episodes / episodes. An incident explains an episode that began firing between
  the incident's start and ``AFTERMATH`` after its end, on one of its goods, in one of its counties or
  a region above one, and, where it names stores, on one of these or on a whole region.
- false alarms per day = episodes that nothing explains / days simulated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from producers.simulate import Expect, Truth
from schemas.events import LEVELS

DAY: Final = 86_400.0
HOUR: Final = 3_600.0
#: A 24-hour window and the close of the date after still hold what an incident did: seconds.
AFTERMATH: Final = 2 * DAY
NATION: Final = "000000"


class Transition(msgspec.Struct, frozen=True):
    """What a score reads of a record of topic ``alerts`` or of ``staplewatch alerts --transitions --format json``."""

    id: str
    rule: str
    level: str
    state: str
    region: str
    good: str
    at: str
    site: str | None = None

    @property
    def moment(self) -> float:
        """Return its event time in epoch seconds."""
        return epoch(self.at)


@dataclass(frozen=True, slots=True)
class RuleScore:
    """Figures of one rule. Delays in hours; ratios are None where nothing is counted."""

    rule: str
    expected: int
    met: int
    recall: float | None
    episodes: int
    explained: int
    precision: float | None
    delay_median: float | None
    delay_p90: float | None
    delay_worst: float | None
    false_per_day: float


def epoch(text: str) -> float:
    """Return RFC 3339 as epoch seconds."""
    return datetime.fromisoformat(text).timestamp()


def meets(expect: Expect, one: Transition) -> bool:
    """Return whether a firing transition is what was expected, at its level or above and in its window."""
    subject = (expect.rule, expect.region, expect.site, expect.good)
    return (
        one.state == "firing"
        and (one.rule, one.region, one.site or "", one.good) == subject
        and LEVELS.index(one.level) >= LEVELS.index(expect.level)
        and epoch(expect.after) <= one.moment <= epoch(expect.before)
    )


def missed(truths: Iterable[Truth], transitions: Iterable[Transition]) -> list[Expect]:
    """Return the expectations that no transition met in time."""
    found = _delays(truths, transitions)
    return [expect for expect, delay in found if delay is None]


def unexplained(truths: Sequence[Truth], transitions: Iterable[Transition]) -> list[Transition]:
    """Return the first firing transition of every episode that no incident explains."""
    incidents = [_Incident.of(truth) for truth in truths if truth.kind not in {"run", "counts"}]
    return [one for one in _raised(transitions) if not any(each.explains(one) for each in incidents)]


def scores(truths: Sequence[Truth], transitions: Iterable[Transition]) -> list[RuleScore]:
    """Return a score per rule that was expected or raised, in order of their names.

    Transitions outside the simulated time and prefectures are another run's and are left out.
    """
    own = [one for one in transitions if _within(truths, one)]
    delays: dict[str, list[float | None]] = defaultdict(list)
    for expect, delay in _delays(truths, own):
        delays[expect.rule].append(delay)
    raised, false = _by_rule(_raised(own)), _by_rule(unexplained(truths, own))
    days = _days(truths)
    return [_score(rule, delays[rule], raised[rule], false[rule], days) for rule in sorted({*delays, *raised})]


def _score(rule: str, delays: Sequence[float | None], episodes: int, false: int, days: float) -> RuleScore:
    took = np.array([delay for delay in delays if delay is not None]) / HOUR
    median, late, worst = np.quantile(took, [0.5, 0.9, 1.0]).tolist() if len(took) else (None, None, None)
    return RuleScore(
        rule=rule,
        expected=len(delays),
        met=len(took),
        recall=len(took) / len(delays) if delays else None,
        episodes=episodes,
        explained=episodes - false,
        precision=(episodes - false) / episodes if episodes else None,
        delay_median=median,
        delay_p90=late,
        delay_worst=worst,
        false_per_day=false / days,
    )


def _delays(truths: Iterable[Truth], transitions: Iterable[Transition]) -> list[tuple[Expect, float | None]]:
    """Return every expectation and how many seconds after its incident's start it was met; None: it was not."""
    by_subject: dict[tuple[str, str, str], list[Transition]] = defaultdict(list)
    for one in transitions:
        by_subject[one.rule, one.region, one.good].append(one)
    found: list[tuple[Expect, float | None]] = []
    for expect in (expect for truth in truths for expect in truth.expects):
        own = by_subject[expect.rule, expect.region, expect.good]
        moments = [one.moment for one in own if meets(expect, one)]
        found.append((expect, min(moments) - epoch(expect.after) if moments else None))
    return found


def _raised(transitions: Iterable[Transition]) -> list[Transition]:
    """Return the first firing transition of every episode."""
    first: dict[str, Transition] = {}
    for one in transitions:
        if one.state == "firing" and (one.id not in first or one.moment < first[one.id].moment):
            first[one.id] = one
    return list(first.values())


@dataclass(frozen=True, slots=True)
class _Incident:
    """Where, when and on what an incident works."""

    regions: frozenset[str]
    goods: frozenset[str]
    sites: frozenset[str]
    since: float
    until: float

    @classmethod
    def of(cls, truth: Truth) -> _Incident:
        sites = {*truth.stores, *filter(None, [truth.enterprise])}
        regions = {*truth.regions, *truth.allowed}
        until = epoch(truth.until) + AFTERMATH
        return cls(frozenset(regions), frozenset(truth.goods), frozenset(sites), epoch(truth.since), until)

    def explains(self, one: Transition) -> bool:
        """Return whether an alert may follow from it; one without a good is on an enterprise as a whole."""
        placed = one.region in self.regions and (not one.good or one.good in self.goods)
        named = not one.site or not self.sites or one.site in self.sites
        return placed and named and self.since <= one.moment <= self.until


def _within(truths: Iterable[Truth], one: Transition) -> bool:
    run = _run(truths)
    placed = any(one.region[:4] == code[:4] or one.region in {f"{code[:2]}0000", NATION} for code in run.regions)
    return placed and epoch(run.since) <= one.moment <= epoch(run.until) + AFTERMATH


def _days(truths: Iterable[Truth]) -> float:
    run = _run(truths)
    return (epoch(run.until) - epoch(run.since)) / DAY


def _run(truths: Iterable[Truth]) -> Truth:
    return next(truth for truth in truths if truth.kind == "run")


def _by_rule(transitions: Iterable[Transition]) -> Mapping[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for one in transitions:
        counts[one.rule] += 1
    return counts
