"""One prefecture: events wait their turn, time moves on a grid of 5 minutes, indicators and alerts follow.

At a grid point G, the end of a bucket: events that came before G are applied, it is noted who is in
stock, dates that are due close, then rules are evaluated and the bucket's rows written.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from schemas import topics
from schemas.events import LEVELS, Extent, ExtentLine, QuoteKind
from schemas.opening import Week
from streams.alerts.transition import Transition
from streams.corrections import Corrections
from streams.counties import Counties
from streams.derived import IndicatorRows
from streams.enrolment import Enrolment
from streams.enterprises import Enterprises
from streams.frames import date_frame, tick_frame
from streams.indicators.civil import BUCKET, HOUR
from streams.indicators.groups import Ints
from streams.indicators.prices import Ground, SalePrices, with_prefecture
from streams.judge import Frames, Judge
from streams.lockstep import measure
from streams.market import KINDS, Market
from streams.panel import FRAME_ROWS, judge_together
from streams.quarantine import UNCHECKED
from streams.queues import NEVER
from streams.registry import Registry
from streams.senders import Senders
from streams.setup import Setup
from streams.sites import Sites
from streams.suspects import Suspects
from streams.timeline import Timeline

#: Rows of late lines are rewritten at these local hours, and at a clean stop.
CORRECTION_HOURS = 4
CORRECTION_PHASE = 2

Values = dict[str, NDArray[Any]]
Spread = dict[str, list[tuple[int, int, int, int]]]


class Prefecture(Timeline):
    """All state of one prefecture."""

    def __init__(
        self,
        code: int,
        setup: Setup,
        judge: Judge,
        registry: Registry | None = None,
        ground: Ground | None = None,
    ) -> None:
        """``ground`` has room for the sales of several prefectures."""
        self.registry = registry or Registry(code)
        super().__init__(setup, self.registry.queue)
        self.code, self.judge = code, judge
        self.counties = setup.catalogue.counties(code)
        self._place = {region: index for index, region in enumerate([*self.counties, code])}
        goods, cells = len(setup.goods), len(self.counties) * len(setup.goods)
        self.cells, self.rows = cells, cells + goods
        self.region_of = np.repeat(np.array([*self.counties, code], np.int64), goods)
        self.good_of = np.tile(np.arange(goods), len(self.counties) + 1)
        self.sales = SalePrices(len(self.counties), goods, setup.civil, ground)
        self.markets: dict[QuoteKind, Market] = {kind: self._market(kind) for kind in KINDS}
        self.sites = Sites(self.markets["retail"], self.counties, setup, judge)
        self.senders = Senders(setup.options.snapshots_feed, Week.daily(*setup.options.open_hours))
        self._enrolment = Enrolment(self.registry, self.markets.values(), self.senders)
        self.enterprises = Enterprises(code, self.senders, self.registry, setup, judge)
        self.suspects = Suspects(self.counties, setup, judge)
        self._touched = np.zeros(cells, bool)
        #: Rows to publish, and rows to evaluate.
        self.fresh = np.zeros(self.rows, bool)
        self._changed = np.zeros(self.rows, bool)
        #: Rows in frames that wait to be judged: their alerts may have begun without our knowing yet.
        self._unjudged = np.zeros(self.rows, bool)
        self.corrections = Corrections(self)
        #: Rows of regions that wait to be judged.
        self.frames = Frames()
        self.values: Values = {}
        self.output = IndicatorRows()
        #: Grid point at which rows are written: of two rows of one key the later one holds.
        self._stamp = NEVER
        self.transitions: list[Transition] = []
        #: What the extents above are told.
        self.extents: list[Extent] = []

    def _market(self, kind: QuoteKind) -> Market:
        together = Counties(self.judge.rules(kind), self.code, self.counties, len(self._setup.goods))
        return Market(kind, self._setup, together, len(self.counties))

    def index_of(self, region: int) -> int:
        """Return the place of a county in ``counties``, and one beyond them of the prefecture itself."""
        return self._place[region]

    # -- events in

    def site(self, kind: QuoteKind, name: str, county: int) -> int:
        """Return the id of a site in the market of ``kind``."""
        return self.markets[kind].pairs.site(name, self._place[county])

    def sender(self, name: str) -> int:
        """Return the id of an enterprise that sends events."""
        return self.senders.id(name)

    def has_date_rules(self, kind: str) -> bool:
        """Return whether any date rule reads prices of ``kind``."""
        return self.judge.has("date", kind)

    def _open(self) -> list[int]:
        """Return the rows of open alerts on ticks."""
        goods = self._setup.good_index
        found = ((self._place.get(region), goods[good]) for region, good in self.judge.open_rows("tick"))
        return [place * len(goods) + good for place, good in found if place is not None]

    # -- time

    def enter(self, moment: int) -> None:
        """Begin the bucket that starts at ``moment``."""
        self.moment = moment
        self.sales.move(moment // BUCKET)
        for market in self.markets.values():
            market.shelf.move(moment)

    def quiet(self) -> bool:
        """Return whether no row of the started bucket and no alert waits for time to pass."""
        busy = self._touched.any() or self.frames.size or self._open()
        return not busy and not self.sites.waits(self.moment) and not self.enterprises.waits(self.moment)

    def next_change(self) -> int:
        """Return the first grid point at which a window or a baseline changes by itself."""
        others = (each.next_change(self.moment) for each in (self.sites, self.enterprises))
        return min((self.sales.next_change() + 1) * BUCKET, *others)

    def step(self, point: int) -> Generator[None]:
        """Decide everything up to grid point ``point``; stops where ``values`` must be measured."""
        self._stamp = point
        self.enter(point - BUCKET)  # after a jump: hours in between began before what is applied now
        for market in self.markets.values():
            # Before, not after: how many empty grid points came in between depends on how chunks were cut.
            market.shelf.forget(point - BUCKET)
        self._apply(point)
        for market in self.markets.values():
            market.shelf.move(point)
        while self.closes(self.closed_day + 1) <= point:
            self.close(self.closed_day + 1, point)
        yield from self._decide(point)
        self._write(point)
        self.enter(point)

    def look_ahead(self, now: int) -> Generator[None]:
        """Live: apply what came in the started bucket, and evaluate what it touched at once; stops as ``step``."""
        self._apply(now + 1)
        if self._changed.any():
            yield
            self._tick(now + 1, np.flatnonzero(self._take_changed() | self._mask(self._open())))
        self.sites.look_ahead(now + 1)
        self.enterprises.look_ahead(now + 1)

    def _mask(self, rows: list[int]) -> NDArray[np.bool_]:
        mask = np.zeros(self.rows, bool)
        mask[rows] = True
        return mask

    # -- one grid point

    def _apply(self, limit: int) -> None:
        """Apply what arrived before ``limit``: stock first, so that sales after a count are taken off it."""
        retail = self.markets["retail"]
        for market, pair in self._enrolment.advance(limit):
            self._freshen(market.pairs.cell[pair])
            if market is retail:
                self.sites.touch(pair)
        stock = self.queues[topics.STOCK].pop(limit)
        if stock is not None:
            pair = retail.apply_stock(stock)
            self.enterprises.hear(stock["sender"], stock["at"])
            self._touch(retail.pairs.cell[pair])
            self.sites.touch(pair)
        sales = self.queues[topics.SALES].pop(limit)
        if sales is not None:
            self._sell(sales, retail)
        quotes = self.queues[topics.QUOTES].pop(limit, arrival=True)
        if quotes is not None:
            # What somebody says of a quote is no sign of life of a feed.
            own = quotes["checked"] == UNCHECKED
            self.enterprises.hear(quotes["sender"][own], quotes["at"][own])
            for kind, market in self.markets.items():
                market.apply_quotes(quotes, self, kind)

    def _sell(self, sales: Values, market: Market) -> None:
        pair = market.pairs.of(sales["site"], sales["good"])
        priced = sales["priced"] > 0
        deplete = self.senders.snapshots(sales["sender"])
        market.shelf.sell(pair, sales["at"], sales["quantity"], priced, deplete=deplete)
        self.sites.sell(pair, sales["at"], sales["quantity"])
        self.enterprises.hear(sales["sender"], sales["at"])
        cell = market.pairs.cell[pair]
        columns = (sales["at"], cell, sales["amount"], sales["quantity"])
        self.sales.add(*(columns if priced.all() else (each[priced] for each in columns)))
        late = sales["at"] < self.sales.head * BUCKET
        if late.any():
            self.corrections.note_late(cell[late], sales["at"][late] // BUCKET)
            self._freshen(cell[late])
            cell = cell[~late]
        self._touch(cell)

    def _touch(self, cell: Ints) -> None:
        self._touched[cell] = True
        self._freshen(cell)

    def _freshen(self, cell: Ints) -> None:
        for mask in (self.fresh, self._changed):
            mask[cell] = True
            mask[self.cells + cell % len(self._setup.goods)] = True

    def _take_changed(self) -> NDArray[np.bool_]:
        changed, self._changed = self._changed, np.zeros(self.rows, bool)
        return changed

    def day(self, at: int) -> int:
        """Return the local day number of a moment, epoch seconds."""
        return self._setup.civil.day(at)

    def _decide(self, point: int) -> Generator[None]:
        """Evaluate rows that changed, or whose alerts wait: the level of any other is what it was."""
        changed = self._with_prefecture(self.sales.take_moved()) | self._take_changed()
        waiting = self._mask(self._open())
        if changed.any() or (waiting.any() and not self.values):
            yield
        self._unjudged |= changed
        self.sites.decide(point)
        self.enterprises.decide(point)
        self._tick(point, np.flatnonzero(self._unjudged | waiting))

    def _tick(self, at: int, rows: Ints) -> None:
        if len(rows) and self.judge.has("tick"):
            self.frames.add(tick_frame(self._setup, self, at, rows))
        if self.waiting >= FRAME_ROWS:
            judge_together(self.judge, [self])

    @property
    def waiting(self) -> int:
        """Return the rows that wait to be judged (``panel.judge_together``)."""
        return self.frames.size + self.sites.frames.size + self.enterprises.frames.size

    def judged(self) -> None:
        """Forget the rows of regions that waited: they were judged."""
        self.frames = Frames()
        self._unjudged[:] = False

    def _write(self, point: int) -> None:
        if self._touched.any():
            rows = np.flatnonzero(self._with_prefecture(self._touched))
            self.corrections.remember(point // BUCKET - 1, rows, self.values)
            self.write_rows(point, rows, {name: values[rows] for name, values in self.values.items()})
            self._touched[:] = False
        local = self._setup.civil.local(point)
        if local % (CORRECTION_HOURS * HOUR) == CORRECTION_PHASE * HOUR:
            self.corrections.write()
        elif self.corrections.urgent:
            self.corrections.write_quotes()

    def _with_prefecture(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return with_prefecture(cells.astype(np.int64), len(self._setup.goods)) > 0

    def _subjects(self, rows: Ints) -> dict[str, Any]:
        return {"region": self.region_of[rows], "good": self.good_of[rows]}

    def write_rows(self, at: int, rows: Ints, values: Values) -> None:
        """Write rows of grain ``5m`` whose bucket ended at ``at``; ``values`` are columns of these rows."""
        self.output.add(
            len(rows),
            written=self._stamp,
            **self._subjects(rows),
            grain="5m",
            kind="retail",
            at=at,
            date=self._setup.civil.day(at - 1),
            **values,
        )

    # -- dates

    def close(self, day: int, point: int) -> None:
        """Close a date: demand, days out, quote indicators, date rules."""
        for kind, market in self.markets.items():
            spread: Spread = {}
            if market.pairs.size:
                values = market.close(day)
                if given_up := market.expire(day):
                    self.transitions += self.suspects.note(market, given_up, point)
                self._changed |= values["sites_in"] + values["sites_out"] > 0
                rows = np.flatnonzero(values["subjects"])
                if len(rows):
                    spread = self._decide_date(kind, day, point, rows, values)
            self._tell(kind, day, spread)
        self.sites.close(day)
        self.enterprises.close(day)
        self.closed_day = day

    def _decide_date(self, kind: QuoteKind, day: int, at: int, rows: Ints, values: Values) -> Spread:
        frame = date_frame(self, at, rows, values)
        found = self.judge.date(frame, kind, day, self.markets[kind].together, closing=True)
        self.transitions += found.transitions
        self.write_date(kind, day, rows, {name: each[rows] for name, each in values.items()}, found.levels)
        return found.spread

    def _tell(
        self, kind: QuoteKind, day: int, spread: Spread, *, correction: bool = False, corrected: int | None = None
    ) -> None:
        """Tell the extents above of a date that has closed, also where there is nothing to say."""
        if not self.judge.reaches_above(kind):
            return
        lines = [
            ExtentLine(rule, self._setup.goods[good], LEVELS[level], reporting, affected)
            for rule, goods in spread.items()
            for good, level, reporting, affected in goods
        ]
        date = self._setup.civil.date(day).isoformat()
        corrected_at = None if corrected is None else self._setup.civil.iso(corrected)
        self.extents.append(Extent(f"{self.code:06d}", date, kind, lines, correction, corrected_at))

    def early(self, kind: QuoteKind, day: int, at: int, rows: Ints, values: Values) -> None:
        """Evaluate date rules of ``day`` before its close: enough sites have quoted."""
        found = self.judge.date(date_frame(self, at, rows, values), kind, day, self.markets[kind].together)
        self.transitions += found.transitions

    def retract(self, kind: QuoteKind, day: int, at: int, rows: Ints, values: Values) -> None:
        """Take back alerts of counties that rest on ``day``, which is open, after a correction."""
        together, frame = self.markets[kind].together, date_frame(self, at, rows, values)
        self.transitions += self.judge.date(frame, kind, day, together, live=False, corrected=at).transitions

    def write_date(self, kind: QuoteKind, day: int, rows: Ints, values: Values, levels: list[str]) -> None:
        """Write rows of grain ``date``; ``values`` are columns of these rows."""
        self.output.add(
            len(rows),
            written=self._stamp,
            **self._subjects(rows),
            grain="date",
            kind=kind,
            at=self._setup.civil.midnight(day + 1),
            date=day,
            levels=levels,
            **values,
        )

    def correct_date(
        self, kind: QuoteKind, day: int, rows: Ints, seen: Ints, values: Values, *, corrected: bool
    ) -> None:
        """Write ``rows`` of a closed date again after late quotes; alerts stay as they are.

        But where somebody has ``corrected`` a value, those that rest on the date are taken back. ``seen`` are all
        rows of their goods, ``rows`` among them: some rules look at counties together.
        """
        frame = date_frame(self, self.closes(day), seen, values)
        together, at = self.markets[kind].together, self._stamp if corrected else None
        found = self.judge.date(frame, kind, day, together, live=False, corrected=at)
        self.transitions += found.transitions
        levels = [found.levels[place] for place in np.searchsorted(seen, rows).tolist()]
        self.write_date(kind, day, rows, {name: each[rows] for name, each in values.items()}, levels)
        self._tell(kind, day, found.spread, correction=True, corrected=at)

    def correct_flags(self, kind: QuoteKind, day: int, seen: Ints, values: Values) -> bool:
        """Count flags of a closed date again, ``seen`` being all rows of some goods; return whether others change."""
        together = self.markets[kind].together
        return together.flagging and together.correct(date_frame(self, self.closes(day), seen, values), day)

    # -- stop and snapshot

    def refresh(self) -> None:
        """Let every row with something to say be published again."""
        if self.moment != NEVER:
            measure([self])
            reporting = self.values["sites_in"] + self.values["sites_out"]
            self.fresh |= (self.values["lines_24h"] > 0) | (reporting > 0)
        for market in self.markets.values():
            market.refresh()
        self.await_events()

    def drain(self) -> None:
        """Write corrections that wait, and the rows of the started bucket as they stand."""
        self._stamp = self.moment
        self.corrections.write()
        if self.moment != NEVER and self._touched.any():
            measure([self])
            rows = np.flatnonzero(self._with_prefecture(self._touched))
            self.write_rows(self.moment + BUCKET, rows, {name: each[rows] for name, each in self.values.items()})

    def _past(self, market: Market) -> Iterator[tuple[int, pl.DataFrame]]:
        """Yield the dates that are still known and their frames, ascending."""
        for day, stock in sorted(market.closed.items()):
            values = {**stock, **market.quotes.values(day)}
            yield day, date_frame(self, self.closes(day), np.flatnonzero(stock["subjects"]), values)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {
            "sales": self.sales.dump(),
            "sites": self.sites.dump(),
            "senders": self.senders.dump(),
            "enterprises": self.enterprises.dump(),
            "markets": {kind: market.dump() for kind, market in self.markets.items()},
            "queues": {topic: queue.dump() for topic, queue in self.queues.items()},
            "corrections": self.corrections.dump(),
            "touched": self._touched,
            "moment": self.moment,
            "closed_day": self.closed_day,
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.sales.load(data["sales"])
        for kind, market in self.markets.items():
            stale = market.load(data["markets"][kind])
            market.together.recount(stale, self._past(market))
        self.sites.load(data["sites"])
        self.senders.load(data["senders"])
        self.enterprises.load(data["enterprises"])
        self._enrolment.restore()
        for topic, queue in self.queues.items():
            queue.load(data["queues"][topic])
        self.corrections.load(data["corrections"])
        self._touched, self.moment, self.closed_day = data["touched"], data["moment"], data["closed_day"]
        # What had changed since the last grid point is not kept: evaluating every row once finds it again.
        self._changed[:] = True
