"""The stores of one prefecture: who owns them, how large they are, their habits and price levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from producers.simulate.market import UNITS, Floats, Ints, Market
from producers.simulate.scenario import Scenario
from schemas.catalogue import Catalogue

#: Levels beyond two standard deviations are clipped: one absurd store would carry a small county's price.
CLIP = 2.0
#: A county with fewer stores has larger ones, so that 30 lines of each good come together in 24 hours.
SERVED = 4.0


@dataclass(frozen=True, slots=True)
class Stores:
    """S stores of one prefecture; G goods in the market's order.

    ``county`` (S) indexes ``counties``; ``usual`` (S, G) is the usual price in CNY per base unit;
    ``rate`` (S, G) is lines per open hour before profiles; ``target`` (S, G) is the stock kept,
    in thousandths of the base unit; ``scale`` (S, G) is thousandths in one unit of ``units``.
    """

    counties: tuple[int, ...]
    ids: tuple[str, ...]
    enterprises: tuple[str, ...]
    enterprise: Ints
    county: Ints
    checkouts: Ints
    minute: Ints
    count_turn: Ints
    delivery_hour: Ints
    quote_hour: Ints
    usual: Floats
    rate: Floats
    target: Ints
    scale: Ints
    units: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        """Return S."""
        return len(self.ids)


def clipped(random: np.random.Generator, deviation: float, shape: tuple[int, ...]) -> Floats:
    """Return log-normal factors around 1, clipped to two deviations."""
    return np.exp(np.clip(random.standard_normal(shape), -CLIP, CLIP) * deviation)


def build(
    scenario: Scenario, catalogue: Catalogue, market: Market, prefecture: int, random: np.random.Generator
) -> Stores:
    """Return the stores of a prefecture: the same for the same generator state."""
    plan = scenario.stores
    counties = catalogue.counties(prefecture)
    numbers = random.integers(plan.per_county[0], plan.per_county[1] + 1, len(counties))
    county = np.repeat(np.arange(len(counties)), numbers)
    count = len(county)
    ids = tuple(f"{counties[place]}-{number + 1:02d}" for place, n in enumerate(numbers) for number in range(n))
    owner = (np.arange(count) + random.integers(plan.enterprises)) % plan.enterprises
    size = random.uniform(*plan.receipts, count) * np.maximum(1.0, SERVED / numbers[county])
    rate = size[:, None] * plan.lines * market.share
    choices = random.integers(0, 1 << 16, (count, len(market.goods)))
    units = [
        [UNITS[base][pick % len(UNITS[base])] for base, pick in zip(market.bases, row, strict=True)]
        for row in choices.tolist()
    ]
    return Stores(
        counties=counties,
        ids=ids,
        enterprises=tuple(f"E{prefecture // 100}-{number + 1}" for number in range(plan.enterprises)),
        enterprise=owner,
        county=county,
        checkouts=random.integers(1, 3, count),
        minute=random.integers(1, 59, count),
        count_turn=random.integers(0, scenario.supply.count_every, count),
        delivery_hour=plan.opens - random.integers(1, 3, count),
        quote_hour=random.integers(9, 11, count),
        usual=_usual(scenario, market, county, len(counties), random),
        rate=rate,
        target=_target(scenario, market, rate, random),
        scale=np.array([[scale for _, scale in row] for row in units], dtype=np.int64).reshape(rate.shape),
        units=tuple(tuple(name for name, _ in row) for row in units),
    )


def _usual(scenario: Scenario, market: Market, county: Ints, counties: int, random: np.random.Generator) -> Floats:
    goods = len(market.goods)
    spread = scenario.prices
    level = clipped(random, spread.county, (counties, goods))[county]
    level = level * clipped(random, spread.store, (len(county), 1))
    return market.price * level * clipped(random, spread.store_good, (len(county), goods))


def _target(scenario: Scenario, market: Market, rate: Floats, random: np.random.Generator) -> Ints:
    open_hours = scenario.stores.closes - scenario.stores.opens
    daily = rate * open_hours * market.quantity
    days = market.blue * random.uniform(*scenario.supply.cover, rate.shape)
    return np.rint(daily * days / 1000).astype(np.int64) * 1000
