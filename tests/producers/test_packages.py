"""Package sizes as printed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from producers.replay.packages import parse


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("5 LB", "5", "lb"),
        ("5 LB BAG", "5", "lb"),
        ("13 LB.", "13", "lb"),
        ("(600) 4 LB", "4", "lb"),
        ("L     1 LB", "1", "lb"),
        ("1 1/2 LB", "3/2", "lb"),
        ("16 OZS", "16", "oz"),
        (".63 OZ", "0.63", "oz"),
        ("4-3 OZ", "12", "oz"),
        ("32 FL OZ", "32", "fl oz"),
        ("1 GA", "1", "gal"),
        ("1/2 GAL", "1/2", "gal"),
        ("GAL", "1", "gal"),
        ("QT", "1", "qt"),
        ("A D   1 DZ", "1", "dozen"),
        ("ALL   1 DZ", "1", "dozen"),
        ("1 DOZ", "1", "dozen"),
        ("18 CT", "18", "piece"),
        ("12/2 LB", "24", "lb"),
        ("48-54 CT", "2592", "piece"),
    ],
)
def test_sizes_as_printed(text: str, number: str, unit: str) -> None:
    package = parse(text)
    assert package is not None
    assert (package.number, package.unit) == (Fraction(number), unit)


@pytest.mark.parametrize(
    "text", ["", "LB", "LARGE", "16 OZ AVGWT", "1.80/LB", "3 PKS", "0 OZ", "1/0 OZ", "7 IN", "5 KG?"]
)
def test_what_states_no_content(text: str) -> None:
    assert parse(text) is None


def test_ounces_of_a_liquid_are_fluid_ounces() -> None:
    package = parse("48 OZ", liquid=True)
    assert package is not None
    assert (package.unit, package.measure) == ("fl oz", "volume")
