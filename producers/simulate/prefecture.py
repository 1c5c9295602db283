"""One prefecture, hour by hour: prices, sales, stock and reports of its stores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from producers.simulate.calendar import Hour
from producers.simulate.effects import Effects, compile_effects
from producers.simulate.ledger import Ledger
from producers.simulate.market import DELIVERY_STEP, Flags, Floats, Ints, Market
from producers.simulate.records import Event, Recorder
from producers.simulate.sales import Sales, Shoppers
from producers.simulate.scenario import Scenario
from producers.simulate.stores import Stores, build, clipped
from schemas.catalogue import Catalogue

#: Stock events fall on odd seconds and receipts on even ones, so that no count is ambiguous.
ODD = 1
#: Everything is counted once in this hour of the first date, before its first delivery and sale.
FIRST_COUNT = 4


def _generators(seed: int, code: int) -> list[np.random.Generator]:
    """Return the random numbers of a prefecture: for its stores, demand and prices, independent of each other."""
    return [np.random.default_rng(stream) for stream in np.random.SeedSequence([seed, code]).spawn(3)]


def stores_of(scenario: Scenario, catalogue: Catalogue, market: Market, code: int, seed: int) -> Stores:
    """Return the stores of a prefecture."""
    return build(scenario, catalogue, market, code, _generators(seed, code)[0])


class Prefecture:
    """State of one prefecture; ``step`` must be called for every hour in order, once."""

    def __init__(self, scenario: Scenario, catalogue: Catalogue, market: Market, code: int, seed: int) -> None:
        _, demand, prices = _generators(seed, code)
        self.code = code
        self.market = market
        self.stores: Stores = stores_of(scenario, catalogue, market, code, seed)
        self.effects: Effects = compile_effects(scenario, market, self.stores, code)
        shape = (len(self.stores), len(market.goods))
        self.ledger = Ledger(scenario.total_days, shape) if self.effects.all else None
        self._scenario = scenario
        self._shape = shape
        self._prices = prices
        self._shoppers = Shoppers(demand, shape, scenario.stores.lines, scenario.stores.returns)
        self._recorder = Recorder(code, self.stores, market)
        self._on_hand: Ints = self.stores.target.copy()
        self._sold_today: Ints = np.zeros(shape, dtype=np.int64)
        self._sold_before: Ints | None = None
        self._posted: Floats = self.stores.usual

    def step(self, hour: Hour) -> list[Event]:
        """Return the events of one hour, not yet in order of time."""
        if hour.hour == 0:
            self._turn(hour)
        silent = self.effects.silent(hour.index)
        events = [*self._losses(hour), *self._deliveries(hour)]
        fen = self._recorder.fen(self._posted * self.effects.price(hour.index))
        before = self._on_hand.copy()
        sales = self._sell(hour)
        if sales is not None:
            amounts = self._recorder.amounts(sales, fen)
            receipts = list(self._recorder.receipts(hour, sales, amounts, silent))
            self._book(hour, sales, amounts)
        else:
            receipts = []
        events += self._counts(hour, before, sales)
        events += self._quotes(hour, before, sales, fen)
        if self.ledger is not None:
            self.ledger.on_hand[hour.index] = self._on_hand
        return [event for store, event in events if not silent[store]] + receipts

    def _turn(self, hour: Hour) -> None:
        """Begin a date: new day prices, sales of yesterday become known."""
        spread = self._scenario.prices
        counties = (len(self.stores.counties), self._shape[1])
        day = clipped(self._prices, spread.county_day, counties)[self.stores.county]
        self._posted = self.stores.usual * day * clipped(self._prices, spread.store_day, self._shape)
        self._sold_before = self._sold_today if hour.index else None
        self._sold_today = np.zeros(self._shape, dtype=np.int64)

    def _losses(self, hour: Hour) -> Iterator[tuple[int, Event]]:
        share = self.effects.lost(hour.index)
        if not share.any():
            return
        lost = np.rint(self._on_hand * share).astype(np.int64)
        self._on_hand = self._on_hand - lost
        for store in np.flatnonzero(lost.any(axis=1)).tolist():
            quantity = np.where(lost[store] > 0, lost[store], -1)
            event = self._recorder.stock(hour, ODD, store, "DELETE", "holding", quantity)
            if event is not None:
                yield store, event

    def _deliveries(self, hour: Hour) -> Iterator[tuple[int, Event]]:
        """Fill up to the target before the shops open."""
        stores = np.flatnonzero(self.stores.delivery_hour == hour.hour)
        if not len(stores) or not hour.index // 24:
            return
        target = np.rint(self.stores.target * self.effects.supply(hour.index)).astype(np.int64)
        missing = np.where(self.effects.cut(hour.index), 0, target - self._on_hand)
        missing = np.maximum(0, missing) // DELIVERY_STEP * DELIVERY_STEP
        for store in stores.tolist():
            quantity = np.where(missing[store] > 0, missing[store], -1)
            second = int(self.stores.minute[store]) * 60 + ODD
            event = self._recorder.stock(hour, second, store, "ADD", "receiving", quantity)
            if event is not None:
                self._on_hand[store] += missing[store]
                yield store, event

    def _sell(self, hour: Hour) -> Sales | None:
        market = self.market
        shape = market.profile[:, hour.hour] * market.weekday[:, hour.weekday]
        if not shape.any():
            return None
        expected = self.stores.rate * shape * self.effects.demand(hour.index)
        return self._shoppers.hour(expected, market.quantity, market.step, self._on_hand)

    def _book(self, hour: Hour, sales: Sales, amounts: Ints) -> None:
        signed = sales.signed
        sold = self._summed(sales.cell, signed)
        self._on_hand = self._on_hand - sold
        self._sold_today += sold
        if self.ledger is not None:
            self.ledger.sold(hour.index, sales.cell, signed, np.where(sales.returned, -amounts, amounts))

    def _summed(self, cell: Ints, quantity: Ints) -> Ints:
        size = self._shape[0] * self._shape[1]
        return np.bincount(cell, weights=quantity, minlength=size).astype(np.int64).reshape(self._shape)

    def _counts(self, hour: Hour, before: Ints, sales: Sales | None) -> Iterator[tuple[int, Event]]:
        due = self._counting(hour)
        if not due.any():
            return
        seen = self._at(self.stores.minute * 60 + ODD, before, sales)
        for store in np.flatnonzero(due).tolist():
            second = int(self.stores.minute[store]) * 60 + ODD
            event = self._recorder.stock(hour, second, store, "OBSERVE", "cycle_counting", seen[store])
            if event is not None:
                yield store, event

    def _counting(self, hour: Hour) -> Flags:
        plan = self._scenario
        if hour.index == FIRST_COUNT:
            return np.ones(self._shape[0], dtype=np.bool_)
        if not plan.stores.opens <= hour.hour <= plan.stores.closes:
            return np.zeros(self._shape[0], dtype=np.bool_)
        turn = (hour.hour - plan.stores.opens) % plan.supply.count_every
        due: Flags = self.stores.count_turn == turn
        return due

    def _at(self, second: Ints, before: Ints, sales: Sales | None) -> Ints:
        """Return the stock (S, G) at a second of this hour that differs by store."""
        if sales is None:
            return before
        earlier = sales.second < second[sales.cell // self._shape[1]]
        return before - self._summed(sales.cell[earlier], sales.signed[earlier])

    def _quotes(self, hour: Hour, before: Ints, sales: Sales | None, fen: Ints) -> Iterator[tuple[int, Event]]:
        stores = np.flatnonzero(self.stores.quote_hour == hour.hour).tolist()
        if not stores:
            return
        seconds = self._prices.integers(0, 1799, self._shape[0]) * 2 + ODD
        stock = self._at(seconds, before, sales)
        written = np.maximum(1, np.rint(fen * self.effects.slip(hour.index))).astype(np.int64)
        for store in stores:
            sold = None if self._sold_before is None else self._sold_before[store]
            yield store, self._recorder.quote(hour, int(seconds[store]), store, written[store], stock[store], sold)
            if self.ledger is not None:
                self.ledger.quoted[hour.day, store] = fen[store] * 10.0 / self.stores.scale[store]
