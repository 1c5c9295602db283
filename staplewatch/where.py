"""``--where`` over dead letters: an SQL condition, checked by parsing, run as a polars expression.

Allowed: the columns below, text and numbers, ``= != < <= > >=``, ``[not] like``, ``[not] ilike``, ``[not] in``,
``between``, ``is [not] null``, ``and or not``, ``lower() upper() length()`` and parentheses. What could not be
read of a record is null, and comparisons with it are neither true nor false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl
from sqlglot import exp

from staplewatch.words import say
from streams.alerts.conditions import ConditionError, error_at, statement
from streams.alerts.names import suggestion

__all__ = ["COLUMNS", "ConditionError", "Where"]

Kind = Literal["text", "number", "time", "flag"]
_Node: TypeAlias = exp.Expression

COLUMNS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(
        ("epoch", "topic", "stage", "reason", "error", "sender", "event_id", "site", "region"), "text"
    ),
    **dict.fromkeys(("partition", "offset", "size", "attempts"), "number"),
    "at": "time",
    "replayed": "flag",
}  # fmt: skip
_TYPES: Final[Mapping[Kind, Any]] = {
    "text": pl.String, "number": pl.Int64, "time": pl.Datetime("us", "UTC"), "flag": pl.Boolean
}  # fmt: skip
_COMPARE: Final[dict[type[_Node], Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    exp.EQ: lambda one, other: one == other,
    exp.NEQ: lambda one, other: one != other,
    exp.GT: lambda one, other: one > other,
    exp.GTE: lambda one, other: one >= other,
    exp.LT: lambda one, other: one < other,
    exp.LTE: lambda one, other: one <= other,
}


class _Value(NamedTuple):
    kind: Kind
    expression: pl.Expr
    #: The text or number itself where it stands in the condition.
    literal: str | None = None


class Where:
    """A condition over dead letters. Raises ``ConditionError`` with the column of what is wrong.

    Times without an offset are civil time of ``zone``.
    """

    def __init__(self, text: str, zone: str = "Asia/Shanghai") -> None:
        self._text = text
        self._zone = ZoneInfo(zone)
        self._conditions: dict[type[_Node], Callable[[_Node], pl.Expr]] = {
            exp.Paren: lambda node: self._condition(node.this),
            exp.Not: lambda node: self._condition(node.this).not_(),
            exp.And: lambda node: self._condition(node.this) & self._condition(node.expression),
            exp.Or: lambda node: self._condition(node.this) | self._condition(node.expression),
            exp.Is: self._is_null,
            exp.In: self._among,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.ILike: self._like,
            exp.Column: self._flag,
        }
        self._values: dict[type[_Node], Callable[[_Node], _Value]] = {
            exp.Paren: lambda node: self._value(node.this),
            exp.Neg: lambda node: self._number(f"-{node.this.this}", node),
            exp.Literal: self._literal,
            exp.Column: self._column,
            exp.Lower: lambda node: _Value("text", self._text_of(node).str.to_lowercase()),
            exp.Upper: lambda node: _Value("text", self._text_of(node).str.to_uppercase()),
            exp.Length: lambda node: _Value("number", self._text_of(node).str.len_chars().cast(pl.Int64)),
        }
        try:
            self._expression = self._condition(statement(text))
        except RecursionError:
            raise ConditionError(say("条件嵌套过深", "the condition is nested too deeply"), text, 0) from None

    def choose(self, rows: Iterable[Mapping[str, Any]]) -> list[bool]:
        """Return for each row of the API whether the condition is true of it."""
        facts = [_facts(row) for row in rows]
        schema = {name: _TYPES[kind] for name, kind in COLUMNS.items()}
        frame = pl.DataFrame({name: [fact[name] for fact in facts] for name in COLUMNS}, schema=schema)
        return frame.with_columns(chosen=self._expression.fill_null(value=False))["chosen"].to_list()

    # -- reading the tree

    def _condition(self, node: _Node) -> pl.Expr:
        read = self._conditions.get(type(node))
        if read is not None:
            return read(node)
        if type(node) in _COMPARE:
            return self._compared(type(node), node.this, node.expression)
        raise self._error(
            node,
            f"{_sql(node)} 不是这里允许的条件：请比较某一列",
            f"{_sql(node)} is not a condition that is allowed here: compare a column with something",
        )

    def _between(self, node: _Node) -> pl.Expr:
        low = self._compared(exp.GTE, node.this, node.args["low"])
        return low & self._compared(exp.LTE, node.this, node.args["high"])

    def _compared(self, relation: type[_Node], left: _Node, right: _Node) -> pl.Expr:
        one, other = self._value(left), self._value(right)
        one, other = self._alike(one, other, right), self._alike(other, one, left)
        if one.kind != other.kind or one.kind == "flag":
            raise self._error(
                left,
                f"{_sql(left)}（{one.kind}）不能与 {_sql(right)}（{other.kind}）比较",
                f"{_sql(left)} is a {one.kind} and cannot be compared with {_sql(right)}, a {other.kind}",
            )
        return _COMPARE[relation](one.expression, other.expression)

    def _alike(self, value: _Value, other: _Value, node: _Node) -> _Value:
        """Return a literal as what it is compared with: '2026-01-01' as a time, 540402 as text."""
        if value.literal is None or value.kind == other.kind:
            return value
        if other.kind == "time" and value.kind == "text":
            return _Value("time", pl.lit(self._moment(value.literal, node)))
        if other.kind == "text" and value.kind == "number":
            return _Value("text", pl.lit(value.literal))
        return value

    def _moment(self, text: str, node: _Node) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self._error(
                node,
                f"{text!r} 不是时间，例如 '2026-01-31' 或 '2026-01-31T08:00'",
                f"{text!r} is no time: write '2026-01-31' or '2026-01-31T08:00'",
            ) from None
        return (found if found.tzinfo else found.replace(tzinfo=self._zone)).astimezone(UTC)

    def _among(self, node: _Node) -> pl.Expr:
        if not node.expressions:
            raise self._error(node, "in 之后只能是值的列表", "after `in` only a list of values is allowed")
        found = [self._compared(exp.EQ, node.this, each) for each in node.expressions]
        return pl.any_horizontal(found) if len(found) > 1 else found[0]

    def _like(self, node: _Node) -> pl.Expr:
        value, pattern = self._value(node.this), self._value(node.expression)
        if value.kind != "text" or pattern.kind != "text" or pattern.literal is None:
            raise self._error(node, "like 只用于文本列与文本", "like compares a text column with a text")
        flags = "(?si)" if isinstance(node, exp.ILike) else "(?s)"
        found = value.expression.str.contains(flags + _pattern(pattern.literal))
        return found.not_() if node.args.get("negate") else found

    def _is_null(self, node: _Node) -> pl.Expr:
        if not isinstance(node.expression, exp.Null):
            raise self._error(
                node, "只允许 is null 和 is not null", "only `is null` and `is not null` are allowed"
            )  # fmt: skip
        return self._value(node.this).expression.is_null()

    def _flag(self, node: _Node) -> pl.Expr:
        value = self._value(node)
        if value.kind == "flag":
            return value.expression
        raise self._error(
            node,
            f"{_sql(node)} 本身不是条件：请比较，如 {_sql(node)} = …",
            f"{_sql(node)} alone is no condition: compare it, as in {_sql(node)} = …",
        )

    def _value(self, node: _Node) -> _Value:
        read = self._values.get(type(node))
        if read is not None:
            return read(node)
        raise self._error(
            node,
            f"{_sql(node)} 不允许：可用列、文本、数、lower()、upper()、length()",
            f"{_sql(node)} is not allowed here: use columns, texts, numbers, lower(), upper(), length()",
        )

    def _literal(self, node: _Node) -> _Value:
        return _Value("text", pl.lit(node.this), node.this) if node.is_string else self._number(node.this, node)

    def _number(self, text: str, node: _Node) -> _Value:
        try:
            return _Value("number", pl.lit(int(text), pl.Int64), text)
        except (ValueError, OverflowError):
            raise self._error(node, f"{text} 不是整数", f"{text} is not a whole number") from None

    def _text_of(self, node: _Node) -> pl.Expr:
        value = self._value(node.this)
        if value.kind != "text":
            raise self._error(node, f"{_sql(node)} 需要文本列", f"{_sql(node)} needs a text column")
        return value.expression

    def _column(self, node: _Node) -> _Value:
        name = node.name
        if node.args.get("table") is None and name in COLUMNS:
            return _Value(COLUMNS[name], pl.col(name))
        known = ", ".join(COLUMNS)
        quoted = node.this.args.get("quoted")
        hint = say(f"：文本请用单引号 '{name}'", f": write a text in single quotes, '{name}'") if quoted else ""
        near = hint or suggestion(_sql(node), COLUMNS) or say(f"；可用：{known}", f"; known: {known}")
        raise self._error(node, f"没有列 “{_sql(node)}”{near}", f'unknown column "{_sql(node)}"{near}')

    def _error(self, node: _Node, zh: str, en: str) -> ConditionError:
        return error_at(say(zh, en), self._text, node)


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a row of the API; an empty text is null: it could not be read."""
    texts = {name: row.get(name) or None for name, kind in COLUMNS.items() if kind == "text"}
    attempts = max((each["attempt"] for each in row.get("replays", ())), default=0)
    numbers = {name: row[name] for name in ("partition", "offset", "size")}
    return {**texts, **numbers, "attempts": attempts, "at": datetime.fromisoformat(row["at"]), "replayed": attempts > 0}


def _pattern(like: str) -> str:
    parts = (".*" if each == "%" else "." if each == "_" else re.escape(each) for each in like)
    return f"^{''.join(parts)}$"


def _sql(node: _Node) -> str:
    text: str = node.sql()
    return text if len(text) <= 60 else text[:57] + "..."
