"""Rows of raw tables as the columns that a prefecture's queues hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.columns import Coded, numbers
from streams.digests import digest
from streams.indicators.groups import Ints
from streams.market import ABSENT, ACTIONS, KINDS, WITHDRAW
from streams.origins import Origins
from streams.prefecture import Prefecture
from streams.quarantine import checked
from streams.queues import Events
from streams.setup import Setup

#: Only stock of such dispositions counts; of other reports the corrections do.
SELLABLE = "sellable"
#: Columns of a quote with the events that it speaks of.
NAMING = ("corrects", "confirms")


Place = Callable[[int], Prefecture]
#: Events of a prefecture, and the time of their latest one.
Arrival = tuple[Prefecture, Events, int]


def arrivals(
    table: str, columns: Mapping[str, Any], place_of: Place, setup: Setup, origins: Origins | None = None
) -> Iterator[Arrival]:
    """Yield what the queues hold for rows of a raw table, by prefecture; what was seen before is left out.

    ``origins`` remembers, from one chunk to the next, where receipts come from.
    """
    if table == "sales":
        yield from _sales(columns, origins or Origins(place_of), setup)
        return
    keep = _counting(table, columns)
    prefectures = np.array(columns["prefecture"], np.int64)[keep]
    for code in np.unique(prefectures).tolist():
        place = place_of(code)
        if place.counties:
            chosen = keep[prefectures == code].tolist()
            events = (_stock if table == "stock" else _quotes)(columns, chosen, place, setup)
            if len(events):  # none: unsellable stock that corrects nothing but itself
                yield place, events, int(events.at.max())


def _counting(table: str, columns: Mapping[str, Any]) -> Ints:
    """Return which rows count: repeats, and unsellable stock that corrects nothing, are only stored."""
    keep = np.array(columns["repeat"], np.int64) == 0
    if table == "stock":
        stock = zip(columns["disposition"], columns["corrects"], strict=True)
        keep &= np.array([len(named) > 0 or each.startswith(SELLABLE) for each, named in stock], bool)
    return np.flatnonzero(keep)


def _quotes(columns: Mapping[str, Sequence[Any]], listed: list[int], place: Prefecture, setup: Setup) -> Events:
    def column(name: str) -> Any:
        values = columns[name]
        return np.array([ABSENT if values[index] is None else values[index] for index in listed], np.int64)

    kinds = [columns["kind"][index] for index in listed]
    sites, regions, goods = columns["site"], columns["region"], columns["good"]
    quotes = {
        "at": column("at"),
        "site": np.array([place.site(kind, sites[i], int(regions[i])) for kind, i in zip(kinds, listed, strict=True)]),
        "good": np.array([setup.good_index[goods[index]] for index in listed], np.int64),
        "day": column("business_date"),
        "price": column("price"),
        "stock": column("stock"),
        "record": column("offset"),
        "sender": np.array([place.sender(columns["sender"][index]) for index in listed], np.int64),
        "checked": checked(*(np.array([len(columns[name][index]) for index in listed]) for name in NAMING)),
        "kind": np.array([KINDS.index(kind) for kind in kinds], np.int64),
    }
    return Events.of(quotes)


def _sales(columns: Mapping[str, Any], origins: Origins, setup: Setup) -> Iterator[Arrival]:
    site = columns["site"]
    number = origins.of(*(columns[name].values for name in ("prefecture", "site", "region", "sender")))
    place, site_id, sender = (
        np.repeat(origins.table[name][number], site.counts) for name in ("place", "site", "sender")
    )
    every = {
        "at": numbers(columns["at"]),
        "site": site_id,
        "sender": sender,
        "good": _goods(columns["good"], setup),
        "quantity": columns["quantity"],
        "amount": columns["amount"],
        "priced": columns["priced"] > 0,
    }
    for each, events, latest in _divided(every, place, columns["repeat"] == 0):
        yield origins.places[each], events, latest


def _divided(
    columns: Mapping[str, NDArray[Any]], place: NDArray[np.uint16], fresh: NDArray[np.bool_]
) -> Iterator[tuple[int, Events, int]]:
    """Yield the fresh lines of each place in order.

    Sorted once and cut: a mask per place went over every line of the chunk for each of 285 prefectures, which
    took as long as decoding them.
    """
    chosen = np.flatnonzero(fresh)
    if not len(chosen):
        return
    order = chosen[np.argsort(place[chosen], kind="stable")]  # 16 bits: sorted by radix
    sorted_place = place[order]
    events = Events.of({name: column[order] for name, column in columns.items()})
    starts = np.flatnonzero(np.diff(sorted_place, prepend=-1).astype(bool))
    latest = np.maximum.reduceat(events.at, starts).tolist()
    bounds = pairwise([*starts.tolist(), len(order)])
    for number, (begin, end), top in zip(sorted_place[starts].tolist(), bounds, latest, strict=True):
        yield number, events.part(begin, end), top


def _goods(column: Any, setup: Setup) -> Ints:
    if isinstance(column, Coded):
        return column.map(setup.good_index.__getitem__, np.int64)
    return np.array(list(map(setup.good_index.__getitem__, column)), np.int64)


def _stock(columns: Mapping[str, Sequence[Any]], chosen: list[int], place: Prefecture, setup: Setup) -> Events:
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
    lines = {
        "at": np.array([columns["at"][index] for index in listed], np.int64),
        "site": np.array([place.site("retail", sites[i], int(regions[i])) for i in listed], np.int64),
        "good": np.array([setup.good_index[columns["good"][index]] for index in listed], np.int64),
        "quantity": np.array([columns["quantity"][index] for index in listed], np.int64),
        "sender": np.array([place.sender(columns["sender"][index]) for index in listed], np.int64),
        "action": np.array([row[1] for row in rows], np.int64),
        "event": np.array([row[2] for row in rows], np.int64),
    }
    return Events.of(lines)


def event_key(sender: str, event_id: str) -> int:
    """Return what an event is known by in the state of its prefecture's stock: 8 bytes of its digest.

    That a correction also meets another event by chance: 1e-13 among a million events.
    """
    return int.from_bytes(digest(sender, event_id)[:8], "little", signed=True) or 1
