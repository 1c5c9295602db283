"""Suspected stock-outs scored against hourly sales that say when a good was out. Pure but for ``read``.

Every pair of a shop and a product is judged at the end of each labelled open hour after the first
``learn`` dates, by the 28 dates before it (``streams.indicators.silence``). Beside the pack's rule
stands the plain one: P(no sale) = exp(-rate × open hours since the last sale), one rate per pair from
the same 28 dates. Its threshold is set so that it gives as many false alarms.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from producers.replay import freshretail_data
from producers.replay.recording import ReplayError
from streams.alerts.rules import Rule, evaluate
from streams.indicators import silence
from streams.indicators.groups import Floats, Ints
from streams.indicators.silence import WINDOW, Flags

HOURS: Final = 24
#: A store sells at least so many a day where the plain rule looks: that of the pack ``suspected-out``.
LEAST_DAILY: Final = 3.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """Of P (store, product) over D dates: ``sold``, ``out`` and ``known`` (P, D, 24), ``site`` (P) store ids."""

    site: Ints
    sold: Flags
    out: Flags
    known: Flags

    def after(self, learn: int, opened: Flags) -> Labelled:
        """Return the dates after the first ``learn``; only open hours are known."""
        cut = slice(learn, None)
        return Labelled(self.site, self.sold[:, cut], self.out[:, cut], self.known[:, cut] & opened)


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Figures of one rule. Delays are open hours from the start of a stock-out to the end of the first flagged hour."""

    rule: str
    out_hours: int
    found_hours: int
    recall: float | None
    false_hours: int
    false_rate: float | None
    precision: float | None
    outages: int
    found_outages: int
    delay_median: float | None
    delay_p90: float | None
    delay_worst: float | None


def read(path: Path, learn: int) -> tuple[Labelled, dict[str, int]]:
    """Return the hours of a FreshRetailNet-50K-shaped file, and how many were left out for which reason.

    Raises ``ReplayError`` where the file cannot be read or has no date after the first ``learn``.
    """
    hours, skipped = freshretail_data.read(path)
    days = hours["civil"].dt.date().cast(pl.Int32).to_numpy()
    first = int(days.min(initial=np.iinfo(np.int32).max))
    span = max(0, int(days.max(initial=0)) - first + 1)
    if span <= learn:
        msg = (
            f"{path.name} has {span} dates: name more than the {learn} that are learnt on, or learn on fewer (--learn)"
            f" / 只有 {span} 天，学习期为 {learn} 天：请给更长的数据或改 --learn"
        )
        raise ReplayError(msg)
    return _labelled(hours.with_columns(pl.Series("day", days - first)), span), skipped


def _labelled(hours: pl.DataFrame, span: int) -> Labelled:
    pairs = hours.select("store_id", "product_id").unique().sort("store_id", "product_id").with_row_index("pair")
    placed = hours.join(pairs, on=["store_id", "product_id"])
    shape = (pairs.height, span, HOURS)
    place = (
        placed["pair"].to_numpy(),
        placed["day"].to_numpy(),
        placed["civil"].dt.hour().to_numpy(),
    )
    arrays = {name: np.zeros(shape, dtype=bool) for name in ("sold", "out", "known")}
    arrays["sold"][place] = (placed["sold"] > 0).to_numpy()
    arrays["out"][place] = placed["out"].to_numpy()
    arrays["known"][place] = True
    return Labelled(pairs["store_id"].to_numpy(), **arrays)


def compare(rule: Rule, found: Labelled, opened: Flags, learn: int) -> tuple[LabelScore, LabelScore]:
    """Return the scores of ``rule`` and of the constant-rate rule at the same false-alarm rate.

    ``opened`` (24) are the open hours.
    """
    scored = found.after(learn, opened)
    flagged = suspected(rule, found, opened, learn)
    chance = np.where(scored.sold, 1.0, constant_rate(found, opened, learn))
    alike = chance < _limit(chance, scored, int((flagged & scored.known & ~scored.out).sum()))
    return score(rule.id, flagged, scored), score("constant-rate", alike, scored)


