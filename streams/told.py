"""What prefectures told of the dates that they closed, and what they corrected since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.indicators.quotes import DATES
from streams.queues import NEVER

#: (rule, good index) -> level, counties reporting, counties affected.
Lines = dict[tuple[str, int], tuple[int, int, int]]
#: After every date.
EVER = 2**31


@dataclass(frozen=True, slots=True)
class Late:
    """Lines of a date that a prefecture told again; ``stage`` is the last date that it had closed by then."""

    stage: int
    prefecture: int
    lines: Lines


@dataclass(slots=True)
class Told:
    """What prefectures told of one kind of price; dates are day numbers.

    ``waiting`` is what each told first of dates that are not decided, ``known`` the same of decided ones, ``late``
    what they told again. ``unwritten`` are dates with rows to be written again. ``named``: per stage the dates that
    somebody corrected a value of, and as of when (epoch s).
    """

    closed: dict[int, int] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    waiting: dict[int, dict[int, Lines]] = field(default_factory=dict)
    known: dict[int, dict[int, Lines]] = field(default_factory=dict)
    late: dict[int, list[Late]] = field(default_factory=dict)
    unwritten: set[int] = field(default_factory=set)
    named: dict[int, dict[int, int]] = field(default_factory=dict)
    decided: int = NEVER

    def close(self, prefecture: int, day: int, lines: Lines, *, silent: bool) -> None:
        """Note that a prefecture has closed a date."""
        if prefecture in self.silent and not silent:  # what it did not send so far says nothing of what it sends now
            self.silent.discard(prefecture)
            self.closed.pop(prefecture, None)
        if silent:
            self.silent.add(prefecture)
        elif day <= self.decided:  # nobody waited for it
            self.tell_again(prefecture, day, lines)
        else:
            self.waiting.setdefault(day, {}).setdefault(prefecture, lines)
        self.closed[prefecture] = max(day, self.closed.get(prefecture, NEVER))

    def tell_again(self, prefecture: int, day: int, lines: Lines, corrected: int | None = None) -> None:
        """Note what a prefecture says anew of a date; ``corrected``: as of when somebody corrected a value of it."""
        stage = self.closed.get(prefecture, NEVER)
        self.late.setdefault(day, []).append(Late(stage, prefecture, lines))
        self.unwritten.add(day)
        if corrected is not None:
            dates = self.named.setdefault(stage, {})
            dates[day] = max(corrected, dates.get(day, corrected))

    def decide(self, day: int) -> dict[int, Lines]:
        """Return what was told first of a date, which is decided by that."""
        self.known[day] = self.waiting.pop(day)
        self.known.pop(day - DATES, None)
        return self.known[day]

    def as_of(self, day: int, stage: int = EVER) -> dict[int, Lines] | None:
        """Return what was told of a decided date up to a stage; None if it is not known (any more)."""
        if day not in self.known:
            return None
        found = dict(self.known[day])
        for each in self.late.get(day, ()):
            if each.stage <= stage:
                found[each.prefecture] = found.get(each.prefecture, {}) | each.lines
        return found

    def take_unwritten(self) -> list[int]:
        """Return the decided dates whose rows are to be written again, ascending."""
        found = sorted(day for day in self.unwritten if day <= self.decided)
        self.unwritten.difference_update(found)
        return found

    def take_named(self, before: int) -> list[tuple[int, int, int]]:
        """Return (stage, date, as of when) of corrections of decided dates, of stages before ``before``, ascending."""
        found = []
        for stage in sorted(each for each in self.named if each < before):
            dates = self.named.pop(stage)
            found += [(stage, day, at) for day, at in sorted(dates.items()) if day <= self.decided]
            if left := {day: at for day, at in dates.items() if day > self.decided}:
                self.named[stage] = left
        return found

    def settle(self, before: int) -> None:
        """Let what was told again in stages before ``before`` be what is known, and forget what nobody asks for."""
        for day in [each for each in self.late if each <= self.decided]:
            late = self.late.pop(day)
            if day not in self.known:
                continue
            for each in late:
                if each.stage < before:
                    own = self.known[day].setdefault(each.prefecture, {})
                    self.known[day][each.prefecture] = own | each.lines
            if left := [each for each in late if each.stage >= before]:
                self.late[day] = left

    # -- snapshot

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        days = [
            [[day, [[code, _flat(lines)] for code, lines in each.items()]] for day, each in told.items()]
            for told in (self.waiting, self.known)
        ]
        late = [
            [day, [[each.stage, each.prefecture, _flat(each.lines)] for each in told]]
            for day, told in self.late.items()
        ]
        named = [[stage, list(dates.items())] for stage, dates in self.named.items()]
        return [
            *(list(self.closed.items()), sorted(self.silent), *days),
            *(late, sorted(self.unwritten), named, self.decided),
        ]

    @classmethod
    def loaded(cls, data: Iterable[Any]) -> Told:
        """Return what ``dump`` was made of."""
        closed, silent, waiting, known, late, unwritten, named, decided = data
        return cls(
            dict(closed),
            set(silent),
            _by_day(waiting),
            _by_day(known),
            {day: [Late(stage, code, _round(rows)) for stage, code, rows in each] for day, each in late},
            set(unwritten),
            {stage: dict(dates) for stage, dates in named},
            decided,
        )


def _by_day(data: Iterable[Any]) -> dict[int, dict[int, Lines]]:
    return {day: {code: _round(rows) for code, rows in each} for day, each in data}


def _flat(lines: Mapping[tuple[str, int], tuple[int, int, int]]) -> list[list[Any]]:
    return [[ref, good, *values] for (ref, good), values in lines.items()]


def _round(rows: Iterable[Any]) -> Lines:
    return {(ref, good): (level, reporting, affected) for ref, good, level, reporting, affected in rows}
