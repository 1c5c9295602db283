"""Opening hours in OpenStreetMap's notation: ``Mo-Fr 08:00-22:00; Sa,Su 09:00-20:00; 2026-02-17 off``.

Of that notation (wiki.openstreetmap.org/wiki/Key:opening_hours/specification) these parts are read:
rules divided by ``;`` of which a later one holds; weekdays ``Mo`` … ``Su`` (or 周一 … 周日), ranges and lists of
them; dates ``YYYY-MM-DD``; spans ``HH:MM-HH:MM`` by comma, also beyond midnight; ``off``, ``closed``, ``24/7``.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NoReturn

WEEKDAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
HOURS: Final = 24
ALL_DAY: Final = (1 << HOURS) - 1
#: An hour counts as open from so many minutes on.
HALF: Final = 30
#: Special dates of one site: two years of them.
MOST_DATES: Final = 732
#: As long as a text may be; special dates are 15 characters each.
LONGEST: Final = 16_384

_EPOCH: Final = date(1970, 1, 1).toordinal()
#: Day 0, 1970-01-01, was a Thursday.
_FIRST_WEEKDAY: Final = 3
_CHINESE: Final = (
    *zip(("周一", "周二", "周三", "周四", "周五", "周六", "周日"), WEEKDAYS, strict=True),
    *(("周天", "Su"), ("每天", "Mo-Su"), ("休息", "off"), ("休", "off"), ("至", "-"), ("、", ",")),
    *(("，", ","), ("；", ";"), ("：", ":"), ("–", "-"), ("—", "-"), ("~", "-"), ("～", "-")),
)
_RULE: Final = re.compile(r"(?P<days>[A-Z0-9][A-Za-z0-9, \-]*?)??\s*(?P<spans>off|closed|24/7|\d{1,2}:\d\d\s*-.*)")
_SPAN: Final = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class OpeningError(ValueError):
    """Opening hours that cannot be read; ``english`` and ``chinese`` say what and what to do."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(f"{english} / {chinese}")
        self.english, self.chinese = english, chinese


@dataclass(frozen=True, slots=True)
class Week:
    """When a site is open: a mask of 24 hours (bit h: open from h o'clock on) per weekday, Monday first.

    ``special`` has the masks of single dates: (days since 1970-01-01, mask), ascending.
    """

    days: tuple[int, ...]
    special: tuple[tuple[int, int], ...] = ()

    @classmethod
    def daily(cls, opens: int, closes: int) -> Week:
        """Return a week of equal dates, open from ``opens`` to ``closes`` o'clock."""
        return cls((((1 << closes) - 1) & ~((1 << opens) - 1),) * len(WEEKDAYS))

    def mask(self, day: int) -> int:
        """Return the hours open on ``day`` (days since 1970-01-01)."""
        found = dict(self.special).get(day)
        return self.days[weekday(day)] if found is None else found

    @property
    def hours_a_day(self) -> float:
        """Return the mean open hours of a date over the week; special dates play no part."""
        return sum(mask.bit_count() for mask in self.days) / len(self.days)


def union(weeks: Sequence[Week]) -> Week:
    """Return when any of several weeks (at least one) is open."""
    days = tuple(functools.reduce(operator.or_, each) for each in zip(*(week.days for week in weeks), strict=True))
    dates = sorted({day for week in weeks for day, _ in week.special})
    special = ((day, functools.reduce(operator.or_, (week.mask(day) for week in weeks))) for day in dates)
    return Week(days, tuple(special))


def weekday(day: int) -> int:
    """Return the weekday of a day number, 0 on Mondays."""
    return (day + _FIRST_WEEKDAY) % len(WEEKDAYS)


def parse(text: str) -> Week:
    """Return the week that ``text`` says. A weekday that it does not name is closed. Raises ``OpeningError``.

    An hour of the clock counts as open if it is open for half of it or more.
    """
    if len(text) > LONGEST:
        _refuse(text, f"is longer than {LONGEST} characters", f"超过 {LONGEST} 个字符")
    minutes: dict[int, int] = {}
    special: dict[int, int] = {}
    for rule in _translated(text).split(";"):
        if rule.strip():
            days, dates, mask = _rule(rule.strip(), text)
            minutes |= dict.fromkeys(days, mask)
            special |= dict.fromkeys(dates, mask)
    if not minutes and not special:
        _refuse(text, "says nothing", "没有内容")
    if len(special) > MOST_DATES:
        _refuse(text, f"has more than {MOST_DATES} special dates", f"特殊日期超过 {MOST_DATES} 个")
    week = tuple(minutes.get(each, 0) for each in range(len(WEEKDAYS)))
    return Week(week, tuple(sorted(special.items())))


def _translated(text: str) -> str:
    for chinese, word in _CHINESE:
        text = text.replace(chinese, word)
    return text


def _rule(rule: str, text: str) -> tuple[list[int], list[int], int]:
    """Return the weekdays and dates that one rule speaks of, and their mask."""
    found = _RULE.fullmatch(rule)
    if found is None:
        _refuse(text, f"{rule[:40]!r} is no opening hours", f"{rule[:40]!r} 不是营业时间")
    days: list[int] = []
    dates: list[int] = []
    for part in filter(None, (found["days"] or "Mo-Su").replace(" ", "").split(",")):
        if _DATE.fullmatch(part):
            dates.append(_day(part, text))
        else:
            days += _weekdays(part, text)
    return days, dates, _mask(found["spans"], text)


def _day(part: str, text: str) -> int:
    try:
        return date.fromisoformat(part).toordinal() - _EPOCH
    except ValueError:
        _refuse(text, f"{part} is no date", f"{part} 不是日期")


def _weekdays(part: str, text: str) -> list[int]:
    first, _, last = part.partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        _refuse(text, f"{part[:20]!r} is no weekday", f"{part[:20]!r} 不是星期")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return [each % len(WEEKDAYS) for each in range(begin, end + 1 if end >= begin else end + 1 + len(WEEKDAYS))]


def _mask(spans: str, text: str) -> int:
    if spans in {"off", "closed"}:
        return 0
    if spans == "24/7":
        return ALL_DAY
    opened = [0] * HOURS
    for span in spans.split(","):
        for minute in _minutes(span.strip(), text):
            opened[minute // 60] += 1
    return sum(1 << hour for hour, minutes in enumerate(opened) if minutes >= HALF)


def _minutes(span: str, text: str) -> Iterator[int]:
    """Yield the open minutes of a date; what lies beyond midnight is taken to open the same date's morning."""
    found = _SPAN.fullmatch(span)
    if found is None:
        _refuse(text, f"{span[:20]!r} is no span of time", f"{span[:20]!r} 不是时段")
    begin, end = (int(found[each]) * 60 + int(found[each + 1]) for each in (1, 3))
    if not (begin < HOURS * 60 and end <= HOURS * 60 and int(found[2]) < 60 and int(found[4]) < 60 and begin != end):
        _refuse(text, f"{span} does not exist", f"{span} 不存在")
    yield from range(begin, end) if begin < end else [*range(end), *range(begin, HOURS * 60)]


def _refuse(text: str, english: str, chinese: str) -> NoReturn:
    example = "Mo-Fr 08:00-22:00; Sa,Su 09:00-20:00; 2026-02-17 off"
    shown = text[:60]
    what = f"{shown!r}: {english}: write {example}"
    raise OpeningError(what, f"{shown!r}：{chinese}，请写成 {example}")
