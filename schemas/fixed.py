"""Fixed-point numbers: sums of integers are exact whatever the order.

Prices and amounts are integers of 1/10,000 CNY, quantities integers of 1/1,000 base unit
(kg, L or piece). JSON numbers become integers once, when an event is decoded.
"""

from __future__ import annotations

import math

PRICE = 10_000
AMOUNT = 10_000
QUANTITY = 1_000

#: ``round(x * 10_000)`` is exact below 1e15: a double has 53 bits, about 9.007e15.
LARGEST = 10**15


def to_fixed(value: float, scale: int) -> int:
    """Return ``value * scale`` rounded half to even.

    Raises ``ValueError`` when ``value`` is not finite or the result is 1e15 or more.
    """
    scaled = value * scale
    if not math.isfinite(scaled) or abs(scaled) >= LARGEST:
        msg = f"{value!r} is not a finite number below {LARGEST // scale:,}"
        raise ValueError(msg)
    return round(scaled)
