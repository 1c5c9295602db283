"""Dates on which a region is out of a good, and intermittent supply. RULES, "Stock"."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WEEK = 7
LONG = 3
LOW_RATE = 0.5
LOW_DATES = 2


class Outages:
    """In and out at the close of each date, per row; remembers seven dates."""

    def __init__(self, rows: int) -> None:
        self.run = np.zeros(rows, np.int64)
        self._out = np.zeros((WEEK, rows), bool)
        self._low = np.zeros((WEEK, rows), bool)
        self.day = -1

    def values(self, day: int, stock: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return ``out_days`` and ``intermittent`` of ``day`` if it closed with ``stock`` (``Shelf.values``)."""
        reports, out, low = _flags(stock)
        out_days = np.where(out, self.run + 1, 0)
        before = [each % WEEK for each in range(day - WEEK + 1, day) if each <= self.day]
        broken = out | self._out[before].any(axis=0)
        rare = low.astype(np.int64) + self._low[before].sum(axis=0) >= LOW_DATES
        return {"out_days": out_days, "intermittent": reports & (out_days < LONG) & (broken | rare)}

    def close(self, day: int, stock: dict[str, NDArray[Any]]) -> None:
        """Note how ``day`` ended. Dates are closed one after the other; a gap counts as not out."""
        for skipped in range(max(self.day + 1, day - WEEK), day) if self.day >= 0 else ():
            self._note(skipped, np.zeros_like(self.run, bool), np.zeros_like(self.run, bool))
        _, out, low = _flags(stock)
        self._note(day, out, low)

    def _note(self, day: int, out: NDArray[np.bool_], low: NDArray[np.bool_]) -> None:
        self.run = np.where(out, self.run + 1, 0)
        self._out[day % WEEK], self._low[day % WEEK] = out, low
        self.day = day

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"run": self.run, "out": self._out, "low": self._low, "day": self.day}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.run, self._out, self._low, self.day = data["run"], data["out"], data["low"], data["day"]


def _flags(stock: dict[str, NDArray[Any]]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows report stock, are out, and have an in-stock rate below one half."""
    reports = (stock["sites_in"] + stock["sites_out"]) > 0
    out = reports & (stock["sites_in"] == 0)
    low = reports & (stock["sites_in"] < LOW_RATE * (stock["sites_in"] + stock["sites_out"]))
    return reports, out, low
