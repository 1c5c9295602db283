"""How rows that were found differ from rows that were expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: Ratios are rounded to nine decimals, and two ways of rounding may end on either side.
TOLERANCE = 1.1e-9


def differences(expected: dict[Any, dict[str, Any]], found: dict[Any, dict[str, Any]], most: int = 10) -> Sequence[str]:
    """Return the differences in words, none when all rows are equal: integers and None exactly, floats nearly."""
    missing = [f"missing {key}: {expected[key]}" for key in sorted(expected.keys() - found.keys())]
    surplus = [f"surplus {key}: {found[key]}" for key in sorted(found.keys() - expected.keys())]
    wrong = [
        f"{key} {name}: expected {value!r}, found {found[key].get(name)!r}"
        for key in sorted(expected.keys() & found.keys())
        for name, value in expected[key].items()
        if not same(value, found[key].get(name))
    ]
    counts = [f"{len(missing)} missing, {len(surplus)} surplus, {len(wrong)} wrong of {len(expected)}"]
    return [*counts, *missing[:most], *surplus[:most], *wrong[:most]] if missing or surplus or wrong else []


def same(expected: object, found: object) -> bool:
    """Compare one value."""
    if isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) <= TOLERANCE * max(1.0, abs(expected))
    return expected == found
