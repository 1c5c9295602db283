"""Fields of an event: checked and turned into numbers, or refused with a reason that says what to do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NoReturn

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.units import factor
from streams.indicators.civil import Civil
from streams.options import Options

LARGEST_NUMBER: Final = 2**53
LONGEST_NAME: Final = 200
#: A report may be dated this far from its own time: corrections come later, orders for tomorrow earlier.
DATE_BACK, DATE_AHEAD = 60, 1
TIME_CACHE = 50_000


class Rejected(Exception):
    """A record or line that cannot be used: where, what and what to do."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage, self.reason = stage, reason


class Fields:
    """Times, dates, regions and units of one partition, with caches. ``now`` is the present, epoch seconds."""

    def __init__(self, catalogue: Catalogue, partition: int, partitions: int, civil: Civil, options: Options) -> None:
        self._catalogue, self._civil, self._options = catalogue, civil, options
        self._partition, self._partitions = partition, partitions
        self._factors: dict[tuple[str, str], float] = {}
        self._minutes: dict[str, int] = {}
        self._days: dict[str, int] = {}
        self.now = 0

    def time(self, text: str) -> int:
        """Return epoch seconds of an RFC 3339 time; minutes are cached (0.2 µs instead of 0.8)."""
        second = text[17:19]
        minute = self._minutes.get(text[:16] + text[19:])
        if minute is not None and second.isdecimal() and second.isascii() and second < "60":
            at = minute + int(second)
        else:
            at = _parsed(text)
            self._remember(text, at)
        if not self._options.earliest <= at <= self.now + self._options.ahead:
            ahead = self._options.ahead
            refuse("validate", f"time {text[:40]} is before 2000 or over {ahead} s ahead: check the sender's clock")
        return at

    def _remember(self, text: str, at: int) -> None:
        plain = len(text) <= len("2026-01-31T08:00:00+08:00") and text[16:17] == ":" and text[19:20] in "Z+-"
        if plain and text[17:19].isdecimal():
            if len(self._minutes) > TIME_CACHE:
                self._minutes.clear()
            self._minutes[text[:16] + text[19:]] = at - int(text[17:19])

    def date(self, text: str, at: int) -> int:
        """Return the day number of a business date, which must be near the event's time."""
        day = self._days.get(text)
        if day is None:
            try:
                day = self._days[text] = Civil.number(date.fromisoformat(text))
            except ValueError:
                reason = f"business_date {text[:40]!r} is not a date: write YYYY-MM-DD"
                refuse("validate", reason)
        if not -DATE_BACK <= day - self._civil.day(at) <= DATE_AHEAD:
            refuse("validate", f"business_date {text} is more than {DATE_BACK} days from the event's time")
        return day

    def region(self, text: str) -> tuple[int, int]:
        """Return prefecture and county of a county's code."""
        region = self._catalogue.regions.get(int(text)) if text.isascii() and text.isdigit() else None
        if region is None or region.level != "county":
            refuse("validate", f"region {text[:40]!r} is no county of the catalogue")
        right = topics.partition_of(region.parent, self._partitions)
        if right != self._partition:
            refuse("partition", f"region {text} belongs to partition {right}, not {self._partition}")
        return region.parent, region.code

    def factor(self, good: str, unit: str) -> float:
        """Return how many of the good's base units one ``unit`` is."""
        known = self._factors.get((good, unit))
        if known is None:
            found = self._catalogue.goods.get(good)
            if found is None:
                refuse("validate", f"good {good[:40]!r} is not in the catalogue: map the item, then replay")
            known = self._factors[good, unit] = factor(unit, found.unit)
        return known


def refuse(stage: str, reason: str) -> NoReturn:
    """Raise ``Rejected``."""
    raise Rejected(stage, reason)


def _parsed(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        refuse("validate", f"time {text[:40]!r} is not RFC 3339: write 2026-01-31T08:00:00+08:00")
    if moment.tzinfo is None:
        refuse("validate", f"time {text[:40]!r} has no offset: write 2026-01-31T08:00:00+08:00")
    return int(moment.timestamp() // 1)


def named(**texts: str) -> None:
    """Refuse names that are empty, too long or no UTF-8."""
    for name, text in texts.items():
        if not text or len(text) > LONGEST_NAME:
            refuse("validate", f"{name} has {len(text)} characters, allowed are 1 to {LONGEST_NAME}")
        if not text.isascii():
            _encodable(name, text)


def _encodable(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        refuse("decode", f"{name} has a lone surrogate: send UTF-8")


def whole(name: str, number: int) -> None:
    """Refuse a number below 0 or too large."""
    if not 0 <= number < LARGEST_NUMBER:
        refuse("validate", f"{name} {number} is not between 0 and 2^53")


def positive(name: str, fixed: int) -> int:
    """Return ``fixed``; refuse 0 and below."""
    if fixed <= 0:
        refuse("validate", f"{name} is not above 0")
    return fixed


def not_negative(name: str, fixed: int) -> int:
    """Return ``fixed``; refuse what is below 0."""
    if fixed < 0:
        refuse("validate", f"{name} is below 0")
    return fixed
