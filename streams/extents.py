"""The agent of what lies above prefectures: provinces and the nation, from what prefectures tell (topic ``extents``).

Each prefecture tells of its dates one after the other. A date is decided once every prefecture of the
catalogue has closed it, from what each told first; late quotes change the date's rows and no alert, as
everywhere. Where somebody corrected a value, alerts that rest on the date are taken back: live at once; in
event-time mode before the date is decided that follows what its prefecture had closed by then, for nothing else
would be the same whatever the order between prefectures and the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import msgspec
import numpy as np
import polars as pl

from schemas import topics
from schemas.events import LEVELS, Extent, QuoteKind
from streams.alerts import extent
from streams.alerts.episode import Named
from streams.alerts.rules import Rule
from streams.alerts.transition import Transition
from streams.derived import IndicatorRows
from streams.fields import checked, epoch_seconds, refuse
from streams.indicators.civil import BUCKET
from streams.judge import Judge
from streams.market import KINDS
from streams.queues import NEVER
from streams.setup import Setup
from streams.told import EVER, Lines, Told

#: What the warehouse has room for, epoch s.
LATEST = 2**32


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
        if told.correction:
            self._told[told.kind].tell_again(prefecture, day, lines, self._corrected(told.corrected_at))
        else:
            self._told[told.kind].close(prefecture, day, lines, silent=told.silent)

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

    def _corrected(self, text: str | None) -> int | None:
        if text is None:
            return None
        at = epoch_seconds(text)
        if not self._setup.options.earliest <= at < LATEST:
            refuse("validate", f"nobody corrected anything at {text[:40]!r}")
        return at

    def _lines(self, told: Extent) -> Lines:
        goods = self._setup.good_index
        unknown = next((line.good for line in told.lines if line.good not in goods), None)
        if unknown is not None:
            refuse("validate", f"the catalogue has no good {unknown[:40]!r}")
        return {
            (line.rule, goods[line.good]): (LEVELS.index(line.level), line.reporting, line.affected)
            for line in told.lines
        }

    # -- time

    def advance(self, wall: float) -> None:
        """Decide every date that is due, then take in what was told again."""
        for kind, told in self._told.items():
            due = self._due(told, wall)
            for day in sorted(each for each in told.waiting if each <= due):
                self._take_back(kind, told, day)
                self._decide(kind, told, day)
                told.decided = max(told.decided, day)
            told.decided = max(told.decided, due)
            for day in told.take_unwritten():
                self._write_again(kind, told, day)
            if not self._setup.options.event_time:
                self._take_back(kind, told, EVER)

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
        lines, written = told.decide(day), self._closes(day)
        levels: dict[tuple[int, int], list[str]] = {}
        for rule in self._rules[kind]:
            found, evaluated = self._judge.above(rule, self._frame(rule, lines, day, written), day)
            self.transitions += found
            _note(levels, rule, evaluated)
        self._write(kind, day, written, levels)

    def _write_again(self, kind: QuoteKind, told: Told, day: int) -> None:
        """Write the rows of a decided date again; alerts stay as they are."""
        lines = told.as_of(day)
        if lines is None:
            return
        levels: dict[tuple[int, int], list[str]] = {}
        for rule in self._rules[kind]:
            _note(levels, rule, self._judge.levels_above(rule, self._frame(rule, lines, day, self._closes(day))))
        self._write(kind, day, self._closes(max(day, told.decided)), levels)

    def _take_back(self, kind: QuoteKind, told: Told, before: int) -> None:
        """Take back alerts that rest on dates with a corrected value, of stages before ``before``."""
        for stage, day, at in told.take_named(before):
            if (lines := told.as_of(day, stage)) is None:
                continue
            for rule in filter(self._judge.open_above, self._rules[kind]):  # most corrections find nothing to take back
                frame = self._frame(rule, lines, day, self._closes(day))
                self.transitions += self._judge.corrected_above(rule, frame, day, at)
        told.settle(before)

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
            region=np.array([region for region, _ in levels], np.int64),
            good=np.array([good for _, good in levels], np.int64),
            grain="date",
            kind=kind,
            at=self._setup.civil.midnight(day + 1),
            date=day,
            levels=["{" + ",".join(each) + "}" for each in levels.values()],
        )

    def adopt(self, stored: Iterable[tuple[Transition, Named]]) -> None:
        """Live, without a snapshot: the dates that stored transitions rest on are decided, whatever is read again."""
        for newest, named in stored:
            if newest.region % 10_000 == 0 and named.trigger == "date":
                told = self._told[named.kind]
                told.decided = max(told.decided, self._setup.civil.day(newest.at - self._setup.options.close_after) - 1)

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {kind: told.dump() for kind, told in self._told.items()}

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self._told = {kind: Told.loaded(data[kind]) for kind in KINDS}


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
