"""A condition as a small tree: what was parsed, its negation, and the looser form that clears an alert.

Conditions are kept in negation normal form: ``not`` stands in front of flags only. That is exact
in Kleene logic, where ``not (x >= 3)`` and ``x < 3`` are undefined for the same ``x``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from streams.alerts.names import MEASURED, NAMES

Operator = Literal["+", "-", "*", "/"]
Relation = Literal[">", ">=", "<", "<=", "=", "!="]

_OPPOSITE: Final[dict[Relation, Relation]] = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "!=", "!=": "="}
_MIRRORED: Final[dict[Relation, Relation]] = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "!=": "!="}

#: A threshold moves by a tenth for the clear condition.
RELAXATION: Final = 0.9
#: Decimals of a ratio before it is compared.
DECIMALS: Final = 9


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric literal."""

    value: float


@dataclass(frozen=True, slots=True)
class Column:
    """An indicator that is a number."""

    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers combined. Undefined if either is, or if the result is not finite (division by 0)."""

    operator: Operator
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Absolute:
    """The absolute value of a number."""

    term: Term


Term: TypeAlias = Number | Column | Arithmetic | Absolute


@dataclass(frozen=True, slots=True)
class Comparison:
    """``measure relation threshold``; undefined if either side is."""

    relation: Relation
    measure: Term
    threshold: Term


@dataclass(frozen=True, slots=True)
class Flag:
    """An indicator that is true, false or undefined."""

    name: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """``is null`` or ``is not null``: never undefined itself."""

    term: Term | Flag
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Both:
    """Kleene ``and``."""

    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    """Kleene ``or``."""

    left: Condition
    right: Condition


Condition: TypeAlias = Comparison | Flag | Missing | Both | Either


def compare(relation: Relation, left: Term, right: Term) -> Comparison:
    """Return a comparison whose measured side stands left: ``0.3 <= x`` becomes ``x >= 0.3``."""
    if is_threshold(left) and not is_threshold(right):
        return Comparison(_MIRRORED[relation], right, left)
    return Comparison(relation, left, right)


def negate(condition: Condition) -> Condition:
    """Return the Kleene negation, ``not`` pushed down to the leaves."""
    match condition:
        case Comparison(relation, measure, threshold):
            return Comparison(_OPPOSITE[relation], measure, threshold)
        case Flag(name, negated):
            return Flag(name, not negated)
        case Missing(term, negated):
            return Missing(term, not negated)
        case Both(left, right):
            return Either(negate(left), negate(right))
        case Either(left, right):
            return Both(negate(left), negate(right))


def relaxed(condition: Condition) -> Condition:
    """Return ``condition`` with its thresholds moved by a tenth, so that it holds a little longer.

    ``>`` and ``>=`` are held against 0.9 x the threshold, ``<`` and ``<=`` against the threshold
    ÷ 0.9 (the other way round for a negative number, which would get stricter). Counts, outages,
    flags and equalities stay as they are.
    """
    match condition:
        case Comparison(relation, measure, threshold) if relation not in {"=", "!="} and not is_count(measure):
            return Comparison(relation, measure, _moved(relation in {">", ">="}, threshold))
        case Both(left, right):
            return Both(relaxed(left), relaxed(right))
        case Either(left, right):
            return Either(relaxed(left), relaxed(right))
        case _:
            return condition


def renamed(node: Condition, new: Mapping[str, str]) -> Condition:
    """Return ``node`` with the indicators named in ``new`` under their new names."""
    match node:
        case Comparison(relation, measure, threshold):
            return Comparison(relation, _renamed(measure, new), _renamed(threshold, new))
        case Flag(name, negated):
            return Flag(new.get(name, name), negated)
        case Missing(inner, negated):
            same = Flag(new.get(inner.name, inner.name)) if isinstance(inner, Flag) else _renamed(inner, new)
            return Missing(same, negated)
        case Both(left, right):
            return Both(renamed(left, new), renamed(right, new))
        case Either(left, right):
            return Either(renamed(left, new), renamed(right, new))


def _renamed(term: Term, new: Mapping[str, str]) -> Term:
    match term:
        case Column(name):
            return Column(new.get(name, name))
        case Absolute(inner):
            return Absolute(_renamed(inner, new))
        case Arithmetic(symbol, left, right):
            return Arithmetic(symbol, _renamed(left, new), _renamed(right, new))
        case Number():
            return term


def _moved(lower: bool, threshold: Term) -> Term:
    if isinstance(threshold, Number):
        down = lower == (threshold.value >= 0)
        value = threshold.value * RELAXATION if down else threshold.value / RELAXATION
        return Number(round(value, DECIMALS))
    return Arithmetic("*" if lower else "/", threshold, Number(RELAXATION))


def is_threshold(term: Term) -> bool:
    """Tell whether ``term`` holds numbers and catalogue thresholds only."""
    return all(NAMES[name].kind == "threshold" for name in names(term))


def is_count(term: Term) -> bool:
    """Tell whether ``term`` is counted, not measured: counts only, and no division between them."""
    match term:
        case Arithmetic("/", _, _):
            return False
        case Arithmetic(_, left, right):
            return is_count(left) and is_count(right)
        case Absolute(inner):
            return is_count(inner)
        case Column(name):
            return NAMES[name].kind == "count"
        case Number():
            return True


def is_rounded(term: Term) -> bool:
    """Tell whether ``term`` is rounded to 9 decimals before it is compared."""
    if isinstance(term, Column):
        return NAMES[term.name].kind in MEASURED
    return not isinstance(term, Number)


def names(node: Term | Condition) -> tuple[str, ...]:
    """Return the indicators in ``node``, each once, in order of appearance."""
    return tuple(dict.fromkeys(_names(node)))


def _names(node: Term | Condition) -> Iterator[str]:
    match node:
        case Column(name) | Flag(name):
            yield name
        case Absolute(term) | Missing(term):
            yield from _names(term)
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Both(left, right) | Either(left, right):
            yield from _names(left)
            yield from _names(right)
        case Number():
            return


def branches(condition: Condition) -> Iterator[Condition]:
    """Yield the alternatives of ``condition``: what stands between its outermost ``or``."""
    if isinstance(condition, Either):
        yield from branches(condition.left)
        yield from branches(condition.right)
    else:
        yield condition


def leaves(condition: Condition) -> Iterator[Comparison | Flag | Missing]:
    """Yield the comparisons, flags and null tests of ``condition`` from left to right."""
    if isinstance(condition, (Both, Either)):
        yield from leaves(condition.left)
        yield from leaves(condition.right)
    else:
        yield condition
