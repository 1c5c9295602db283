"""What levels mean for whoever is woken: alerts through their life cycle, and figures about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from schemas.catalogue import Catalogue
from schemas.events import LEVELS
from streams.alerts.lifecycle import Book
from streams.alerts.packs import Pack
from streams.alerts.rulebook import Rulebook
from streams.alerts.rules import Rule
from streams.alerts.transition import Transition
from streams.indicators.civil import DAY

#: An alert that comes back within this many dates of its end is flapping: the end was none.
FLAPPING_DATES: Final = 7


@dataclass(slots=True)
class Episode:
    """One alert from its first to its last date. Days since 1970-01-01; ``end`` is None while it is open.

    ``end`` is the date on which it resolved; ``level`` (1 to 4) the highest that it reached.
    """

    region: int
    good: str
    start: int
    level: int
    end: int | None = None

    def dates(self, last: int) -> int:
        """Return how many dates it stood, up to date ``last`` if it is open."""
        return (last + 1 if self.end is None else self.end) - self.start


def episodes(pack: Pack, rule: Rule, levels: pl.DataFrame, goods: Sequence[str], catalogue: Catalogue) -> list[Episode]:
    """Return the alerts that ``levels`` (``Evaluator.levels``) raise, in the order of subject and start.

    The life cycle is that of the live stream; every date is evaluated once, at its close.
    """
    book = Book(Rulebook([pack], catalogue), catalogue, ZoneInfo("UTC"))
    found: list[Episode] = []
    for row in _alarming(levels).iter_rows(named=True):
        for transition in _step(book, rule, row, goods[row["good_index"]]):
            _note(found, transition)
    return found


def _alarming(levels: pl.DataFrame) -> pl.DataFrame:
    """Leave out what no book would look at: subjects without any alarm, and dates before their first one."""
    return levels.filter((pl.col("level") > 0).cum_sum().over("region", "good_index") > 0)


def _step(book: Book, rule: Rule, row: Mapping[str, Any], good: str) -> list[Transition]:
    return book.step(
        rule,
        region=row["region"],
        good=good,
        site="",
        at=(row["day"] + 1) * DAY,
        level=row["level"],
        clear=row["clear"],
        values={name: row[name] for name in rule.values},
        evidence={name: row[name] for name in rule.counts},
        date=row["day"],
    )


def _note(found: list[Episode], transition: Transition) -> None:
    """Add a transition. Subjects come one after the other, so it belongs to the last episode or begins one."""
    newest = found[-1] if found else None
    subject = transition.region, transition.good, transition.start
    if newest is None or newest.end is not None or (newest.region, newest.good, newest.start) != subject:
        found.append(Episode(transition.region, transition.good, transition.start, transition.level))
    elif transition.state == "resolved":
        newest.end = transition.date
    else:
        newest.level = max(newest.level, transition.level)


def summary(levels: pl.DataFrame, found: Sequence[Episode]) -> dict[str, Any]:
    """Return figures about one rule: what was evaluated, and the alerts that came of it.

    ``alerts_per_day`` = episodes begun / calendar dates; ``median_duration`` in dates over those
    that ended; ``flapping`` = episodes that began at most ``FLAPPING_DATES`` dates after the
    subject's last one ended. ``none`` … ``red`` count subject-dates at each level.
    """
    dates = levels["day"].n_unique()
    ended = [episode.dates(0) for episode in found if episode.end is not None]
    begun = Counter(episode.start for episode in found)
    counts = dict(levels["level"].value_counts().iter_rows())
    return {
        "subjects": levels.select("region", "good_index").n_unique(),
        "dates": dates,
        "undefined": counts.get(-1, 0),
        **{level: counts.get(number, 0) for number, level in enumerate(LEVELS)},
        "episodes": len(found),
        "alerts_per_day": round(len(found) / dates, 4) if dates else 0.0,
        "busiest_day": max(begun.values(), default=0),
        "open_at_end": sum(episode.end is None for episode in found),
        "median_duration": float(median(ended)) if ended else None,
        "flapping": flapping(found),
    }


def flapping(found: Sequence[Episode]) -> int:
    """Return how many episodes followed one of the same subject that had ended ``FLAPPING_DATES`` or less before."""
    return sum(
        before.end is not None
        and (before.region, before.good) == (after.region, after.good)
        and after.start - before.end <= FLAPPING_DATES
        for before, after in pairwise(found)
    )
