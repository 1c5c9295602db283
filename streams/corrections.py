"""Late events: rows that were written already are written again as they should have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas.events import QuoteKind
from streams.indicators.civil import BUCKET
from streams.indicators.groups import Ints
from streams.indicators.prices import CORRECTABLE, DAY_BUCKETS
from streams.written import Written

if TYPE_CHECKING:
    from streams.prefecture import Prefecture

#: A quote of date d is read by change_month up to d + 34, and by presence two dates more.
QUOTE_REACH = 37

Values = dict[str, NDArray[Any]]


class Corrections:
    """What must be written again for one prefecture."""

    def __init__(self, place: Prefecture) -> None:
        self._place = place
        #: A row's stock columns, and the stores that were seen, stay as they were: they are as of their moment.
        self._written = Written(place.rows, CORRECTABLE)
        self._late: dict[int, int] = {}
        self._quotes: dict[tuple[QuoteKind, int], set[int]] = {}
        #: Of these, dates with a price that somebody has corrected: alerts that rest on them cannot wait for hours.
        self._named: set[tuple[QuoteKind, int]] = set()
        self.beyond = 0

    def remember(self, bucket: int, rows: Ints, values: Values) -> None:
        """Keep what was written for ``bucket`` beside prices; ``values`` are columns of every row."""
        self._written.add(bucket, rows, values)

    def note_late(self, cells: Ints, buckets: Ints) -> None:
        """Note lines whose buckets were written before they came."""
        for cell, bucket in zip(cells.tolist(), buckets.tolist(), strict=True):
            self._late[cell] = min(bucket, self._late.get(cell, bucket))
            self._add_row(cell, bucket)

    def _add_row(self, cell: int, bucket: int) -> None:
        """Let a late line's own bucket have a row even if none was written then."""
        if bucket > self._place.sales.head - CORRECTABLE:
            self._written.mark(bucket, np.array([cell, self._place.cells + cell % self._place.sales.goods]))

    def note_quotes(self, kind: QuoteKind, day: int, cells: Ints, *, corrected: bool = False) -> None:
        """Note quotes of a date that has closed; ``corrected``: some of them correct others."""
        self._quotes.setdefault((kind, day), set()).update(cells.tolist())
        if corrected:
            self._named.add((kind, day))

    @property
    def urgent(self) -> bool:
        """Return whether somebody has corrected a price of a closed date."""
        return bool(self._named)

    def write(self) -> None:
        """Write every row that late events changed."""
        self._write_sales()
        self.write_quotes()

    def _write_sales(self) -> None:
        head = self._place.sales.head
        late, self._late = self._late, {}
        first = min(late.values(), default=head)
        oldest = head - CORRECTABLE + 1
        self.beyond += sum(bucket < oldest for bucket in late.values())
        if not late or first >= head:
            return
        buckets = range(max(first, oldest), head)
        goods = np.unique(np.array(list(late)) % self._place.sales.goods)
        history = self._place.sales.history(goods, buckets)
        since = self._since(late)
        for index, bucket in enumerate(buckets):
            if bucket in self._written:
                self._rewrite(bucket, goods, {name: each[index] for name, each in history.items()}, since)

    def _since(self, late: dict[int, int]) -> Ints:
        """Return per row the first bucket that changed; far in the future where none did."""
        since = np.full(self._place.rows, np.iinfo(np.int64).max)
        for cell, bucket in late.items():
            for row in (cell, self._place.cells + cell % self._place.sales.goods):
                since[row] = min(since[row], bucket)
        return since

    def _rewrite(self, bucket: int, goods: Ints, prices: Values, since: Ints) -> None:
        rows = self._written.rows(bucket)
        # A line moves windows of 24 h; what it does to baselines of later dates is read when they are computed.
        changed = np.flatnonzero((since[rows] <= bucket) & (bucket < since[rows] + DAY_BUCKETS))
        if not len(changed):
            return
        chosen = rows[changed]
        county, good = np.divmod(chosen, self._place.sales.goods)
        place = (county, np.searchsorted(goods, good))
        values = {name: each[place] for name, each in prices.items()}
        values |= self._written.values(bucket, chosen)
        self._place.write_rows((bucket + 1) * BUCKET, chosen, values)

    def write_quotes(self) -> None:
        """Write every row of closed dates that late quotes changed."""
        late, self._quotes = self._quotes, {}
        named, self._named = self._named, set()
        days: dict[tuple[QuoteKind, int], set[int]] = {}
        corrected: set[tuple[QuoteKind, int]] = set()
        for (kind, day), cells in late.items():
            for each in range(day, min(day + QUOTE_REACH, self._place.closed_day + 1)):
                days.setdefault((kind, each), set()).update(cells)
                corrected |= {(kind, each)} if (kind, day) in named else set()
        for (kind, day), cells in sorted(days.items()):
            self._rewrite_date(kind, day, np.array(sorted(cells)), corrected=(kind, day) in corrected)

    def _rewrite_date(self, kind: QuoteKind, day: int, cells: Ints, *, corrected: bool) -> None:
        market = self._place.markets[kind]
        stock = market.closed.get(day)
        if stock is None:
            return
        goods = self._place.sales.goods
        rows = np.unique(np.concatenate([cells, self._place.cells + cells % goods]))
        of_goods = np.isin(
            np.arange(self._place.rows) % goods, cells % goods
        )  # the prefecture's row needs every county
        values = {**stock, **market.quotes.values(day, np.flatnonzero(of_goods[: self._place.cells]))}
        seen = np.union1d(rows, np.flatnonzero(of_goods & stock["subjects"]))
        if self._place.correct_flags(kind, day, seen, values):
            # How many goods are flagged tells for every good of the prefecture.
            own = np.arange(self._place.rows) >= self._place.cells
            rows = np.union1d(rows, np.flatnonzero(own & stock["subjects"]))
            seen = np.union1d(rows, np.flatnonzero(stock["subjects"]))
            values = {**stock, **market.quotes.values(day)}
        self._place.correct_date(kind, day, rows, seen, values, corrected=corrected)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {
            "written": self._written.dump(),
            "late": list(self._late.items()),
            "quotes": [[kind, day, sorted(cells)] for (kind, day), cells in self._quotes.items()],
            "named": [list(each) for each in sorted(self._named)],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._written.load(data["written"])
        self._late = dict(data["late"])
        self._quotes = {(kind, day): set(cells) for kind, day, cells in data["quotes"]}
        self._named = {(kind, day) for kind, day in data["named"]}
