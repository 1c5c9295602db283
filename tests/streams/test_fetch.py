"""Record batches become columns: seeks into them, control and aborted batches, holes, old formats."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from streams import fetch, tolerant

PLACE = TopicPartition("pos.sales", 1)


def batch(base: int, offsets: Sequence[int], *, producer: int = -1, transactional: bool = False) -> bytes:
    """Return a batch of format 2 with a record per relative offset."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=transactional,
        producer_id=producer,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset in offsets:
        builder.append(offset, timestamp=1000 + offset, key=b"k", value=b"%d" % (base + offset), headers=[("h", b"1")])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")  # the CRC covers what follows the first 21 bytes
    return bytes(data)


def raw(data: bytes, start: int = 0, *, isolation: int = READ_UNCOMMITTED, aborted: Any = ()) -> list[fetch.RawBatch]:
    """Return what a fetch from ``start`` gives."""
    stock = PartitionRecords(PLACE, MemoryRecords(data), list(aborted), start, None, None, True, isolation)
    return list(fetch.RawRecords.of(stock))


def test_columns_of_one_batch() -> None:
    [found] = raw(batch(10, range(3)))
    assert (found.first, found.next_offset, found.offsets) == (10, 13, range(10, 13))
    assert found.values == [b"10", b"11", b"12"]
    assert found.keys == [b"k"] * 3
    assert [list(headers) for headers in found.headers] == [[("h", b"1")]] * 3
    assert list(found.timestamps) == [1000, 1001, 1002]


def test_a_seek_into_a_batch_leaves_out_what_came_before() -> None:
    [found] = raw(batch(10, range(5)), start=12)
    assert (found.first, found.next_offset, list(found.offsets)) == (12, 15, [12, 13, 14])
    assert found.values == [b"12", b"13", b"14"]


def test_equals_the_stock_reader() -> None:
    data = batch(0, range(4)) + batch(4, [0, 2, 5]) + batch(20, range(2))
    stock = PartitionRecords(PLACE, MemoryRecords(data), [], 2, None, None, True, READ_UNCOMMITTED)
    records = [(r.offset, r.value, r.key, r.timestamp) for r in stock]
    found = raw(data, start=2)
    columns = [x for b in found for x in zip(b.offsets, b.values, b.keys, b.timestamps, strict=True)]
    assert columns == records


def test_compaction_inside_a_batch_is_no_gap() -> None:
    [found] = raw(batch(4, [0, 2, 5]), start=4)
    assert (found.first, found.next_offset, list(found.offsets)) == (4, 10, [4, 6, 9])


def test_a_control_batch_accounts_for_its_offset() -> None:
    data = bytearray(batch(7, [0]))
    data[22] |= 0x20  # bit 5 of the attributes
    found = read(bytes(data))
    assert (found.first, found.next_offset, len(found)) == (7, 8, 0)


def read(data: bytes) -> fetch.RawBatch:
    """Return one batch without the check of its CRC."""
    stock = PartitionRecords(PLACE, MemoryRecords(data), [], 0, None, None, False, READ_UNCOMMITTED)
    found: list[fetch.RawBatch] = list(fetch.RawRecords.of(stock))
    return found[0]


def test_aborted_transactions_are_hidden_when_only_committed_records_count() -> None:
    data = batch(0, range(2), producer=5, transactional=True) + batch(2, range(2))
    hidden, open_ = raw(data, isolation=READ_COMMITTED, aborted=[(5, 0)])
    assert (len(hidden), hidden.next_offset, open_.values) == (0, 2, [b"2", b"3"])
    assert len(raw(data)[0]) == 2


def test_a_damaged_batch_is_an_error_and_the_position_stays() -> None:
    data = bytearray(batch(0, range(3)))
    data[-1] ^= 1
    stock = PartitionRecords(PLACE, MemoryRecords(bytes(data)), [], 0, None, None, True, READ_UNCOMMITTED)
    records = fetch.RawRecords.of(stock)
    with pytest.raises(CorruptRecordException, match="Invalid CRC"):
        next(records)
    assert records.next_fetch_offset == 0


def test_format_one_is_read_too() -> None:
    builder = LegacyRecordBatchBuilder(magic=1, compression_type=0, batch_size=1 << 20)
    for offset in range(3):
        builder.append(offset, timestamp=5, key=None, value=b"v%d" % offset)
    found = raw(bytes(builder.build()), start=1)
    assert [value for b in found for value in b.values] == [b"v1", b"v2"]
    assert found[-1].next_offset == 3


def test_install_switches_one_fetcher() -> None:
    fetcher = SimpleNamespace(_records=OrderedDict())
    fetch.install(fetcher)
    assert isinstance(fetcher._records, fetch.RawResults)
    fetcher._records["x"] = 1
    with pytest.raises(RuntimeError, match="before the first fetch"):
        fetch.install(fetcher)


def chunked(batches: list[fetch.RawBatch], limit: int) -> list[tuple[int, int, list[int]]]:
    return [(first, c.next_offset, list(c.offsets)) for first, c in fetch.chunks("t", 0, batches, limit)]


def test_batches_are_joined_up_to_the_limit_and_split_above_it() -> None:
    found = raw(batch(0, range(3)) + batch(3, range(3)) + batch(6, range(7)))
    assert chunked(found, 100) == [(0, 13, list(range(13)))]
    found = raw(batch(0, range(3)) + batch(3, range(3)) + batch(6, range(7)))
    assert chunked(found, 4) == [(0, 3, [0, 1, 2]), (3, 6, [3, 4, 5]), (6, 10, [6, 7, 8, 9]), (10, 13, [10, 11, 12])]


def test_a_hole_ends_a_chunk() -> None:
    found = raw(batch(0, range(2)) + batch(5, range(2)))
    assert chunked(found, 100) == [(0, 2, [0, 1]), (5, 7, [5, 6])]


def test_records_of_a_chunk_keep_together() -> None:
    [(_, chunk)] = fetch.chunks("t", 3, raw(batch(0, range(2)) + batch(2, [0, 3])), 100)
    assert (chunk.topic, chunk.partition, list(chunk.offsets)) == ("t", 3, [0, 1, 2, 5])
    assert list(chunk.values) == [b"0", b"1", b"2", b"5"]


def gbk(data: bytes) -> bytes:
    """Return a batch of which the header name ``h`` is half a Chinese character, its CRC right."""
    changed = bytearray(data.replace(b"\x02h\x021", b"\x02\xd6\x021"))
    changed[17:21] = calc_crc32c(bytes(changed[21:])).to_bytes(4, "big")
    return bytes(changed)


def test_a_header_name_that_is_no_utf8_stops_nothing() -> None:
    data = batch(10, range(3)) + gbk(batch(13, range(2))) + batch(15, range(1))
    stock = PartitionRecords(PLACE, tolerant.KeptRecords(data), [], 11, None, None, True, READ_UNCOMMITTED)
    found = list(fetch.RawRecords.of(stock))
    assert [value for each in found for value in each.values] == [b"11", b"12", b"13", b"14", b"15"]
    assert [list(headers) for headers in found[1].headers] == [[("\\xd6", b"1")]] * 2
    assert (found[1].keys, list(found[1].timestamps), found[1].next_offset) == ([b"k"] * 2, [1000, 1001], 15)


def test_the_fetcher_keeps_what_may_have_to_be_read_again() -> None:
    fetch.install(SimpleNamespace(_records={}))
    assert fetcher.MemoryRecords is tolerant.KeptRecords
