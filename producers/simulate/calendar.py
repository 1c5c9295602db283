"""Hours of a simulation in civil time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Hour:
    """One local hour: ``index`` since the simulation's first midnight, ``at`` epoch seconds of its start.

    ``prefix`` and ``suffix`` go before and after ``MM:SS`` in its times.
    """

    index: int
    at: int
    day: int
    hour: int
    weekday: int
    date: str
    prefix: str
    suffix: str


class Calendar:
    """Local dates from that of ``start`` (epoch seconds) on."""

    def __init__(self, start: int, zone: ZoneInfo) -> None:
        self.zone = zone
        self.first = datetime.fromtimestamp(start, zone).date()

    def hour(self, index: int) -> Hour:
        """Return the hour with that number; 0 begins at the first local midnight."""
        day, hour = divmod(index, 24)
        moment = datetime.combine(self._date(day), time(hour), tzinfo=self.zone)
        text = moment.isoformat()
        return Hour(
            index=index,
            at=int(moment.timestamp()),
            day=day,
            hour=hour,
            weekday=moment.weekday(),
            date=text[:10],
            prefix=text[:14],
            suffix=text[19:],
        )

    def midnight(self, day: int) -> int:
        """Return the epoch seconds at which a date begins."""
        return int(datetime.combine(self._date(day), time(), tzinfo=self.zone).timestamp())

    def _date(self, day: int) -> date:
        return self.first + timedelta(days=day)


def iso(at: int) -> str:
    """Return epoch seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat()
