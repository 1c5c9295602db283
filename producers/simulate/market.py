"""What is bought, how much of it, when and for how much: the usual market as arrays over goods."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.catalogue import Catalogue
from schemas.fixed import QUANTITY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Units that stores may write a base unit as, and thousandths of the base unit in one of them.
UNITS = {
    "kg": (("kg", 1000), ("公斤", 1000), ("斤", 500)),
    "L": (("L", 1000), ("升", 1000)),
    "piece": (("个", 1000), ("piece", 1000)),
}
#: Deliveries are whole multiples of this many thousandths.
DELIVERY_STEP = 100


class _Usual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price: float
    quantity: float
    step: float
    share: float
    profile: str
    weekdays: str


@dataclass(frozen=True, slots=True)
class Market:
    """Arrays over the goods that stores sell (length G), and demand shapes.

    ``price`` is CNY per base unit, ``quantity`` and ``step`` thousandths of the base unit per line.
    ``profile`` is (G, 24), mean 1 over the open hours and 0 outside; ``weekday`` is (G, 7), mean 1.
    """

    goods: tuple[str, ...]
    categories: tuple[str, ...]
    bases: tuple[str, ...]
    blue: Floats
    price: Floats
    quantity: Ints
    step: Ints
    share: Floats
    profile: Floats
    weekday: Floats


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads((resources.files(__package__) / "market.toml").read_text("utf-8"))


def market(catalogue: Catalogue, opens: int, closes: int) -> Market:
    """Return the market of a catalogue's goods for stores open from ``opens`` to ``closes`` (local hours)."""
    document = _document()
    skipped = set(document["skip_categories"])
    goods = sorted(code for code, good in catalogue.goods.items() if good.category not in skipped)
    usual = [_usual(document, code, catalogue.goods[code].category) for code in goods]
    bases = tuple(catalogue.goods[code].unit for code in goods)
    quantity = [_thousandths(one.quantity, base) for one, base in zip(usual, bases, strict=True)]
    step = [_thousandths(one.step, base) for one, base in zip(usual, bases, strict=True)]
    share = np.array([one.share for one in usual])
    return Market(
        goods=tuple(goods),
        categories=tuple(catalogue.goods[code].category for code in goods),
        bases=bases,
        blue=np.array([catalogue.goods[code].cover[0] for code in goods]),
        price=np.array([one.price for one in usual]),
        quantity=np.array(quantity, dtype=np.int64),
        step=np.array(step, dtype=np.int64),
        share=share / share.sum(),
        profile=np.array([_hours(document["profiles"][one.profile], opens, closes) for one in usual]),
        weekday=np.array([_scaled(document["weekdays"][one.weekdays]) for one in usual]),
    )


def _usual(document: dict[str, Any], good: str, category: str) -> _Usual:
    merged = document["default"] | document["categories"].get(category, {}) | document["goods"].get(good, {})
    return msgspec.convert(merged, _Usual, strict=False)


def _thousandths(amount: float, base: str) -> int:
    """Return a quantity inside; pieces are whole ones."""
    fixed = max(1, round(amount * QUANTITY))
    return max(QUANTITY, round(fixed / QUANTITY) * QUANTITY) if base == "piece" else fixed


def _scaled(shape: list[float]) -> Floats:
    values: Floats = np.array(shape, dtype=np.float64)
    return np.asarray(values / values.mean(), dtype=np.float64)


def _hours(shape: list[float], opens: int, closes: int) -> Floats:
    """Stretch a shape over the open hours of a 24-hour day."""
    day = np.zeros(24)
    inside = np.arange(closes - opens) * (len(shape) - 1) / max(1, closes - opens - 1)
    day[opens:closes] = _scaled(list(np.interp(inside, np.arange(len(shape)), shape)))
    return day
