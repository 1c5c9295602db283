"""Which of the supermarket's products are which good, and how much of it one unit sold is.

The committed table ``data/completejourney_goods.csv`` names product category and type, the good,
how it is sold (``sold``: ``weight`` and ``liquid`` by stated package, ``pieces`` by count with the
USDA weight class per piece in ounces, ``pump`` in thousandths of a gallon), and the bounds, in kg or
L and in US$ per kg or L, outside of which a line is not what it says: a 25-lb crate from which
loose carrots were sold has no unit price, 4 oz of cut carrot sticks is another good.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from typing import Final

import polars as pl

from producers.replay.packages import parse
from schemas import units

NO_SIZE: Final = "no package size that gives a price per kg or L"
WRONG_SIZE: Final = "package size of another good, or of a crate of loose goods"

_KEYS: Final = ("product_category", "product_type")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one product type becomes a good. Bounds are in kg or L (sizes) and US$ per kg or L (prices)."""

    good: str
    base: str
    sold: str
    piece_oz: Fraction
    smallest: float
    largest: float
    lowest: float
    highest: float


def rules() -> dict[tuple[str, str], Rule]:
    """Return the committed table by (product category, product type)."""
    text = files("producers.replay").joinpath("data/completejourney_goods.csv").read_text("utf-8")
    return {(row["product_category"], row["product_type"]): _rule(row) for row in csv.DictReader(text.splitlines())}


def _rule(row: dict[str, str]) -> Rule:
    return Rule(
        row["good"],
        "L" if row["sold"] in {"liquid", "pump"} else "kg",
        row["sold"],
        Fraction(row["piece_oz"] or 0),
        *(float(row[name]) for name in ("smallest", "largest", "lowest", "highest")),
    )


def content(rule: Rule, package_size: str | None) -> tuple[float, str] | str:
    """Return (number, unit) in one unit sold, or the reason why there is none."""
    if rule.sold == "pump":
        return 0.001, "gal"
    package = parse(package_size or "", liquid=rule.sold == "liquid")
    if package is None:
        return NO_SIZE
    number, unit = package.number, package.unit
    if rule.sold == "pieces" and package.measure == "count":
        number, unit = number * (12 if unit == "dozen" else 1) * rule.piece_oz, "oz"
    try:
        size = float(number) * units.factor(unit, rule.base)
    except units.UnitError:
        return NO_SIZE
    return (float(number), unit) if rule.smallest <= size <= rule.largest else WRONG_SIZE


def items(products: pl.DataFrame) -> pl.DataFrame:
    """Return the products of mapped types.

    Columns: ``product_id``, ``good``, ``number`` and ``unit`` (content of one unit sold, null with
    a ``reason``), ``base`` (kg or L per unit sold), ``smallest``, ``largest``, ``lowest``, ``highest``.
    """
    table = rules()
    rows = []
    for product in products.select("product_id", *_KEYS, "package_size").iter_rows(named=True):
        rule = table.get((product["product_category"], product["product_type"]))
        if rule is not None:
            rows.append(_item(product["product_id"], rule, content(rule, product["package_size"])))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


_SCHEMA: Final = {
    "product_id": pl.Int64,
    "good": pl.String,
    "number": pl.Float64,
    "unit": pl.String,
    "base": pl.Float64,
    "reason": pl.String,
    "smallest": pl.Float64,
    "largest": pl.Float64,
    "lowest": pl.Float64,
    "highest": pl.Float64,
}


def _item(product: int, rule: Rule, found: tuple[float, str] | str) -> tuple[object, ...]:
    number, unit, reason = (None, None, found) if isinstance(found, str) else (*found, None)
    base = None if number is None or unit is None else number * units.factor(unit, rule.base)
    return (product, rule.good, number, unit, base, reason, rule.smallest, rule.largest, rule.lowest, rule.highest)
