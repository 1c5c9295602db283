"""Tills by number: who sends receipts from where, told once and referred to in every chunk that follows.

What others work out of a till they can keep by its number (``columns.Remembered``): a chunk of 4,000 receipts of
3,000 tills took 0.2 µs a line to look all of them up again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np

from schemas.regions import Region
from streams.columns import Coded
from streams.indicators.groups import Ints

#: Tills that are known at one time. All of China has 300,000 with three to a store; a sender that names a new one
#: in every receipt must not fill the memory.
MOST: Final = 1 << 19
_LARGEST: Final = 2**62
#: Half of a character: no text that can be written has it.
_APART: Final = "\ud800"


class Columns(NamedTuple):
    """Where receipts come from, all with the same codes; the words only become more. ``names``: store, workstation."""

    sender: Coded
    store: Coded
    region: Coded
    prefecture: Coded
    workstation: Coded
    names: Coded


class KnownTills:
    """What is known of tills, as lists by their numbers that only become longer."""

    def __init__(self) -> None:
        self._sender: list[str] = []
        self._store: list[str] = []
        self._region: list[int] = []
        self._prefecture: list[int] = []
        self._workstation: list[str] = []
        self._names: list[tuple[str, str]] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many tills are known."""
        return len(self._names)

    def add(self, sender: str, store: str, county: Region, workstation: str) -> int:
        """Add a till; return its number."""
        self._sender.append(sender)
        self._store.append(store)
        self._region.append(county.code)
        self._prefecture.append(county.parent)
        self._workstation.append(workstation)
        self._names.append((store, workstation))
        return len(self._names) - 1

    def coded(self, numbers: Ints) -> Columns:
        """Return the columns of receipts by the numbers of their tills, shape (n,)."""
        lists = (self._sender, self._store, self._region, self._prefecture, self._workstation, self._names)
        return Columns(*(Coded(words, numbers) for words in lists))

    def renewed(self) -> KnownTills:
        """Return this, or new ones if too many are known."""
        return self if len(self) <= MOST else KnownTills()

    def numbers(
        self,
        sender: Sequence[str],
        store: Sequence[str],
        region: Sequence[str],
        workstation: Sequence[str],
        counties: Mapping[str, Region],
    ) -> Ints:
        """Return the numbers of receipts' tills, shape (n,), new ones in the order of the rows.

        All names are right, so that ``_APART`` is in none of them. Keys are single texts: four texts in a tuple lie
        in five places of the memory, none of which is in a cache when the tills of all China take turns.
        """
        keys = list(map(_APART.join, zip(sender, store, region, workstation, strict=True)))
        found: list[Any] = list(map(self._numbers.get, keys))
        for row in [row for row, number in enumerate(found) if number is None] if None in found else ():
            if (number := self._numbers.get(keys[row])) is None:
                number = self.add(sender[row], store[row], counties[region[row]], workstation[row])
                self._numbers[keys[row]] = number
            found[row] = number
        return np.array(found, np.int64)


def distinct(columns: Sequence[Coded], rows: Ints) -> tuple[Ints, Ints]:
    """Return of some rows those that differ in any column from all before, and for each of ``rows`` its place there."""
    sizes = [len(each.words) for each in columns]
    if prod(sizes) > _LARGEST:
        return rows, np.arange(len(rows))
    key = np.zeros(len(rows), np.int64)
    for size, each in zip(sizes, columns, strict=True):
        key = key * size + each.codes[rows]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return rows[first], inverse
