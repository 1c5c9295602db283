"""Quotes that are held back because they look wrong, until a later quote or a person says what they are.

Per (site, good) pair and date at most one waits; all that is decided depends on the order of the quotes of one
prefecture alone, so it is the same however chunks are cut and after every rebuild. The lines of one record are held
against what stood before the record; of several lines of one good the last one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import Ints
from streams.indicators.pairs import Pairs
from streams.indicators.quotes import QuoteBook
from streams.indicators.suspects import Limits, Suspicion, confirms, far_from_own, near_own, suspicion

#: What somebody has said of a quote: nothing, that it is right, that it replaces another.
UNCHECKED, CONFIRMS, CORRECTS = range(3)
#: ``expired``: nobody said anything, and the site does not list the good any more.
State = Literal["waiting", "confirmed", "corrected", "expired"]


def checked(corrects: Ints, confirming: Ints) -> Ints:
    """Return what is said of quotes, shapes (n,), from how many events each corrects and confirms."""
    return np.where(corrects > 0, CORRECTS, np.where(confirming > 0, CONFIRMS, UNCHECKED))


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A quote that is or was held back; ``own`` to ``county_z`` as in ``Suspicion``."""

    pair: int
    day: int
    at: int
    price: int
    own: int
    county: float
    others: int
    slip: float
    own_z: float
    county_z: float


class Decision(msgspec.Struct, frozen=True):
    """A quote that was held back, and what it is from now on."""

    quote: Held
    state: State


class Quarantine:
    """The quotes of one market that are held back; ``quotes`` has those that count.

    ``dates``: so many dates after its own a quote that nobody spoke of is given up.
    """

    def __init__(self, pairs: Pairs, quotes: QuoteBook, limits: Limits, dates: int) -> None:
        self._pairs, self._quotes, self._limits, self._dates = pairs, quotes, limits, dates
        #: Pair -> date -> quote.
        self._held: dict[int, dict[int, Held]] = {}

    def newest(self, pair: int) -> Held | None:
        """Return the newest quote of a pair that waits, by date."""
        waiting = self._held.get(pair)
        return waiting[max(waiting)] if waiting else None

    def take(self, pair: Ints, day: int, at: int, price: Ints, said: Ints) -> list[Decision]:
        """Apply the prices of one record, shapes (n,), to the quotes that count, or hold them back.

        Returns what is decided by it; what is confirmed was applied too.
        """
        decisions: list[Decision] = []
        lines = np.array(list(dict(zip(pair.tolist(), range(len(pair)), strict=True)).values()), np.int64)
        pair, price, said = pair[lines], price[lines], said[lines]
        suspicions = self._suspicions(pair, day, price)
        for each, paid, words in zip(pair.tolist(), price.tolist(), said.tolist(), strict=True):
            found = suspicions.get(each) if words == UNCHECKED else None
            decided = self._decide(each, day, at, paid, words, found)
            for decision in decided:
                if decision.state == "confirmed":
                    quote = decision.quote
                    self._quotes.quote(each, quote.day, quote.at, quote.price)
            if not any(decision.state == "waiting" for decision in decided):
                self._quotes.quote(each, day, at, paid)
            decisions += decided
        return decisions

    def expire(self, day: int) -> list[Decision]:
        """Give up, as ``day`` closes, quotes that nobody has spoken of for ``dates`` dates."""
        old = [(pair, date) for pair, waiting in self._held.items() for date in waiting if date <= day - self._dates]
        return [Decision(self._release(pair, date), "expired") for pair, date in sorted(old)]

    def _decide(self, pair: int, day: int, at: int, price: int, said: int, found: Suspicion | None) -> list[Decision]:
        waiting = self._held.get(pair, {})
        near = (
            []
            if said == CORRECTS
            else [date for date, each in waiting.items() if confirms(price, each.price, self._limits)]
        )
        if near:
            return [Decision(self._release(pair, date), "confirmed") for date in sorted(near)]
        if found is not None:
            replaced = [Decision(self._release(pair, day), "corrected")] if day in waiting else []
            return [*replaced, Decision(self._hold(pair, day, at, price, found), "waiting")]
        # A site that asks its usual price again says that what came before was a slip.
        answered = [date for date, each in waiting.items() if (date, each.at) <= (day, at)]
        answered += [day] if said == CORRECTS and day in waiting and day not in answered else []
        return [Decision(self._release(pair, date), "corrected") for date in sorted(answered)]

    def _hold(self, pair: int, day: int, at: int, price: int, found: Suspicion) -> Held:
        facts = (found.own, found.county, found.others, found.slip, found.own_z, found.county_z)
        held = self._held.setdefault(pair, {})[day] = Held(pair, day, at, price, *facts)
        return held

    def _release(self, pair: int, day: int) -> Held:
        waiting = self._held[pair]
        released = waiting.pop(day)
        if not waiting:
            del self._held[pair]
        return released

    # -- what a price is held against

    def _suspicions(self, pair: Ints, day: int, price: Ints) -> dict[int, Suspicion]:
        """Return why prices are suspect, by pair. The county is asked only where a site's own prices differ."""
        before = self._quotes.before(pair, day, self._limits.own_dates)
        chosen = np.flatnonzero(~near_own(price, before, self._limits))
        if not len(chosen):
            return {}
        last = _newest(before)
        far, _, _ = far_from_own(price[chosen], last[chosen], before[1:, chosen], self._limits)
        found = {}
        for line in chosen[far].tolist():
            each, paid = int(pair[line]), int(price[line])
            why = suspicion(paid, int(last[line]), before[1:, line], self._others(each, day), self._limits)
            if why is not None:
                found[each] = why
        return found

    def _others(self, pair: int, day: int) -> Ints:
        """Return the latest prices of the county's other sites that are present on ``day``, those held back too."""
        neighbours = np.flatnonzero(self._pairs.cell == self._pairs.cell[pair])
        neighbours = neighbours[neighbours != pair]
        prices = self._quotes.latest(day)[neighbours]
        for place, each in enumerate(neighbours.tolist()):
            if each in self._held:
                prices[place] = self._reported(each, day, int(prices[place]))
        present: Ints = prices[prices > 0]
        return present

    def _reported(self, pair: int, day: int, counted: int) -> int:
        """Return the latest price that a site reported up to ``day``; ``counted`` is the latest that counts."""
        for date in range(day, day - self._quotes.carry_days, -1):
            held = self._held[pair].get(date)
            if held is not None and held.at >= self._quotes.told_at(pair, date):
                return held.price
            if self._quotes.fresh(date)[pair]:
                return counted
        return counted

    # -- snapshot

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [msgspec.to_builtins(each) for waiting in self._held.values() for each in waiting.values()]

    def load(self, data: Sequence[Any]) -> None:
        """Take over what ``dump`` returned."""
        self._held = {}
        for each in (msgspec.convert(values, Held) for values in data):
            self._held.setdefault(each.pair, {})[each.day] = each


def _newest(prices: NDArray[np.int64]) -> Ints:
    """Return per column the first price above 0, newest dates first; 0 where there is none."""
    newest: Ints = prices[0]
    for older in prices[1:]:
        newest = np.where(newest > 0, newest, older)
    return newest


def identity(kind: str, region: int, site: str, good: str, quote: Held) -> str:
    """Return what a held quote is called: 12 hexadecimal digits that are the same in every epoch."""
    text = f"{kind}|{region}|{good}|{quote.day}|{quote.at}|{quote.price}|{site}"
    return blake2b(text.encode(), digest_size=6).hexdigest()
