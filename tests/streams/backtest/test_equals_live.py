"""The batch indicators equal those that the live stream keeps date by date."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.opening import Week
from streams.backtest.quotes import LINES, History
from streams.indicators.civil import DAY, Civil
from streams.indicators.counts import NAMELESS
from streams.indicators.hours import Hours
from streams.indicators.outages import Outages
from streams.indicators.pairs import Pairs
from streams.indicators.quotes import QUOTED, QuoteBook
from streams.indicators.stock import Shelf

DATES = 45
FIRST = 18_000
COUNTIES = {"a": 0, "b": 0, "c": 1, "d": 1}
NAMES = (
    *QUOTED,
    *("sites_in", "sites_out", "in_stock_rate", "out_days", "intermittent"),
)
UTC = Civil("UTC")

# day, site, good, price, stock: in the order in which they come within their date.
lines = st.lists(
    st.tuples(
        st.integers(0, DATES - 1),
        st.sampled_from(sorted(COUNTIES)),
        st.integers(0, 1),
        st.none() | st.integers(1, 40).map(lambda price: price * 2_500),
        st.none() | st.sampled_from([0, 0, 1_000]),
    ).filter(lambda line: line[3] is not None or line[4] is not None),
    min_size=1,
    max_size=120,
)


class Live:
    """One prefecture of two counties and two goods, as ``streams.market`` drives it."""

    def __init__(self) -> None:
        self.pairs = Pairs(2, 2)
        self.quotes = QuoteBook(self.pairs)
        self.shelf = Shelf(self.pairs, UTC, Hours(self.pairs, Week.daily(8, 22)), 28)
        self.outages = Outages(6)

    def close(self, day: int, quoted: list[Any]) -> dict[str, Any]:
        """Apply the lines of a date and return its indicators: four cells, then two goods of the prefecture."""
        self.quotes.move(day)
        for _, site, good, price, stock in quoted:
            place = np.array([self.pairs.site(site, COUNTIES[site])])
            pair = self.pairs.of(place, np.array([good]))
            at = np.array([day * DAY + DAY // 2])
            self.shelf.list(pair, at)
            if price is not None:
                self.quotes.quote(int(pair[0]), day, int(at[0]), price)
            if stock is not None:
                self.shelf.report(pair, at, np.array([stock]), np.array([NAMELESS]))
        self.shelf.move((day + 1) * DAY)
        self.shelf.close(day)
        stock_values = self.shelf.values(day)
        values = {**self.quotes.values(day), **stock_values, **self.outages.values(day, stock_values)}
        self.outages.close(day, stock_values)
        return values


@given(lines)
@settings(max_examples=40, deadline=None)
def test_every_indicator_equals_the_live_one(drawn: list[Any]) -> None:
    drawn.sort(key=lambda line: line[0])
    rows = [(FIRST + line[0], 110101 + COUNTIES[line[1]], line[1], f"g{line[2]}", line[3], line[4]) for line in drawn]
    found = History(pl.DataFrame(rows, schema=LINES, orient="row"), ("g0", "g1"), FIRST, FIRST + DATES - 1)
    live = Live()
    batch = {
        (row["region"], row["good_index"], row["day"]): row
        for extent in ("county", "prefecture")
        for row in found.measure(extent, NAMES).iter_rows(named=True)
    }
    for day in range(FIRST, FIRST + DATES):
        values = live.close(day, [line for line in drawn if FIRST + line[0] == day])
        for place, region in enumerate((110101, 110102, 110100)):
            for good in range(2):
                expected = batch.get((region, good, day))
                if expected is not None:
                    check({name: values[name][place * 2 + good] for name in NAMES}, expected)


def check(live: dict[str, Any], batch: dict[str, Any]) -> None:
    for name, number in live.items():
        undefined = isinstance(number, float) and math.isnan(number)
        assert (None if undefined else number) == batch[name], name
