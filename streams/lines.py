"""Lines of receipts as arrays: turned into fixed-point numbers, and checked as ``decode`` checks one line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.fixed import AMOUNT, LARGEST, PRICE, QUANTITY
from streams.fields import LINE_BITS, Flags
from streams.indicators.groups import Floats, Ints


class Lines(NamedTuple):
    """Lines of receipts, shape (lines,): fixed-point and signed; ``cost`` per base unit, None where unknown."""

    number: Ints
    good: Sequence[str]
    kind: Sequence[str]
    quantity: Ints
    amount: Ints
    priced: Flags
    cost: Sequence[int | None]

    def part(self, own: slice) -> Lines:
        """Return some of them."""
        return Lines(*(each[own] for each in self))  # type: ignore[arg-type]


class Numbers(NamedTuple):
    """Numbers of lines as they came, shape (lines,). ``scale``: base units in one unit, 0 where there is none.

    ``amount`` and ``cost`` per unit count where their flags say so; no ``cost`` at all is None. ``sold`` says
    which lines are sales and no returns or voids; None: all are.
    """

    number: Ints
    scale: Floats
    quantity: Floats
    amount: Floats
    priced: Flags
    cost: tuple[Floats, Flags] | None
    sold: Flags | None


def given(values: list[float | None]) -> tuple[Floats, Flags]:
    """Return numbers, 0 where there is none, and where there is one."""
    if None not in values:
        return np.array(values, np.float64), np.ones(len(values), np.bool_)
    present = np.array([value is not None for value in values], np.bool_)
    return np.array([value or 0.0 for value in values], np.float64), present


def checked(found: Numbers, starts: Ints, good: Sequence[str], kind: Sequence[str]) -> tuple[Lines, Flags]:
    """Return the lines, and which of them are right; ``starts`` are the first lines of receipts."""
    number = found.number
    fit = (number >= 0) & (number < 1 << LINE_BITS)
    # Lines that do not ascend may be the same one twice: for that they have to be looked at one by one.
    ascending = np.ones(len(number), np.bool_)
    ascending[1:] = number[1:] > number[:-1]
    ascending[starts] = True
    fit &= ascending & (found.scale > 0)
    quantity, whole = fixed(found.quantity * found.scale, QUANTITY)
    fit &= whole & (quantity > 0)
    amount, whole = fixed(found.amount, AMOUNT)
    fit &= whole & (amount >= 0)
    cost: list[int | None] = [None] * len(number)
    if found.cost is not None:
        cost, whole = _costs(*found.cost, found.scale)
        fit &= whole
    if found.sold is not None:
        sign = np.where(found.sold, 1, -1)
        quantity, amount = quantity * sign, amount * sign
    return Lines(number, good, kind, quantity, amount, found.priced, cost), fit


def _costs(costs: Floats, known: Flags, scale: Floats) -> tuple[list[int | None], Flags]:
    """Return costs per base unit, None where there is none, and whether each can be kept."""
    numbers, fit = fixed(np.where(known, costs, math.nan) / scale, PRICE)
    values = zip(numbers.tolist(), known.tolist(), strict=True)
    return [value if there else None for value, there in values], fit | ~known


def fixed(values: Floats, scale: int) -> tuple[Ints, Flags]:
    """Return what ``schemas.fixed.to_fixed`` returns, and where it would not raise."""
    scaled = values * scale
    fit = np.abs(scaled) < LARGEST  # false for NaN and the infinities
    return np.rint(np.where(fit, scaled, 0.0)).astype(np.int64), fit
