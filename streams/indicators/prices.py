"""Prices from sales: 5-minute sums per county and good, and what is computed from them.

A *cell* is county index x number of goods + good index; a *row* is the same with one more
region, the prefecture, after its counties. All sums are integers (1/10,000 CNY, 1/1,000 base
unit), so a rolling window that adds and subtracts buckets is exact whatever the order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.indicators.civil import BUCKET, DAY, HOUR, Civil
from streams.indicators.groups import Floats, Ints, column_median, ratio, unit_value

HOUR_BUCKETS = HOUR // BUCKET
DAY_BUCKETS = DAY // BUCKET
#: A bucket up to 32 h old can be corrected with its whole 24-hour window still at hand.
CORRECTABLE = DAY_BUCKETS + 8 * HOUR_BUCKETS
BUCKETS = CORRECTABLE + DAY_BUCKETS
BASELINE_DATES = 7
BASELINE_LEAST = 3
#: The current date, the seven before it, and one for a window that began the date before.
DATES = BASELINE_DATES + 2
HOURS = DATES * 24

_SUMS = ("amount", "quantity", "lines")


class SaleSums:
    """Sums of one ring: ``amount``, ``quantity`` and ``lines``, each of shape (slots, cells)."""

    def __init__(self, slots: int, cells: int) -> None:
        self.slots = slots
        self.head = -1
        self.amount = np.zeros((slots, cells), np.int64)
        self.quantity = np.zeros((slots, cells), np.int64)
        self.lines = np.zeros((slots, cells), np.int64)

    def move(self, head: int) -> None:
        """Make ``head`` the newest slot, emptying the slots that enter."""
        entering = range(max(self.head + 1, head - self.slots + 1), head + 1) if self.head >= 0 else [head]
        slots = [index % self.slots for index in entering]
        for name in _SUMS:
            getattr(self, name)[slots] = 0
        self.head = max(head, self.head)

    def add(self, index: Ints, cell: Ints, amount: Ints, quantity: Ints, lines: Ints) -> None:
        """Add lines to their slots; what is older than the ring is left out."""
        inside = index > self.head - self.slots
        at = (index[inside] % self.slots, cell[inside])
        np.add.at(self.amount, at, amount[inside])
        np.add.at(self.quantity, at, quantity[inside])
        np.add.at(self.lines, at, lines[inside])

    def prices(self, indices: list[int], goods: int) -> Floats:
        """Return the unit values of the slots ``indices``, shape (len(indices), rows)."""
        slots = [index % self.slots for index in indices]
        known = np.array([self.head - self.slots < index <= self.head for index in indices])[:, None]
        prices = unit_value(with_prefecture(self.amount[slots], goods), with_prefecture(self.quantity[slots], goods))
        return np.where(known, prices, np.nan)


def with_prefecture(cells: Ints, goods: int) -> Ints:
    """Append the sums over all counties: shape (..., cells) -> (..., cells + goods)."""
    counties = cells.reshape(*cells.shape[:-1], -1, goods)
    return np.concatenate([cells, counties.sum(axis=-2)], axis=-1)


class SalePrices:
    """Rolling prices of one prefecture's counties.

    ``head`` is the last started bucket (epoch seconds // 300).
    """

    def __init__(self, counties: int, goods: int, civil: Civil) -> None:
        cells = counties * goods
        self.goods, self.cells = goods, cells
        self._civil = civil
        self.buckets = SaleSums(BUCKETS, cells)
        self.hours = SaleSums(HOURS, cells)
        self.dates = SaleSums(DATES, cells)
        self._hour = {name: np.zeros(cells, np.int64) for name in _SUMS}
        self._day = {name: np.zeros(cells, np.int64) for name in _SUMS}
        self._baselines: tuple[Floats, Floats] | None = None

    @property
    def head(self) -> int:
        """Return the last started bucket, -1 before the first event."""
        return self.buckets.head

    def idle(self) -> bool:
        """Return whether no sale lies in the 24-hour window."""
        return not self._day["lines"].any()

    def move(self, head: int) -> None:
        """Let the windows end with bucket ``head``."""
        if head <= self.head:
            return
        if self.head < 0 or head - self.head >= DAY_BUCKETS:
            self._jump(head)
        else:
            for bucket in range(self.head + 1, head + 1):
                self._expire(bucket)
                self.buckets.move(bucket)
        local = self._civil.local(head * BUCKET)
        if local // HOUR != self.hours.head:
            self.hours.move(local // HOUR)
            self.dates.move(local // DAY)
            self._baselines = None

    def _jump(self, head: int) -> None:
        self.buckets.move(head)
        for window in (self._hour, self._day):
            for sums in window.values():
                sums[:] = 0

    def _expire(self, bucket: int) -> None:
        for window, length in ((self._hour, HOUR_BUCKETS), (self._day, DAY_BUCKETS)):
            slot = (bucket - length) % BUCKETS
            for name in _SUMS:
                window[name] -= getattr(self.buckets, name)[slot]

    def add(self, at: Ints, cell: Ints, amount: Ints, quantity: Ints) -> None:
        """Add priced lines (signed; returns are negative). ``move`` must have reached their buckets."""
        if not len(at):
            return
        bucket, local = at // BUCKET, self._civil.locals(at)
        lines = np.ones(len(at), np.int64)
        if self.buckets.head - int(bucket.min()) >= HOUR_BUCKETS:
            self._baselines = None
        self.buckets.add(bucket, cell, amount, quantity, lines)
        self.hours.add(local // HOUR, cell, amount, quantity, lines)
        self.dates.add(local // DAY, cell, amount, quantity, lines)
        for window, length in ((self._hour, HOUR_BUCKETS), (self._day, DAY_BUCKETS)):
            inside = bucket > self.head - length
            np.add.at(window["amount"], cell[inside], amount[inside])
            np.add.at(window["quantity"], cell[inside], quantity[inside])
            np.add.at(window["lines"], cell[inside], lines[inside])

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
        rings = (self.buckets, self.hours, self.dates)
        return {
            "rings": [{"head": ring.head, **{name: getattr(ring, name) for name in _SUMS}} for ring in rings],
            "hour": self._hour,
            "day": self._day,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        for ring, saved in zip((self.buckets, self.hours, self.dates), data["rings"], strict=True):
            for name in ("head", *_SUMS):
                setattr(ring, name, saved[name])
        self._hour, self._day, self._baselines = data["hour"], data["day"], None

    def values(self) -> dict[str, NDArray[Any]]:
        """Return the indicators of every row at the head, each of shape (rows,)."""
        if self._baselines is None:
            self._baselines = self.baselines(self.hours.head, self.dates.head)
        hour = {name: with_prefecture(sums, self.goods) for name, sums in self._hour.items()}
        day = {name: with_prefecture(sums, self.goods) for name, sums in self._day.items()}
        bucket = self.bucket_sums(self.head)
        return {**bucket, **price_values(bucket, hour, day, self._baselines)}

    def bucket_sums(self, bucket: int) -> dict[str, NDArray[Any]]:
        """Return ``amount``, ``quantity`` and ``lines`` of one bucket, each of shape (rows,)."""
        slot = bucket % BUCKETS
        return {name: with_prefecture(getattr(self.buckets, name)[slot], self.goods) for name in _SUMS}

    def history(self, good: Ints, buckets: range) -> dict[str, NDArray[Any]]:
        """Return ``values`` of past heads, each of shape (len(buckets), counties + 1, len(good)).

        For corrections. ``buckets`` must not reach back further than ``CORRECTABLE``.
        """
        span = range(buckets.start - DAY_BUCKETS, buckets.stop)
        slots = np.array([bucket % BUCKETS for bucket in span])
        sums = {name: self._goods(getattr(self.buckets, name)[slots], good) for name in _SUMS}
        running = {name: values.cumsum(axis=0) for name, values in sums.items()}

        def window(length: int) -> dict[str, NDArray[Any]]:
            first = DAY_BUCKETS - length
            return {name: each[DAY_BUCKETS:] - each[first : first + len(buckets)] for name, each in running.items()}

        bucket = {name: values[DAY_BUCKETS:] for name, values in sums.items()}
        return {**bucket, **price_values(bucket, window(HOUR_BUCKETS), window(DAY_BUCKETS), self._past(good, buckets))}

    def _goods(self, cells: Ints, good: Ints) -> Ints:
        """Return the columns of some goods, shape (slots, counties + 1, len(good))."""
        counties = cells.reshape(len(cells), -1, self.goods)[:, :, good]
        return np.concatenate([counties, counties.sum(axis=1, keepdims=True)], axis=1)

    def _past(self, good: Ints, buckets: range) -> tuple[Floats, Floats]:
        rows = (np.arange(self.cells // self.goods + 1)[:, None] * self.goods + good).ravel()
        hours = [self._civil.local(bucket * BUCKET) // HOUR for bucket in buckets]
        found = {hour: self.baselines(hour, hour // 24) for hour in set(hours)}
        shape = (len(buckets), -1, len(good))
        by_hour = np.stack([found[hour][0][rows] for hour in hours]).reshape(shape)
        by_date = np.stack([found[hour][1][rows] for hour in hours]).reshape(shape)
        return by_hour, by_date


def price_values(
    bucket: dict[str, NDArray[Any]],
    hour: dict[str, NDArray[Any]],
    day: dict[str, NDArray[Any]],
    baselines: tuple[Floats, Floats],
) -> dict[str, NDArray[Any]]:
    """Return VWAPs (CNY per base unit), baselines and spikes from the sums of the three windows."""
    vwap_1h = unit_value(hour["amount"], hour["quantity"])
    vwap_24h = unit_value(day["amount"], day["quantity"])
    return {
        "vwap": unit_value(bucket["amount"], bucket["quantity"]),
        "vwap_1h": vwap_1h,
        "vwap_24h": vwap_24h,
        "baseline_1h": baselines[0],
        "baseline_24h": baselines[1],
        "spike_1h": ratio(vwap_1h, baselines[0]),
        "spike_24h": ratio(vwap_24h, baselines[1]),
        "lines_1h": hour["lines"],
        "lines_24h": day["lines"],
    }
