"""Rows of table ``indicators``: gathered as arrays while time passes, and as columns for the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.columns import Coded, Nullable
from streams.indicators.civil import BUCKET
from streams.indicators.groups import Ints

#: Columns of table ``indicators`` that are 0 and those that are NULL where nothing is known.
COUNTS = ("amount", "quantity", "lines", "lines_24h", "stores_24h", "sites_in", "sites_out")
COUNTS_OF_DATE = ("sites_present", "sites_fresh", "intermittent")
MEASURES = (
    *("vwap", "vwap_1h", "vwap_24h", "baseline_24h", "spike_1h", "spike_24h"),
    *("in_stock_rate", "demand_day", "cover_days", "price", "change_day", "change_week", "out_days"),
)
VALUES = (*COUNTS, *COUNTS_OF_DATE, *MEASURES, "on_hand")
#: Bits of a version left for the position: 1.1e12 records per partition and epoch, and 159 years of grid points.
POSITION_BITS = 40
#: Kept in 1/1,000 base unit.
FIXED = ("on_hand",)


#: Of rows without levels.
_NO_LEVELS = "{}"

Columns = dict[str, Any]


class IndicatorRows:
    """Rows being gathered."""

    def __init__(self) -> None:
        self.parts: list[Columns] = []

    def add(self, size: int, **columns: Any) -> None:
        """Add ``size`` rows; a column is an array of that length or one value for all, ``levels`` a list of texts.

        ``good`` are places among the catalogue's goods.
        """
        if size:
            self.parts.append({"size": size, **columns})


def taken(outputs: Sequence[IndicatorRows], position: int, goods: Sequence[str]) -> Columns:
    """Return all gathered rows as columns, NULL for NaN, leaving none; no columns where there are none.

    ``position`` (next offsets of the partition, summed) goes into the version. Of many prefectures together: a
    column of each of 285 costs more than its values.
    """
    parts = [part for each in outputs for part in each.parts]
    for each in outputs:
        if each.parts:
            each.parts = []
    if not parts:
        return {}
    sizes = [part["size"] for part in parts]
    versions = [version(part["written"], position) for part in parts]
    return {
        **{name: _counts([part[name] for part in parts], sizes) for name in ("region", "at", "date")},
        "good": Coded(list(goods), _counts([part["good"] for part in parts], sizes)),
        **{name: _texts([part[name] for part in parts], sizes) for name in ("grain", "kind")},
        **{name: _counts([part.get(name, 0) for part in parts], sizes) for name in (*COUNTS, *COUNTS_OF_DATE)},
        **{name: _measures([part.get(name, np.nan) for part in parts], sizes) for name in MEASURES},
        **{name: _fixed(_measures([part.get(name, np.nan) for part in parts], sizes)) for name in FIXED},
        "levels": _levels([part.get("levels") for part in parts], sizes),
        "version": _counts(versions, sizes),
    }


def version(written: int, position: int) -> int:
    """Return what of two rows of one key says which holds: the one written at the later grid point.

    Not the position alone: a row and its correction can come of one chunk. It decides between
    rows of one grid point, of which only those of a clean stop are not final.
    """
    return written // BUCKET << POSITION_BITS | position


def _counts(parts: list[Any], sizes: list[int]) -> Ints:
    """Return whole numbers end to end, each of ``parts`` an array or one number; 0 for NaN: nothing was counted."""
    if not any(isinstance(part, np.ndarray) for part in parts):
        return np.repeat(np.array(parts, np.int64), sizes)
    return np.concatenate([_whole(part, size) for part, size in zip(parts, sizes, strict=True)])


def _whole(part: Any, size: int) -> Ints:
    if not isinstance(part, np.ndarray):
        return np.full(size, part, np.int64)
    return np.nan_to_num(part).astype(np.int64) if part.dtype.kind == "f" else part.astype(np.int64, copy=False)


def _measures(parts: list[Any], sizes: list[int]) -> Nullable:
    """Return measures end to end, each of ``parts`` an array or one number; NULL for NaN."""
    if any(isinstance(part, np.ndarray) for part in parts):
        each = zip(parts, sizes, strict=True)
        arrays = [part if isinstance(part, np.ndarray) else np.full(size, part) for part, size in each]
        found = np.concatenate(arrays).astype(np.float64, copy=False)
    else:
        found = np.repeat(np.array(parts, np.float64), sizes)
    return Nullable(found, np.isnan(found))


def _fixed(measures: Nullable) -> Nullable:
    return Nullable(np.where(measures.null, 0, measures.numbers).astype(np.int64), measures.null)


def _texts(parts: list[str], sizes: list[int]) -> Coded:
    words = list(dict.fromkeys(parts))
    return Coded(words, np.repeat(np.array(list(map(words.index, parts)), np.int64), sizes))


def _levels(parts: list[list[str] | None], sizes: list[int]) -> Coded:
    words = [_NO_LEVELS, *chain.from_iterable(part for part in parts if part is not None)]
    given = np.repeat(np.array([part is not None for part in parts]), sizes)
    codes: NDArray[np.int64] = np.where(given, given.cumsum(), 0)
    return Coded(words, codes)
