"""Two rules on the same history: where they agree, and which of them speaks first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Final

import polars as pl

from streams.backtest.episodes import Episode

_SUBJECT: Final = ("region", "good_index", "day")
#: Later than any date.
_NEVER: Final = 10**9


def compare_levels(first: pl.DataFrame, second: pl.DataFrame) -> dict[str, Any]:
    """Return how the levels of common subjects and dates agree.

    ``agreement`` is the share of those defined under both rules that have the same level, None
    without any; ``only_first`` and ``only_second`` count dates on which one alarms and the other does not.
    """
    both = first.select(*_SUBJECT, a="level").join(second.select(*_SUBJECT, b="level"), on=_SUBJECT)
    a, b = pl.col("a"), pl.col("b")
    defined = both.filter((a >= 0) & (b >= 0))
    same = defined.filter(a == b).height
    return {
        "compared": both.height,
        "defined": defined.height,
        "agreement": round(same / defined.height, 4) if defined.height else None,
        "both_alarm": both.filter((a > 0) & (b > 0)).height,
        "only_first": both.filter((a > 0) & (b <= 0)).height,
        "only_second": both.filter((a <= 0) & (b > 0)).height,
        "first_higher": both.filter((a > b) & (b > 0)).height,
        "second_higher": both.filter((b > a) & (a > 0)).height,
    }


def compare_episodes(first: Sequence[Episode], second: Sequence[Episode]) -> dict[str, Any]:
    """Return which episodes of the same subject overlap in time, and which rule began earlier.

    An episode is paired with the first of the other rule that overlaps it, each at most once.
    ``median_lead``: dates by which the first rule was earlier (negative: later), over the pairs.
    """
    leads = [other.start - own.start for own, other in _pairs(first, second)]
    return {
        "episodes_first": len(first),
        "episodes_second": len(second),
        "matched": len(leads),
        "episodes_only_first": len(first) - len(leads),
        "episodes_only_second": len(second) - len(leads),
        "first_earlier": sum(lead > 0 for lead in leads),
        "same_date": sum(lead == 0 for lead in leads),
        "first_later": sum(lead < 0 for lead in leads),
        "median_lead": float(median(leads)) if leads else None,
    }


def _pairs(first: Iterable[Episode], second: Iterable[Episode]) -> list[tuple[Episode, Episode]]:
    waiting: defaultdict[tuple[int, str], list[Episode]] = defaultdict(list)
    for episode in second:
        waiting[episode.region, episode.good].append(episode)
    pairs = []
    for own in first:
        others = waiting[own.region, own.good]
        match = next((other for other in others if _overlap(own, other)), None)
        if match is not None:
            others.remove(match)
            pairs.append((own, match))
    return pairs


def _overlap(one: Episode, other: Episode) -> bool:
    return one.start < _end(other) and other.start < _end(one)


def _end(episode: Episode) -> int:
    return _NEVER if episode.end is None else episode.end
