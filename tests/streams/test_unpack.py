"""Unpacking record batches in Rust changes nothing: the same columns and errors as without it, whatever comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder, _DefaultRecordBatchPy
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.util import calc_crc32c, decode_varint_py
from hypothesis import given
from hypothesis import strategies as st

from streams import fetch, native, tolerant

installed = pytest.mark.skipif(not native.available(), reason="staplewatch_native is not installed: make native")

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
#: Where a batch has its CRC, and what that covers.
CRC, CHECKED = 17, 21
BYTES = st.one_of(st.none(), st.binary(max_size=9), st.binary(max_size=1).map(lambda each: each * 300))
HEADERS = st.lists(st.tuples(st.text(max_size=3), st.one_of(st.none(), st.binary(max_size=3))), max_size=2)
RECORD = st.tuples(st.integers(1, 3), st.integers(0, 2**41), BYTES, BYTES, HEADERS)


def batch(base: int, records: Sequence[Any], codec: int, producer: int, *, broker_time: bool) -> bytes:
    """Return a batch of format 2; a record is its distance to the one before, time, key, value and headers."""
    builder = DefaultRecordBatchBuilder(2, codec, producer >= 0, producer, -1, -1, 1 << 20)
    offset = -1
    for step, time, key, value, headers in records:
        offset += step
        builder.append(offset, time, key, value, headers)
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    if broker_time:
        data[22] |= 8
    return right(data)


def right(data: bytearray) -> bytes:
    data[CRC:CHECKED] = calc_crc32c(bytes(data[CHECKED:])).to_bytes(4, "big")
    return bytes(data)


@st.composite
def fetched(draw: st.DrawFn) -> bytes:
    """Return what a broker may send: batches in all codecs, gaps between them, and perhaps half a one at the end."""
    base, data = draw(st.integers(0, 2**40)), b""
    for _ in range(draw(st.integers(1, 4))):
        records = draw(st.lists(RECORD, min_size=1, max_size=6))
        codec = draw(st.sampled_from([NONE, LZ4, LZ4, GZIP, SNAPPY, ZSTD]))
        data += batch(base, records, codec, draw(st.sampled_from([-1, 7])), broker_time=draw(st.booleans()))
        data = data[:-1] + bytes([data[-1] ^ draw(st.sampled_from([0, 0, 0, 0, 1]))])
        base += sum(record[0] for record in records) + draw(st.integers(0, 2))
    return data[: len(data) - draw(st.sampled_from([0, 0, 0, 5, 70]))]


def read(data: bytes, start: int, unpack: fetch.Unpack | None, isolation: int) -> list[Any]:
    """Return the columns of each batch, and last the error if there is one."""
    stock = PartitionRecords(PLACE, tolerant.KeptRecords(data), [(7, 0)], start, None, None, True, isolation)
    records, found = fetch.RawRecords.of(stock, unpack), list[Any]()
    try:
        for each in records:
            columns = (each.offsets, each.values, each.keys, map(list, each.headers), each.timestamps)
            found.append((each.first, each.next_offset, *map(list, columns)))
    except CorruptRecordException as error:
        found.append((str(error), records.next_fetch_offset))
    return found


class Reference(_DefaultRecordBatchPy):  # type: ignore[misc]
    """aiokafka's reader, all of it in Python: the part of it in C reads beyond the end of what is damaged."""

    def _read_msg(self) -> Any:
        return super()._read_msg(decode_varint_py)


PLACE = TopicPartition("pos.sales", 1)


@installed
@given(st.data())
def test_any_fetch_is_read_alike(data: st.DataObject) -> None:
    fetch_ = data.draw(fetched())
    start = int.from_bytes(fetch_[:8], "big") + data.draw(st.integers(0, 9))
    isolation = data.draw(st.sampled_from([READ_COMMITTED, READ_UNCOMMITTED]))
    expected = read(fetch_, start, None, isolation)
    assert read(fetch_, start, native.unpacker(), isolation) == expected


@installed
@given(st.data())
def test_what_is_taken_of_damaged_batches_is_what_python_reads(data: st.DataObject) -> None:
    """Any byte after the offset is another one, or some are missing, and the CRC is right all the same."""
    records = data.draw(st.lists(RECORD, min_size=1, max_size=4))
    damaged = bytearray(batch(5, records, data.draw(st.sampled_from([NONE, LZ4])), -1, broker_time=False))
    if data.draw(st.booleans()):
        del damaged[-data.draw(st.integers(1, 9)) :]
        damaged[8:12] = (len(damaged) - 12).to_bytes(4, "big")
    damaged[data.draw(st.integers(8, len(damaged) - 1))] ^= data.draw(st.integers(0, 255))
    [taken, *_] = [*native.unpacker()(right(damaged), 0), None]
    if taken is not None:
        expected = fetch.read_batch(Reference(damaged), 0)
        assert list(taken.offsets) == list(expected.offsets)
        assert taken.times == expected.timestamps.tobytes()
        assert [list(taken.values), taken.keys] == [expected.values, expected.keys]
        assert list(map(list, taken.headers)) == list(map(list, expected.headers))


@installed
def test_plain_batches_are_not_left_to_python() -> None:
    records = [(1, 5, b"k", b"v", []), (1, 6, b"k", None, [("h", None)])]
    data = b"".join(batch(10 * codec, records, codec, -1, broker_time=False) for codec in (NONE, LZ4, ZSTD))
    old = LegacyRecordBatchBuilder(magic=1, compression_type=0, batch_size=99)
    old.append(30, timestamp=5, key=None, value=b"v")
    plain, packed, other, first_format = native.unpacker()(data + bytes(old.build()), 0)
    assert plain is not None
    assert packed is not None
    assert other is first_format is None
    assert (plain.offsets, packed.offsets) == (range(2), range(30, 32))
    assert plain.keys[0] is plain.keys[1]


@installed
def test_values_of_a_chunk_are_not_spelled_out_where_a_batch_of_it_is_hidden() -> None:
    records: list[Any] = [(1, 0, None, b"v", [])]
    data = b"".join(batch(base, records, LZ4, 7 * (base % 2) - 1, broker_time=False) for base in range(4))
    stock = PartitionRecords(PLACE, tolerant.KeptRecords(data), [(6, 0)], 0, None, None, True, READ_COMMITTED)
    [(_, chunk)] = fetch.chunks("t", 0, fetch.RawRecords.of(stock, native.unpacker()), 99)
    assert (list(chunk.offsets), list(chunk.values)) == ([0, 2], [b"v"] * 2)
    assert not isinstance(chunk.values, list)


@installed
def test_values_are_a_sequence() -> None:
    records: list[Any] = [(1, 0, None, value, []) for value in (b"a", None, b"", b"bc")]
    data = batch(0, records, LZ4, -1, broker_time=False) + batch(4, records, NONE, -1, broker_time=False)
    one, two = (each.values for each in native.unpacker()(data, 0) if each is not None)
    values = one + two  # type: ignore[operator]
    expected = [b"a", None, b"", b"bc"] * 2
    assert (list(values), len(values)) == (expected, 8)
    for begin in range(-9, 10):
        for end in (None, *range(-9, 10)):
            assert list(values[begin:end]) == expected[begin:end]
    assert [values[index] for index in range(-8, 8)] == expected * 2
    for index in (8, -9):
        with pytest.raises(IndexError):
            values[index]
    with pytest.raises(ValueError, match="one after another"):
        values[::2]
    with pytest.raises(TypeError):
        values["a"]
