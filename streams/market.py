"""Sites of one prefecture that report prices of one kind: their stock, quotes and days out."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas.events import QuoteKind
from schemas.opening import Week
from streams.counties import Counties
from streams.indicators.counts import NAMELESS, UNKNOWN
from streams.indicators.groups import Ints
from streams.indicators.hours import Hours
from streams.indicators.outages import Outages
from streams.indicators.pairs import Pairs
from streams.indicators.prices import with_prefecture
from streams.indicators.quotes import QUOTED, QuoteBook
from streams.indicators.stock import Shelf
from streams.quarantine import CORRECTS, Decision, Quarantine
from streams.setup import Setup

if TYPE_CHECKING:
    from streams.prefecture import Prefecture

KINDS: tuple[QuoteKind, ...] = ("retail", "wholesale")
#: The last one takes the event that it names away: one row per name in ``StockReport.corrects``.
OBSERVE, ADD, DELETE, WITHDRAW = range(4)
ACTIONS = {"OBSERVE": OBSERVE, "ADD": ADD, "DELETE": DELETE}
#: A line of a quote without price or without stock.
ABSENT = -1

Values = dict[str, NDArray[Any]]


class Market:
    """State of one kind, ``retail`` or ``wholesale``; a pack reads its own kind only."""

    def __init__(self, kind: QuoteKind, setup: Setup, together: Counties, counties: int) -> None:
        options, goods = setup.options, len(setup.goods)
        self.kind, self._setup = kind, setup
        self.pairs = Pairs(counties, goods)
        self.hours = Hours(self.pairs, Week.daily(*options.open_hours))
        self.shelf = Shelf(
            self.pairs,
            setup.civil,
            self.hours,
            options.list_days,
            counts_kept=options.counts_kept,
            deliveries_kept=options.deliveries_kept,
        )
        self.quotes = QuoteBook(self.pairs, options.carry_days)
        self.quarantine: Quarantine | None = None
        if options.quarantine:
            self.quarantine = Quarantine(self.pairs, self.quotes, options.suspect, options.list_days)
        self.outages = Outages((counties + 1) * goods)
        #: Stock columns of closed dates, for rows written again after a late quote.
        self.closed: dict[int, Values] = {}
        self.together = together
        self._early = np.full(counties * goods, -1, np.int64)
        self.fresh = np.zeros(counties * goods, bool)

    def apply_stock(self, events: Values) -> Ints:
        """Apply stock lines, shapes (n,); return the pairs they touched.

        The order within one call plays no part, but among counts of one moment: withdrawn is what
        is named anywhere in it, and a count is followed by whatever moved after its time.
        """
        action = events["action"]
        withdrawn = self._withdraw(events["event"][action == WITHDRAW])
        pair = self.pairs.of(events["site"][action != WITHDRAW], events["good"][action != WITHDRAW])
        at, quantity, event = (events[name][action != WITHDRAW] for name in ("at", "quantity", "event"))
        action = action[action != WITHDRAW]
        counts, moves = action == OBSERVE, action != OBSERVE
        signed = np.where(action == DELETE, -quantity, quantity)
        self.shelf.receive(pair[moves], at[moves], signed[moves], event[moves])
        self.shelf.report(pair[counts], at[counts], quantity[counts], event[counts])
        return np.union1d(pair, withdrawn)

    def _withdraw(self, events: Ints) -> Ints:
        return self.shelf.withdraw(np.unique(events)) if len(events) else np.zeros(0, np.int64)

    def apply_quotes(self, events: Values, place: Prefecture, kind: QuoteKind) -> None:
        """Apply the quotes of this kind record by record: date rules may become due in the middle."""
        chosen = np.flatnonzero(events["kind"] == KINDS.index(kind))
        if not len(chosen):
            return
        records = events["record"][chosen]
        starts = np.flatnonzero(np.r_[True, records[1:] != records[:-1]])
        for first, last in zip(starts, [*starts[1:], len(chosen)], strict=True):
            lines = chosen[first:last]
            self._report({name: column[lines] for name, column in events.items()}, place)

    def _report(self, lines: Values, place: Prefecture) -> None:
        pair = self.pairs.of(lines["site"], lines["good"])
        day, at, arrival = int(lines["day"][0]), int(lines["at"][0]), int(lines["arrival"][-1])
        self.shelf.list(pair, lines["at"])
        decisions = self._quote(pair, day, at, lines)
        counted = lines["stock"] != ABSENT
        nameless = np.full(int(counted.sum()), NAMELESS)
        self.shelf.report(pair[counted], lines["at"][counted], lines["stock"][counted], nameless)
        cells = np.unique(self.pairs.cell[pair])
        self.fresh[cells] = True
        corrects = lines["checked"] == CORRECTS
        if self.kind == "retail":
            place.sites.quote(pair, pair[corrects])
        if decisions:
            place.transitions += place.suspects.note(self, decisions, arrival)
            self._note_confirmed(decisions, place)
        if day <= place.closed_day:
            place.corrections.note_quotes(self.kind, day, cells, corrected=bool(corrects.any()))
        else:
            self._retract(cells, day, arrival, place, corrected=bool(corrects.any()))
            self._evaluate_early(cells, day, arrival, place)

    def _quote(self, pair: Ints, day: int, at: int, lines: Values) -> list[Decision]:
        priced = lines["price"] != ABSENT
        pair, price = pair[priced], lines["price"][priced]
        if self.quarantine is not None:
            return self.quarantine.take(pair, day, at, price, lines["checked"][priced])
        for each, paid in zip(pair.tolist(), price.tolist(), strict=True):
            self.quotes.quote(each, day, at, paid)
        return []

    def _note_confirmed(self, decisions: list[Decision], place: Prefecture) -> None:
        """Let the rows of closed dates be written again whose quotes count only now."""
        for quote in (each.quote for each in decisions if each.state == "confirmed"):
            if quote.day <= place.closed_day:
                place.corrections.note_quotes(self.kind, quote.day, self.pairs.cell[[quote.pair]])

    def _retract(self, cells: Ints, day: int, at: int, place: Prefecture, *, corrected: bool) -> None:
        """Take back what was raised early on an open date, where somebody corrects a price of it."""
        evaluated = cells[self._early[cells] == day]
        if corrected and len(evaluated):
            place.retract(self.kind, day, at, evaluated, self.values(day, evaluated))

    def _evaluate_early(self, cells: Ints, day: int, at: int, place: Prefecture) -> None:
        share = self._setup.options.coverage
        waiting = cells[self._early[cells] < day]
        if share >= 1.0 or not len(waiting) or not place.has_date_rules(self.kind):
            return
        covered = waiting[self.quotes.covered(waiting, day, share)]
        if len(covered):
            self._early[covered] = day
            place.early(self.kind, day, at, covered, self.values(day, covered))

    def values(self, day: int, cells: Ints | None = None, quoted: Collection[str] = QUOTED) -> Values:
        """Return the date indicators of ``day`` as it stands, for every row.

        ``cells`` limits the quotes read, ``quoted`` the indicators that come of them.
        """
        stock = self.shelf.values(day)
        return {**self.quotes.values(day, cells, quoted), **stock, **self.outages.values(day, stock)}

    def close(self, day: int) -> Values:
        """Close ``day`` and return its date indicators, and as ``subjects`` which rows are evaluated."""
        self.shelf.close(day)
        values = self.values(day)
        self.outages.close(day, values)
        values["subjects"] = self.subjects(day)
        self.closed[day] = kept = {name: column for name, column in values.items() if name not in QUOTED}
        for column in kept.values():
            column.flags.writeable = False  # snapshots need no copy
        self.closed.pop(day - self.quotes.kept, None)
        return values

    def expire(self, day: int) -> list[Decision]:
        """Give up, as ``day`` closes, quotes that nobody has spoken of for too long."""
        return self.quarantine.expire(day) if self.quarantine is not None else []

    def subjects(self, day: int) -> NDArray[np.bool_]:
        """Return which rows had a quote or a stock event in the last dates up to ``day`` (``list_days``)."""
        days = range(day - self._setup.options.list_days + 1, day + 1)
        active = self.quotes.quoted(days) | ((self.shelf.on_hand() != UNKNOWN) & self.shelf.listed(day))
        cells = np.bincount(self.pairs.cell[active], minlength=self.pairs.cells)
        return with_prefecture(cells, self.pairs.goods) > 0

    def refresh(self) -> None:
        """Let every cell with a quote on its newest date be published again."""
        if self.quotes.head >= 0:
            self.fresh[self.pairs.cell[self.quotes.fresh(self.quotes.head) > 0]] = True

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        parts = {name: getattr(self, name).dump() for name in ("pairs", "shelf", "quotes", "outages")}
        parts |= {"together": self.together.dump(), "quarantine": self.quarantine.dump() if self.quarantine else []}
        return {**parts, "closed": list(self.closed.items()), "early": self._early}

    def load(self, data: dict[str, Any]) -> list[str]:
        """Take over what ``dump`` returned; return the rules that count flags and must do so anew."""
        for name in ("pairs", "shelf", "quotes", "outages"):
            getattr(self, name).load(data[name])
        self.closed, self._early = dict(data["closed"]), data["early"]
        if self.quarantine is not None:
            self.quarantine.load(data["quarantine"])
        return self.together.load(data["together"])
