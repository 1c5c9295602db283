"""The agent of what lies above prefectures: provinces and the nation, from what prefectures tell (topic ``extents``).

Each prefecture tells of its dates one after the other. A date is decided once every prefecture of the
catalogue has closed it, from what each told first; corrections change the date's rows and no alert, as
everywhere. So what is decided depends on no order between prefectures, nor on how many workers there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
import polars as pl

from schemas import topics
from schemas.events import LEVELS, Extent, QuoteKind
from streams.alerts import extent
from streams.alerts.lifecycle import Transition
from streams.alerts.rules import Rule
from streams.fields import checked, refuse
from streams.indicators.civil import BUCKET
from streams.indicators.quotes import DATES
from streams.judge import Judge
from streams.market import KINDS
from streams.outcome import IndicatorRows
from streams.queues import NEVER
from streams.setup import Setup

#: (rule, good index) -> level, counties reporting, counties affected.
Lines = dict[tuple[str, int], tuple[int, int, int]]


@dataclass(slots=True)
class Told:
    """What prefectures told of one kind of price; dates are day numbers.

    ``waiting`` is what each told first of dates that are not decided, ``late`` corrections of them,
    ``known`` the newest of decided dates.
    """

    closed: dict[int, int] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    waiting: dict[int, dict[int, Lines]] = field(default_factory=dict)
    late: dict[int, list[tuple[int, Lines]]] = field(default_factory=dict)
    known: dict[int, dict[int, Lines]] = field(default_factory=dict)
    decided: int = NEVER

    def take(self, prefecture: int, day: int, lines: Lines, *, correction: bool, silent: bool) -> None:
        """Note one record."""
        if prefecture in self.silent and not silent:  # what it did not send so far says nothing of what it sends now
            self.silent.discard(prefecture)
            self.closed.pop(prefecture, None)
        if silent:
            self.silent.add(prefecture)
        elif correction or day <= self.decided:
            self.late.setdefault(day, []).append((prefecture, lines))
        else:
            self.waiting.setdefault(day, {}).setdefault(prefecture, lines)
        if not correction:
            self.closed[prefecture] = max(day, self.closed.get(prefecture, NEVER))


class Extents:
    """Provinces and the nation, on partition 0."""

    def __init__(self, judge: Judge, setup: Setup) -> None:
        self._judge, self._setup = judge, setup
        self._rules = {kind: [rule for rule in judge.rules(kind) if rule.reaches_above] for kind in KINDS}
        self._prefectures = [code for code in setup.catalogue.prefectures if setup.catalogue.counties(code)]
        self._told: dict[QuoteKind, Told] = {kind: Told() for kind in KINDS}
        self._decoder = msgspec.json.Decoder(Extent)
        self.transitions: list[Transition] = []
        self.output = IndicatorRows()

    # -- records in

    def read(self, value: bytes | None, partition: int) -> None:
        """Note a record. Raises one of ``decode.UNREADABLE``."""
        told = self._decoder.decode(checked(value, self._setup.options.max_record_bytes))
        if partition != 0:
            refuse("partition", f"what prefectures tell belongs on partition 0 of {topics.EXTENTS}, not {partition}")
        prefecture, day, lines = self._prefecture(told.prefecture), self._day(told.date), self._lines(told)
        self._told[told.kind].take(prefecture, day, lines, correction=told.correction, silent=told.silent)

    def _prefecture(self, code: str) -> int:
        found = int(code) if code.isascii() and code.isdecimal() and len(code) == len("540100") else 0
        if found not in self._setup.catalogue.prefectures:
            refuse("validate", f"the catalogue has no prefecture {code[:40]!r}")
        return found

    def _day(self, text: str) -> int:
        try:
            return self._setup.civil.number(date.fromisoformat(text))
        except ValueError:
            refuse("validate", f"{text[:40]!r} is not a date: write 2026-11-21")

    def _lines(self, told: Extent) -> Lines:
        goods = self._setup.good_index
        unknown = next((line.good for line in told.lines if line.good not in goods), None)
        if unknown is not None:
            refuse("good", f"the catalogue has no good {unknown[:40]!r}")
        return {
            (line.rule, goods[line.good]): (LEVELS.index(line.level), line.reporting, line.affected)
            for line in told.lines
        }

    # -- time

    def advance(self, wall: float) -> None:
        """Decide every date that is due, then take in corrections."""
        for kind, told in self._told.items():
            due = self._due(told, wall)
            for day in sorted(each for each in told.waiting if each <= due):
                self._decide(kind, told, day)
            told.decided = max(told.decided, due)
            for day in sorted(each for each in told.late if each <= told.decided):
                self._correct(kind, told, day)

    def _due(self, told: Told, wall: float) -> int:
        """Return the last date that may be decided."""
        closed = min((told.closed.get(code, NEVER) for code in self._prefectures), default=NEVER)
        return closed if self._setup.options.event_time else max(closed, self._overdue(told, wall))

    def _overdue(self, told: Told, wall: float) -> int:
        """Live: return the last date for which nobody is waited any more: a prefecture may have fallen silent.

        Not while old data are replayed: there the clock on the wall says nothing.
        """
        options = self._setup.options
        newest = max((day for code, day in told.closed.items() if code not in told.silent), default=NEVER)
        if newest == NEVER or wall - self._closes(newest) >= options.idle_reach:
            return NEVER
        while newest >= min(told.waiting, default=newest + 1) and self._closes(newest) + options.extent_wait > wall:
            newest -= 1
        return newest

    def _closes(self, day: int) -> int:
        """Return the grid point at which ``day`` closes, as in ``Timeline``."""
        due = self._setup.civil.midnight(day + 1) + self._setup.options.close_after
        return -(-due // BUCKET) * BUCKET

    def _decide(self, kind: QuoteKind, told: Told, day: int) -> None:
        told.known[day] = lines = told.waiting.pop(day)
        told.known.pop(day - DATES, None)
        written = self._closes(day)
        levels: dict[tuple[int, int], list[str]] = {}
        for rule in self._rules[kind]:
            found, evaluated = self._judge.above(rule, self._frame(rule, lines, day, written), day)
            self.transitions += found
            _note(levels, rule, evaluated)
        self._write(kind, day, written, levels)

    def _correct(self, kind: QuoteKind, told: Told, day: int) -> None:
        """Write the rows of a decided date again."""
        late = told.late.pop(day)
        known = told.known.get(day)
        if known is None:
            return
        for prefecture, lines in late:
            known.setdefault(prefecture, {}).update(lines)
        levels: dict[tuple[int, int], list[str]] = {}
        for rule in self._rules[kind]:
            frame = self._frame(rule, known, day, self._closes(day))
            _note(levels, rule, self._judge.above(rule, frame, day, live=False)[1])
        self._write(kind, day, self._closes(max(day, told.decided)), levels)

    def _frame(self, rule: Rule, told: Mapping[int, Lines], day: int, at: int) -> pl.DataFrame:
        """Return provinces and the nation with what ``rule`` counts there, and the subjects of open alerts."""
        counted = extent.provinces(extent.affected_prefectures(_prefectures(rule, told, day)))
        known = pl.concat([counted, extent.nation(counted)], how="diagonal_relaxed")
        open_keys = sorted(self._judge.open_above(rule))
        subjects = {"region": [region for region, _ in open_keys], "good_index": [good for _, good in open_keys]}
        waiting = pl.DataFrame(subjects, schema={"region": pl.Int64, "good_index": pl.Int64}).with_columns(
            day=pl.lit(day)
        )
        missing = waiting.join(known, on=["region", "good_index"], how="anti")
        both = pl.concat([known, missing], how="diagonal_relaxed").with_columns(at=pl.lit(at))
        return extent.described(rule, both)

    def _write(self, kind: QuoteKind, day: int, written: int, levels: Mapping[tuple[int, int], list[str]]) -> None:
        self.output.add(
            len(levels),
            written=written,
            region=[region for region, _ in levels],
            good=[self._setup.goods[good] for _, good in levels],
            grain="date",
            kind=kind,
            at=self._setup.civil.midnight(day + 1),
            date=day,
            levels=["{" + ",".join(each) + "}" for each in levels.values()],
        )

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {kind: _dumped(told) for kind, told in self._told.items()}

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._told = {kind: _loaded(data[kind]) for kind in KINDS}


def _prefectures(rule: Rule, told: Mapping[int, Lines], day: int) -> pl.DataFrame:
    """Return level and counts of prefectures under one rule; counts are null where no county reports."""
    rows = [
        (code, good, day, level, reporting or None, affected if reporting else None)
        for code, lines in sorted(told.items())
        for (ref, good), (level, reporting, affected) in sorted(lines.items())
        if ref == rule.name
    ]
    names = ("region", "good_index", "day", "level", "counties_reporting", "counties_affected")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row")


def _note(levels: dict[tuple[int, int], list[str]], rule: Rule, evaluated: pl.DataFrame) -> None:
    columns = (evaluated[name].to_list() for name in ("region", "good_index", "level"))
    for region, good, level in zip(*columns, strict=True):
        said = LEVELS[level] if level >= 0 else "undefined"
        levels.setdefault((region, good), []).append(f'"{rule.id}":"{said}"')


def _flat(lines: Lines) -> list[list[Any]]:
    return [[ref, good, *values] for (ref, good), values in lines.items()]


def _round(rows: Iterable[Any]) -> Lines:
    return {(ref, good): (level, reporting, affected) for ref, good, level, reporting, affected in rows}


def _dumped(told: Told) -> list[Any]:
    days = [
        [[day, [[code, _flat(lines)] for code, lines in each.items()]] for day, each in known.items()]
        for known in (told.waiting, told.known)
    ]
    late = [[day, [[code, _flat(lines)] for code, lines in each]] for day, each in told.late.items()]
    return [list(told.closed.items()), sorted(told.silent), *days, late, told.decided]


def _loaded(data: Iterable[Any]) -> Told:
    closed, silent, waiting, known, late, decided = data
    return Told(
        dict(closed),
        set(silent),
        {day: {code: _round(rows) for code, rows in each} for day, each in waiting},
        {day: [(code, _round(rows)) for code, rows in each] for day, each in late},
        {day: {code: _round(rows) for code, rows in each} for day, each in known},
        decided,
    )
