"""Where in a TOML file a string value begins: the standard parser does not say."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([\w.\-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"^\s*([\w.\-]+)\s*=\s*(\"\"\"|'''|\"|'|)")


class Position(NamedTuple):
    """Line and column, from 1."""

    line: int
    column: int


def positions(text: str) -> dict[str, Position]:
    """Return the place of every header and value by path: ``rules[0].levels.red``.

    A value's place is its first character, after the quote. Inline tables are not looked into.
    """
    places: dict[str, Position] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            prefix = _path(header[2], header[1] == "[[", counts)
            places.setdefault(prefix, Position(number, header.start(1) + 1))
        elif key := _KEY.match(line):
            path = f"{prefix}.{key[1]}" if prefix else key[1]
            places.setdefault(path, Position(number, key.end() + 1))
    return places


def nearest(places: dict[str, Position], path: str) -> Position | None:
    """Return the place of ``path``, or of the nearest table around it."""
    while path and path not in places:
        path = path.rpartition(".")[0]
    return places.get(path)


def _path(name: str, repeated: bool, counts: dict[str, int]) -> str:
    """Return the path that a header opens: ``rules`` is a list of tables, ``rules.levels`` is in its last."""
    first, dot, rest = name.partition(".")
    if repeated and not dot:
        counts[first] = counts.get(first, -1) + 1
    return f"{first}[{counts[first]}]{dot}{rest}" if first in counts else name
