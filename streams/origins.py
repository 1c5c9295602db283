"""Where receipts come from, as dense numbers of one partition: one look-up a receipt instead of four calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from streams.columns import Coded, Remembered, alike
from streams.indicators.groups import Ints
from streams.indicators.pairs import Grown

if TYPE_CHECKING:
    from streams.prefecture import Prefecture


class Origins:
    """Numbers of (store, county, sender), and for each its prefecture's place and its ids there.

    They hold as long as the prefectures that ``place_of`` returns are the same objects.
    """

    def __init__(self, place_of: Callable[[int], Prefecture]) -> None:
        self._place_of = place_of
        self._numbers: dict[tuple[str, int, str], int] = {}
        self._coded = Remembered(self._number)
        self.places: list[Prefecture] = []
        self._place_numbers: dict[int, int] = {}
        #: ``place``: in ``places``; ``site`` and ``sender``: ids in that prefecture.
        self.table = Grown({"place": (np.uint16, (), 0), "site": (np.int64, (), 0), "sender": (np.int64, (), 0)})

    def of(self, prefecture: Sequence[int], site: Sequence[str], region: Sequence[int], sender: Sequence[str]) -> Ints:
        """Return the numbers of receipts, shape (n,), rows of ``table``; new ones in the order of the rows."""
        columns = (prefecture, site, region, sender)
        if coded := [column for column in columns if isinstance(column, Coded)]:
            if len(coded) == len(columns) and alike(*coded):
                return self._coded.of(*coded)
            return np.array([self._number(*row) for row in zip(*columns, strict=True)], np.int64)
        found: list[Any] = list(map(self._numbers.get, zip(site, region, sender, strict=True)))
        for row in [row for row, number in enumerate(found) if number is None] if None in found else ():
            found[row] = self._number(prefecture[row], site[row], region[row], sender[row])
        return np.array(found, np.int64)

    def _number(self, prefecture: int, site: str, region: int, sender: str) -> int:
        key = (site, region, sender)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = self.table.size
            self.table.grow(found + 1)
            place = self._place(prefecture)
            own = self.places[place]
            row = {"place": place, "site": own.site("retail", site, region), "sender": own.sender(sender)}
            for name, value in row.items():
                self.table[name][found] = value
        return found

    def _place(self, code: int) -> int:
        found = self._place_numbers.get(code)
        if found is None:
            found = self._place_numbers[code] = len(self.places)
            self.places.append(self._place_of(code))
        return found
