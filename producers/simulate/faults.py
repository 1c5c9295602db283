"""What goes wrong between a store and the broker: late, repeated and broken records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from producers.simulate.records import Event
from producers.simulate.scenario import Faults
from schemas.topics import QUOTES, SALES

Spoil = Callable[[dict[str, Any]], bytes]

#: A repeat follows its record within so many seconds.
REPEAT_WITHIN: Final = 120


def _encode(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode(event)


def _truncated(event: dict[str, Any]) -> bytes:
    raw = _encode(event)
    return raw[: len(raw) // 2]


def _with_line(event: dict[str, Any], **fields: Any) -> bytes:
    first, *rest = event["lines"]
    return _encode(event | {"lines": [first | fields, *rest]})


def _unknown_good(event: dict[str, Any]) -> bytes:
    return _with_line(event, good="no-such-good")


def _negative_price(event: dict[str, Any]) -> bytes:
    field = "price" if "price" in event["lines"][0] else "amount"
    return _with_line(event, **{field: -1.5})


def _wrong_type(event: dict[str, Any]) -> bytes:
    return _with_line(event, good=["potato"])


def _year(year: int) -> Spoil:
    def spoil(event: dict[str, Any]) -> bytes:
        time = f"{year}{event['time'][4:]}"
        dated = {"business_date": time[:10]} if "business_date" in event else {}
        return _encode(event | dated | {"time": time})

    return spoil


def _nan(event: dict[str, Any]) -> bytes:
    field = "price" if "price" in event["lines"][0] else "amount"
    return _with_line(event, **{field: "\0"}).replace(b'"\\u0000"', b"NaN")


def _invalid_utf8(event: dict[str, Any]) -> bytes:
    return _encode(event).replace(b'"sender":"', b'"sender":"\xff\xfe', 1)


#: Every kind of broken record, as the ground truth counts them.
BROKEN: Final[dict[str, Spoil]] = {
    "truncated": _truncated,
    "unknown-good": _unknown_good,
    "negative-price": _negative_price,
    "year-1900": _year(1900),
    "year-2100": _year(2100),
    "nan": _nan,
    "invalid-utf8": _invalid_utf8,
    "wrong-type": _wrong_type,
}


class Mishaps:
    """Adds faults to the events of one prefecture. A broken record is an extra copy: nothing good is lost."""

    def __init__(self, faults: Faults, random: np.random.Generator) -> None:
        self._faults = faults
        self._random = random
        self._kinds = tuple(BROKEN)

    def apply(self, events: Sequence[Event]) -> list[tuple[Event, str]]:
        """Return events with their fate: ``good``, ``late``, ``duplicate`` or a kind of ``BROKEN``."""
        chance = self._random.random((3, len(events)))
        late, twice, broken = chance < np.array([[self._faults.late], [self._faults.duplicates], [self._faults.broken]])
        fated: list[tuple[Event, str]] = [(event, "good") for event in events]
        for place in np.flatnonzero(late).tolist():
            if events[place].topic == SALES:
                fated[place] = (self._delayed(events[place]), "late")
        for place in np.flatnonzero(twice).tolist():
            event = fated[place][0]
            after = int(self._random.integers(1, REPEAT_WITHIN))
            fated.append((event._replace(time=event.time + after), "duplicate"))
        fated += [
            self._spoilt(events[place])
            for place in np.flatnonzero(broken).tolist()
            if events[place].topic in {SALES, QUOTES}
        ]
        return fated

    def _delayed(self, event: Event) -> Event:
        low, high = self._faults.late_minutes
        return event._replace(time=event.time + int(self._random.integers(low * 60, high * 60 + 1)))

    def _spoilt(self, event: Event) -> tuple[Event, str]:
        kind = self._kinds[int(self._random.integers(len(self._kinds)))]
        # the copy keeps its event id: lines of it that are still good are repeats, not second reports
        builtin = msgspec.to_builtins(event.payload)
        return event._replace(payload=BROKEN[kind](builtin)), kind
