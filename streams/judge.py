"""Frames of indicators through the rules and on to the life of the alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from schemas.events import LEVELS
from streams.alerts.episode import Subject
from streams.alerts.lifecycle import Book
from streams.alerts.names import Trigger
from streams.alerts.rulebook import Rulebook
from streams.alerts.rules import Rule, evaluate
from streams.alerts.transition import Transition
from streams.counties import Counties, spread


@dataclass(slots=True)
class Frames:
    """Rows to evaluate, gathered over several moments: columns of equal length per part."""

    parts: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    size: int = 0

    def add(self, columns: dict[str, NDArray[Any]]) -> None:
        """Add rows; every part has the same columns."""
        self.parts.append(columns)
        self.size += len(columns["at"])

    def take(self) -> pl.DataFrame:
        """Return all rows as one frame, NaN as null, and start anew."""
        parts, self.parts, self.size = self.parts, [], 0
        return pl.DataFrame(
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, nan_to_null=True
        )


@dataclass(slots=True)
class Dated:
    """What the date rules say of one date.

    ``levels``: per row of the frame its levels as JSON. ``spread``: per rule that reaches above the prefecture
    (good index, level, reporting, affected) of the prefecture's goods.
    """

    transitions: list[Transition] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    spread: dict[str, list[tuple[int, int, int, int]]] = field(default_factory=dict)


class Judge:
    """Evaluates rules for one partition and keeps its alerts."""

    def __init__(self, rulebook: Rulebook, book: Book, goods: list[str]) -> None:
        self._rulebook, self.book, self._goods = rulebook, book, goods
        self._index = {good: number for number, good in enumerate(goods)}
        self._on_sites = [rule for rule in rulebook.on("tick") if rule.on_sites]
        self._on_enterprises = [rule for rule in rulebook.on("tick") if rule.on_enterprises]
        #: Whether any rule looks at sites, and at enterprises.
        self.has_sites, self.has_enterprises = bool(self._on_sites), bool(self._on_enterprises)

    def has(self, trigger: Trigger, kind: str = "retail") -> bool:
        """Return whether any rule looks at such frames."""
        return any(rule.kind == kind and rule.on_regions for rule in self._rulebook.on(trigger))

    def open_enterprises(self) -> set[tuple[int, str]]:
        """Return (prefecture, enterprise) of every open alert on an enterprise."""
        keys = (key for rule in self._on_enterprises for key in self.book.open_keys(rule))
        return {(region, enterprise) for region, _, enterprise in keys}

    def open_sites(self) -> set[Subject]:
        """Return (region, good, site) of every open alert on a site."""
        return {key for rule in self._on_sites for key in self.book.open_keys(rule)}

    def open_rows(self, trigger: Trigger) -> set[tuple[int, str]]:
        """Return (region, good) of every alert that an evaluation could still change."""
        rules = (rule for rule in self._rulebook.on(trigger) if rule.on_regions)
        keys = (key for rule in rules for key in self.book.open_keys(rule))
        return {(region, good) for region, good, _ in keys}

    def tick(self, frame: pl.DataFrame) -> list[Transition]:
        """Evaluate tick rules; ``frame`` has ``at``, ``region``, ``good_index`` and the indicators."""
        transitions: list[Transition] = []
        for rule in self._rulebook.on("tick"):
            watched = self._watched(rule, frame) if rule.on_regions else None
            if watched is not None and watched.height:  # a rule that is for other regions would cost 10 ms for nothing
                transitions += self._step(rule, evaluate(rule, watched), None)
        return sorted(transitions, key=lambda each: each.at)

    def sites(self, frame: pl.DataFrame, names: list[str]) -> list[Transition]:
        """Evaluate tick rules on sites; ``frame`` has ``site`` too, an index of ``names``."""
        return self._units(self._on_sites, frame, "site", names)

    def enterprises(self, frame: pl.DataFrame, names: list[str]) -> list[Transition]:
        """Evaluate tick rules on enterprises; ``frame`` has ``enterprise``, an index of ``names``, and no good."""
        return self._units(self._on_enterprises, frame, "enterprise", names)

    def _units(self, rules: list[Rule], frame: pl.DataFrame, column: str, names: list[str]) -> list[Transition]:
        named = frame.with_columns(pl.Series(column, names, pl.String).gather(frame[column]))
        transitions: list[Transition] = []
        for rule in rules:
            transitions += self._step(rule, self._evaluated(rule, named), None)
        return sorted(transitions, key=lambda each: each.at)

    def quotes(self, frame: pl.DataFrame, kind: str) -> list[Transition]:
        """Evaluate rules on quotes of ``kind`` that are held back; ``frame`` has ``site`` (its name) and ``ending``."""
        transitions: list[Transition] = []
        for rule in self._rulebook.on("quote"):
            if rule.kind == kind:
                transitions += self._step(rule, self._evaluated(rule, frame), None)
        return transitions

    def rules(self, kind: str) -> list[Rule]:
        """Return the date rules of ``kind``."""
        return [rule for rule in self._rulebook.on("date") if rule.kind == kind]

    def reaches_above(self, kind: str) -> bool:
        """Return whether a date rule of ``kind`` has subjects above prefectures."""
        return any(rule.reaches_above for rule in self.rules(kind))

    def date(
        self,
        frame: pl.DataFrame,
        kind: str,
        date: int,
        counties: Counties,
        *,
        live: bool = True,
        closing: bool = False,
        corrected: int | None = None,
    ) -> Dated:
        """Evaluate date rules of ``kind`` for one date (day number).

        Without ``live`` alerts stay as they are: only the levels are wanted. But where somebody corrected a value, at
        ``corrected`` (epoch s), those that rest on this date are taken back. ``closing`` is for the date's close, with
        every row of the prefecture.
        """
        found, levels = Dated(), [list[str]() for _ in range(frame.height)]
        numbered = frame.with_row_index("place")
        for rule in self.rules(kind):
            if rule.looks_across:
                if not rule.reaches_above and self._watched(rule, numbered).is_empty():
                    continue  # before the close there are counties only
                seen = evaluate(rule, counties.seen_by(rule, numbered, date, closing=closing))
                if rule.reaches_above:
                    found.spread[rule.name] = spread(rule, seen)
                evaluated = self._watched(rule, seen)
            else:
                evaluated = self._evaluated(rule, numbered)
            _note_levels(levels, rule, evaluated)
            if live:
                found.transitions += self._step(rule, evaluated, date)
            elif corrected is not None:
                found.transitions += self._correct(rule, evaluated, date, corrected)
        found.levels = ["{" + ",".join(each) + "}" for each in levels]
        return found

    def open_above(self, rule: Rule) -> set[tuple[int, int]]:
        """Return (region, good index) of every open alert of provinces and the nation."""
        return {(region, self._index[good]) for region, good, _ in self.book.open_keys(rule) if region % 10_000 == 0}

    def above(self, rule: Rule, frame: pl.DataFrame, date: int) -> tuple[list[Transition], pl.DataFrame]:
        """Evaluate a rule for provinces and the nation; return transitions, and the rows that it watches."""
        evaluated = self._evaluated(rule, frame)
        return self._step(rule, evaluated, date), evaluated

    def levels_above(self, rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of provinces and the nation that a rule watches, evaluated; alerts stay as they are."""
        return self._evaluated(rule, frame)

    def corrected_above(self, rule: Rule, frame: pl.DataFrame, date: int, at: int) -> list[Transition]:
        """Take back alerts above prefectures that rest on ``date``, a value of which was corrected at ``at``."""
        return self._correct(rule, self._evaluated(rule, frame), date, at)

    def _evaluated(self, rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
        return evaluate(rule, self._watched(rule, frame))

    def _watched(self, rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("region").is_in(list(self._rulebook.regions(rule))))

    def _step(self, rule: Rule, evaluated: pl.DataFrame, date: int | None) -> list[Transition]:
        """Hand the rows that matter to the book: a level holds, or an alert is open (or opens in these rows)."""
        code, open_codes = self._codes(rule)
        raised = evaluated.filter(pl.col("level") > 0).select(code.alias("code"))["code"].to_list()
        if not open_codes and not raised:
            return []
        rows = evaluated.filter(code.is_in([*open_codes, *raised])).sort("at", maintain_order=True)
        transitions: list[Transition] = []
        for row in rows.iter_rows(named=True):
            read = self._read(rule, row, row["at"])
            if row.get("corrected"):
                transitions += self.book.correct(rule, **read)
            transitions += self.book.step(
                rule, **read, clear=row["clear"], date=date, ending=row.get("ending", "cleared")
            )
        return transitions

    def _correct(self, rule: Rule, evaluated: pl.DataFrame, date: int, at: int) -> list[Transition]:
        """Take back open alerts whose date was evaluated anew."""
        code, open_codes = self._codes(rule)
        transitions: list[Transition] = []
        for row in evaluated.filter(code.is_in(list(open_codes))).iter_rows(named=True) if open_codes else ():
            transitions += self.book.correct(rule, **self._read(rule, row, at), date=date)
        return transitions

    def _read(self, rule: Rule, row: dict[str, Any], at: int) -> dict[str, Any]:
        """Return what the book must know of an evaluated row."""
        return {
            "region": row["region"],
            "good": "" if rule.on_enterprises else self._goods[row["good_index"]],
            "site": row["enterprise"] if rule.on_enterprises else row["site"] if rule.on_sites else "",
            "at": at,
            "level": row["level"],
            "values": {name: row[name] for name in rule.values},
            "evidence": {name: row[name] for name in rule.counts},
        }

    def _codes(self, rule: Rule) -> tuple[pl.Expr, set[int] | set[str]]:
        """Return what tells the subjects of a frame apart, and that of every open alert."""
        keys = self.book.open_keys(rule)
        if rule.on_enterprises:
            return pl.concat_str("region", "enterprise", separator="|"), {f"{region}|{who}" for region, _, who in keys}
        if rule.on_sites:
            open_sites = {f"{region}|{self._index[good]}|{site}" for region, good, site in keys}
            return pl.concat_str("region", "good_index", "site", separator="|"), open_sites
        open_rows = {region * len(self._goods) + self._index[good] for region, good, _ in keys}
        return pl.col("region") * len(self._goods) + pl.col("good_index"), open_rows


def _note_levels(levels: list[list[str]], rule: Rule, evaluated: pl.DataFrame) -> None:
    """Add the level of each row to those of its ``place``."""
    for place, level in zip(evaluated["place"].to_list(), evaluated["level"].to_list(), strict=True):
        levels[place].append(f'"{rule.id}":"{LEVELS[level] if level >= 0 else "undefined"}"')
