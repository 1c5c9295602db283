"""What was written beside prices for the buckets of the last 32 hours, for rows that late lines call for again.

Nearly all of it is never read again, so an hour is packed when the next one begins: 384 buckets of 418 rows
take 7.5 MB a prefecture as columns and 0.4 MB packed. What follows from other columns is worked out anew.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.counts import UNKNOWN
from streams.indicators.groups import Ints
from streams.indicators.shelves import from_sums
from streams.snapshot import freeze, unpack

#: Buckets that are packed together: an hour.
TOGETHER: Final = 12
#: Columns that are kept, their type and what stands in rows that were not written.
_KEPT: Final[dict[str, tuple[Any, float]]] = {
    "on_hand": (np.int64, UNKNOWN),
    "demand": (np.float64, np.nan),
    "sites_in": (np.int32, 0),
    "sites_out": (np.int32, 0),
    "stores_24h": (np.int32, 0),
}

Columns = dict[str, NDArray[Any]]


class Written:
    """Rows of one prefecture by bucket; ``kept`` buckets are kept."""

    def __init__(self, rows: int, kept: int) -> None:
        self._rows, self._kept = rows, kept
        #: Bucket -> which rows were written, a bit each.
        self._masks: dict[int, NDArray[np.uint8]] = {}
        #: Hour -> its columns, shape (TOGETHER, rows), packed; and those of the newest hour.
        self._packed: dict[int, bytes] = {}
        self._open: Columns = {}
        self._hour = -1
        #: The hour that was read last, for its buckets are read one after another.
        self._read: tuple[int, Columns] = (-1, {})

    def add(self, bucket: int, rows: Ints, values: Columns) -> None:
        """Keep ``rows`` of a bucket later than all others; ``values`` are columns of every row."""
        if bucket // TOGETHER != self._hour:
            self._begin(bucket // TOGETHER)
        for name, column in self._open.items():
            own = values[name][rows]
            column[bucket % TOGETHER, rows] = np.where(np.isnan(own), UNKNOWN, own) if name == "on_hand" else own
        self.mark(bucket, rows)
        self._forget(bucket - self._kept)

    def _begin(self, hour: int) -> None:
        if self._open:
            self._packed[self._hour] = freeze(self._open).pack()
        self._hour, self._open = hour, _nothing(self._rows)

    def _forget(self, last: int) -> None:
        for bucket in [each for each in self._masks if each <= last]:
            del self._masks[bucket]
        for hour in [each for each in self._packed if (each + 1) * TOGETHER <= last + 1]:
            del self._packed[hour]

    def mark(self, bucket: int, rows: Ints) -> None:
        """Let ``rows`` of a bucket be written too; nothing is known of them if they were not added."""
        flags = self._flags(bucket)
        flags[rows] = True
        self._masks[bucket] = np.packbits(flags)

    def _flags(self, bucket: int) -> NDArray[np.bool_]:
        mask = self._masks.get(bucket)
        if mask is None:
            return np.zeros(self._rows, bool)
        return np.unpackbits(mask, count=self._rows) > 0

    def __contains__(self, bucket: int) -> bool:
        """Return whether any row of a bucket was written."""
        return bucket in self._masks

    def rows(self, bucket: int) -> Ints:
        """Return the rows of a bucket, ascending."""
        return np.flatnonzero(self._flags(bucket))

    def values(self, bucket: int, rows: Ints) -> Columns:
        """Return what was written of rows (n,) beside prices, as it was then."""
        hour = self._of(bucket // TOGETHER)
        kept = {name: column[bucket % TOGETHER, rows] for name, column in hour.items()}
        on_hand = np.where(kept["on_hand"] == UNKNOWN, np.nan, kept["on_hand"])
        stock = from_sums(on_hand, kept["sites_in"], kept["sites_out"], kept["demand"])
        return {**stock, "stores_24h": kept["stores_24h"]}

    def _of(self, hour: int) -> Columns:
        if hour == self._hour:
            return self._open
        if hour != self._read[0]:
            packed = self._packed.get(hour)
            self._read = hour, unpack(packed) if packed is not None else _nothing(self._rows)
        return self._read[1]

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        masks = np.stack(list(self._masks.values())) if self._masks else np.zeros((0, 0), np.uint8)
        return {
            "buckets": list(self._masks),
            "masks": masks,
            "hour": self._hour,
            "open": self._open,
            "packed": list(self._packed.items()),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._masks = dict(zip(data["buckets"], data["masks"], strict=True))
        self._hour, self._open, self._packed = data["hour"], dict(data["open"]), dict(data["packed"])
        self._read = (-1, {})


def _nothing(rows: int) -> Columns:
    return {name: np.full((TOGETHER, rows), fill, dtype) for name, (dtype, fill) in _KEPT.items()}
