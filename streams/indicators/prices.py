"""Prices from sales: 5-minute sums per county and good, and what is computed from them.

A *cell* is county index x number of goods + good index; a *row* is the same with one more
region, the prefecture, after its counties. All sums are integers (1/10,000 CNY, 1/1,000 base
unit), so a rolling window that adds and subtracts buckets is exact whatever the order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from streams.indicators.block import Block
from streams.indicators.civil import BUCKET, DAY, HOUR, Civil
from streams.indicators.groups import Floats, Ints, column_median, ratio, unit_value
from streams.indicators.narrow import Room, amount_of
from streams.indicators.regions import Rows

HOUR_BUCKETS = HOUR // BUCKET
DAY_BUCKETS = DAY // BUCKET
#: A bucket up to 32 h old can be corrected with its whole 24-hour window still at hand.
CORRECTABLE = DAY_BUCKETS + 8 * HOUR_BUCKETS
BUCKETS = CORRECTABLE + DAY_BUCKETS
BASELINE_DATES = 7
BASELINE_LEAST = 3
#: The current date, the seven before it, and one for a window that began the date before.
DATES = BASELINE_DATES + 2
#: No bucket: nothing will change by itself.
FAR = 2**62
HOURS = DATES * 24
#: Slots that go into a snapshot together: an hour of buckets, half a day of hours.
BLOCK = 12

Number = TypeVar("Number", np.int64, np.float64)

SUMS = ("amount", "quantity", "lines")
AMOUNT, QUANTITY, LINES = range(3)


#: Widths to begin with: of a county's good in five minutes or an hour, far more than is ever sold of one.
_WIDTHS = (np.int32, np.int32, np.int16)


class Ground:
    """Room for the rings of many prefectures side by side: to ask the system for each took 0.4 ms a prefecture."""

    def __init__(self, cells: int) -> None:
        """Make room for ``cells`` cells of all prefectures together; it takes no memory before it is written to."""
        self._left = cells
        self._rings = {slots: _zeros(slots, cells) for slots in (BUCKETS, HOURS, DATES)}

    def take(self, cells: int) -> dict[int, list[NDArray[Any]]]:
        """Return empty columns of the next ``cells`` cells, by their number of slots."""
        if cells > self._left:
            return Ground(cells).take(cells)
        part = slice(self._left - cells, self._left)
        self._left -= cells
        return {slots: [column[:, part] for column in columns] for slots, columns in self._rings.items()}


def _zeros(slots: int, cells: int) -> list[NDArray[Any]]:
    return [np.zeros((slots, cells), width) for width in _WIDTHS]


class SaleSums:
    """Sums of one ring by slot and cell: amount, quantity, lines."""

    def __init__(self, columns: list[NDArray[Any]]) -> None:
        """``columns`` are zeros of ``Ground``, by ``SUMS`` and each of shape (slots, cells)."""
        self.slots = len(columns[0])
        self.head = -1
        #: 10 B a slot and cell instead of 24.
        self._sums = columns
        self._room = Room()
        #: Slots that did not change since the last snapshot, ``BLOCK`` together.
        self._unchanged: dict[int, Block] = {}

    def move(self, head: int) -> None:
        """Make ``head`` the newest slot, emptying the slots that enter."""
        entering = range(max(self.head + 1, head - self.slots + 1), head + 1) if self.head >= 0 else [head]
        for index in entering:
            for column in self._sums:
                column[index % self.slots] = 0
            self._unchanged.pop(index % self.slots // BLOCK, None)
        self.head = max(head, self.head)

    def add(self, index: Ints, cell: Ints, values: tuple[Ints, ...], times: int) -> None:
        """Add sums to their slots; what is older than the ring is left out. Each place gets at most ``times``."""
        inside = index > self.head - self.slots
        slot, where = index[inside] % self.slots, cell[inside]
        for place, each in enumerate(values):
            own = each[inside]
            column = self._roomy(place, amount_of(own, times))
            np.add.at(column, (slot, where), own.astype(column.dtype))
        for block in set((slot // BLOCK).tolist()):
            self._unchanged.pop(block, None)

    def add_one(self, index: int, cell: Ints, values: tuple[Ints, ...], most: list[int]) -> None:
        """Add sums of distinct cells to one slot; ``most`` has the largest size among each of ``values``."""
        if index > self.head - self.slots:
            for place, each in enumerate(values):
                row = self._roomy(place, most[place])[index % self.slots]
                row[cell] += each.astype(row.dtype)
            self._unchanged.pop(index % self.slots // BLOCK, None)

    def _roomy(self, place: int, amount: int) -> NDArray[Any]:
        column = self._sums[place] = self._room.take(SUMS[place], self._sums[place], amount)
        return column

    def at(self, slots: Ints | list[int] | slice) -> Ints:
        """Return the sums of some slots, shape (slots, 3, cells)."""
        return np.stack([column[slots] for column in self._sums], axis=1, dtype=np.int64)

    def views(self, index: int) -> list[NDArray[Any]]:
        """Return the sums of one slot by ``SUMS``, each of shape (cells,), as they are kept."""
        return [column[index % self.slots] for column in self._sums]

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot: what changed since the last one is copied, the rest is packed already."""
        for block in range(-(-self.slots // BLOCK)):
            if block not in self._unchanged:
                rows = slice(block * BLOCK, (block + 1) * BLOCK)
                self._unchanged[block] = Block([column[rows].copy() for column in self._sums])
        return {"head": self.head, "blocks": [block for _, block in sorted(self._unchanged.items())]}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.head, self._unchanged = data["head"], {}
        # Blocks that were packed before a column was widened are narrower than those after it.
        self._sums = [np.concatenate(parts) for parts in zip(*data["blocks"], strict=True)]
        self._room.forget()

    def prices(self, indices: list[int], goods: int) -> Floats:
        """Return the unit values of the slots ``indices``, shape (len(indices), rows)."""
        sums = with_prefecture(self.at([index % self.slots for index in indices]), goods)
        known = np.array([self.head - self.slots < index <= self.head for index in indices])[:, None]
        return np.where(known, unit_value(sums[:, AMOUNT], sums[:, QUANTITY]), np.nan)


def with_prefecture(cells: NDArray[Number], goods: int) -> NDArray[Number]:
    """Append the sums over all counties: shape (..., cells) -> (..., cells + goods)."""
    counties = cells.reshape(*cells.shape[:-1], -1, goods)
    return np.concatenate([cells, counties.sum(axis=-2)], axis=-1)


def together(bucket: Ints, cell: Ints, amount: Ints, quantity: Ints, cells: int) -> tuple[Ints, Ints, tuple[Ints, ...]]:
    """Return bucket, cell and ``SUMS`` of lines, those of one bucket and cell as one.

    Lines enter three rings and two windows; 10,000 lines of one chunk are 1,000 sums, at a third of the time.
    """
    first = int(bucket.min())
    place = (bucket - first) * cells + cell
    size = (int(bucket.max()) - first + 1) * cells
    if size > len(bucket):  # few lines of many buckets
        found, place = np.unique(place, return_inverse=True)
        size, chosen = len(found), np.arange(len(found))
        lines = np.bincount(place, minlength=size)
    else:
        lines = np.bincount(place, minlength=size)
        found = chosen = np.flatnonzero(lines)
    sums = np.zeros((2, size), np.int64)
    for total, each in zip(sums, (amount, quantity), strict=True):
        np.add.at(total, place, each)  # not by ``bincount``, whose weights are floats
    return first + found // cells, found % cells, (*sums[:, chosen], lines[chosen])


class SalePrices:
    """Rolling prices of one prefecture's counties.

    ``head`` is the last started bucket (epoch seconds // 300).
    """

    def __init__(self, counties: int, goods: int, civil: Civil, ground: Ground | None = None) -> None:
        cells = counties * goods
        rings = (ground or Ground(cells)).take(cells)
        self.goods, self.cells = goods, cells
        self._civil = civil
        self.buckets, self.hours, self.dates = (SaleSums(rings[slots]) for slots in (BUCKETS, HOURS, DATES))
        self._hour = np.zeros((len(SUMS), cells), np.int64)
        self._day = np.zeros((len(SUMS), cells), np.int64)
        self._baselines: tuple[Floats, Floats] | None = None
        #: Buckets with lines in the 24-hour window, ascending: what expires, and when.
        self._filled: list[int] = []
        #: Cells whose windows or baselines changed since ``take_moved``.
        self._moved = np.zeros(cells, bool)

    @property
    def head(self) -> int:
        """Return the last started bucket, -1 before the first event."""
        return self.buckets.head

    def idle(self) -> bool:
        """Return whether no sale lies in the 24-hour window."""
        return not self._day[LINES].any()

    def move(self, head: int) -> None:
        """Let the windows end with bucket ``head``."""
        if head <= self.head:
            return
        self._moved |= self._day[LINES] != 0 if self._expiry() <= head else False
        if self.head < 0 or head - self.head >= DAY_BUCKETS:
            self._jump(head)
        else:
            self._slide(head)
        local = self._civil.local(head * BUCKET)
        if local // HOUR != self.hours.head:
            self.hours.move(local // HOUR)
            self.dates.move(local // DAY)
            self._baselines = None
            self._moved |= self._day[LINES] != 0

    def _jump(self, head: int) -> None:
        self.buckets.move(head)
        self._filled.clear()
        self._hour[:] = 0
        self._day[:] = 0

    def _slide(self, head: int) -> None:
        for window, length in ((self._hour, HOUR_BUCKETS), (self._day, DAY_BUCKETS)):
            first = bisect_right(self._filled, self.head - length)
            for bucket in self._filled[first : bisect_right(self._filled, head - length)]:
                np.subtract(window, self.buckets.at([bucket % BUCKETS])[0], out=window)
        del self._filled[: bisect_right(self._filled, head - DAY_BUCKETS)]
        self.buckets.move(head)

    def _expiry(self) -> int:
        """Return the next head at which lines leave a window."""
        leaving = []
        for length in (HOUR_BUCKETS, DAY_BUCKETS):
            place = bisect_right(self._filled, self.head - length)
            leaving += [bucket + length for bucket in self._filled[place : place + 1]]
        return min(leaving, default=FAR)

    def next_change(self) -> int:
        """Return the next head at which a window or a baseline changes without a new event; ``FAR`` if none does."""
        if self.idle():
            return FAR
        start = self._civil.local(self.head * BUCKET)
        return min(self._expiry(), self.head + (HOUR - start % HOUR) // BUCKET)

    def take_moved(self) -> NDArray[np.bool_]:
        """Return which cells changed since this was last asked, shape (cells,)."""
        moved, self._moved = self._moved, np.zeros(self.cells, bool)
        return moved

    def add(self, at: Ints, cell: Ints, amount: Ints, quantity: Ints) -> None:
        """Add priced lines (signed; returns are negative). ``move`` must have reached their buckets."""
        if not len(at):
            return
        bucket, cell, values = together(at // BUCKET, cell, amount, quantity, self.cells)
        self._moved[cell] = True
        oldest, newest = int(bucket.min()), int(bucket.max())
        if self.head - oldest >= HOUR_BUCKETS:
            self._baselines = None
        if oldest == newest:
            self._add_one(newest, cell, values)
        else:
            self._add(bucket, cell, values, newest - oldest + 1)

    def _add_one(self, bucket: int, cell: Ints, values: tuple[Ints, ...]) -> None:
        """Add sums of one bucket, as nearly all are: distinct cells, at half of what adding to several takes."""
        self._fill([bucket])
        local = self._civil.local(bucket * BUCKET)
        most = [amount_of(each, 1) for each in values]
        for ring, index in ((self.buckets, bucket), (self.hours, local // HOUR), (self.dates, local // DAY)):
            ring.add_one(index, cell, values, most)
        for window, length in ((self._hour, HOUR_BUCKETS), (self._day, DAY_BUCKETS)):
            if bucket > self.head - length:
                for place, each in enumerate(values):
                    window[place, cell] += each

    def _add(self, bucket: Ints, cell: Ints, values: tuple[Ints, ...], times: int) -> None:
        self._fill(np.unique(bucket).tolist())
        local = self._civil.locals(bucket * BUCKET)  # a bucket lies in one hour, whatever the zone
        self.buckets.add(bucket, cell, values, 1)
        self.hours.add(local // HOUR, cell, values, times)
        self.dates.add(local // DAY, cell, values, times)
        for window, length in ((self._hour, HOUR_BUCKETS), (self._day, DAY_BUCKETS)):
            inside = bucket > self.head - length
            for place, each in enumerate(values):
                np.add.at(window[place], cell[inside], each[inside])

    def _fill(self, buckets: list[int]) -> None:
        for bucket in buckets:
            place = bisect_right(self._filled, bucket)
            if bucket > self.head - DAY_BUCKETS and (not place or self._filled[place - 1] != bucket):
                self._filled.insert(place, bucket)

    def baselines(self, hour: int, day: int) -> tuple[Floats, Floats]:
        """Return the medians over the 7 dates before ``day``, each of shape (rows,).

        First of the VWAPs of the same clock hour, then of the daily VWAPs; at least 3 must exist.
        """
        dates = [day - back for back in range(1, BASELINE_DATES + 1)]
        hours = [hour - 24 * back for back in range(1, BASELINE_DATES + 1)]
        return (
            column_median(self.hours.prices(hours, self.goods), BASELINE_LEAST),
            column_median(self.dates.prices(dates, self.goods), BASELINE_LEAST),
        )

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        rings = [ring.dump() for ring in (self.buckets, self.hours, self.dates)]
        return {"rings": rings, "hour": self._hour, "day": self._day, "filled": list(self._filled)}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        for ring, saved in zip((self.buckets, self.hours, self.dates), data["rings"], strict=True):
            ring.load(saved)
        self._hour, self._day, self._filled = data["hour"], data["day"], list(data["filled"])
        self._baselines = None

    def windows(self) -> list[list[NDArray[Any]]]:
        """Return the sums of the newest bucket, the hour and the day, each as views by ``SUMS`` of shape (cells,)."""
        return [self.buckets.views(self.head), list(self._hour), list(self._day)]

    def current(self) -> tuple[Floats, Floats]:
        """Return the baselines of the hour and the date of the head, each of shape (rows,)."""
        if self._baselines is None:
            self._baselines = self.baselines(self.hours.head, self.dates.head)
        return self._baselines

    def history(self, good: Ints, buckets: range) -> dict[str, NDArray[Any]]:
        """Return ``values`` of past heads, each of shape (len(buckets), counties + 1, len(good)).

        For corrections. ``buckets`` must not reach back further than ``CORRECTABLE``.
        """
        span = range(buckets.start - DAY_BUCKETS, buckets.stop)
        slots = np.array([bucket % BUCKETS for bucket in span])
        sums = self._goods(self.buckets.at(slots), good)
        running: Ints = sums.cumsum(axis=0)

        def window(length: int) -> Ints:
            first = DAY_BUCKETS - length
            inside: Ints = running[DAY_BUCKETS:] - running[first : first + len(buckets)]
            return inside

        windows = np.stack([sums[DAY_BUCKETS:], window(HOUR_BUCKETS), window(DAY_BUCKETS)])
        return price_values(np.moveaxis(windows, 2, 1), np.stack(self._past(good, buckets)))

    def _goods(self, cells: Ints, good: Ints) -> Ints:
        """Return the columns of some goods, shape (slots, 3, counties + 1, len(good))."""
        counties = cells.reshape(len(cells), len(SUMS), -1, self.goods)[..., good]
        return np.concatenate([counties, counties.sum(axis=2, keepdims=True)], axis=2)

    def _past(self, good: Ints, buckets: range) -> tuple[Floats, Floats]:
        rows = (np.arange(self.cells // self.goods + 1)[:, None] * self.goods + good).ravel()
        hours = [self._civil.local(bucket * BUCKET) // HOUR for bucket in buckets]
        found = {hour: self.baselines(hour, hour // 24) for hour in set(hours)}
        shape = (len(buckets), -1, len(good))
        by_hour = np.stack([found[hour][0][rows] for hour in hours]).reshape(shape)
        by_date = np.stack([found[hour][1][rows] for hour in hours]).reshape(shape)
        return by_hour, by_date


def values_of(sales: Sequence[SalePrices], rows: Rows) -> dict[str, NDArray[Any]]:
    """Return the indicators of the rows of several prefectures, each at its own head; shapes (rows,)."""
    windows = np.stack([_joined(window) for window in zip(*(each.windows() for each in sales), strict=True)])
    baselines = [np.concatenate(each) for each in zip(*(each.current() for each in sales), strict=True)]
    return price_values(rows.summed(windows), np.stack(baselines))


def _joined(windows: Sequence[list[NDArray[Any]]]) -> Ints:
    """Return the sums of several prefectures end to end, shape (3, cells)."""
    found: Ints = np.stack([np.concatenate(column, dtype=np.int64) for column in zip(*windows, strict=True)])
    return found


def price_values(windows: NDArray[Any], baselines: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return sums, VWAPs (CNY per base unit), baselines and spikes.

    ``windows`` has shape (3, 3, ...): bucket, hour and day by amount, quantity and lines;
    ``baselines`` (2, ...): hour and day.
    """
    vwap = unit_value(windows[:, AMOUNT], windows[:, QUANTITY])
    spike = ratio(vwap[1:], baselines)
    return {
        **dict(zip(SUMS, windows[0], strict=True)),
        "vwap": vwap[0],
        "vwap_1h": vwap[1],
        "vwap_24h": vwap[2],
        "baseline_1h": baselines[0],
        "baseline_24h": baselines[1],
        "spike_1h": spike[0],
        "spike_24h": spike[1],
        "lines_1h": windows[1, LINES],
        "lines_24h": windows[2, LINES],
    }
