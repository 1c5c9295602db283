"""What date rules see of a prefecture's counties together: flags counted, outages counted, how far another rule spread.

The counting itself is ``streams.alerts.flags`` and ``streams.alerts.extent``, the same as in a backtest; here is
what the stream must remember for it: for how many dates in a row each county was flagged for each good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from streams.alerts import extent, flags
from streams.alerts.evaluation import UNDEFINED
from streams.alerts.names import NEAR
from streams.alerts.rules import Rule, evaluate
from streams.indicators.groups import Ints
from streams.indicators.quotes import DATES

_SUBJECT = ("region", "good_index", "day")


class Runs:
    """Per closed date: dates in a row up to it on which each cell was flagged, one row per flag; 0 where it was not.

    ``names`` has each flag and its looser form, ``meaning`` the conditions behind them.
    """

    def __init__(self, rule: Rule, cells: int) -> None:
        self.names = (*rule.flags, *(name + NEAR for name in rule.flags))
        self.meaning = repr(dict(rule.flags))
        self._nothing = np.zeros((len(self.names), cells), np.int32)
        self._days: dict[int, NDArray[np.int32]] = {}

    def of(self, day: int) -> NDArray[np.int32]:
        """Return the runs of a date, shape (names, cells); 0 where the date is not known."""
        return self._days.get(day, self._nothing)

    def close(self, day: int, flagged: NDArray[np.bool_]) -> None:
        """Note the flags of a date, shape (names, cells); what it follows must have been closed."""
        self._keep(day, np.where(flagged, self.of(day - 1) + 1, 0))
        self._days.pop(day - DATES, None)

    def correct(self, day: int, cells: Ints, flagged: NDArray[np.bool_]) -> bool:
        """Replace the flags of some cells, shape (names, len(cells)); return whether any is another one now.

        Runs of later dates follow.
        """
        if day not in self._days:
            return False
        before = self.of(day)[:, cells] > 0
        self._replace(day, cells, flagged)
        while (day := day + 1) in self._days:
            self._replace(day, cells, self.of(day)[:, cells] > 0)
        return bool((before != flagged).any())

    def _replace(self, day: int, cells: Ints, flagged: NDArray[np.bool_]) -> None:
        runs = self.of(day).copy()
        runs[:, cells] = np.where(flagged, self.of(day - 1)[:, cells] + 1, 0)
        self._keep(day, runs)

    def _keep(self, day: int, runs: NDArray[Any]) -> None:
        self._days[day] = kept = runs.astype(np.int32)
        kept.flags.writeable = False  # snapshots need no copy

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [[day, runs] for day, runs in self._days.items()]

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        self._days = {}
        for day, runs in data:
            self._keep(day, runs)


class Counties:
    """The counties of one prefecture as the date rules of one kind of price see them together.

    ``codes`` are its counties, ``goods`` the number of goods; a cell is (county, good), counties first.
    """

    def __init__(self, rules: Iterable[Rule], prefecture: int, codes: Sequence[int], goods: int) -> None:
        self._place = {code: number for number, code in enumerate(codes)}
        self._sizes = {prefecture: len(codes)}
        self._goods = goods
        self._flagging = {rule.name: rule for rule in rules if rule.flags}
        self._runs = {name: Runs(rule, len(codes) * goods) for name, rule in self._flagging.items()}

    @property
    def flagging(self) -> bool:
        """Return whether any rule flags counties."""
        return bool(self._flagging)

    def seen_by(self, rule: Rule, frame: pl.DataFrame, day: int, *, closing: bool) -> pl.DataFrame:
        """Return ``frame`` (counties, and the prefecture's own rows) with what ``rule`` counts over the counties.

        With ``closing`` it has every county that there is on ``day``, and the day's flags are remembered; else
        some goods of a date that was closed before, or counties alone.
        """
        dated = frame.with_columns(day=pl.lit(day))
        counties = dated.filter(pl.col("region") % 100 != 0)
        if rule.county_rule is not None:
            affected = extent.counties(evaluate(rule.county_rule, counties))
            dated = _with(_with(dated, affected), extent.prefectures(affected))
        if frame.height > counties.height:
            dated = _with(dated, flags.out_of_stock(counties, self._sizes))
            if rule.flags:
                dated = _with(dated, self._counted(rule, counties, day, closing=closing))
        seen = extent.described(rule, dated) if rule.county_rule is not None else dated
        return seen.drop("day")

    def _counted(self, rule: Rule, counties: pl.DataFrame, day: int, *, closing: bool) -> pl.DataFrame:
        runs, flagged = self._runs[rule.name], flags.flagged(counties, rule.flags)
        cells = self._cells(counties)
        if closing:
            runs.close(day, self._all(runs, flagged, cells))
        days = {f"days_{name}": pl.Series(row[cells]) for name, row in zip(runs.names, runs.of(day), strict=True)}
        found = flags.counted(flagged.with_columns(**days), runs.names)
        if closing:
            return found
        # Of other goods than these only the runs are known, and a good is flagged where one is at least 1.
        anywhere = zip(runs.names, self._goods_flagged(runs, day), strict=True)
        return found.with_columns(
            pl.when(pl.col(f"goods_{name}").is_not_null()).then(pl.lit(count)).alias(f"goods_{name}")
            for name, count in anywhere
        )

    def _goods_flagged(self, runs: Runs, day: int) -> list[int]:
        by_good = (runs.of(day) > 0).reshape(len(runs.names), -1, self._goods).any(axis=1)
        counts: list[int] = by_good.sum(axis=1).tolist()
        return counts

    def correct(self, frame: pl.DataFrame, day: int) -> bool:
        """Take over the flags of counties of a closed date after late quotes, ``frame`` having all rows of some goods.

        Returns whether other goods of the prefecture are concerned: how many goods are flagged has changed.
        """
        counties = frame.with_columns(day=pl.lit(day)).filter(pl.col("region") % 100 != 0)
        cells, moved = self._cells(counties), False
        for ref, rule in self._flagging.items():
            runs = self._runs[ref]
            before = self._goods_flagged(runs, day)
            runs.correct(day, cells, self._all(runs, flags.flagged(counties, rule.flags), cells)[:, cells])
            moved |= self._goods_flagged(runs, day) != before
        return moved

    def _cells(self, counties: pl.DataFrame) -> Ints:
        place = np.array([self._place[code] for code in counties["region"].to_list()], np.int64)
        cells: Ints = place * self._goods + counties["good_index"].to_numpy()
        return cells

    def _all(self, runs: Runs, flagged: pl.DataFrame, cells: Ints) -> NDArray[np.bool_]:
        found = np.zeros((len(runs.names), len(self._place) * self._goods), bool)
        found[:, cells] = [flagged[name].fill_null(False).to_numpy() for name in runs.names]
        return found

    def recount(self, stale: Iterable[str], dates: Iterable[tuple[int, pl.DataFrame]]) -> None:
        """Work out the runs of rules anew from the frames of the dates that are still known, ascending."""
        rules = [self._flagging[ref] for ref in stale]
        for day, frame in dates if rules else ():
            for rule in rules:
                self.seen_by(rule, frame, day, closing=True)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {ref: [runs.meaning, runs.dump()] for ref, runs in self._runs.items()}

    def load(self, data: dict[str, Any]) -> list[str]:
        """Take over what ``dump`` returned; return the rules whose flags are others now, or were not there."""
        fitting = [ref for ref, runs in self._runs.items() if ref in data and data[ref][0] == runs.meaning]
        for ref in fitting:
            self._runs[ref].load(data[ref][1])
        return [ref for ref in self._runs if ref not in fitting]


def spread(rule: Rule, evaluated: pl.DataFrame) -> list[tuple[int, int, int, int]]:
    """Return (good index, level, reporting, affected) of the prefecture's own rows, for the extents above it.

    ``evaluated`` is a frame of ``seen_by`` with the levels of ``rule``, which has a ``county_rule``.
    """
    own = evaluated.filter(pl.col("region") % 100 == 0)
    counts = [own[name].fill_null(0).to_list() for name in ("counties_reporting", "counties_affected")]
    levels = own["level"].clip(lower_bound=UNDEFINED + 1).to_list()
    return list(zip(own["good_index"].to_list(), levels, *counts, strict=True))


def _with(frame: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    return frame.join(more, on=_SUBJECT, how="left", maintain_order="left")
