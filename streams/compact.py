"""Rows that wait long are kept small: integers as arrays, every text once with a number in each row.

A line of a receipt is 23 Python values, 325 B as measured; here it is about 45 B, so that 256 MiB hold
four minutes at 20,000 lines a second. It is done only while rows wait.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from streams.columns import Coded, Nullable, Parts, Repeated, listed, numbers, spread
from streams.indicators.groups import Ints, smallest

_POINTER = 8
#: CPython asks for memory in steps of so many bytes.
_STEP = 16
_WORDS: set[type] = {str, int, type(None)}


def compact(values: Sequence[Any]) -> Any:
    """Return equal values in less memory: an array of the smallest numbers that hold them, or each value once."""
    parts = [_own(part) for part in (values.parts if isinstance(values, Parts) else [values])]
    if all(isinstance(part, Nullable) for part in parts):
        return spread(values)  # arrays already
    types = set().union(*(set(map(type, _distinct(part))) for part in parts))
    if types == {int}:
        return _integers(parts)
    if types == {float}:
        return np.array(listed(values), np.float64)
    if types <= _WORDS:
        return _coded(parts)
    return listed(values)


def size_of(values: Any) -> int:
    """Return how many bytes a column takes, each object counted once."""
    if isinstance(values, np.ndarray):
        return int(values.nbytes)
    if isinstance(values, Coded):
        return int(values.codes.nbytes) + size_of(values.words)
    if isinstance(values, Nullable):
        return int(values.numbers.nbytes + values.null.nbytes)
    distinct = {id(value): value for value in values}.values()
    return sum(-(-sys.getsizeof(value) // _STEP) * _STEP for value in distinct) + len(values) * _POINTER


def _own(part: Any) -> Any:
    """Return a column without the words that are not in it."""
    if isinstance(part, Repeated):
        return Repeated(_own(part.values), part.counts, len(part))
    return part.own() if isinstance(part, Coded) else part


def _distinct(part: Any) -> Any:
    """Return values among which every value of the part is."""
    if isinstance(part, Repeated):
        return listed(part.values)
    if isinstance(part, Coded):
        return part.words
    return part.tolist() if isinstance(part, np.ndarray) else part


def _spread(part: Any, distinct: Ints) -> Ints:
    """Return one number per row of a part, given one for each of its ``_distinct`` values."""
    if isinstance(part, Repeated):
        return np.repeat(distinct, part.counts)
    return distinct[part.codes] if isinstance(part, Coded) else distinct


def _integers(parts: Sequence[Sequence[Any]]) -> Any:
    try:
        return smallest(np.concatenate([numbers(part) for part in parts]))
    except OverflowError:
        return [value for part in parts for value in part]


def _coded(parts: Sequence[Sequence[Any]]) -> Any:
    known: dict[Any, int] = {}
    columns = []
    for part in parts:
        codes = [known.setdefault(value, len(known)) for value in _distinct(part)]
        columns.append(_spread(part, np.array(codes, np.int64)))
    column = Coded(list(known), smallest(np.concatenate(columns)))
    # Of many words the numbers would cost more than the references that they save.
    return column if 2 * len(known) <= len(column) else column.tolist()
