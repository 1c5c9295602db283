"""The level of every row of a frame, in Kleene logic.

Works on polars columns eagerly: on five thousand rows as on one, an operation costs 1-10 µs, while
the same tree as one lazy expression costs 0.5-1.4 ms per rule even for a single row.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Final

import polars as pl

from streams.alerts.terms import (
    DECIMALS,
    Absolute,
    Arithmetic,
    Both,
    Column,
    Comparison,
    Condition,
    Either,
    Flag,
    Missing,
    Number,
    Term,
    is_rounded,
)

UNDEFINED: Final = -1

_INFINITE: Final = float("inf")
_NOTHING: Final = pl.Series([None], dtype=pl.Float64)
_TRUE: Final = pl.Series([True])
_FALSE: Final = pl.Series([False])
_LEVELS: Final = {level: pl.Series([level], dtype=pl.Int8) for level in range(UNDEFINED, 5)}

_Number = pl.Series | float
_ARITHMETIC: Final[Mapping[str, Callable[..., _Number]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_COMPARE: Final[Mapping[str, Callable[..., pl.Series]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Columns:
    """The columns of one frame as conditions see them: not finite is undefined, ratios are rounded."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._terms: dict[Term, _Number] = {}
        self._rounded: dict[Term, _Number] = {}

    def truth(self, condition: Condition) -> pl.Series:
        """Return a Boolean column, null where ``condition`` is undefined."""
        match condition:
            case Comparison(relation, measure, threshold):
                return self._full(_COMPARE[relation](self._compared(measure), self._compared(threshold)))
            case Both(left, right):
                return self.truth(left) & self.truth(right)
            case Either(left, right):
                return self.truth(left) | self.truth(right)
            case Flag(name, negated):
                flag = self._frame.get_column(name)
                flag = flag if flag.dtype == pl.Boolean else flag.cast(pl.Boolean)
                return ~flag if negated else flag
            case Missing(term, negated):
                return self._missing(term, negated)

    def _missing(self, term: Term | Flag, negated: bool) -> pl.Series:
        value = self.truth(term) if isinstance(term, Flag) else self._term(term)
        if not isinstance(value, pl.Series):
            return self._full(negated)
        return value.is_not_null() if negated else value.is_null()

    def _full(self, truth: pl.Series | bool) -> pl.Series:
        """Spread a comparison of two constants over the rows."""
        if isinstance(truth, pl.Series):
            return truth
        return pl.Series([truth]).new_from_index(0, self._frame.height)

    def _compared(self, term: Term) -> _Number:
        if not is_rounded(term):
            return self._term(term)
        found = self._rounded.get(term)
        if found is None:
            found = self._rounded[term] = self._round(self._term(term))
        return found

    def _round(self, value: _Number) -> _Number:
        return value.round(DECIMALS) if isinstance(value, pl.Series) else round(value, DECIMALS)

    def _term(self, term: Term) -> _Number:
        found = self._terms.get(term)
        if found is None:
            found = self._terms[term] = self._computed(term)
        return found

    def _computed(self, term: Term) -> _Number:
        match term:
            case Number(value):
                return value
            case Column(name):
                return _finite(self._frame.get_column(name))
            case Absolute(inner):
                magnitude = self._term(inner)
                return magnitude.abs() if isinstance(magnitude, pl.Series) else abs(magnitude)
            case Arithmetic(symbol, left, right):
                return self._arithmetic(symbol, self._term(left), self._term(right))

    def _arithmetic(self, symbol: str, left: _Number, right: _Number) -> _Number:
        if not isinstance(left, pl.Series) and not isinstance(right, pl.Series):
            # Two constants: as a column, so that dividing by zero is undefined here too.
            left = pl.Series([float(left)]).new_from_index(0, self._frame.height)
        result = _ARITHMETIC[symbol](left, right)
        return _finite(result) if isinstance(result, pl.Series) else result


def _finite(column: pl.Series) -> pl.Series:
    """Return ``column`` with NaN and infinities as null: they are undefined, and NaN is above any threshold."""
    dtype = column.dtype
    if dtype == pl.Float64:
        return column.zip_with((column < _INFINITE) & (column > -_INFINITE), _NOTHING)
    if dtype.is_float() or dtype == pl.Null:
        return _finite(column.cast(pl.Float64))
    return column


def levels_and_clear(
    frame: pl.DataFrame, levels: Mapping[int, Condition], cleared: Condition, evidence: Condition | None
) -> tuple[pl.Series, pl.Series]:
    """Return ``level`` (Int8, -1 undefined) and ``clear`` (Boolean, never null), one value per row.

    ``levels`` are ascending. The highest level whose condition is true is the level; if none is
    true and any is undefined, or if ``evidence`` is not true, the level is undefined. ``clear``:
    no level holds, none is undefined, and ``cleared`` (the relaxed lowest condition) is not true.
    """
    columns = Columns(frame)
    truths = {level: columns.truth(condition) for level, condition in levels.items()}
    level = _highest(truths)
    if evidence is not None:
        level = level.zip_with(columns.truth(evidence), _LEVELS[UNDEFINED])
    # zip_with takes a null in the mask as false: an undefined ratio does not stand in the way of clearing.
    calm = _FALSE.zip_with(columns.truth(cleared), _TRUE)
    return level.alias("level"), ((level == 0) & calm).alias("clear")


def _highest(truths: Mapping[int, pl.Series]) -> pl.Series:
    held = functools.reduce(operator.or_, truths.values())
    level = _LEVELS[0].zip_with(held | ~held, _LEVELS[UNDEFINED])
    for number, truth in truths.items():
        level = _LEVELS[number].zip_with(truth, level)
    return level
