"""Columns of a batch of receipts (``schemas.receipt_batch``) as numpy wants them, or as JSON row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from streams.columns import Coded
from streams.fields import LONGEST_NAME, Flags, refuse
from streams.indicators.groups import Floats, Ints

#: Bytes of a text in a dictionary: four times the letters of a name, for it can stand in every row.
LONGEST_TEXT: Final = 4 * LONGEST_NAME
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EPOCH: Final = date(1970, 1, 1)

Arrays = dict[str, pa.Array]


@dataclass(frozen=True, slots=True)
class Batch:
    """Columns of receipts, shape (n,), and of all their lines; ``bounds`` (n + 1,) are the receipts' first lines.

    ``time`` is in ticks, ``per_second`` of them, and ``business_date`` a day number. ``without`` says which
    receipts have null instead of lines.
    """

    head: Arrays
    lines: Arrays
    bounds: Ints
    per_second: int
    without: Flags

    def __len__(self) -> int:
        """Return the number of receipts."""
        return len(self.bounds) - 1

    @property
    def size(self) -> int:
        """Return the number of lines."""
        return int(self.bounds[-1])

    @property
    def places(self) -> Ints:
        """Return where the receipts' lines are counted from, shape (n + 1,): one without lines takes a place too."""
        return np.concatenate([[0], np.cumsum(np.maximum(np.diff(self.bounds), 1))])

    def json(self, row: int, zone: tzinfo) -> bytes:
        """Return a receipt as JSON, its time in ``zone``; a NaN stays what it is, and no JSON."""
        event = {name: column[row].as_py() for name, column in self.head.items()}
        event["time"] = _moment(event["time"], self.per_second, zone)
        event["business_date"] = _date(event["business_date"])
        event = _without_absent(event, _HEAD)
        event["lines"] = None if self.without[row] else self._lines(*self.bounds[row : row + 2].tolist())
        return json.dumps(event, ensure_ascii=False).encode()

    def _lines(self, begin: int, end: int) -> list[dict[str, Any]]:
        columns = [column.slice(begin, end - begin).to_pylist() for column in self.lines.values()]
        rows = zip(*columns, strict=True)
        return [_without_absent(dict(zip(self.lines, values, strict=True)), _LINE) for values in rows]


def opened(batch: pa.RecordBatch) -> Batch:
    """Return the columns of a validated record batch; raises ``Rejected`` where they are not as they have to be."""
    try:
        return _opened(batch)
    except UnicodeDecodeError:  # names are the one thing that validation leaves out
        refuse("decode", "the name of a column is no UTF-8")


def _opened(batch: pa.RecordBatch) -> Batch:
    head = _chosen(batch.schema, batch.column, _HEAD)
    nested = head.pop("lines")
    bounds = nested.offsets.to_numpy().astype(np.int64)
    structs = nested.values.slice(bounds[0], bounds[-1] - bounds[0])
    lines = _chosen(structs.type, lambda place: pc.struct_field(structs, [place]), _LINE, "lines.")
    per_second = _PER_SECOND[head["time"].type.unit]
    head["time"] = head["time"].cast(pa.int64())
    head["business_date"] = head["business_date"].cast(pa.int32())
    return Batch(head, lines, bounds - bounds[0], per_second, _flags(nested.is_null()))


def whole(column: pa.Array) -> tuple[Ints, Flags]:
    """Return integers, 0 where there is none, and where there is one; what is beyond 63 bits is below 0."""
    numbers = column.cast(pa.int64(), safe=False)
    return _filled(numbers), _flags(column.is_valid())


def real(columns: Mapping[str, pa.Array], name: str, size: int) -> tuple[Floats, Flags]:
    """Return numbers, 0 where there is none, and where there is one; an absent column has none."""
    if name not in columns:
        return np.zeros(size), np.zeros(size, np.bool_)
    return _filled(columns[name].cast(pa.float64(), safe=False)), _flags(columns[name].is_valid())


def texts(columns: Mapping[str, pa.Array], name: str, size: int, default: str | None = None) -> Coded:
    """Return texts by their words, ``default`` where there is none; an absent column has none."""
    if name not in columns:
        return Coded([default], np.zeros(size, np.int64))
    column = columns[name]
    if not types.is_dictionary(column.type) or len(column.dictionary) > len(column):
        # a dictionary may hold far more words than the rows use
        column = pc.dictionary_encode(column.cast(pa.large_utf8()))
    words: list[str | None] = column.dictionary.to_pylist()
    codes = column.indices.cast(pa.int64()).fill_null(len(words))
    return Coded([default if word is None else word for word in (*words, None)], codes.to_numpy())


