"""Sites, and the (site, good) pairs that they list: dense ids for columns that grow."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints
from streams.indicators.narrow import Room, amount_of, fitting

_FIRST_SIZE = 64
#: What every column of whole numbers that begins narrow holds.
_NARROW = 2**31 - 1


class Grown:
    """Columns of equal length that grow by doubling; ``size`` rows are in use.

    Columns of whole numbers may begin narrow: ``add``, ``raise_to`` and ``fit`` widen them before a value is cut.
    """

    def __init__(self, fields: dict[str, tuple[Any, tuple[int, ...], int]]) -> None:
        """``fields``: name -> (dtype, shape of one row, fill)."""
        self._fields = fields
        self._room = Room()
        self.size = 0
        self.columns: dict[str, NDArray[Any]] = {
            name: _column((_FIRST_SIZE, *shape), dtype, fill) for name, (dtype, shape, fill) in fields.items()
        }

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return the used part of a column, writable in place."""
        return self.columns[name][: self.size]

    def grow(self, rows: int) -> None:
        """Make room for ``rows`` rows in use."""
        capacity = len(next(iter(self.columns.values())))
        if rows > capacity:
            target = max(rows, 2 * capacity)
            for name, (_, shape, fill) in self._fields.items():
                wider = _column((target, *shape), self.columns[name].dtype, fill)
                wider[: self.size] = self.columns[name][: self.size]
                self.columns[name] = wider
        self.size = rows

    def fit(self, name: str, values: Ints) -> NDArray[Any]:
        """Return the used part of a column that holds ``values``; they may be written to it."""
        if len(values):
            self.columns[name] = fitting(self.columns[name], int(values.min()), int(values.max()))
        self._room.forget()
        return self[name]

    def hold(self, name: str, number: int) -> None:
        """See to it that a column can hold ``number``, which is 0 or above."""
        if number > _NARROW:
            self.columns[name] = fitting(self.columns[name], 0, number)

    def raise_to(self, name: str, index: Ints, values: Ints) -> None:
        """Raise numbers to ``values`` where those are larger, shapes (n,)."""
        if len(values):
            self.columns[name] = column = fitting(self.columns[name], 0, int(values.max()))
            np.maximum.at(column, index, values.astype(column.dtype))

    def add(self, name: str, index: Any, values: Ints) -> None:
        """Add ``values`` (n,) to the numbers at ``index``."""
        self.make_room(name, amount_of(values))
        column = self.columns[name]
        np.add.at(column, index, values.astype(column.dtype))

    def make_room(self, name: str, amount: int) -> None:
        """See to it that ``amount`` can be added to any number of a column."""
        self.columns[name] = self._room.take(name, self.columns[name], amount)

    def dump(self) -> dict[str, Any]:
        """Return the used rows for a snapshot."""
        return {name: self[name] for name in self._fields}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        rows = len(next(iter(data.values())))
        self.size = 0
        self.grow(rows)
        self._room.forget()
        for name, values in data.items():
            if self.columns[name].dtype != values.dtype:  # it was widened
                self.columns[name] = self.columns[name].astype(values.dtype)
            self.columns[name][:rows] = values


def _column(shape: tuple[int, ...], dtype: Any, fill: int) -> NDArray[Any]:
    """Return a column; one of zeros takes no memory before it is written to."""
    return np.full(shape, fill, dtype) if fill else np.zeros(shape, dtype)


class Pairs:
    """Dense ids of sites and of (site, good) pairs of one prefecture.

    A site is known by its name and county: one that moves is another site.
    """

    def __init__(self, counties: int, goods: int) -> None:
        self.goods = goods
        self.cells = counties * goods
        self.names: list[str] = []
        self.counties: list[int] = []
        self._ids: dict[tuple[str, int], int] = {}
        self._table = Grown({"pair": (np.int32, (goods,), -1)})
        self.table = Grown({"site": (np.int32, (), 0), "cell": (np.int64, (), 0)})
        self._by_name = self._cell_by_name = np.zeros(0, np.int64)

    def site(self, name: str, county: int) -> int:
        """Return the id of a site in county index ``county``, a new one if unknown."""
        found = self._ids.get((name, county))
        if found is None:
            found = self._ids[name, county] = len(self.names)
            self.names.append(name)
            self.counties.append(county)
            self._table.grow(found + 1)
        return found

    def find(self, name: str, county: int, good: int) -> int | None:
        """Return the pair of a site in county index ``county`` and a good; None if there is none."""
        site = self._ids.get((name, county))
        pair = -1 if site is None else int(self._table["pair"][site, good])
        return pair if pair >= 0 else None

    def of_names(self, names: Container[str]) -> Ints:
        """Return the pairs of every site of these names, whatever its county."""
        sites = [site for site, own in enumerate(self.names) if own in names]
        return np.flatnonzero(np.isin(self.table["site"], sites))

    @property
    def size(self) -> int:
        """Return the number of pairs."""
        return self.table.size

    @property
    def cell(self) -> Ints:
        """Return the cell of every pair, shape (pairs,)."""
        return self.table["cell"]

    def by_name(self) -> Ints:
        """Return the pairs by name of their site, shape (pairs,): within a cell an order that no arrival decides.

        Sums of floats must be taken in it, or a rebuild would publish other last digits.
        """
        if len(self._by_name) < self.size:  # 4 ms for 400 sites of 38 goods, and new pairs are rare
            rank = np.empty(len(self.names), np.int64)
            rank[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
            self._by_name = np.argsort(rank[self.table["site"]], kind="stable")
            self._cell_by_name = self.cell[self._by_name]
        return self._by_name

    def cell_by_name(self) -> Ints:
        """Return the cells of the pairs in that order, shape (pairs,)."""
        self.by_name()
        return self._cell_by_name

    def of(self, site: Ints, good: Ints) -> Ints:
        """Return pair ids, new ones where needed; shapes as given."""
        lookup = self._table["pair"]
        pair = lookup[site, good].astype(np.int64)
        missing = pair < 0
        if missing.any():
            keys = np.unique(site[missing] * self.goods + good[missing])
            self._create(keys // self.goods, keys % self.goods)
            pair = lookup[site, good].astype(np.int64)
        return pair

    def _create(self, site: Ints, good: Ints) -> None:
        start = self.table.size
        self.table.grow(start + len(site))
        self._table["pair"][site, good] = np.arange(start, start + len(site))
        self.table["site"][start:] = site
        counties = np.array(self.counties, np.int64)
        self.table["cell"][start:] = counties[site] * self.goods + good

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {"names": list(self.names), "counties": list(self.counties), "pairs": self.table.dump()}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.names, self.counties = list(data["names"]), list(data["counties"])
        self._ids = {key: index for index, key in enumerate(zip(self.names, self.counties, strict=True))}
        self._table.grow(len(self.names))
        self.table.load(data["pairs"])
        self._by_name = self._cell_by_name = np.zeros(0, np.int64)
        if self.table.size:
            site, cell = self.table["site"], self.table["cell"]
            self._table["pair"][site, cell % self.goods] = np.arange(self.table.size)
