"""From the values that callers insert to the numbers and strings that engines store."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np

from warehouse.coded import Coded, Gaps, Nullable, Words
from warehouse.errors import WarehouseError
from warehouse.types import bare, nullable

T = TypeVar("T")

#: A column that an engine can store.
Ready: TypeAlias = "list[object] | np.ndarray | Words | Gaps"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY = EPOCH.date().toordinal()
LAST_DAY = 2**16 - 1

#: Python types that a String column takes; bytes would be stored by one engine and refused by the other.
STRINGS = {str, np.str_}
#: Already what is stored: nothing to convert.
INTEGERS = {int, type(None)}


def seconds(value: object) -> object:
    """Return epoch seconds of an aware datetime; a naive one has no instant and is refused."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone"
            raise ValueError(msg)
        return int((value - EPOCH).total_seconds() // 1)
    return value


def days(value: object) -> object:
    """Return days since 1970 of a date (of a datetime: its own calendar date)."""
    return value.toordinal() - FIRST_DAY if isinstance(value, date) else value


def date_of(day: object) -> date:
    """Return the date of a number of days since 1970; beyond 2149-06-06 it has no place in a Date."""
    if not 0 <= operator.index(day) <= LAST_DAY:  # type: ignore[arg-type] # anything else: TypeError
        msg = f"{day} is not a number of days from 1970-01-01 to 2149-06-06"
        raise ValueError(msg)
    return date.fromordinal(FIRST_DAY + operator.index(day))  # type: ignore[arg-type] # anything else: TypeError


#: Type → conversion to the stored integer, and the numpy unit that does the same to an array.
TIMES: dict[str, tuple[Callable[[object], object], str]] = {
    "DateTime": (seconds, "datetime64[s]"),
    "Date": (days, "datetime64[D]"),
}


def plain(values: Sequence[object] | np.ndarray, clickhouse: str) -> list[object] | np.ndarray:
    """Return the column with dates and times as integers, as a list (or a numeric numpy array as it is).

    The caller's sequence is not changed. Raises ``ValueError`` or ``TypeError``.
    """
    kind = bare(clickhouse)
    if isinstance(values, np.ndarray):
        if values.dtype.kind == "M":
            values = values.astype(TIMES[kind][1]).astype(np.int64)
        if values.dtype.kind in "biuf" and (kind != "Date" or values.dtype.kind in "iu"):
            return values
        values = values.tolist()
    column = values if isinstance(values, list) else list(values)
    if kind in TIMES and not set(map(type, column)) <= INTEGERS:
        convert = TIMES[kind][0]
        return [convert(value) for value in column]
    return column


def check(column: Sequence[object] | np.ndarray, clickhouse: str) -> None:
    """Refuse None where the column is not nullable, anything but str in a String column, and days out of range."""
    if isinstance(column, np.ndarray):
        if bare(clickhouse) == "Date" and len(column):
            date_of(column.min())
            date_of(column.max())
        return
    types = set(map(type, column))
    if type(None) in types and not nullable(clickhouse):
        msg = f"row {column.index(None)} is None, and {clickhouse} is not nullable"
        raise ValueError(msg)
    if bare(clickhouse) == "String" and (wrong := types - STRINGS - {type(None)}):
        msg = f"{wrong.pop().__name__} instead of str"
        raise TypeError(msg)
    if bare(clickhouse) == "Date":
        for day in set(column) - {None}:
            date_of(day)


def columns_of(table: str, columns: Mapping[str, Sequence[object]], types: Mapping[str, str]) -> dict[str, Ready]:
    """Check names, lengths and values of an insert; return the columns ready for an engine."""
    if unknown := set(columns) - set(types):
        msg = f"table {table} has no column {', '.join(sorted(unknown))}"
        raise WarehouseError(msg)
    if len(lengths := {len(values) for values in columns.values()}) > 1:
        msg = f"table {table}: columns of different lengths {sorted(lengths)}"
        raise WarehouseError(msg)
    ready = {}
    for name, values in columns.items():
        ready[name] = guarded(f"table {table}, column {name}", partial(_ready, values, types[name]))
    return ready


def guarded(where: str, convert: Callable[[], T]) -> T:
    """Run a conversion; its errors say where they happened."""
    try:
        return convert()
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        msg = f"{where}: {error}"
        raise WarehouseError(msg) from error


def _ready(values: Sequence[object] | Coded | Nullable, clickhouse: str) -> Ready:
    if isinstance(values, Nullable):
        return _with_gaps(values, clickhouse)
    if isinstance(values, Coded):  # what holds for each word holds for each row
        used = Words(values.words, values.codes).used()
        words = plain(used.words, clickhouse)
        check(words, clickhouse)
        return Words(words, used.codes)
    column = plain(values, clickhouse)
    check(column, clickhouse)
    return column


def _with_gaps(values: Nullable, clickhouse: str) -> Ready:
    numbers = plain(values.numbers, clickhouse)
    if not isinstance(numbers, np.ndarray):
        msg = f"{values.numbers.dtype} instead of numbers"
        raise TypeError(msg)
    if not nullable(clickhouse):
        if values.null.any():
            msg = f"row {int(values.null.argmax())} is None, and {clickhouse} is not nullable"
            raise ValueError(msg)
        check(numbers, clickhouse)
        return numbers
    check(numbers[~values.null], clickhouse)
    return Gaps(numbers, values.null)
