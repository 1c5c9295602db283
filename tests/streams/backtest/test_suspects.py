"""A backtest with the quarantine on sees the prices that the stream counts in the end."""

from __future__ import annotations

import random

import polars as pl
import pytest

from schemas import topics
from streams.backtest.quotes import LINES, History
from streams.backtest.suspects import quarantined
from streams.options import Options
from tests.streams.records import BAYI, GONGBU, quote
from tests.streams.test_engine_suspects import Run, at, closing, day_of

DAYS = 20
SITES = {"a": BAYI, "b": BAYI, "c": BAYI, "d": BAYI, "e": GONGBU, "f": GONGBU, "g": GONGBU}
ON = Options(event_time=True, inputs=(topics.QUOTES,), quarantine=True)


def generated(seed: int) -> list[tuple[int, str, float]]:
    """Return (day, site, price) in the order of time: slips, some of them repeated on the next date."""
    chance = random.Random(seed)
    found, factor = [], dict.fromkeys(SITES, 1.0)
    for day in range(DAYS):
        for number, site in enumerate(SITES):
            stays = factor[site] != 1 and chance.random() < 0.5
            slips = day > 3 and chance.random() < 0.12
            factor[site] = factor[site] if stays else chance.choice([0.5, 2.0, 10.0, 100.0, 5.0]) if slips else 1.0
            found.append((day, site, round((5 + number / 10 + chance.random() / 10) * factor[site], 2)))
    return found


def history(quotes: list[tuple[int, str, float]]) -> History:
    rows = [(day_of(day), SITES[site], site, "potato", round(price * 10_000), None) for day, site, price in quotes]
    return History(pl.DataFrame(rows, schema=LINES, orient="row"), ("potato",), day_of(0), day_of(DAYS - 1))


@pytest.mark.parametrize("seed", [1, 3])
def test_prices_equal_those_of_the_stream(seed: int) -> None:
    quotes = generated(seed)
    run = Run(ON)
    for day in range(DAYS):
        sent = [(site, price) for when, site, price in quotes if when == day]
        run.send(
            *(
                quote(at(day, 9, number), ("potato", price, None), site=site, region=SITES[site])
                for number, (site, price) in enumerate(sent)
            )
        )
    run.until(closing(DAYS + 2))
    states = {state for _, state, _ in run.states()}
    assert states >= {"confirmed", "corrected"}
    batch = {
        (row["region"], row["day"]): row["price"]
        for row in quarantined(history(quotes)).measure("county", ["price"]).iter_rows(named=True)
    }
    plain = {
        (row["region"], row["day"]): row["price"]
        for row in history(quotes).measure("county", ["price"]).iter_rows(named=True)
    }
    live = {key: price for key, price in run.prices.items() if key in batch}
    assert len(live) == len(batch)
    assert live == batch
    assert batch != plain


def test_what_a_person_has_checked_counts() -> None:
    sure = [(day, "a", 5.0) for day in range(5)] + [(day, "b", 5.0) for day in range(5)]
    asked = history([*sure, (5, "a", 50.0)])
    checked = asked.lines.with_columns(checked=pl.Series([0] * len(sure) + [1]))
    held = quarantined(asked).lines["price"].null_count()
    told = quarantined(History(checked, asked.goods, asked.first, asked.last)).lines["price"].null_count()
    assert (held, told) == (1, 0)
