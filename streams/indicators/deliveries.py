"""What came in and went out by report, kept by event: so that a correction can take it away again."""

from __future__ import annotations

from array import array
from typing import Any, Final

import numpy as np

from streams.indicators.groups import Ints

_NAMES: Final = ("event", "pair", "at", "quantity")


class Deliveries:
    """Lines of ADD (positive) and DELETE (negative) of one prefecture, at most ``most``; 32 B each.

    Three deliveries a day of 38 goods to 300 stores are 240,000 lines in 7 dates. Beyond ``most``
    the lines that came first go: their events can no longer be withdrawn.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._columns = {name: array("q") for name in _NAMES}

    def __len__(self) -> int:
        """Return the number of lines kept."""
        return len(self._columns["event"])

    def add(self, **columns: Ints) -> None:
        """Append lines: ``event``, ``pair``, ``at`` and ``quantity``, shapes (n,)."""
        for name in _NAMES:
            self._columns[name].frombytes(columns[name].astype(np.int64).tobytes())
        if len(self) > self._most + self._most // 8:  # an eighth at a time: moving the rest costs
            self._keep(np.arange(len(self)) >= len(self) - self._most)

    def withdraw(self, events: Ints) -> dict[str, Ints]:
        """Take away and return the lines of ``events``."""
        found = np.isin(self._column("event"), events)
        taken = {name: self._column(name)[found] for name in _NAMES}
        if found.any():
            self._keep(~found)
        return taken

    def forget(self, before: int) -> None:
        """Drop lines of events before ``before`` (epoch seconds)."""
        self._keep(self._column("at") >= before)

    def _column(self, name: str) -> Ints:
        return np.frombuffer(self._columns[name], np.int64)

    def _keep(self, chosen: Any) -> None:
        self._columns = {name: array("q", self._column(name)[chosen].tobytes()) for name in _NAMES}

    def dump(self) -> dict[str, Ints]:
        """Return plain data for a snapshot."""
        return {name: self._column(name).copy() for name in _NAMES}

    def load(self, data: dict[str, Ints]) -> None:
        """Take over what ``dump`` returned."""
        self._columns = {name: array("q", data[name].tobytes()) for name in _NAMES}
