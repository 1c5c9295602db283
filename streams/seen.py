"""What was seen before: a line counts once (RULES, "Prices from sales").

A sale is known by (store, workstation, business date, sequence number, line). Receipts that came
whole are kept as runs of sequence numbers, two integers for any length of run; only those of
which a line became a dead letter are kept line by line, so that its replay counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

#: Dates of event time that are remembered.
DATES = 7


class Runs:
    """A set of whole numbers as sorted, disjoint, closed intervals."""

    __slots__ = ("ends", "starts")

    def __init__(self, starts: Sequence[int] = (), ends: Sequence[int] = ()) -> None:
        self.starts, self.ends = list(starts), list(ends)

    def __contains__(self, number: int) -> bool:
        """Return whether ``number`` was added."""
        index = bisect_right(self.starts, number) - 1
        return index >= 0 and number <= self.ends[index]

    def add(self, number: int) -> bool:
        """Add ``number``; return False if it was there."""
        if self.ends and number == self.ends[-1] + 1:  # the usual case: the next receipt of a till
            self.ends[-1] = number
            return True
        index = bisect_right(self.starts, number)
        if index and number <= self.ends[index - 1]:
            return False
        joins_left = index > 0 and self.ends[index - 1] == number - 1
        joins_right = index < len(self.starts) and self.starts[index] == number + 1
        if joins_left and joins_right:
            self.ends[index - 1] = self.ends.pop(index)
            self.starts.pop(index)
        elif joins_left:
            self.ends[index - 1] = number
        elif joins_right:
            self.starts[index] = number
        else:
            self.starts.insert(index, number)
            self.ends.insert(index, number)
        return True


class Day:
    """What was seen of one date."""

    __slots__ = ("lines", "tills")

    def __init__(self) -> None:
        self.tills: dict[tuple[str, str], Runs] = {}
        #: Lines of receipts that came in part, and of every other event.
        self.lines: dict[tuple[str, ...], set[int]] = {}


class Seen:
    """The lines seen in the last 7 dates of event time, of one partition."""

    def __init__(self) -> None:
        self.days: dict[int, Day] = {}
        self._newest = -1

    def _day(self, day: int) -> Day:
        found = self.days.get(day)
        if found is None:
            found = self.days[day] = Day()
            self._newest = max(self._newest, day)
            for old in [each for each in self.days if each <= self._newest - DATES and each != day]:
                del self.days[old]
        return found

    def receipt(
        self, day: int, till: tuple[str, str], sequence: int, lines: Sequence[int], *, whole: bool
    ) -> list[bool]:
        """Note the accepted ``lines`` of a receipt; return which of them were seen before.

        ``whole`` says that no line of it was rejected.
        """
        kept = self._day(day)
        runs = kept.tills.get(till)
        if runs is None:
            runs = kept.tills[till] = Runs()
        key = (*till, str(sequence))
        if key in kept.lines or not whole or len(set(lines)) < len(lines):
            if sequence in runs:
                return [True] * len(lines)
            return self._lines(kept, key, lines)
        return [not runs.add(sequence)] * len(lines)

    def whole(
        self,
        days: Sequence[int],
        tills: Iterable[tuple[str, str]],
        sequences: Sequence[int],
        counts: Sequence[int],
        lines: Sequence[int],
    ) -> list[bool]:
        """Note receipts of which no line was rejected and none stands twice; return which lines were seen before.

        ``counts`` says how many of ``lines``, numbers in the order of the receipts, belong to each.
        """
        repeats: list[bool] = []
        for day, till, sequence, count in zip(days, tills, sequences, counts, strict=True):
            kept = self.days.get(day) or self._day(day)
            runs = kept.tills.get(till)
            if runs is None:
                runs = kept.tills[till] = Runs()
            if kept.lines and (*till, str(sequence)) in kept.lines:
                own = lines[len(repeats) : len(repeats) + count]
                repeats += self.receipt(day, till, sequence, own, whole=True)
            else:
                repeats += [not runs.add(sequence)] * count
        return repeats

    def event(self, day: int, sender: str, event_id: str, lines: Sequence[int]) -> list[bool]:
        """Note lines of any other event; return which of them were seen before."""
        return self._lines(self._day(day), (sender, event_id), lines)

    @staticmethod
    def _lines(kept: Day, key: tuple[str, ...], lines: Sequence[int]) -> list[bool]:
        known = kept.lines.setdefault(key, set())
        repeats = []
        for line in lines:
            repeats.append(line in known)
            known.add(line)
        return repeats

    def size(self) -> int:
        """Return the number of intervals and single entries held."""
        return sum(len(day.lines) + sum(len(runs.starts) for runs in day.tills.values()) for day in self.days.values())

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [
            [
                number,
                [[*till, runs.starts, runs.ends] for till, runs in day.tills.items()],
                [[list(key), sorted(lines)] for key, lines in day.lines.items()],
            ]
            for number, day in self.days.items()
        ]

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        self.days, self._newest = {}, -1
        for number, tills, lines in data:
            day = self._day(number)
            day.tills = {(store, till): Runs(starts, ends) for store, till, starts, ends in tills}
            day.lines = {tuple(key): set(each) for key, each in lines}
