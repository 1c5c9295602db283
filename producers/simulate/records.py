"""From arrays to events: receipts, stock reports and quotes of one prefecture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from producers.simulate.calendar import Hour
from producers.simulate.market import Flags, Floats, Ints, Market
from producers.simulate.sales import Sales
from producers.simulate.stores import Stores
from schemas.events import QuoteLine, QuoteReport, Receipt, SaleLine, StockAction, StockLine, StockReport
from schemas.topics import QUOTES, SALES, STOCK

_CLOCK = [f"{minute:02d}:{second:02d}" for minute in range(60) for second in range(60)]
_FEN = 100


class Event(NamedTuple):
    """One record to send at ``time`` (epoch seconds) to ``topic``; ``lines`` that it carries."""

    time: int
    topic: str
    prefecture: int
    payload: msgspec.Struct | bytes
    lines: int


class Recorder:
    """Writes what happens in the stores of one prefecture as events; counts sequence numbers."""

    def __init__(self, prefecture: int, stores: Stores, market: Market) -> None:
        self._prefecture = prefecture
        self._stores = stores
        goods = len(market.goods)
        self._names = list(market.goods) * len(stores)
        self._units = [unit for row in stores.units for unit in row]
        self._scale = stores.scale.reshape(-1)
        self._goods = goods
        self._region = [str(stores.counties[place]) for place in stores.county.tolist()]
        self._sender = [stores.enterprises[place] for place in stores.enterprise.tolist()]
        self._checkouts = stores.checkouts.tolist()
        self._day = -1
        self._sequence: list[list[int]] = []

    def fen(self, prices: Floats) -> Ints:
        """Return prices (S, G) in CNY per base unit as posted: whole fen per unit, at least one."""
        return np.maximum(1, np.rint(prices * _FEN * self._stores.scale / 1000)).astype(np.int64)

    def amounts(self, sales: Sales, fen: Ints) -> Ints:
        """Return each line's amount in fen."""
        price = fen.reshape(-1)[sales.cell]
        return np.maximum(1, np.rint(price * sales.quantity / self._scale[sales.cell])).astype(np.int64)

    def receipts(self, hour: Hour, sales: Sales, amounts: Ints, silent: Flags) -> Iterator[Event]:
        """Yield an hour's receipts; those of silent stores take a number and are not sent."""
        if hour.day != self._day:
            self._day = hour.day
            self._sequence = [[0] * count for count in self._checkouts]
        if not len(sales.cell):
            return
        edges = np.flatnonzero(np.r_[True, sales.receipt[1:] != sales.receipt[:-1], True])
        lines = self._sale_lines(sales, amounts, edges)
        stores = (sales.cell[edges[:-1]] // self._goods).tolist()
        seconds = sales.second[edges[:-1]].tolist()
        for store, second, (begin, end) in zip(stores, seconds, pairwise(edges.tolist()), strict=True):
            receipt = self._receipt(hour, store, second, lines[begin:end])
            if not silent[store]:
                yield Event(hour.at + second, SALES, self._prefecture, receipt, end - begin)

    def _sale_lines(self, sales: Sales, amounts: Ints, edges: Ints) -> list[SaleLine]:
        cells = sales.cell.tolist()
        numbers = (np.arange(len(cells)) - np.repeat(edges[:-1], np.diff(edges)) + 1).tolist()
        quantities = (sales.quantity / self._scale[sales.cell]).tolist()
        names, units = self._names, self._units
        lines = [
            SaleLine(number, names[cell], quantity, units[cell], amount)
            for number, cell, quantity, amount in zip(
                numbers, cells, quantities, (amounts / _FEN).tolist(), strict=True
            )
        ]
        for place in np.flatnonzero(sales.returned).tolist():
            lines[place] = msgspec.structs.replace(lines[place], kind="return")
        return lines

    def _receipt(self, hour: Hour, store: int, second: int, lines: list[SaleLine]) -> Receipt:
        counters = self._sequence[store]
        checkout = (second // 2) % len(counters)
        counters[checkout] += 1
        sequence = counters[checkout]
        name = self._stores.ids[store]
        return Receipt(
            event_id=f"{name}/{checkout + 1}/{hour.date}/{sequence}",
            sender=self._sender[store],
            store=name,
            region=self._region[store],
            workstation=str(checkout + 1),
            business_date=hour.date,
            sequence=sequence,
            time=f"{hour.prefix}{_CLOCK[second]}{hour.suffix}",
            lines=lines,
        )

    def stock(
        self, hour: Hour, second: int, store: int, action: StockAction, step: str, quantity: Ints
    ) -> Event | None:
        """Return a stock report of one store: quantities (G); goods with -1 are left out."""
        first = store * self._goods
        lines = [
            StockLine(self._names[first + good], amount / int(self._scale[first + good]), self._units[first + good])
            for good, amount in enumerate(quantity.tolist())
            if amount >= 0
        ]
        if not lines:
            return None
        report = StockReport(
            event_id=f"{self._stores.ids[store]}/{action}/{hour.date}T{hour.hour:02d}:{_CLOCK[second]}",
            sender=self._sender[store],
            site=self._stores.ids[store],
            region=self._region[store],
            time=f"{hour.prefix}{_CLOCK[second]}{hour.suffix}",
            action=action,
            lines=lines,
            step=step,
        )
        return Event(hour.at + second, STOCK, self._prefecture, report, len(lines))

    def quote(self, hour: Hour, second: int, store: int, fen: Ints, stock: Ints, sold: Ints | None) -> Event:
        """Return one store's daily report: posted prices, stock and, if known, yesterday's sales (G)."""
        first = store * self._goods
        lines = []
        for good in range(self._goods):
            cell, scale = first + good, int(self._scale[first + good])
            sales = None if sold is None else max(0, int(sold[good])) / scale
            price = int(fen[good]) / _FEN
            lines.append(QuoteLine(self._names[cell], self._units[cell], price, sales, int(stock[good]) / scale))
        report = QuoteReport(
            event_id=f"{self._stores.ids[store]}/quote/{hour.date}",
            sender=self._sender[store],
            site=self._stores.ids[store],
            region=self._region[store],
            time=f"{hour.prefix}{_CLOCK[second]}{hour.suffix}",
            lines=lines,
        )
        return Event(hour.at + second, QUOTES, self._prefecture, report, len(lines))
