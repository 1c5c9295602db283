"""A backtest without the quotes that the stream would hold back: the same quarantine, good by good of each county."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from streams.backtest.quotes import History
from streams.indicators.pairs import Pairs
from streams.indicators.quotes import QuoteBook
from streams.indicators.suspects import Limits
from streams.quarantine import UNCHECKED, Quarantine

#: Column of lines that a person has spoken of (``streams.quarantine``); without it there are none.
CHECKED: Final = "checked"


def quarantined(history: History, limits: Limits | None = None) -> History:
    """Return the quotes without the prices that are held back in the end; their stock stays.

    Quotes are taken in the order of their dates, and within a date in that in which they count. In a stream that
    gets some late, others may be held back.
    """
    chosen = limits or Limits()
    lines = history.lines if CHECKED in history.lines.columns else history.lines.with_columns(checked=pl.lit(UNCHECKED))
    numbered = lines.with_row_index("number")
    priced = numbered.filter(pl.col("price").is_not_null()).sort("day", maintain_order=True)
    groups = priced.partition_by("region", "good", maintain_order=True)
    held = [number for group in groups for number in _held(group, history, chosen)]
    price = pl.when(~pl.col("number").is_in(held)).then(pl.col("price"))
    return replace(history, lines=numbered.with_columns(price=price).drop("number", CHECKED))


def _held(lines: pl.DataFrame, history: History, limits: Limits) -> set[int]:
    """Return the numbers of the lines of one good of a county that do not count in the end."""
    pairs = Pairs(1, 1)
    book = QuoteBook(pairs, history.carry_days)
    quarantine = Quarantine(pairs, book, limits, history.list_days)
    held: set[int] = set()
    for at, (number, site, day, price, said) in enumerate(
        lines.select("number", "site", "day", "price", CHECKED).iter_rows()
    ):
        quarantine.expire(day - 1)
        pair = pairs.of(np.array([pairs.site(site, 0)]), np.zeros(1, np.int64))
        # The line's number as its time: later is what counts more, and a decision names its line.
        for decision in quarantine.take(pair, day, at + 1, np.array([price]), np.array([said])):
            line = number if decision.state == "waiting" else int(lines["number"][decision.quote.at - 1])
            (held.discard if decision.state == "confirmed" else held.add)(line)
    return held
