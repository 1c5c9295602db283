"""Named statements: SQL files with typed parameters, and how their values are written.

A file marks a parameter ``{name:Type}``, ClickHouse's own notation, or ``{name:Type=default}`` for
one that may be left out. chdb binds them itself; servers before 19.14 cannot, so for a server the
values become literals of the stated type.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from warehouse.errors import WarehouseError
from warehouse.values import days, seconds

PLACEHOLDER = re.compile(r"\{(\w+):(\w+(?:\(\w+\))?)(=[^}]*)?\}")
NAME = re.compile(r"[a-z][a-z0-9_]*")
INTEGER = re.compile(r"(U?)Int(8|16|32|64)")

#: Backslash first: the others bring new ones.
ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\0"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """``default`` is None for a parameter that must be given."""

    type: str
    default: object


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with ``{name:Type}`` where its parameters go."""

    name: str
    text: str
    parameters: Mapping[str, Parameter]

    def values(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return a checked value for every parameter."""
        if unknown := set(given) - set(self.parameters):
            msg = f"query {self.name} has no parameter {', '.join(sorted(unknown))}"
            raise WarehouseError(msg)
        return {name: self._value(name, parameter, given) for name, parameter in self.parameters.items()}

    def _value(self, name: str, parameter: Parameter, given: Mapping[str, object]) -> object:
        value = given.get(name, parameter.default)
        problem = "is missing"
        try:
            if value is not None:
                return checked(parameter.type, value)
        except (ValueError, TypeError, OverflowError) as error:
            problem = str(error)
        msg = f"query {self.name}, parameter {name}: {problem}"
        raise WarehouseError(msg)

    def bound(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return the parameters as chdb takes them: text, tabs and the like escaped in plain strings."""
        values = self.values(given)
        return {name: _bound(self.parameters[name].type, value) for name, value in values.items()}

    def rendered(self, given: Mapping[str, object]) -> str:
        """Return the statement with literals in place of its parameters."""
        values = self.values(given)
        return PLACEHOLDER.sub(lambda found: literal(found[2], values[found[1]]), self.text)


def parse(name: str, text: str) -> Statement:
    """Read a statement and its parameters."""
    parameters: dict[str, Parameter] = {}
    for parameter, kind, default in PLACEHOLDER.findall(text):
        known = parameters.get(parameter)
        if known is None or default:
            parameters[parameter] = Parameter(kind, _default(kind, default[1:]) if default else None)
        if known is not None and known.type != kind:
            msg = f"query {name}: parameter {parameter} is {known.type} and {kind}"
            raise WarehouseError(msg)
    return Statement(name, PLACEHOLDER.sub(r"{\1:\2}", text), parameters)


@cache
def named(name: str) -> Statement:
    """Return the statement of ``queries/NAME.sql``."""
    file = files("warehouse").joinpath("queries", f"{name}.sql")
    if not NAME.fullmatch(name) or not file.is_file():
        msg = f"no query {name!r} in warehouse/queries"
        raise WarehouseError(msg)
    return parse(name, file.read_text(encoding="utf-8").strip().rstrip(";"))


def checked(kind: str, value: object) -> object:
    """Return the value as int, float, str or list; times become epoch seconds, dates days since 1970."""
    if kind.startswith("Array("):
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            msg = f"{value!r} is not a list"
            raise TypeError(msg)
        return [checked(kind[6:-1], item) for item in value]
    if integer := INTEGER.fullmatch(kind):
        return _integer(integer, value)
    if kind == "Float64":
        return _finite(value)
    if kind == "String" and isinstance(value, str):
        value.encode()  # a lone surrogate has no UTF-8
        return value
    msg = f"{value!r} is not a {kind}"
    raise TypeError(msg)


def _integer(kind: re.Match[str], value: object) -> int:
    value = seconds(value) if isinstance(value, datetime) else days(value) if isinstance(value, date) else value
    number = operator.index(value)  # type: ignore[arg-type] # exact integers only, numpy's too
    bits = int(kind[2])
    lowest, highest = (0, 2**bits - 1) if kind[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    if not lowest <= number <= highest:
        msg = f"{number} is not within {kind[0]}"
        raise ValueError(msg)
    return number


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type] # what is no number raises TypeError, as it should
    if not math.isfinite(number):
        msg = f"{number} is not finite"
        raise ValueError(msg)
    return number


def escaped(text: str) -> str:
    """Escape what would end or bend a line of tab-separated text."""
    for character, escape in ESCAPES:
        text = text.replace(character, escape)
    return text


def literal(kind: str, value: object) -> str:
    """Return a checked value as a literal; ``[]`` alone would have no element type."""
    return f"CAST([], '{kind}')" if value == [] else _bare(value)


def _bare(value: object) -> str:
    if isinstance(value, str):
        return "'" + escaped(value).replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(_bare, value)) + "]"
    return repr(value)


def _bound(kind: str, value: object) -> str:
    return escaped(str(value)) if kind == "String" else _bare(value)


def _default(kind: str, text: str) -> object:
    if kind.startswith("Array("):
        return []
    return text if kind == "String" else float(text) if kind == "Float64" else int(text)


def split(script: str) -> list[str]:
    """Split a script at the semicolons outside quotes and comments; comments go."""
    statements, current, position = [], [], 0
    for found in _TOKEN.finditer(script):
        current.append(script[position : found.start()])
        position = found.end()
        if found[0] == ";":
            statements.append("".join(current))
            current = []
        else:
            current.append(" " if found[0].startswith(("--", "/*")) else found[0])
    statements.append("".join([*current, script[position:]]))
    return [statement.strip() for statement in statements if statement.strip()]


_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | ; | '(?:\\.|''|[^'\\])*' | "(?:\\.|[^"\\])*" | `(?:\\.|[^`\\])*`""",
    re.VERBOSE | re.DOTALL,
)
