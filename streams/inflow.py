"""Rows of raw tables as the columns that a prefecture's queues hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from streams.market import ABSENT, ACTIONS, KINDS, WITHDRAW
from streams.prefecture import Prefecture
from streams.seen import digest
from streams.setup import Setup

#: Only stock of such dispositions counts; of other reports the corrections do.
SELLABLE = "sellable"


def event_columns(
    table: str, columns: Mapping[str, Sequence[Any]], chosen: Any, place: Prefecture, setup: Setup
) -> dict[str, Any]:
    """Return the columns that a prefecture's queue holds for rows ``chosen`` of a raw table."""
    if table == "stock":
        return _stock_columns(columns, chosen.tolist(), place, setup)
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
    else:
        events |= {"day": numbers("business_date"), "price": numbers("price"), "stock": numbers("stock")}
        events |= {"record": numbers("offset"), "kind": np.array([KINDS.index(kind) for kind in kinds], np.int64)}
    return events


def _stock_columns(
    columns: Mapping[str, Sequence[Any]], chosen: list[int], place: Prefecture, setup: Setup
) -> dict[str, Any]:
    """Return stock lines, and before those of a correction one row per event that it names."""
    rows: list[tuple[int, int, int]] = []
    sites, regions, corrects, disposition = (columns[name] for name in ("site", "region", "corrects", "disposition"))
    last, event = -1, 0
    for index in chosen:
        if columns["offset"][index] != last:
            last, sender = columns["offset"][index], columns["sender"][index]
            event = event_key(sender, columns["event_id"][index])
            rows += [(index, WITHDRAW, key) for name in corrects[index] if (key := event_key(sender, name)) != event]
        if disposition[index].startswith(SELLABLE):
            rows.append((index, ACTIONS[columns["action"][index]], event))
    listed = [row[0] for row in rows]
    return {
        "at": np.array([columns["at"][index] for index in listed], np.int64),
        "site": np.array([place.site("retail", sites[i], int(regions[i])) for i in listed], np.int64),
        "good": np.array([setup.good_index[columns["good"][index]] for index in listed], np.int64),
        "quantity": np.array([columns["quantity"][index] for index in listed], np.int64),
        "action": np.array([row[1] for row in rows], np.int64),
        "event": np.array([row[2] for row in rows], np.int64),
    }


def event_key(sender: str, event_id: str) -> int:
    """Return what an event is known by in the state of its prefecture's stock: 8 bytes of its digest.

    That a correction also meets another event by chance: 1e-13 among a million events.
    """
    return int.from_bytes(digest(sender, event_id)[:8], "little", signed=True) or 1
