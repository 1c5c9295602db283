"""Why one row has its level: the same conditions over plain Python values, for words and thresholds."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from schemas.events import LEVELS
from streams.alerts.rules import Rule
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
    branches,
    is_rounded,
    leaves,
    names,
)

Values = Mapping[str, float | None]

_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Reason(NamedTuple):
    """An indicator that decided, and what it was held against (None for a flag)."""

    name: str
    threshold: float | None


def thresholds(rule: Rule, values: Values) -> dict[str, float]:
    """Return what every level's comparisons are held against: ``{"orange.spike_24h": 0.5}``."""
    found: dict[str, float] = {}
    for level, condition in rule.levels.items():
        for leaf in leaves(condition):
            value = _held(leaf, values)
            if value is not None:
                found.setdefault(f"{LEVELS[level]}.{names(leaf)[0]}", value)
    return found


def _held(leaf: Comparison | Flag | Missing, values: Values) -> float | None:
    if isinstance(leaf, Comparison) and names(leaf):
        return calculate(leaf.threshold, values)
    return None


def decided(rule: Rule, level: int, values: Values) -> tuple[Reason, ...]:
    """Return one reason for each alternative of the level's condition that is true and has words."""
    reasons = (
        _reason(rule, branch, values)
        for branch in branches(rule.levels[level])
        if truth(branch, values)
    )  # fmt: skip
    return tuple(reason for reason in reasons if reason is not None)


def _reason(rule: Rule, branch: Condition, values: Values) -> Reason | None:
    for leaf in leaves(branch):
        for name in names(leaf):
            if name in rule.phrases:
                return Reason(name, _held(leaf, values))
    return None


def truth(condition: Condition, values: Values) -> bool | None:
    """Return whether ``condition`` holds for one row; None is undefined. Kleene logic."""
    match condition:
        case Comparison(relation, measure, threshold):
            left, right = _compared(measure, values), _compared(threshold, values)
            return None if left is None or right is None else _COMPARE[relation](left, right)
        case Both(left, right):
            return _both(truth(left, values), truth(right, values))
        case Either(left, right):
            return _not(_both(_not(truth(left, values)), _not(truth(right, values))))
        case Flag(name, negated):
            value = values.get(name)
            return None if value is None else bool(value) != negated
        case Missing(term, negated):
            value = values.get(term.name) if isinstance(term, Flag) else calculate(term, values)
            return (value is None) != negated


def calculate(term: Term, values: Values) -> float | None:
    """Return the value of ``term`` for one row; None where it is undefined."""
    match term:
        case Number(value):
            return value
        case Column(name):
            return _finite(values.get(name))
        case Absolute(inner):
            found = calculate(inner, values)
            return None if found is None else abs(found)
        case Arithmetic(symbol, left, right):
            return _arithmetic(symbol, calculate(left, values), calculate(right, values))


def _arithmetic(symbol: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (symbol == "/" and right == 0):
        return None
    return _finite(_ARITHMETIC[symbol](left, right))


def _compared(term: Term, values: Values) -> float | None:
    value = calculate(term, values)
    return round(value, DECIMALS) if value is not None and is_rounded(term) else value


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value
