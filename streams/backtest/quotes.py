"""All quotes of one kind as matrices per good, and their indicators as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from streams.alerts.extent import EXTENTS
from streams.backtest.grid import Flags, Regions
from streams.backtest.prices import Prices
from streams.backtest.stock import Stock
from streams.indicators.groups import Ints

#: One line of a daily report. ``price`` (1/10,000 CNY) and ``stock`` (1/1,000) are per or in base units.
LINES: Final = {
    "day": pl.Int32,
    "region": pl.Int64,
    "site": pl.String,
    "good": pl.String,
    "price": pl.Int64,
    "stock": pl.Int64,
}
_PRICES: Final[dict[str, Callable[[Prices], NDArray[Any]]]] = {
    "price": Prices.price,
    "change_day": Prices.change_day,
    "change_week": Prices.change_week,
    "change_month": Prices.change_month,
    "change_year": Prices.change_year,
    "rise_over_usual": Prices.rise_over_usual,
    "dispersion": Prices.dispersion,
    "sites_present": Prices.sites_present,
    "sites_fresh": Prices.sites_fresh,
}
_STOCK: Final[dict[str, Callable[[Stock], NDArray[Any]]]] = {
    "sites_in": Stock.sites_in,
    "sites_out": Stock.sites_out,
    "in_stock_rate": Stock.in_stock_rate,
    "out_days": Stock.out_days,
    "intermittent": Stock.intermittent,
}
#: Every indicator that quotes alone give.
INDICATORS: Final = (*_PRICES, *_STOCK)


@dataclass(frozen=True, slots=True)
class Matrices:
    """Quotes of one good, shapes (sites, dates): price 0 and stock -1 where none was given."""

    regions: Ints
    price: Ints
    stock: Ints
    seen: Flags


@dataclass(frozen=True)
class History:
    """Quotes of one kind from day ``first`` to day ``last`` (days since 1970-01-01).

    ``lines`` has the columns ``LINES`` (and perhaps others), in the order in which they count: of several lines of a
    site, good and date the last price wins, and the last stock. ``goods`` are all codes, sorted.
    """

    lines: pl.DataFrame
    goods: tuple[str, ...]
    first: int
    last: int
    carry_days: int = 3
    list_days: int = 28

    @property
    def dates(self) -> int:
        """Return the number of calendar dates."""
        return self.last - self.first + 1

    def matrices(self) -> Iterator[tuple[int, Matrices]]:
        """Yield (good index, matrices) of every good that was quoted."""
        index = {good: number for number, good in enumerate(self.goods)}
        for (good,), lines in self.lines.partition_by("good", as_dict=True).items():
            yield index[str(good)], self._matrices(lines)

    def _matrices(self, lines: pl.DataFrame) -> Matrices:
        sites = lines.select("region", "site").unique().sort("region", "site").with_row_index("row")
        lines = lines.join(sites, on=("region", "site"), how="left", maintain_order="left")
        shape = sites.height, self.dates
        price, stock = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
        seen = np.zeros(shape, bool)
        seen[self._places(lines)] = True
        for name, table in (("price", price), ("stock", stock)):
            given = lines.filter(pl.col(name).is_not_null())
            table[self._places(given)] = given[name].to_numpy()  # where a place is repeated, the last value stays
        return Matrices(sites["region"].to_numpy(), price, stock, seen)

    def _places(self, lines: pl.DataFrame) -> tuple[Ints, Ints]:
        return lines["row"].to_numpy().astype(np.int64), lines["day"].to_numpy().astype(np.int64) - self.first

    def measure(self, extent: str, names: Iterable[str]) -> pl.DataFrame:
        """Return the indicators ``names`` of every region of ``extent`` with a quote, on every date.

        Columns ``region``, ``good_index``, ``day`` and the names, sorted by these three; undefined
        is null. Names that quotes do not give are left out.
        """
        wanted = tuple(name for name in INDICATORS if name in set(names))
        parts = [self._measured(good, found, extent, wanted) for good, found in self.matrices()]
        return pl.concat(parts).sort("region", "good_index", "day")

    def _measured(self, good: int, found: Matrices, extent: str, names: tuple[str, ...]) -> pl.DataFrame:
        step = EXTENTS[extent]
        regions = Regions.of(found.regions // step * step)
        prices = Prices(found.price, regions, self.first, self.carry_days)
        stock = Stock(found.stock, found.seen, regions, self.list_days)
        columns: dict[str, NDArray[Any]] = {
            "region": np.repeat(regions.codes, self.dates),
            "good_index": np.full(len(regions.codes) * self.dates, good),
            "day": np.tile(np.arange(self.first, self.last + 1), len(regions.codes)),
        }
        for name in names:
            table = _PRICES[name](prices) if name in _PRICES else _STOCK[name](stock)
            columns[name] = table.reshape(-1)
        return pl.DataFrame(columns, nan_to_null=True)
