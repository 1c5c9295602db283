"""Arrow IPC streams from strangers: read without trust, or refused as a whole.

What a hostile stream can do and why it cannot here: buffers that do not belong together are found by
``validate`` (4 ns a line); compressed buffers, of which 8 MiB could become 8 GiB, are seen in the metadata
before anything is decompressed; without compression nothing in memory is larger than the record itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from streams.fields import refuse

#: What pyarrow raises for bytes that are no stream; ``ArrowInvalid`` is a ValueError, out of bounds an OSError.
_UNFIT: Final = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, MemoryError, RecursionError)
#: Ends every stream: without it batches may be missing.
_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
#: Places of fields in the tables of ``Message.fbs``.
_MESSAGE_HEADER, _DICTIONARY_DATA, _BATCH_COMPRESSION = 2, 1, 3


def batches(value: bytes) -> Iterator[pa.RecordBatch]:
    """Yield the validated record batches of a stream; raises ``Rejected`` where the bytes are none."""
    source = pa.BufferReader(value)
    try:
        for message in pa.ipc.MessageReader.open_stream(source):
            if _compressed(message):
                refuse("decode", "its buffers are compressed: leave that to Kafka")
        if source.tell() != len(value) or not value.endswith(_END):
            refuse("decode", "the Arrow stream does not end where the record does: send one whole stream per record")
        with pa.ipc.open_stream(pa.py_buffer(value)) as reader:
            for batch in reader:
                batch.validate(full=True)
                yield batch
    except (*_UNFIT, struct.error) as error:
        refuse("decode", f"no Arrow IPC stream: {error or type(error).__name__}")


def _compressed(message: pa.Message) -> bool:
    """Return whether the buffers of a message are compressed; pyarrow would tell only after decompressing."""
    if message.type not in {"record batch", "dictionary"}:
        return False
    data = message.metadata.to_pybytes()
    header = _table(data, _table(data, 0), _MESSAGE_HEADER)
    batch = header if message.type == "record batch" else _table(data, header, _DICTIONARY_DATA)
    return _field(data, batch, _BATCH_COMPRESSION) is not None


def _table(data: bytes, table: int, number: int | None = None) -> int:
    """Return where the table in a field begins; without ``number`` the root table."""
    place = 0 if number is None else _field(data, table, number)
    if place is None:
        refuse("decode", "no Arrow IPC stream: a message without content")
    return place + int(struct.unpack_from("<I", data, place)[0])


def _field(data: bytes, table: int, number: int) -> int | None:
    """Return where a field of a flatbuffers table lies, None where it is absent."""
    fields = table - int(struct.unpack_from("<i", data, table)[0])
    size = int(struct.unpack_from("<H", data, fields)[0])
    slot = 4 + 2 * number
    offset = int(struct.unpack_from("<H", data, fields + slot)[0]) if slot + 2 <= size else 0
    return table + offset if offset else None
