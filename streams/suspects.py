"""What becomes of quotes that are held back: rows of table ``quote_suspects``, and the alerts that tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from schemas.fixed import PRICE
from streams.alerts.transition import Reason, Transition
from streams.judge import Judge
from streams.outcome import Rows
from streams.quarantine import Decision, Held, State, identity
from streams.setup import Setup

if TYPE_CHECKING:
    from streams.market import Market

#: Why the alert on a site and good ends, by what the last quote that waited turned out to be.
_ENDINGS: dict[State, Reason] = {"confirmed": "confirmed", "corrected": "corrected", "expired": "no_data"}

#: Columns that may be undefined in every row.
_TYPES = dict.fromkeys(("suspect_slip", "own_z", "county_z"), pl.Float64)


class Suspects:
    """Tells of the decisions of one prefecture; ``regions`` are the codes of its counties."""

    def __init__(self, regions: Sequence[int], setup: Setup, judge: Judge) -> None:
        self._regions, self._setup, self._judge = regions, setup, judge
        #: By id, so that of two decisions on one quote in one step the later one is stored.
        self._rows: dict[str, dict[str, Any]] = {}

    def note(self, market: Market, decisions: Sequence[Decision], at: int) -> list[Transition]:
        """Take note of what was decided at ``at`` (epoch s), by a quote or as a date closed; return what alerts do."""
        last: dict[int, Decision] = {}
        for decision in decisions:
            row = self._row(market, decision, at)
            self._rows[row["id"]] = row
            last[decision.quote.pair] = decision
        readings = [self._reading(market, each, at) for each in last.values()]
        return self._judge.quotes(pl.DataFrame(readings, schema_overrides=_TYPES), market.kind)

    def take(self, version: int) -> Rows:
        """Return the rows as columns and start anew."""
        rows, self._rows = list(self._rows.values()), {}
        return {name: [row[name] for row in rows] for name in rows[0]} | {"version": [version] * len(rows)}

    def __bool__(self) -> bool:
        """Return whether there are rows to take."""
        return bool(self._rows)

    def _subject(self, market: Market, pair: int) -> tuple[int, str, int]:
        """Return county, site and good index of a pair."""
        county, good = divmod(int(market.pairs.cell[pair]), len(self._setup.goods))
        return self._regions[county], market.pairs.names[market.pairs.table["site"][pair]], good

    def _row(self, market: Market, decision: Decision, at: int) -> dict[str, Any]:
        quote = decision.quote
        region, site, good = self._subject(market, quote.pair)
        name = self._setup.goods[good]
        return {
            "id": identity(market.kind, region, site, name, quote),
            "kind": market.kind,
            "region": region,
            "site": site,
            "good": name,
            "business_date": quote.day,
            "at": quote.at,
            "price": quote.price,
            "own_price": quote.own,
            "county_price": round(quote.county),
            "county_sites": quote.others,
            "slip": _defined(quote.slip) or 0.0,
            "own_z": _defined(quote.own_z),
            "county_z": _defined(quote.county_z),
            "state": decision.state,
            "decided": at,
        }

    def _reading(self, market: Market, decision: Decision, at: int) -> dict[str, Any]:
        """Return the columns of rules on quotes: of the newest that waits, or else of the one decided on."""
        waiting = market.quarantine.newest(decision.quote.pair) if market.quarantine is not None else None
        region, site, good = self._subject(market, decision.quote.pair)
        subject = {"at": at, "region": region, "good_index": good, "site": site}
        ending = "cleared" if waiting is not None else _ENDINGS[decision.state]
        return subject | _measured(waiting or decision.quote, waits=waiting is not None) | {"ending": ending}


def _measured(quote: Held, *, waits: bool) -> dict[str, Any]:
    slip = not np.isnan(quote.slip)
    return {
        "unit_slip": waits and slip,
        "absurd": waits and not slip,
        "suspect_price": quote.price / PRICE,
        "suspect_slip": _defined(quote.slip),
        "own_price": quote.own / PRICE,
        "county_price": quote.county / PRICE,
        "own_z": _defined(quote.own_z),
        "county_z": _defined(quote.county_z),
        "county_sites": quote.others,
    }


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value
