"""State as bytes: msgpack with numpy arrays, zstd."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

#: Raised whenever the shape of the state changes: older snapshots are then ignored and raw rows read.
FORMAT = 1
_ARRAY = 1


class SnapshotMismatch(ValueError):
    """The snapshot was written by another format, catalogue or set of packs."""


def _encode(value: object) -> object:
    if isinstance(value, np.ndarray):
        head = msgspec.msgpack.encode((value.dtype.str, value.shape))
        return msgspec.msgpack.Ext(_ARRAY, len(head).to_bytes(4, "big") + head + value.tobytes())
    if isinstance(value, np.generic):
        return value.item()
    msg = f"a snapshot cannot hold {type(value).__name__}"
    raise TypeError(msg)


def _decode(code: int, data: memoryview) -> object:
    size = int.from_bytes(data[:4], "big")
    dtype, shape = msgspec.msgpack.decode(data[4 : 4 + size])
    return np.frombuffer(data[4 + size :], dtype=dtype).reshape(shape).copy()


def pack(state: dict[str, Any]) -> bytes:
    """Return ``state`` (plain data and numpy arrays) as bytes."""
    raw = msgspec.msgpack.Encoder(enc_hook=_encode).encode(state)
    packed: bytes = pa.compress(raw, codec="zstd", asbytes=True)
    return len(raw).to_bytes(8, "big") + packed


def unpack(data: bytes) -> dict[str, Any]:
    """Return what ``pack`` was given. Raises ``SnapshotMismatch`` on bytes that it did not write."""
    try:
        raw = pa.decompress(data[8:], decompressed_size=int.from_bytes(data[:8], "big"), codec="zstd", asbytes=True)
        state: dict[str, Any] = msgspec.msgpack.Decoder(ext_hook=_decode).decode(raw)
    except (OSError, ValueError, msgspec.DecodeError) as error:
        msg = f"not a snapshot: {error}"
        raise SnapshotMismatch(msg) from error
    return state
