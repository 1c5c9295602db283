"""The level of every rule for every subject and date, before the life cycle. RULES, "Evaluation" and "Packs"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import polars as pl

from schemas.catalogue import Catalogue
from streams.alerts import extent, flags
from streams.alerts.extent import EXTENTS
from streams.alerts.names import NAMES
from streams.alerts.rules import Rule, evaluate
from streams.backtest.quotes import INDICATORS, History

#: Shown beside every level.
SHOWN: Final = ("price", "change_day", "change_week")
_SUBJECT: Final = ("region", "good_index", "day")
#: What is counted over counties and extents.
_ACROSS: Final = frozenset(name for name, found in NAMES.items() if found.scope in {"prefecture", "extent"})
#: What counties' stock is counted from.
_STOCK: Final = ("sites_in", "sites_out")


class UnsupportedError(ValueError):
    """A rule that quotes alone cannot decide: ``missing`` are the indicators that they do not give."""

    def __init__(self, rule: Rule, missing: tuple[str, ...]) -> None:
        self.rule, self.missing = rule, missing
        super().__init__(f"{rule.id}: {', '.join(missing) or rule.trigger}")


class Evaluator:
    """Evaluates rules on one history. Indicators are computed once for all of ``rules``."""

    def __init__(self, history: History, catalogue: Catalogue, rules: Iterable[Rule]) -> None:
        self._history = history
        self._sizes = {code: len(catalogue.counties(code)) for code in catalogue.prefectures}
        self._names: dict[str, set[str]] = {name: set(SHOWN) for name in EXTENTS}
        for rule in rules:
            check(rule)
            for name in _read(rule):
                self._names[name].update((*rule.measured, *_STOCK))
        self._measured: dict[str, pl.DataFrame] = {}

    def levels(self, rule: Rule) -> pl.DataFrame:
        """Return ``region``, ``good_index``, ``day``, indicators, ``level`` and ``clear``, sorted by the first three.

        ``level`` is -1 (undefined) to 4 (red). One row per subject with a quote and calendar date.
        """
        if rule.county_rule is not None:
            return self._extents(rule, rule.county_rule)
        parts = [self._level(rule, name) for name in rule.subjects]
        return pl.concat(parts, how="diagonal_relaxed").sort(_SUBJECT)

    def _level(self, rule: Rule, name: str) -> pl.DataFrame:
        return evaluate(rule, self._joined(rule, name))

    def _joined(self, rule: Rule, name: str) -> pl.DataFrame:
        """Return the indicators of an extent with what ``rule`` counts over the counties of a prefecture."""
        frame = self._frame(name)
        if name != "prefecture":
            return frame
        frame = self._with(frame, flags.out_of_stock(self._frame("county"), self._sizes))
        return self._with(frame, self._flag_counts(rule)) if rule.flags else frame

    def _flag_counts(self, rule: Rule) -> pl.DataFrame:
        flagged = flags.flagged(self._frame("county"), rule.flags)
        names = [name for name in flagged.columns if name not in _SUBJECT]
        return flags.counted(flags.with_runs(flagged, names), names)

    def _extents(self, rule: Rule, county_rule: Rule) -> pl.DataFrame:
        """Evaluate from the county upward: what is affected above depends on the levels below."""
        found: dict[str, pl.DataFrame] = {}
        affected = extent.counties(evaluate(county_rule, self._frame("county")))
        counts = affected
        for name in EXTENTS:
            found[name] = evaluate(rule, extent.described(rule, self._with(self._joined(rule, name), counts)))
            if name in _ABOVE:
                counts = _ABOVE[name](affected if name == "county" else found[name])
        parts = [found[name] for name in EXTENTS if name in rule.subjects]
        return pl.concat(parts, how="diagonal_relaxed").sort(_SUBJECT)

    def _frame(self, name: str) -> pl.DataFrame:
        if name not in self._measured:
            self._measured[name] = self._history.measure(name, self._names[name])
        return self._measured[name]

    @staticmethod
    def _with(frame: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
        return frame.join(more, on=_SUBJECT, how="left", maintain_order="left")


#: What an extent's evaluation means for the one above it.
_ABOVE: Final[Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "county": extent.prefectures,
    "prefecture": lambda evaluated: extent.provinces(extent.affected_prefectures(evaluated)),
    "province": extent.nation,
}


def check(rule: Rule) -> None:
    """Raise ``UnsupportedError`` for a rule that needs more than quotes."""
    missing = tuple(name for name in rule.measured if name not in INDICATORS and name not in _ACROSS)
    if rule.trigger != "date" or not rule.on_regions or missing:
        raise UnsupportedError(rule, missing)


def _read(rule: Rule) -> Iterable[str]:
    """Return the extents whose indicators the rule reads."""
    if rule.county_rule is not None:
        return EXTENTS
    return {*rule.subjects, "county"} if "prefecture" in rule.subjects else rule.subjects
