"""Many receipts in one record of ``pos.sales``: an Arrow IPC stream, for senders with volume.

The record's header ``content-type: application/vnd.apache.arrow.stream`` says so; a record without it is
JSON (``schemas.events.Receipt``), and both may stand in one partition. A row is a receipt and its columns
are the receipt's fields; ``lines`` is a list of structs with the fields of ``SaleLine``. Nested and not one
row per line: 42 B a line on the wire instead of 80, and a receipt is what the row says, not what neighbours
have in common.

Types: texts are utf8, plain or dictionary-encoded; ``time`` is a timestamp of any unit with a time zone,
``business_date`` is date32, whole numbers are any integer type, other numbers are floats or integers. What
``Receipt`` and ``SaleLine`` let be absent may be absent here, as a column or as a null. Other columns are
ignored. Buffers are not compressed (Kafka compresses the record), and the stream ends with its end mark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa

from schemas.events import Receipt, SaleLine

HEADER: Final = "content-type"
CONTENT_TYPE: Final = b"application/vnd.apache.arrow.stream"

#: What may be converted: ``fromisoformat`` alone reads far more, and would mend what JSON is refused for.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,3})?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_CODED: Final = pa.dictionary(pa.int32(), pa.utf8())
_LINE_TYPES: Final = {
    "line": pa.int64(),
    "good": _CODED,
    "quantity": pa.float64(),
    "unit": _CODED,
    "amount": pa.float64(),
    "kind": _CODED,
    "regular_price": pa.float64(),
    "unit_cost": pa.float64(),
    "promotion": pa.bool_(),
}
_TYPES: Final = {
    "event_id": pa.utf8(),
    **dict.fromkeys(("sender", "store", "region", "workstation"), _CODED),
    "business_date": pa.date32(),
    "sequence": pa.int64(),
    "time": pa.timestamp("ms", "UTC"),
    "status": _CODED,
    "schema": pa.int64(),
}
#: Left out of a batch in which every receipt, or line, has the default.
_DEFAULTS: Final = {
    "status": "normal",
    "schema": 1,
    "kind": "sale",
    "regular_price": None,
    "unit_cost": None,
    "promotion": False,
}


def is_batch(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    """Return whether a record's headers say that it is a batch of receipts; names of headers know no case."""
    return any(name.lower() == HEADER and _media_type(value) == CONTENT_TYPE for name, value in headers)


def _media_type(value: bytes | None) -> bytes:
    return (value or b"").partition(b";")[0].strip().lower()


def encode(receipts: Sequence[Receipt]) -> bytes:
    """Return receipts as one record's value.

    Raises ``ValueError`` for what no column can hold: a time without offset or finer than a millisecond, a
    date that does not exist, a number beyond 64 bits. Such a receipt has to go as JSON.
    """
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in receipts] for name in _TYPES}
    columns["time"] = [_milliseconds(text) for text in columns["time"]]
    columns["business_date"] = [_date(text) for text in columns["business_date"]]
    try:
        found = _arrays(columns, _TYPES) | {"lines": _lines(receipts)}
    except (pa.ArrowException, OverflowError, TypeError) as error:
        msg = f"no column holds it: {error}"
        raise ValueError(msg) from error
    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_arrays(list(found.values()), list(found))
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def fits(receipt: Receipt) -> bool:
    """Return whether ``encode`` takes a receipt."""
    numbers = (receipt.sequence, receipt.schema, *(line.line for line in receipt.lines))
    if not all(-(2**63) <= number < 2**63 for number in numbers):
        return False
    try:
        _milliseconds(receipt.time)
        _date(receipt.business_date)
    except (ValueError, OverflowError):
        return False
    return all(map(_is_unicode, _texts(receipt)))


def _texts(receipt: Receipt) -> list[str]:
    own = [receipt.event_id, receipt.sender, receipt.store, receipt.region, receipt.workstation]
    return own + [text for line in receipt.lines for text in (line.good, line.unit)]


def _is_unicode(text: str) -> bool:
    """Return whether a text has no lone surrogates, which UTF-8 cannot hold."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _lines(receipts: Sequence[Receipt]) -> pa.ListArray:
    lines: list[SaleLine] = [line for each in receipts for line in each.lines]
    arrays = _arrays({name: [getattr(line, name) for line in lines] for name in _LINE_TYPES}, _LINE_TYPES)
    structs = pa.StructArray.from_arrays(list(arrays.values()), list(arrays))
    offsets = [0, *accumulate(len(each.lines) for each in receipts)]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs)


def _arrays(columns: dict[str, list[Any]], types: dict[str, pa.DataType]) -> dict[str, pa.Array]:
    needed = {
        name: values
        for name, values in columns.items()
        if name not in _DEFAULTS or any(value != _DEFAULTS[name] for value in values)
    }
    return {name: pa.array(values, types[name]) for name, values in needed.items()}


def _milliseconds(text: str) -> int:
    if not _TIME.fullmatch(text):
        msg = f"time {text[:40]!r} is not RFC 3339 with an offset, in milliseconds at most"
        raise ValueError(msg)
    return round(datetime.fromisoformat(text.upper()).timestamp() * 1000)


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        msg = f"business_date {text[:40]!r} is not YYYY-MM-DD"
        raise ValueError(msg)
    return date.fromisoformat(text)
