"""Receipts in Arrow batches come to the same as one by one in JSON, wrong ones included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import receipt_batch, topics
from schemas.events import Receipt, SaleLine
from schemas.letters import DeadLetter
from streams.chunk import Chunk
from streams.columns import Coded, joined, listed
from streams.decode import Decoded, Decoder
from streams.indicators.civil import Civil
from streams.options import Options
from streams.seen import Seen
from tests.streams.test_receipts import CATALOGUE, WALL

BATCH = [("Content-Type", receipt_batch.CONTENT_TYPE), ("trace", b"1")]
LINE = SaleLine(1, "potato", 2.5, "kg", 11.25)
RECEIPT = Receipt(
    "r-1", "shop-7", "bayi-01", "540402", "1", "2024-08-08", 1, "2024-08-08T10:02:11+08:00", [LINE]
)  # fmt: skip

LINES = st.builds(
    SaleLine,
    line=st.sampled_from([1, 2, 3, -1, 2**32]),
    good=st.sampled_from(["potato", "milk", "no such good"]),
    quantity=st.sampled_from([2.5, 1.0, 0.0, 1e308, -1.0, 0.0004]),
    unit=st.sampled_from(["kg", "斤", "L", "nothing"]),
    amount=st.sampled_from([None, 0.0, 3.5, -1.0, 1e300]),
    kind=st.sampled_from(["sale", "return", "void"]),
    unit_cost=st.sampled_from([None, 1.25, 1e308, -2.0]),
    regular_price=st.sampled_from([None, 4.0]),
    promotion=st.booleans(),
)
RIGHT = st.builds(SaleLine, st.integers(1, 3), st.just("potato"), st.just(1.5), st.just("kg"), st.just(3.25))
RECEIPTS = st.builds(
    Receipt,
    event_id=st.sampled_from(["r-1", "r-2", "r-2", "", "号", "x" * 201]),
    sender=st.just("shop-7"),
    store=st.sampled_from(["bayi-01", "bayi-01", "", "巴宜"]),
    region=st.sampled_from(["540402", "540402", "540421", "540102", "no such county"]),
    workstation=st.just("1"),
    business_date=st.sampled_from(["2024-08-08", "2024-08-07", "2024-01-01", "9999-12-31"]),
    sequence=st.sampled_from([1, 2, 3, -1, 2**60]),
    time=st.sampled_from(
        ["2024-08-08T10:02:59+08:00", "2024-08-08T10:02:59.250+08:00", "1999-12-31T23:59:59+08:00"]
    ),
    lines=st.lists(RIGHT, min_size=1, max_size=3) | st.lists(LINES, max_size=3),
    status=st.sampled_from(["normal", "normal", "normal", "training"]),
)  # fmt: skip
#: Runs of receipts, and whether each goes as one batch or one by one.
RUNS = st.lists(st.tuples(st.booleans(), st.lists(RECEIPTS, min_size=1, max_size=6)), min_size=1, max_size=4)

Record = tuple[bytes | None, Sequence[tuple[str, bytes | None]]]


def decoded(records: Sequence[Record], options: Options | None = None) -> tuple[Decoded, Seen]:
    chosen, seen = options or Options(), Seen()
    size = len(records)
    values, headers = [value for value, _ in records], [each for _, each in records]
    chunk = Chunk(topics.SALES, 0, range(7, 7 + size), values, [b"k"] * size, headers, [0] * size, 7 + size)
    return Decoder(CATALOGUE, 0, 4, Civil(chosen.timezone), chosen, seen).decode(chunk, WALL), seen


def one_by_one(receipts: Sequence[Receipt]) -> list[Record]:
    return [(msgspec.json.encode(each), [("trace", b"1")]) for each in receipts]


def batch(receipts: Sequence[Receipt]) -> Record:
    return receipt_batch.encode(receipts), BATCH


def rows(found: Decoded) -> dict[str, list[Any]]:
    """Return all columns but the place of a line."""
    return {name: listed(each) for name, each in found.columns.items() if name not in {"offset", "line"}}


def content(letter: DeadLetter) -> tuple[object, ...]:
    """Return what a letter says, whatever record it comes of."""
    event = msgspec.json.decode(letter.value, type=Receipt)
    return event, letter.stage, letter.reason, letter.error, letter.key, letter.headers


@settings(deadline=None, max_examples=300)
@given(RUNS)
def test_batches_equal_json_in_any_mixture(runs: list[tuple[bool, list[Receipt]]]) -> None:
    slow, slow_seen = decoded([record for _, group in runs for record in one_by_one(group)])
    mixed = [record for together, group in runs for record in ([batch(group)] if together else one_by_one(group))]
    fast, fast_seen = decoded(mixed)
    assert rows(fast) == rows(slow)
    assert list(map(content, fast.dead)) == list(map(content, slow.dead))
    assert (fast.events, fast.dropped, fast.repeats) == (slow.events, slow.dropped, slow.repeats)
    assert str(fast_seen.dump()) == str(slow_seen.dump())


@settings(deadline=None, max_examples=200)
@given(st.lists(RECEIPTS, min_size=1, max_size=12))
def test_every_line_of_a_batch_has_a_place_of_its_own(receipts: list[Receipt]) -> None:
    """Rows of a receipt are numbered from its first line on, as those of a JSON record are from 0."""
    found, _ = decoded([batch(receipts)])
    assert set(listed(found.columns["offset"])) <= {7}
    places = listed(found.columns["line"])
    assert places == sorted(set(places))
    first = 0
    expected, letters = list[int](), list[tuple[int, int]]()
    for each in receipts:
        alone, _ = decoded(one_by_one([each]))
        expected += [first + line for line in listed(alone.columns["line"])]
        taken = max(1, len(each.lines))
        letters += [(first, taken)] * len(alone.dead)
        first += taken
    assert places == expected
    assert [(letter.line, letter.lines) for letter in found.dead] == letters


def test_right_receipts_are_read_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("looked at one by one")

    monkeypatch.setattr(Decoder, "_odd", refuse)
    receipts = [msgspec.structs.replace(RECEIPT, sequence=number) for number in range(3000)]
    assert decoded([batch(receipts)])[0].events == 3000


# -- other shapes of the same


def table(**columns: pa.Array) -> Record:
    """Return a batch of one receipt with some columns replaced, those given as None left out."""
    with pa.ipc.open_stream(receipt_batch.encode([RECEIPT])) as reader:
        found = reader.read_all().combine_chunks().to_batches()[0]
    arrays = dict(zip(found.schema.names, found.columns, strict=True)) | columns
    return stream(pa.RecordBatch.from_pydict({name: each for name, each in arrays.items() if each is not None}))


def stream(*batches: pa.RecordBatch, compression: str | None = None) -> Record:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
        for each in batches:
            writer.write_batch(each)
    return sink.getvalue().to_pybytes(), BATCH


def lines(**columns: pa.Array) -> pa.Array:
    """Return the lines of one receipt with some fields replaced."""
    fields: dict[str, pa.Array] = {
        "line": pa.array([1]), "good": pa.array(["potato"]), "quantity": pa.array([2.5]),
        "unit": pa.array(["kg"]), "amount": pa.array([11.25]),
    }  # fmt: skip
    fields |= columns
    structs = pa.StructArray.from_arrays(list(fields.values()), list(fields))
    return pa.ListArray.from_arrays(pa.array([0, len(structs)], pa.int32()), structs)


RIGHT_SHAPES = {
    "as encoded": table(),
    "plain texts": table(sender=pa.array(["shop-7"]), lines=lines()),
    "large texts and views": table(
        store=pa.array(["bayi-01"], pa.large_utf8()), sender=pa.array(["shop-7"], pa.string_view())
    ),
    "dictionary of more words than rows": table(
        store=pa.DictionaryArray.from_arrays(pa.array([1], pa.uint8()), pa.array(["x", "bayi-01", None]))
    ),
    "time in seconds of a zone": table(time=pa.array([1723082531], pa.timestamp("s", "Asia/Shanghai"))),
    "time in nanoseconds of a zone that nobody knows": table(
        time=pa.array([1723082531 * 10**9 + 5], pa.timestamp("ns", "Mars"))
    ),
    "small integers": table(sequence=pa.array([1], pa.uint8()), lines=lines(line=pa.array([1], pa.int16()))),
    "whole quantities": table(lines=lines(quantity=pa.array([2.5], pa.float32()), amount=pa.array([11.25]))),
    "a large list": table(lines=lines().cast(pa.large_list(lines().type.value_type))),
    "absent kinds": table(lines=lines(kind=pa.array([None], pa.utf8())), status=pa.array([None], pa.utf8())),
    "columns nobody knows": table(till_type=pa.array([b"\xff"]), operator=pa.array(["x"])),
    "lines that no receipt has": table(
        lines=pa.ListArray.from_arrays(pa.array([1, 2], pa.int32()), pa.concat_arrays([lines().values] * 3))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT_SHAPES)
def test_other_types_mean_the_same(name: str) -> None:
    found, _ = decoded([RIGHT_SHAPES[name]])
    assert found.dead == []
    assert rows(found) == rows(decoded([batch([RECEIPT])])[0])


REFUSED = {
    "null sender": (table(sender=pa.array([None], pa.utf8())), "decode", b'"sender": null'),
    "null lines": (table(lines=pa.nulls(1, lines().type)), "decode", b'"lines": null'),
    "null time": (table(time=pa.nulls(1, pa.timestamp("s", "UTC"))), "decode", b'"time": null'),
    "null date": (table(business_date=pa.nulls(1, pa.date32())), "decode", b'"business_date": null'),
    "null line": (table(lines=lines(line=pa.nulls(1, pa.int64()))), "decode", b'"line": null'),
    "NaN": (table(lines=lines(quantity=pa.array([math.nan]))), "decode", b'"quantity": NaN'),
    "infinite amount": (table(lines=lines(amount=pa.array([math.inf]))), "decode", b'"amount": Infinity'),
    "no lines": (batch([msgspec.structs.replace(RECEIPT, lines=[])]), "validate", b'"lines": []'),
    "time beyond the calendar": (
        table(time=pa.array([2**60], pa.timestamp("s", "UTC"))), "validate", b"1152921504606846976 s after 1970-01-01"
    ),
    "date beyond the calendar": (
        table(business_date=pa.array([2**31 - 1], pa.int32()).cast(pa.date32())), "validate", b"2147483647 days after"
    ),
    "unknown kind": (table(lines=lines(kind=pa.array(["gift"]))), "decode", b'"kind": "gift"'),
    "a sequence beyond 63 bits": (
        table(sequence=pa.array([2**64 - 1], pa.uint64())), "validate", b"18446744073709551615"
    ),
    "another partition": (batch([msgspec.structs.replace(RECEIPT, region="540102")]), "partition", b"540102"),
    "with what nobody reads": (
        table(operator=pa.array(["x"]), sequence=pa.array([-1])), "validate", b'"operator": "x"'
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_receipt_becomes_a_letter_in_json(name: str) -> None:
    record, stage, part = REFUSED[name]
    found, _ = decoded([record])
    assert [(letter.stage, letter.error) for letter in found.dead] == [(stage, found.dead[0].error)]
    assert part in found.dead[0].value
    assert rows(found)["event_id"] == []
    assert found.dead[0].headers == (("trace", b"1"),)


def _cut(record: Record, size: int) -> Record:
    return (record[0] or b"")[:size], record[1]


LONG = pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array(["x" * 801]))
WHOLE = {
    "nothing": ((None, BATCH), "decode", "empty"),
    "JSON": ((msgspec.json.encode(RECEIPT), BATCH), "decode", "no Arrow IPC stream"),
    "no receipts": (batch([]), "decode", "no receipts"),
    "compressed by zstd": (stream(pa.record_batch({"a": ["x" * 1000]}), compression="zstd"), "decode", "compressed"),
    "cut before the end mark": (_cut(batch([RECEIPT]), -8), "decode", "does not end"),
    "cut inside": (_cut(batch([RECEIPT]), 900), "decode", "no Arrow IPC stream"),
    "two streams": ((receipt_batch.encode([RECEIPT]) * 2, BATCH), "decode", "does not end"),
    "no store": (table(store=None), "decode", "column store is missing"),
    "no good": (table(lines=lines(good=pa.array([7]))), "decode", "column lines.good is int64"),
    "a time without zone": (table(time=pa.array([0], pa.timestamp("s"))), "decode", "column time is timestamp[s]"),
    "a text that every row could repeat": (table(sender=LONG), "size", "column sender has a text of 801 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_what_holds_no_receipts_is_refused_whole(name: str) -> None:
    record, stage, reason = WHOLE[name]
    found, _ = decoded([batch([RECEIPT]), record, batch([msgspec.structs.replace(RECEIPT, sequence=2)])])
    [letter] = found.dead
    assert (letter.stage, letter.value, letter.offset) == (stage, record[0] or b"", 8)
    assert reason in letter.reason
    assert (letter.line, letter.lines, letter.headers) == (0, 0, tuple(BATCH))
    assert listed(found.columns["offset"]) == [7, 9]


def test_limits() -> None:
    many = [msgspec.structs.replace(RECEIPT, sequence=number) for number in range(20)]
    assert decoded([batch(many)], Options(max_record_lines=20))[0].dead == []
    [letter] = decoded([batch(many)], Options(max_record_lines=19))[0].dead
    assert (letter.stage, letter.reason) == ("size", "more than 19 lines: send fewer per record")
    [letter] = decoded([batch(many)], Options(max_record_bytes=999))[0].dead
    assert letter.stage == "size"
    wrong = [msgspec.structs.replace(each, store="x" * 799) for each in many * 3]
    [letter] = decoded([batch(wrong)], Options(max_record_bytes=len(batch(wrong)[0] or b"")))[0].dead
    assert (letter.stage, letter.value) == ("size", batch(wrong)[0])


def test_several_batches_count_on() -> None:
    with pa.ipc.open_stream(receipt_batch.encode([RECEIPT])) as reader:
        one = reader.read_next_batch()
    two = one.set_column(one.schema.get_field_index("sequence"), "sequence", pa.array([2]))
    found, _ = decoded([stream(one, two)])
    assert (rows(found)["sequence"], listed(found.columns["line"])) == ([1, 2], [0, 1])


@pytest.mark.parametrize(
    "change", [{"time": "2024-08-08T10:02:11"}, {"time": "now"}, {"business_date": "20240808"}, {"sequence": 2**63}]
)
def test_what_no_column_holds_is_not_encoded(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|YYYY-MM-DD|no column"):
        receipt_batch.encode([msgspec.structs.replace(RECEIPT, **change)])


def test_coded_columns_look_like_lists() -> None:
    column = Coded(["a", "b", None], np.array([0, 0, 1, 2]))
    assert list(column) == ["a", "a", "b", None] == column.tolist()
    assert (len(column), column[2], column[1:3].tolist()) == (4, "b", ["a", "b"])
    assert joined([column, Coded(["b"], np.array([0]))]).tolist() == ["a", "a", "b", None, "b"]
    assert joined([column, ["c"]]) == ["a", "a", "b", None, "c"]
