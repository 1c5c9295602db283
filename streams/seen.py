"""What was seen before: a line counts once (RULES, "Prices from sales").

A sale is known by (store, workstation, business date, sequence number, line). Receipts that came
whole are kept as runs of sequence numbers, two integers for any length of run; only those of
which a line became a dead letter are kept line by line, so that its replay counts.

Any other event is known by (sender, event id, line). One that came whole is kept as a digest of
sender and id, 16 bytes, and its number of lines. An event vanishes wrongly if its digest equals
another's: with 1.4 million events in memory (100,000 stores hourly over 7 dates, by 12 partitions)
the odds are 2e-33 per event, some 4e-27 for any two of them.

Measured by ``tests/bench/memory.py`` for 7 dates of one partition of 12, all of China (8,333 stores
with three tills and hourly reports, twelve gaps a till and day): 2.1 million runs and 1.4 million
events take 56 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np

from streams.columns import Coded, Remembered
from streams.digests import Events, digest
from streams.indicators.groups import Ints
from streams.tills import Tills

#: Dates of event time that are remembered.
DATES = 7

#: Which of some receipts were seen before, and line by line those of them that came in part.
Noted = tuple[Sequence[bool], dict[int, list[bool]]]


class Receipts:
    """Receipts of one date. Tills are numbers (``Seen``)."""

    __slots__ = ("lines", "tills")

    def __init__(self) -> None:
        self.tills = Tills()
        #: Lines of receipts that came in part, by till and sequence number.
        self.lines: dict[tuple[int, int], set[int]] = {}

    def __len__(self) -> int:
        """Return the number of intervals and single receipts held."""
        return len(self.lines) + self.tills.bounds() // 2

    def numbers(self) -> set[int]:
        """Return all tills."""
        return self.tills.numbers().union(till for till, _ in self.lines)

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot: runs of all tills end to end."""
        return {
            "tills": self.tills.packed(),
            "lines": [[till, sequence, sorted(lines)] for (till, sequence), lines in self.lines.items()],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.tills = Tills(data["tills"])
        self.lines = {(till, sequence): set(each) for till, sequence, each in data["lines"]}


Kept = TypeVar("Kept", Events, Receipts)


class Dates(Generic[Kept]):
    """The last 7 dates of one input's own event time; the others may be read ahead of it, or behind.

    Of dates that were over when they came, the last 7 that began are kept too, until a new date begins: what
    an enterprise sends after a long outage may come twice as well.
    """

    def __init__(self, make: Callable[[], Kept]) -> None:
        self._make: Callable[[], Kept] = make
        self.days: dict[int, Kept] = {}
        self._newest = -1

    def begin(self, day: int) -> list[Kept]:
        """Make room for a date that is not kept; return what is kept no longer."""
        self._newest = max(self._newest, day)
        over = [each for each in self.days if each <= self._newest - DATES]
        gone = over if day == self._newest else over[: max(0, len(over) + 1 - DATES)]
        forgotten = [self.days.pop(each) for each in gone]
        self.days[day] = self._make()
        return forgotten

    def __getitem__(self, day: int) -> Kept:
        """Return what was seen of a date."""
        if day not in self.days:
            self.begin(day)
        return self.days[day]

    def __len__(self) -> int:
        """Return the number of entries held."""
        return sum(map(len, self.days.values()))

    def dump(self) -> list[list[Any]]:
        """Return plain data for a snapshot."""
        return [[number, day.dump()] for number, day in self.days.items()]

    def load(self, data: list[list[Any]]) -> None:
        """Take over what ``dump`` returned."""
        self.days = {}
        self._newest = max((number for number, _ in data), default=-1)
        for number, day in data:
            self.days[number] = kept = self._make()
            kept.load(day)


class Seen:
    """The lines seen in the last 7 dates of event time, of one partition. ``table`` is ``stock`` or ``quotes``."""

    def __init__(self) -> None:
        self._sales = Dates(Receipts)
        self._events = {"stock": Dates(Events), "quotes": Dates(Events)}
        #: Numbers of tills, so that the names are kept once and not per date.
        self._tills: dict[tuple[str, str], int] = {}
        self._next = 0
        self._coded = Remembered(self._till_of)

    def _day(self, day: int) -> Receipts:
        """Return what was seen of a date's receipts. Ask for a till's number after this, for it may be forgotten."""
        found = self._sales.days.get(day)
        if found is not None:
            return found
        if day > max(self._sales.days, default=day):
            for kept in self._sales.days.values():
                kept.tills.seal()
        gone = {till for kept in self._sales.begin(day) for till in kept.numbers()}
        if gone:
            for kept in self._sales.days.values():
                gone -= kept.numbers()
            self._tills = {names: till for names, till in self._tills.items() if till not in gone}
            self._coded.forget()
        return self._sales.days[day]

    def _till_of(self, names: tuple[str, str]) -> int:
        found = self._tills.get(names)
        if found is None:
            found = self._tills[names] = self._next
            self._next += 1
        return found

    def receipt(
        self, day: int, till: tuple[str, str], sequence: int, lines: Sequence[int], *, whole: bool
    ) -> list[bool]:
        """Note the accepted ``lines`` of a receipt; return which of them were seen before.

        ``whole`` says that no line of it was rejected. Of one without lines nothing was seen.
        """
        if not lines:
            return []
        kept = self._day(day)
        number = self._till_of(till)
        runs = kept.tills.of(number)
        key = (number, sequence)
        if key in kept.lines or not whole:
            if runs.holds(sequence):
                return [True] * len(lines)
            return _each(kept.lines.setdefault(key, set()), lines)
        return _each(set(), lines) if runs.add(sequence) else [True] * len(lines)

    def whole(
        self,
        days: Sequence[int],
        tills: Iterable[tuple[str, str]],
        sequences: Sequence[int],
        counts: Sequence[int],
        lines: Sequence[int],
    ) -> Noted:
        """Note receipts of which no line was rejected and none stands twice; return which were seen before.

        ``counts`` says how many of ``lines``, numbers in the order of the receipts, belong to each. Of
        receipts that came in part before, the second value has it line by line.
        """
        repeats: list[bool] = []
        partly: dict[int, list[bool]] = {}
        day_of, number_of = self._sales.days.get, self._tills.get
        for day, till, sequence in zip(days, tills, sequences, strict=True):
            kept = day_of(day)
            if kept is None:
                kept, number_of = self._day(day), self._tills.get
            number = number_of(till)
            if number is None:
                number, number_of = self._till_of(till), self._tills.get
            runs = kept.tills.of(number)
            if runs and runs[-1] == sequence and not kept.lines:  # as a rule: the next receipt of a till
                runs[-1] = sequence + 1
                repeats.append(False)
                continue
            if (number, sequence) in kept.lines:
                place = len(repeats)
                first = sum(counts[:place])
                partly[place] = self.receipt(day, till, sequence, lines[first : first + counts[place]], whole=True)
                repeats.append(False)
            else:
                repeats.append(not runs.add(sequence))
        return repeats, partly

    def in_turn(self, days: Ints, tills: Coded, sequences: Ints, counts: Ints, lines: Ints) -> Noted:
        """Do what ``whole`` does for columns, shapes (n,) and (lines,); ``tills`` has pairs of names.

        Most receipts are the next ones of their tills, and those are noted all at once.
        """
        other = self._not_next(days, tills, sequences)
        repeats, partly = [False] * len(days), dict[int, list[bool]]()
        if not len(other):
            return repeats, partly
        chosen = np.zeros(len(days), np.bool_)
        chosen[other] = True
        own = lines[np.repeat(chosen, counts)].tolist()
        columns = (days[other].tolist(), tills.take(other), sequences[other].tolist(), counts[other].tolist())
        noted, some = self.whole(*columns, own)
        for place, repeat in zip(other.tolist(), noted, strict=True):
            repeats[place] = repeat
        return repeats, {int(other[place]): each for place, each in some.items()}

    def _not_next(self, days: Ints, tills: Coded, sequences: Ints) -> Ints:
        """Note the receipts of tills of which all follow the last one; return the places of the others."""
        size, day = len(days), int(days[0])
        kept = self._sales.days.get(day)
        if kept is None or (days != day).any():
            return np.arange(size)
        numbers = self._coded.of(tills)
        order = np.argsort(numbers, kind="stable")
        till, sequence = numbers[order], sequences[order]
        starts = np.flatnonzero(np.r_[True, till[1:] != till[:-1]])
        ends = np.r_[starts[1:], size]
        follows = np.r_[True, sequence[1:] == sequence[:-1] + 1]
        follows[starts] = True
        steady = np.logical_and.reduceat(follows, starts)
        if kept.lines:
            steady &= ~np.isin(till[starts], [each for each, _ in kept.lines])
        moved = np.zeros(len(starts), np.bool_)
        if steady.any():
            first, last = starts[steady], ends[steady] - 1
            moved[steady] = kept.tills.follow(till[first], sequence[first], sequence[last] + 1)
        return np.sort(order[np.repeat(~moved, ends - starts)])

    def receipts(self, days: Ints, tills: Sequence[tuple[str, str]], till: Ints, sequences: Ints) -> None:
        """Note whole receipts that are stored, shapes (n,); ``till`` has places in ``tills``.

        The fast way for a rebuild: 0.3 µs a receipt where ``receipt`` takes 2.
        """
        order = np.lexsort((sequences, till, days))
        days, till, sequences = days[order], till[order], sequences[order]
        other = np.r_[True, (np.diff(days) != 0) | (np.diff(till) != 0)][: len(days)]
        fresh = other | np.r_[True, np.diff(sequences) != 0][: len(days)]
        days, till, sequences, other = days[fresh], till[fresh], sequences[fresh], other[fresh]
        for first, last in pairwise([*np.flatnonzero(other).tolist(), len(days)]):
            kept = self._day(int(days[first]))
            kept.tills.of(self._till_of(tills[till[first]])).update(sequences[first:last])

    def event(
        self, table: str, day: int, sender: str, event_id: str, lines: Sequence[int], *, whole: bool
    ) -> list[bool]:
        """Note the accepted ``lines`` of any other event (positions); return which of them were seen before."""
        return self._events[table][day].note(digest(sender, event_id), lines, whole=whole)

    def knows(self, sender: str, event_id: str) -> bool:
        """Return whether any line of an event was seen, on whatever date."""
        event = digest(sender, event_id)
        return any(event in day for dates in self._events.values() for day in dates.days.values())

    def size(self) -> int:
        """Return the number of intervals and single entries held."""
        return len(self._sales) + sum(map(len, self._events.values()))

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {
            "stores": [store for store, _ in self._tills],
            "workstations": [workstation for _, workstation in self._tills],
            "tills": np.fromiter(self._tills.values(), np.int64, len(self._tills)),
            "sales": self._sales.dump(),
            "events": {table: dates.dump() for table, dates in self._events.items()},
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        names = zip(data["stores"], data["workstations"], strict=True)
        self._tills = dict(zip(names, data["tills"].tolist(), strict=True))
        self._next = max(self._tills.values(), default=-1) + 1
        self._coded.forget()
        self._sales.load(data["sales"])
        for table, dates in self._events.items():
            dates.load(data["events"][table])


def _each(known: set[int], lines: Sequence[int]) -> list[bool]:
    repeats = []
    for line in lines:
        repeats.append(line in known)
        known.add(line)
    return repeats
