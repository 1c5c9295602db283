"""Raw fetch: what a broker sends, as columns per record batch and without an object per record.

44 % of a consumer's CPU is aiokafka building ``ConsumerRecord`` objects that nobody needs
here. ``install`` makes one consumer's fetcher hand out ``RawBatch`` instead; other consumers of
the process are left alone. The private names that this leans on are listed in ``streams.pins``.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka.consumer import fetcher as stock
from aiokafka.errors import CorruptRecordException

from streams import tolerant
from streams.chunk import Chunk


@dataclass(slots=True)
class RawBatch:
    """Records of one batch in ascending offset order; speaks for offsets [first, next_offset).

    A control batch, an aborted one and one that compaction emptied have no records but still
    account for their offsets, so that they are not taken for a gap.
    """

    first: int
    next_offset: int
    offsets: Sequence[int]
    values: Sequence[bytes | None]
    keys: list[bytes | None]
    headers: list[Sequence[tuple[str, bytes | None]]]
    timestamps: array[int]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.values)


class Unpacked(Protocol):
    """Columns of the records of one batch, as ``RawBatch`` has them; times are 64 bits each.

    Values stay in the memory of whoever unpacked them until one is asked for; ``+`` joins those of two batches.
    """

    offsets: Sequence[int]
    values: Sequence[bytes | None]
    keys: list[bytes | None]
    headers: list[Sequence[tuple[str, bytes | None]]]
    times: bytes


#: Takes a fetch and the first offset wanted. Returns what each batch holds, None for one that is to be read here: it is
#: not of the usual form, or not right.
Unpack = Callable[[bytes, int], list[Unpacked | None]]


class RawRecords(stock.PartitionRecords):  # type: ignore[misc]
    """Unpacks one fetch of one partition into ``RawBatch`` objects."""

    next_fetch_offset: int
    unpack: Unpack | None

    @classmethod
    def of(cls, records: Any, unpack: Unpack | None = None) -> RawRecords:
        """Return the raw reader of a fetch whose stock reader has not been started."""
        raw = cls(
            records._tp,
            records._records,
            records._aborted_transactions,
            records.next_fetch_offset,
            records._key_deserializer,
            records._value_deserializer,
            records._check_crcs,
            records._isolation_level,
        )
        raw.unpack = unpack
        return raw

    def _unpack_records(self) -> Iterator[RawBatch]:
        unpacked = iter(self._unpacked())
        while self._records.has_next():
            batch = self._records.next_batch()
            found = next(unpacked, None)
            if found is None and self._check_crcs and not batch.validate_crc():
                msg = f"Invalid CRC - {self._tp}"
                raise CorruptRecordException(msg)
            if self._is_hidden(batch):
                raw = hidden(batch, self.next_fetch_offset)
            elif found is not None and not self._reaches_back(found):
                raw = taken(found, batch, self.next_fetch_offset)
            else:
                raw = self._read(batch)
            # The position is taken from here when the caller stops iterating: set it before the yield.
            self.next_fetch_offset = raw.next_offset
            yield raw

    def _unpacked(self) -> Sequence[Unpacked | None]:
        """Return the columns of batches whose CRC is right, None for one that is to be read in Python."""
        if self.unpack is None:
            return ()
        return self.unpack(self._records.data, self.next_fetch_offset)

    def _reaches_back(self, found: Unpacked) -> bool:
        """Return whether a batch begins before the end of the one before it: no broker sends such a one."""
        return bool(found.offsets) and found.offsets[0] < self.next_fetch_offset

    def _read(self, batch: Any) -> RawBatch:
        try:
            return read_batch(batch, self.next_fetch_offset)
        except UnicodeDecodeError:
            return read_batch(tolerant.again(self._records), self.next_fetch_offset)

    def _is_hidden(self, batch: Any) -> bool:
        """Return whether a batch holds nothing for readers: control batch or aborted transaction."""
        if self._isolation_level != stock.READ_COMMITTED or batch.producer_id is None:
            return bool(batch.is_control_batch)
        self._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch:
            if self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            return True
        return bool(batch.is_transactional and batch.producer_id in self._aborted_producers)


def read_batch(batch: Any, start: int) -> RawBatch:
    """Return the columns of a batch from offset ``start``; after a seek it may begin before that."""
    records = list(batch)
    if records and records[0].offset < start:
        records = [record for record in records if record.offset >= start]
    return RawBatch(
        *_span(batch, start),
        offsets=_offsets(records),
        values=[record.value for record in records],
        keys=[record.key for record in records],
        headers=[record.headers for record in records],
        timestamps=array("q", (record.timestamp or 0 for record in records)),
    )


def hidden(batch: Any, start: int) -> RawBatch:
    """Return a batch without records that speaks for the offsets of this one."""
    return RawBatch(*_span(batch, start), offsets=(), values=[], keys=[], headers=[], timestamps=array("q"))


def taken(found: Unpacked, batch: Any, start: int) -> RawBatch:
    """Return what was unpacked of a batch from offset ``start``."""
    times = array("q", found.times)
    return RawBatch(*_span(batch, start), found.offsets, found.values, found.keys, found.headers, times)


def _span(batch: Any, start: int) -> tuple[int, int]:
    """Return first and next offset of a batch."""
    # Magic 0 and 1 have no base offset: there the broker is trusted to have skipped nothing.
    return max(start, getattr(batch, "base_offset", start)), max(start, batch.next_offset)


def _offsets(records: Sequence[Any]) -> Sequence[int]:
    """Return the offsets, as a range where none is missing (offsets are strictly ascending)."""
    if not records:
        return ()
    first, last = records[0].offset, records[-1].offset
    if last - first + 1 == len(records):
        return range(first, last + 1)
    return [record.offset for record in records]


class RawResults(OrderedDict[Any, Any]):
    """The fetcher's store of results: each one that comes in is switched to the raw reader."""

    unpack: Unpack | None = None

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, stock.FetchResult):
            value._partition_records = RawRecords.of(value._partition_records, self.unpack)
        super().__setitem__(key, value)


