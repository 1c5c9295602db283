"""How fast and which part of a recording is played: option strings, civil time, and the waiting itself.

Clock and sleep are given from outside, so that tests do not wait.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DEFAULT_ZONE: Final = "Asia/Shanghai"

#: A date closes this long after its midnight (RULES, ``close_after``).
CLOSE_AFTER: Final = 2 * 3600

#: Shorter waits are saved up: waking a process costs more than they bring.
SHORTEST_WAIT: Final = 0.005
#: After a stall this much is caught up at full speed, the rest of the delay is accepted.
LONGEST_BURST: Final = 1.0

_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)(k?)(?:/s)?", re.IGNORECASE)
_SPEED: Final = re.compile(r"(\d+(?:\.\d+)?)\s*[x×]?", re.IGNORECASE)
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d)?", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


class OptionError(ValueError):
    """An option that cannot be understood: says what was given and what to write."""


def rate(text: str, option: str = "--rate") -> float:
    """Return lines per second of ``5000``, ``5000/s`` or ``5k``."""
    match = _RATE.fullmatch(text.strip())
    value = float(match[1]) * (1000 if match[2] else 1) if match else 0.0
    if value <= 0:
        raise _unclear(option, text, "lines per second, for example 5000", "每秒行数，例如 5000")
    return value


def speed(text: str, option: str = "--speed") -> float:
    """Return seconds of event time per second of ``60x``, ``60×`` or ``60``."""
    match = _SPEED.fullmatch(text.strip())
    value = float(match[1]) if match else 0.0
    if value <= 0:
        raise _unclear(option, text, "a multiple of event time, for example 60x", "事件时间的倍数，例如 60x")
    return value


def span(text: str, option: str = "--punctuate") -> int:
    """Return seconds of ``300``, ``300s``, ``5m``, ``1h`` or ``1d``."""
    match = _SPAN.fullmatch(text.strip())
    value = round(float(match[1]) * _SECONDS[(match[2] or "s").lower()]) if match else 0
    if value <= 0:
        raise _unclear(option, text, "a duration, for example 5m", "时长，例如 5m")
    return value


def instant(text: str, zone: str = DEFAULT_ZONE, *, option: str = "--from", end: bool = False) -> int:
    """Return epoch seconds of a date or time; without an offset it is civil time in ``zone``.

    A bare date is its first moment, with ``end`` its last (so ``--to 2017-03-31`` takes that day in).
    """
    try:
        if len(text.strip()) == len("2017-03-31"):
            day = date.fromisoformat(text.strip())
            return midnight(day + timedelta(days=1) if end else day, zone)
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _unclear(
            option, text, "a date or time: 2017-03-31 or 2017-03-31T08:00", "日期或时间：2017-03-31 或 2017-03-31T08:00"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp())


def shift_to(text: str, option: str = "--shift-to") -> bool:
    """Return True for ``now``, the only place in time that a recording can be moved to."""
    if text.strip().lower() != "now":
        raise _unclear(option, text, "now", "now")
    return True


def midnight(day: date, zone: str) -> int:
    """Return epoch seconds of the first moment of ``day`` in ``zone``."""
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())


def local_date(moment: int, zone: str) -> date:
    """Return the civil date of an epoch second in ``zone``."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).date()


def closing(last: int, zone: str, close_after: int = CLOSE_AFTER) -> int:
    """Return when the date of ``last`` closes: the midnight that ends it, plus ``close_after``."""
    return midnight(local_date(last, zone) + timedelta(days=1), zone) + close_after


def text_of(moment: int, zone: str) -> str:
    """Return an epoch second as RFC 3339 text with the offset of ``zone``."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat()


def _unclear(option: str, text: str, english: str, chinese: str) -> OptionError:
    msg = f"{option} {text!r} cannot be understood: write {english} / 无法理解：请写{chinese}"
    return OptionError(msg)


class Throttle:
    """Holds a sender to a number of lines per second."""

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._due = clock()

    def take(self, lines: int) -> None:
        """Wait until ``lines`` more lines may go."""
        ahead = self._due - self._clock()
        if ahead < -LONGEST_BURST:
            self._due -= ahead + LONGEST_BURST
        elif ahead >= SHORTEST_WAIT:
            self._sleep(ahead)
        self._due += lines / self._rate


class Tempo:
    """Plays event time ``speed`` times as fast as it went; the first moment asked for starts it."""

    def __init__(self, speed: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.speed = speed
        self._clock = clock
        self._sleep = sleep
        self._origin: tuple[int, float] | None = None

    def ahead(self, moment: int) -> float:
        """Return for how many seconds an event of ``moment`` must still wait; negative: it is late."""
        if self._origin is None:
            self._origin = (moment, self._clock())
        first, started = self._origin
        return started + (moment - first) / self.speed - self._clock()

    def wait(self, moment: int) -> None:
        """Wait until ``moment`` is due."""
        ahead = self.ahead(moment)
        if ahead >= SHORTEST_WAIT:
            self._sleep(ahead)
