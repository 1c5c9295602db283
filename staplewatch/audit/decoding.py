"""Records decoded once more, by the decoder that the workers use, at the moments at which they were taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl

from schemas.letters import DeadLetter
from streams.chunk import Chunk
from streams.clocks import Clocks
from streams.columns import listed
from streams.decode import COLUMNS, TABLES, UNREADABLE, Decoder
from streams.options import Options

_TEXT: Final = (
    *("event_id", "sender", "site", "good", "workstation", "kind", "action", "step", "disposition", "code", "entity"),
)  # fmt: skip
_LISTS: Final = ("corrects", "confirms")
SCHEMAS: Final[Mapping[str, pl.Schema]] = {
    table: pl.Schema(
        {name: pl.String if name in _TEXT else pl.List(pl.String) if name in _LISTS else pl.Int64 for name in columns}
    )
    for table, columns in COLUMNS.items()
}


@dataclass(slots=True)
class Expected:
    """What should be stored of some records: rows of one table, and the offsets of those that are rejected.

    ``dropped`` counts training and cancelled receipts.
    """

    rows: pl.DataFrame
    rejected: set[int] = field(default_factory=set)
    dropped: int = 0


def moments(chunk: Chunk, known: Mapping[int, int]) -> list[int]:
    """Return when each record was taken in (epoch seconds): what its rows or its dead letter say.

    One that left neither gets the moment of the one before, or the broker's time stamp if that is later.
    """
    found, latest = [], 0
    for offset, stamp in zip(chunk.offsets, chunk.timestamps, strict=True):
        latest = known.get(offset) or max(latest, stamp // 1000)
        found.append(latest)
    return found


def decode(decoder: Decoder, chunk: Chunk, taken: list[int]) -> Expected:
    """Return what a chunk's records should have become; ``taken`` has the moment of each."""
    table = TABLES[chunk.topic]
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS[table]}
    expected = Expected(pl.DataFrame())
    cuts = [0, *(np.flatnonzero(np.diff(taken)) + 1).tolist(), len(taken)] if taken else []
    for begin, end in pairwise(cuts):
        decoded = decoder.decode(chunk.part(begin, end), float(taken[begin]))
        for name, values in decoded.columns.items():
            columns[name] += listed(values)
        expected.rejected |= _offsets(decoded.dead)
        expected.dropped += decoded.dropped
    expected.rows = pl.DataFrame(columns, SCHEMAS[table])
    return expected


def decode_clock(chunk: Chunk, options: Options, present: float) -> Expected:
    """Return which records of topic ``clock`` are rejected even at ``present`` (epoch s); the others leave no rows.

    When a record was taken in is not kept. Later than the audit it was not, and later means less is refused.
    """
    expected, clocks = Expected(pl.DataFrame()), Clocks(options)
    for offset, value in zip(chunk.offsets, chunk.values, strict=True):
        try:
            clocks.parse(value, present)
        except UNREADABLE:
            expected.rejected.add(offset)
    return expected


def _offsets(letters: list[DeadLetter]) -> set[int]:
    return {letter.offset for letter in letters}
