"""Rows of raw tables as the columns that a prefecture's queues hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from streams.market import ABSENT, ACTIONS, KINDS
from streams.prefecture import Prefecture
from streams.setup import Setup


def event_columns(
    table: str, columns: Mapping[str, Sequence[Any]], chosen: Any, place: Prefecture, setup: Setup
) -> dict[str, Any]:
    """Return the columns that a prefecture's queue holds for rows ``chosen`` of a raw table."""
    listed = chosen.tolist()

    def numbers(name: str, absent: int = ABSENT) -> Any:
        values = columns[name]
        return np.array([absent if values[index] is None else values[index] for index in listed], np.int64)

    kinds = [columns["kind"][index] for index in listed] if table == "quotes" else ["retail"] * len(listed)
    sites, regions, goods = columns["site"], columns["region"], columns["good"]
    events = {
        "at": numbers("at"),
        "site": np.array([place.site(kind, sites[i], int(regions[i])) for kind, i in zip(kinds, listed, strict=True)]),
        "good": np.array([setup.good_index[goods[index]] for index in listed], np.int64),
    }
    if table == "sales":
        events |= {name: numbers(name) for name in ("quantity", "amount")}
        events["priced"] = numbers("priced") > 0
    elif table == "stock":
        events["quantity"] = numbers("quantity")
        events["action"] = np.array([ACTIONS[columns["action"][index]] for index in listed], np.int64)
    else:
        events |= {"day": numbers("business_date"), "price": numbers("price"), "stock": numbers("stock")}
        events |= {"record": numbers("offset"), "kind": np.array([KINDS.index(kind) for kind in kinds], np.int64)}
    return events
