"""Record batches with a header name that is no UTF-8.

Kafka does not check names, and a C client sends whatever bytes it is given, GBK for instance. aiokafka's
reader decodes strictly and can neither return such a batch nor pass it: one record would stop its partition for ever.
"""

from __future__ import annotations

from typing import Any

from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

#: A batch begins with its base offset (8 bytes) and the length of what follows these 12.
HEAD = 12


class KeptRecords(MemoryRecords):  # type: ignore[misc]
    """The batches of one fetch, and the bytes that they are read from."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data
        #: Where the batch that was read last begins and ends.
        self.begin = self.end = 0

    def next_batch(self) -> Any:
        """Return the next batch, None behind the last one."""
        batch = super().next_batch()
        if batch is not None:
            self.begin = self.end
            self.end += HEAD + int.from_bytes(self.data[self.begin + 8 : self.begin + HEAD], "big")
        return batch


class _Tolerant(bytearray):
    r"""Bytes of which every slice decodes: a byte that is no UTF-8 becomes ``\xNN``."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Tolerant(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


def again(records: KeptRecords) -> Any:
    """Return the batch of a fetch that was read last, read tolerantly and slowly, in Python."""
    batch = _DefaultRecordBatchPy(memoryview(records.data)[records.begin : records.end])
    batch._maybe_uncompress()
    batch._buffer = _Tolerant(batch._buffer)
    return batch
