"""Who can step in where a site has run out of a good (动态补位): those with more than they need themselves.

A site needs ``blue`` days of its own demand (the commodity's blue line of cover, DOMAIN): what it has above that is
spare. Quantities are in base units, demand in base units a day.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.indicators.groups import RATIO_DECIMALS, Floats, Ints

#: As many as a duty officer can ring.
MOST: Final = 5


def needed(on_hand: float, demand_day: float, blue: float) -> float:
    """Return what a site lacks to its blue line = blue × demand a day − on hand, at least 0; NaN without demand."""
    lacks = blue * demand_day - (0.0 if np.isnan(on_hand) else on_hand)
    return max(0.0, lacks) if not np.isnan(lacks) else np.nan


def spare(on_hand: Floats, demand_day: Floats, blue: float) -> Floats:
    """Return what sites have above their own need = on hand − blue × demand a day, shape (n,).

    A site without demand needs nothing (a depot); NaN where nobody knows what is on hand.
    """
    return on_hand - blue * np.nan_to_num(demand_day, nan=0.0)


def ranked(
    on_hand: Floats, demand_day: Floats, near: NDArray[np.bool_], *, blue: float, need: float
) -> tuple[Ints, Floats, Floats]:
    """Return the places of at most ``MOST`` sites, what each can give, and the days of cover that it would keep.

    Inputs have shape (n,); ``near`` says which are in the same county. Only sites with something to
    spare count: near ones first, then those that give more of ``need``, then those that keep more
    cover, then in the order given. A need that is NaN is not known: each may give all its spare stock. Cover is
    NaN for a site without demand, which keeps enough for ever.
    """
    surplus = spare(on_hand, demand_day, blue)
    gives = surplus if np.isnan(need) else np.minimum(surplus, need)
    able = np.flatnonzero(gives > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        keeps = np.round((on_hand - gives) / np.where(demand_day > 0, demand_day, np.nan), RATIO_DECIMALS)
    kept = np.nan_to_num(keeps[able], nan=np.inf)
    order = able[np.lexsort((-kept, -gives[able], ~near[able]))][:MOST]
    return order, gives[order], keeps[order]
