"""State as bytes: msgpack for the tree, its arrays beside it by bytes of equal weight, zstd.

Taking a snapshot has two halves. ``freeze`` copies what may still change: it must run where the
state changes, and stops the event loop meanwhile. ``Frozen.pack`` does the rest and lets other
threads run: zstd and numpy release the interpreter's lock. Parts that do not change any more
(``Block``) are neither copied nor packed again. Measured in ``tests/bench/rebuild.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.indicators.block import Block

#: Raised whenever the shape of the state changes: older snapshots are then ignored and raw rows read.
FORMAT = 13
_ARRAY, _BLOCK = 1, 2
#: Bytes of arrays that are compressed in one piece: what packing needs of memory on top of the copy.
_PIECE = 8 << 20

Bytes = NDArray[np.uint8]


class SnapshotMismatch(ValueError):
    """The snapshot was written by another format, catalogue or set of options."""


class _Head(msgspec.Struct, array_like=True):
    """What stands first: the tree, its arrays in order, sizes of their pieces by item size, sizes of its blocks."""

    tree: bytes
    arrays: list[tuple[str, tuple[int, ...]]]
    pieces: dict[int, list[tuple[int, int]]]
    blocks: list[int]


class Frozen:
    """A state that no longer changes."""

    def __init__(self, state: Any) -> None:
        self._arrays: list[NDArray[Any]] = []
        self._blocks: list[Block] = []
        self._tree = self._taken(state)

    @property
    def size(self) -> int:
        """Return the bytes of its arrays before they are packed."""
        return sum(each.nbytes for each in self._arrays)

    def _taken(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            self._arrays.append(value.copy() if value.flags.writeable else value)
            return msgspec.msgpack.Ext(_ARRAY, len(self._arrays).to_bytes(4, "big"))
        if isinstance(value, Block):
            self._blocks.append(value)
            return msgspec.msgpack.Ext(_BLOCK, len(self._blocks).to_bytes(4, "big"))
        if isinstance(value, dict):
            return {name: self._taken(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [each if isinstance(each, str | int) else self._taken(each) for each in value]
        return value

    def pack(self) -> bytes:
        """Return the state as bytes; in any thread, once."""
        encoder = msgspec.msgpack.Encoder(enc_hook=_number)
        packed: list[bytes] = []
        head = _Head(encoder.encode(self._tree), [(each.dtype.str, each.shape) for each in self._arrays], {}, [])
        for width in sorted({each.itemsize for each in self._arrays}):
            head.pieces[width] = []
            for piece in _pieces([each for each in self._arrays if each.itemsize == width], width):
                packed.append(pa.compress(np.ascontiguousarray(piece.T), codec="zstd", asbytes=True))
                head.pieces[width].append((piece.size, len(packed[-1])))
        blocks = [_packed(block) for block in self._blocks]
        head.blocks += map(len, blocks)
        first = msgspec.msgpack.encode(head)
        start: bytes = pa.compress(first, codec="zstd", asbytes=True)
        return b"".join([len(start).to_bytes(8, "big"), len(first).to_bytes(8, "big"), start, *packed, *blocks])


def freeze(state: Any) -> Frozen:
    """Return ``state`` (plain data and arrays) as it is now.

    Containers must be of the caller's own making; arrays are copied unless they cannot be written to.
    """
    return Frozen(state)


def _packed(block: Block) -> bytes:
    value, packed = block.value, block.packed  # in this order: another thread may pack the same block
    if packed is None:
        packed = block.packed = Frozen(value).pack()
        block.value = None
    return packed


def _number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    msg = f"a snapshot cannot hold {type(value).__name__}"
    raise TypeError(msg)


def _pieces(arrays: Sequence[NDArray[Any]], width: int) -> Iterator[Bytes]:
    """Yield the bytes of ``arrays`` end to end in pieces, each of shape (items, width).

    Compressed the other way round, all first bytes of the items and then all second ones, they take
    a third of the room and half of the time: most high bytes are zero.
    """
    waiting: list[Bytes] = []
    size = 0
    for array in arrays:
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).reshape(-1, width)
        for begin in range(0, len(data), _PIECE // width):
            waiting.append(data[begin : begin + _PIECE // width])
            size += waiting[-1].size
            if size >= _PIECE:
                yield np.concatenate(waiting)
                waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting)


def unpack(data: bytes | memoryview) -> Any:
    """Return what ``freeze`` was given. Raises ``SnapshotMismatch`` on bytes that ``pack`` did not write."""
    try:
        start, size = int.from_bytes(data[:8], "big"), int.from_bytes(data[8:16], "big")
        first = pa.decompress(data[16 : 16 + start], decompressed_size=size, codec="zstd", asbytes=True)
        head = msgspec.msgpack.decode(first, type=_Head)
        rest = memoryview(data)[16 + start :]
        parts = {_ARRAY: _arrays(head, rest), _BLOCK: _blocks(head, rest)}
        decoder = msgspec.msgpack.Decoder(ext_hook=lambda kind, number: parts[kind][int.from_bytes(number, "big") - 1])
        return decoder.decode(head.tree)
    except (OSError, ValueError, IndexError, KeyError, MemoryError, OverflowError, msgspec.DecodeError) as error:
        msg = f"not a snapshot: {error}"
        raise SnapshotMismatch(msg) from error


def _blocks(head: _Head, packed: memoryview) -> list[Any]:
    ends = np.cumsum([len(packed) - sum(head.blocks), *head.blocks]).tolist()
    return [unpack(packed[begin:end]) for begin, end in pairwise(ends)]


def _arrays(head: _Head, packed: memoryview) -> list[NDArray[Any]]:
    """Return the arrays in the order of the tree, writable, cut from one block of memory per item size."""
    blocks: dict[int, Bytes] = {}
    place = 0
    for width, pieces in head.pieces.items():
        block = blocks[width] = np.empty(sum(size for size, _ in pieces), np.uint8)
        filled = 0
        for size, length in pieces:
            raw = pa.decompress(packed[place : place + length], decompressed_size=size, codec="zstd")
            turned = np.frombuffer(raw, np.uint8).reshape(width, -1)
            block[filled : filled + size].reshape(-1, width)[:] = turned.T
            place, filled = place + length, filled + size
    return [_cut(blocks, dtype, tuple(shape)) for dtype, shape in head.arrays]


def _cut(blocks: dict[int, Bytes], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    dtype = np.dtype(name)
    size = int(np.prod(shape)) * dtype.itemsize
    taken, blocks[dtype.itemsize] = np.split(blocks[dtype.itemsize], [size])
    return taken.view(dtype).reshape(shape)