def suspected(rule: Rule, found: Labelled, opened: Flags, learn: int) -> Flags:
    """Return in which hours (P, D - learn, 24) without a sale ``rule`` has a level."""
    _, site = np.unique(found.site, return_inverse=True)
    values = silence.at_hour_ends(found.sold, site, opened, learn)
    frame = pl.DataFrame({name: column.reshape(-1) for name, column in values.items()})
    levels = evaluate(rule, frame)["level"].to_numpy().reshape(found.sold[:, learn:].shape)
    raised: Flags = (levels > 0) & ~found.sold[:, learn:]
    return raised


def constant_rate(found: Labelled, opened: Flags, learn: int) -> Floats:
    """Return exp(-rate × open hours since the last sale) (P, D - learn, 24); 1 below ``LEAST_DAILY`` sales a day.

    A sale is taken to fall in the middle of its hour; a rate is hours with a sale ÷ open hours of 28 dates.
    """
    pairs, days, _ = found.sold.shape
    passed = np.cumsum(np.tile(opened, days))
    middle = np.where(found.sold.reshape(pairs, -1), passed - np.tile(opened, days) / 2, 0.0)
    quiet = np.subtract(passed, np.maximum.accumulate(middle, axis=1), dtype=float).reshape(pairs, days, HOURS)
    daily = np.concatenate([np.zeros((pairs, 1)), np.cumsum(found.sold[:, :, opened].sum(axis=2), axis=1)], axis=1)
    day = np.arange(learn, days)
    first = np.maximum(0, day - WINDOW)
    rate = ((daily[:, day] - daily[:, first]) / (day - first))[:, :, None]
    chance: Floats = np.where(rate >= LEAST_DAILY, np.exp(-rate / opened.sum() * quiet[:, learn:]), 1.0)
    return chance


def _limit(chance: Floats, scored: Labelled, false_hours: int) -> float:
    """Return the threshold below which ``chance`` gives at most so many false alarms."""
    quiet: Floats = np.sort(chance[scored.known & ~scored.out])
    return float(quiet[false_hours]) if false_hours < len(quiet) else 1.0


def score(name: str, flagged: Flags, scored: Labelled) -> LabelScore:
    """Return the figures of the hours (P, D, 24) that a rule flagged."""
    out, calm = scored.known & scored.out, scored.known & ~scored.out
    found, false = int((flagged & out).sum()), int((flagged & calm).sum())
    delays = _delays(flagged & scored.known, scored)
    took = delays[delays > 0]
    median, late, worst = np.quantile(took, [0.5, 0.9, 1.0]).tolist() if len(took) else (None, None, None)
    return LabelScore(
        rule=name,
        out_hours=int(out.sum()),
        found_hours=found,
        recall=_share(found, int(out.sum())),
        false_hours=false,
        false_rate=_share(false, int(calm.sum())),
        precision=_share(found, found + false),
        outages=len(delays),
        found_outages=len(took),
        delay_median=median,
        delay_p90=late,
        delay_worst=worst,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _delays(flagged: Flags, scored: Labelled) -> NDArray[np.int64]:
    """Return the open hours up to the first flagged one of every stock-out that began among them; 0: never flagged.

    A stock-out is a run of hours that are out, closed ones among them, with an open hour; one that
    was there already when the scored dates began has no known start and is left out.
    """
    found: list[int] = []
    for out, known, flags in zip(
        *(each.reshape(len(each), -1) for each in (scored.out, scored.known, flagged)), strict=True
    ):
        edges = np.diff(np.concatenate([[False], out, [False]]).astype(np.int8))
        for begin, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
            if begin and known[begin:end].any():
                first = np.flatnonzero(flags[begin:end])
                found.append(int(known[begin : begin + first[0] + 1].sum()) if len(first) else 0)
    return np.array(found, dtype=np.int64)