def install(fetcher: Any, unpack: Unpack | None = None) -> None:
    """Make a started consumer's fetcher hand out ``RawBatch``, unpacked by ``unpack``; raises if it already fetched."""
    if fetcher._records:
        msg = "the raw fetch must be installed before the first fetch"
        raise RuntimeError(msg)
    fetcher._records = RawResults()
    fetcher._records.unpack = unpack
    stock.MemoryRecords = tolerant.KeptRecords  # of the whole process; it reads as its parent does


def chunks(topic: str, partition: int, batches: Iterable[RawBatch], limit: int) -> Iterator[tuple[int, Chunk]]:
    """Join the batches of one fetch into chunks of at most ``limit`` records.

    Yields ``(first, chunk)``: the chunk speaks for offsets [first, chunk.next_offset). A hole
    between two batches also ends a chunk, so that the caller can see it.
    """
    pending: RawBatch | None = None
    for batch in batches:
        for piece in _slices(batch, limit):
            if pending and pending.next_offset == piece.first and len(pending) + len(piece) <= limit:
                _extend(pending, piece)
            else:
                if pending:
                    yield pending.first, _chunk(topic, partition, pending)
                pending = piece
    if pending:
        yield pending.first, _chunk(topic, partition, pending)


def _slices(batch: RawBatch, limit: int) -> Iterator[RawBatch]:
    if len(batch) <= limit:
        yield batch
        return
    first = batch.first
    for at in range(0, len(batch), limit):
        part = slice(at, at + limit)
        last = at + limit >= len(batch)
        end = batch.next_offset if last else batch.offsets[at + limit]
        yield RawBatch(
            first,
            end,
            batch.offsets[part],
            batch.values[part],
            batch.keys[part],
            batch.headers[part],
            batch.timestamps[part],
        )
        first = end


def _extend(pending: RawBatch, piece: RawBatch) -> None:
    pending.offsets = _joined(pending.offsets, piece.offsets)
    pending.values = _joined(pending.values, piece.values)
    pending.keys += piece.keys
    pending.headers += piece.headers
    pending.timestamps += piece.timestamps
    pending.next_offset = piece.next_offset


def _joined(left: Sequence[Any], right: Sequence[Any]) -> Sequence[Any]:
    """Return two columns as one: values that were unpacked elsewhere stay there, also beside a hidden batch."""
    if not left or not right:
        return left or right
    if isinstance(left, range) and isinstance(right, range) and left.stop == right.start:
        return range(left.start, right.stop)
    if type(left) is type(right) and not isinstance(left, range):
        return left + right  # type: ignore[operator, no-any-return]
    return [*left, *right]


def _chunk(topic: str, partition: int, batch: RawBatch) -> Chunk:
    return Chunk(
        topic=topic,
        partition=partition,
        offsets=batch.offsets,
        values=batch.values,
        keys=batch.keys,
        headers=batch.headers,
        timestamps=batch.timestamps,
        next_offset=batch.next_offset,
    )