def _filled(numbers: pa.Array) -> Any:
    return (numbers.fill_null(0) if numbers.null_count else numbers).to_numpy()


def _flags(column: pa.Array) -> Flags:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.bool_)


# -- types

Check = Callable[[pa.DataType], bool]


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(plain) or types.is_large_string(plain) or types.is_string_view(plain))


def _is_time(kind: pa.DataType) -> bool:
    return types.is_timestamp(kind) and bool(kind.tz)


def _is_real(kind: pa.DataType) -> bool:
    return bool(types.is_floating(kind) or types.is_integer(kind))


def _is_plain(kind: pa.DataType) -> bool:
    return _is_text(kind) or _is_real(kind) or bool(types.is_boolean(kind))


def _are_lines(kind: pa.DataType) -> bool:
    return bool((types.is_list(kind) or types.is_large_list(kind)) and types.is_struct(kind.value_type))


#: Field -> what its column must be, in words and by type, and whether it may be absent.
Kinds = Mapping[str, tuple[str, Check, bool]]
_TEXT: Final = ("utf8, plain or dictionary-encoded", _is_text)
_WHOLE: Final = ("an integer", types.is_integer)
_REAL: Final = ("a float or an integer", _is_real)
_HEAD: Final[Kinds] = {
    **dict.fromkeys(("event_id", "sender", "store", "region", "workstation"), (*_TEXT, False)),
    "business_date": ("date32", types.is_date32, False),
    "sequence": (*_WHOLE, False),
    "time": ("a timestamp with a time zone", _is_time, False),
    "lines": ("a list of structs", _are_lines, False),
    "status": (*_TEXT, True),
    "schema": (*_WHOLE, True),
}
_LINE: Final[Kinds] = {
    "line": (*_WHOLE, False),
    "good": (*_TEXT, False),
    "quantity": (*_REAL, False),
    "unit": (*_TEXT, False),
    "amount": (*_REAL, True),
    "kind": (*_TEXT, True),
    "regular_price": (*_REAL, True),
    "unit_cost": (*_REAL, True),
    "promotion": ("a boolean", types.is_boolean, True),
}


def _chosen(fields: Iterable[pa.Field], column: Callable[[int], pa.Array], kinds: Kinds, where: str = "") -> Arrays:
    """Return the columns that are known, and others that JSON could hold; raises ``Rejected``.

    ``column`` gives the one at a place. Others are not even looked at: pyarrow has no class for some types.
    """
    listed = [(field.name, field.type) for field in fields]
    found = dict(listed)
    if len(found) < len(listed):
        refuse("decode", f"a column of {where or 'the batch'} is given twice: give each once")
    for name, (wanted, check, optional) in kinds.items():
        if name not in found and not optional:
            refuse("decode", f"column {where}{name} is missing: it is {wanted}")
        if name in found and not check(found[name]):
            refuse("decode", f"column {where}{name} is {str(found[name])[:80]}: send {wanted}")
    kept = {name: column(place) for place, (name, kind) in enumerate(listed) if name in kinds or _is_plain(kind)}
    for name, each in kept.items():
        if types.is_dictionary(each.type):
            _check_words(f"{where}{name}"[:80], each.dictionary)
    return kept


def _check_words(name: str, words: pa.Array) -> None:
    longest = pc.max(pc.binary_length(words.cast(pa.large_utf8()))).as_py() or 0
    if longest > LONGEST_TEXT:
        refuse("size", f"column {name} has a text of {longest:,} bytes, at most {LONGEST_TEXT} in a dictionary")


# -- JSON


def _without_absent(event: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Return an event without the nulls of what may be absent."""
    return {name: value for name, value in event.items() if value is not None or not kinds.get(name, (0, 0, True))[2]}


def _moment(ticks: int | None, per_second: int, zone: tzinfo) -> str | None:
    """Return RFC 3339, or for what the calendar has no room for something that is not, but says it all."""
    if ticks is None:
        return None
    second, rest = divmod(ticks, per_second)
    fraction = f".{rest:0{len(str(per_second)) - 1}d}" if rest else ""
    try:
        text = (datetime.fromtimestamp(0, UTC) + timedelta(seconds=second)).astimezone(zone).isoformat()
    except OverflowError:
        return f"{second}{fraction} s after {_EPOCH}"
    return text[:19] + fraction + text[19:]


def _date(day: int | None) -> str | None:
    if day is None:
        return None
    try:
        return (_EPOCH + timedelta(days=day)).isoformat()
    except OverflowError:
        return f"{day} days after {_EPOCH}"
