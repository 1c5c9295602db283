"""SQL text of a condition to its tree: one expression over known indicators, nothing else.

Allowed: indicator names, numbers, ``= != <> < <= > >=``, ``between``, ``is [not] null``,
``and or not``, ``+ - * /``, ``abs()`` and parentheses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import sqlglot
from sqlglot import errors, exp

from streams.alerts import terms
from streams.alerts.names import NAMES, suggestion
from streams.alerts.terms import Condition, Flag, Operator, Relation, Term, relaxed

__all__ = ["Condition", "ConditionError", "error_at", "parse", "relaxed", "statement"]

#: A condition is a few comparisons; much longer text is a mistake or an attack on the parser's stack.
LONGEST: Final = 2_000

_Node: TypeAlias = exp.Expression

_OPERATORS: Final[dict[type[_Node], Operator]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_RELATIONS: Final[dict[type[_Node], Relation]] = {
    exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.EQ: "=", exp.NEQ: "!=",
}  # fmt: skip


class ConditionError(ValueError):
    """A condition that was refused. ``line`` and ``column`` (from 1) are within its text."""

    def __init__(self, message: str, text: str, offset: int) -> None:
        before = text[:offset]
        self.message = message
        self.line = before.count("\n") + 1
        self.column = offset - (before.rfind("\n") + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {message}")


def parse(text: str, known: Iterable[str]) -> Condition:
    """Return the condition that ``text`` states over the indicators ``known``.

    Raises ``ConditionError`` for anything outside the allowed SQL.
    """
    try:
        return _Reader(text, tuple(known)).condition(statement(text))
    except RecursionError:
        msg = "the condition is nested too deeply"
        raise ConditionError(msg, text, 0) from None


def statement(text: str) -> _Node:
    """Return the tree of one SQL expression; raises ``ConditionError`` for text that is not one."""
    if len(text) > LONGEST:
        msg = f"a condition has at most {LONGEST:,} characters, this one has {len(text):,}"
        raise ConditionError(msg, text, 0)
    try:
        found = sqlglot.parse(text)
    except errors.ParseError as error:
        raise _refused(error, text) from None
    except errors.SqlglotError:
        msg = "this is not an SQL expression: is a quote open?"
        raise ConditionError(msg, text, 0) from None
    if len(found) != 1 or found[0] is None:
        msg = "the condition is empty" if not any(found) else "one expression is expected, without a semicolon"
        raise ConditionError(msg, text, text.find(";") if ";" in text else 0)
    return found[0]


def _refused(error: errors.ParseError, text: str) -> ConditionError:
    first = error.errors[0] if error.errors else {}
    near = first.get("highlight") or ""
    # sqlglot gives the end of the token, lines and columns from 1.
    lines = text.split("\n")
    line, end = int(first.get("line") or 1), int(first.get("col") or 1)
    offset = sum(len(before) + 1 for before in lines[: line - 1]) + max(end - len(near), 0)
    msg = f'the expression breaks off or goes wrong at "{near}"' if near else "this is not an SQL expression"
    return ConditionError(msg, text, min(offset, len(text)))


def error_at(message: str, text: str, node: _Node) -> ConditionError:
    """Return the error that says where in ``text`` the node begins."""
    places = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return ConditionError(message, text, min(places, default=0))


class _Reader:
    """Walks one parsed expression; knows its text for the places of errors."""

    def __init__(self, text: str, known: tuple[str, ...]) -> None:
        self._text = text
        self._known = known
        self._conditions: dict[type[_Node], Callable[[_Node], Condition]] = {
            exp.Paren: lambda node: self.condition(node.this),
            exp.Not: lambda node: terms.negate(self.condition(node.this)),
            exp.And: lambda node: terms.Both(self.condition(node.this), self.condition(node.expression)),
            exp.Or: lambda node: terms.Either(self.condition(node.this), self.condition(node.expression)),
            exp.Between: self._between,
            exp.Is: self._missing,
            exp.Column: self._flag,
        }

    def condition(self, node: _Node) -> Condition:
        """Return ``node`` as something that is true, false or undefined."""
        relation = _RELATIONS.get(type(node))
        if relation is not None:
            return terms.compare(relation, self._term(node.this), self._term(node.expression))
        read = self._conditions.get(type(node))
        if read is None:
            msg = f"{self._sql(node)} is not a condition that is allowed here: compare an indicator with a number"
            raise self._error(msg, node)
        return read(node)

    def _between(self, node: _Node) -> Condition:
        value = self._term(node.this)
        low, high = self._term(node.args["low"]), self._term(node.args["high"])
        return terms.Both(terms.compare(">=", value, low), terms.compare("<=", value, high))

    def _missing(self, node: _Node) -> Condition:
        if not isinstance(node.expression, exp.Null):
            msg = f"{self._sql(node)}: only `is null` and `is not null` are allowed; write a flag as it is"
            raise self._error(msg, node)
        return terms.Missing(self._flag(node.this) if self._is_flag(node.this) else self._term(node.this))

    def _flag(self, node: _Node) -> Flag:
        name = self._name(node)
        if NAMES[name].kind != "flag":
            msg = f"{name} is a number: compare it, as in {name} >= 1"
            raise self._error(msg, node)
        return Flag(name)

    def _is_flag(self, node: _Node) -> bool:
        return isinstance(node, exp.Column) and NAMES[self._name(node)].kind == "flag"

    def _term(self, node: _Node) -> Term:
        operator = _OPERATORS.get(type(node))
        if operator is not None:
            return terms.Arithmetic(operator, self._term(node.this), self._term(node.expression))
        if isinstance(node, exp.Paren):
            return self._term(node.this)
        if isinstance(node, exp.Neg):
            return _negative(self._term(node.this))
        if isinstance(node, exp.Abs):
            return terms.Absolute(self._term(node.this))
        if isinstance(node, exp.Literal) and not node.is_string:
            return terms.Number(self._number(node))
        if isinstance(node, exp.Column):
            return self._column(node)
        msg = f"{self._sql(node)} is not a number that is allowed here: use indicators, numbers, + - * / and abs()"
        raise self._error(msg, node)

    def _column(self, node: _Node) -> Term:
        name = self._name(node)
        if NAMES[name].kind == "flag":
            msg = f"{name} is a flag, not a number: write `{name}` or `not {name}`"
            raise self._error(msg, node)
        return terms.Column(name)

    def _number(self, node: _Node) -> float:
        try:
            value = float(node.this)
        except ValueError:
            value = float("inf")
        if abs(value) < 1e15:
            return value
        msg = f"{node.this} is not a number below 1e15"
        raise self._error(msg, node)

    def _name(self, node: _Node) -> str:
        name: str = node.name
        if node.args.get("table") is None and name in self._known:
            return name
        full = self._sql(node)
        msg = f'unknown indicator "{full}"' + (suggestion(full, self._known) or f"; known: {', '.join(self._known)}")
        raise self._error(msg, node)

    def _sql(self, node: _Node) -> str:
        text: str = node.sql()
        return text if len(text) <= 60 else text[:57] + "..."

    def _error(self, message: str, node: _Node) -> ConditionError:
        return error_at(message, self._text, node)


def _negative(term: Term) -> Term:
    if isinstance(term, terms.Number):
        return terms.Number(-term.value)
    return terms.Arithmetic("-", terms.Number(0.0), term)
