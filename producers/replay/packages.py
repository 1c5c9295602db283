"""Package sizes as a US supermarket prints them: "5 LB BAG", "1/2 GAL", "4-3 OZ", "A D   1 DZ"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

Measure = Literal["mass", "volume", "count"]

#: Printed unit -> (unit on the wire, measure). An ounce weighs unless the good is a liquid.
_UNITS: Final[dict[str, tuple[str, Measure]]] = {
    "LB": ("lb", "mass"),
    "OZ": ("oz", "mass"),
    "OZS": ("oz", "mass"),
    "FL OZ": ("fl oz", "volume"),
    "GAL": ("gal", "volume"),
    "GA": ("gal", "volume"),
    "QT": ("qt", "volume"),
    "PT": ("pt", "volume"),
    "LITER": ("L", "volume"),
    "DZ": ("dozen", "count"),
    "DOZ": ("dozen", "count"),
    "CT": ("piece", "count"),
}
#: "GAL" alone is one gallon, "LB" alone means "sold by the pound": only these may lack a number.
_ALONE: Final = frozenset({"GAL", "GA", "QT", "PT", "DZ", "DOZ"})

_NUMBER: Final = r"\d+ \d+/\d+|\d+/\d+|\d*\.?\d+"
_SIZE: Final = re.compile(
    r"(?:\(\d+\)|[A-Z]{1,3}(?: [A-Z])?)?\s*"  # a dairy's or a shelf's own mark: "(600)", "A D", "ALL"
    rf"(?:(?P<packs>\d+)\s*-\s*)?(?P<number>{_NUMBER})?\s*"
    r"(?P<unit>FL OZ|OZS?|LB|GAL?|QT|PT|LITER|DOZ|DZ|CT)\.?(?:\s+BAG)?"
)


@dataclass(frozen=True, slots=True)
class Package:
    """What one package holds: ``number`` of ``unit`` (a unit that ``schemas.units`` knows)."""

    number: Fraction
    unit: str
    measure: Measure


def parse(text: str, *, liquid: bool = False) -> Package | None:
    """Return what the package holds, or None when its size is not a stated content.

    ``liquid``: ounces without "FL" are fluid ounces. A fraction above one is a case of bags
    ("12/2 LB" = 12 bags of 2 lb), a range of counts ("48-54 CT") a case of loose pieces.
    """
    match = _SIZE.fullmatch(" ".join(text.upper().split()))
    if match is None:
        return None
    written = match["unit"]
    unit, measure = _UNITS[written]
    if match["number"] is None and written not in _ALONE:
        return None
    if liquid and unit == "oz":
        unit, measure = "fl oz", "volume"
    number = _number(match["number"] or "1") * int(match["packs"] or 1)
    return Package(number, unit, measure) if number else None


def _number(text: str) -> Fraction:
    whole, space, part = text.partition(" ")
    if space:
        return int(whole) + Fraction(part)
    above, slash, below = text.partition("/")
    if slash and int(above) > int(below) > 0:
        return Fraction(int(above) * int(below))
    if slash and int(below) == 0:
        return Fraction(0)
    return Fraction(text)
