"""Rules, frames and evaluations for tests of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from schemas import catalogue
from streams.alerts.lifecycle import Book
from streams.alerts.names import NAMES
from streams.alerts.packs import load, parse_pack
from streams.alerts.rulebook import Rulebook
from streams.alerts.rules import Rule, evaluate
from streams.alerts.transition import Transition

SHANGHAI = ZoneInfo("Asia/Shanghai")
CATALOGUE = catalogue.load()
BAYI = 540402
UNDEFINED = -1
CLEAR = 0
#: No level holds, but the measure is still within a tenth of the lowest threshold.
NEARLY = -2


def minute(text: str) -> int:
    """Return "08:15" of 2022-08-08 in Shanghai as epoch seconds."""
    return int(datetime.fromisoformat(f"2022-08-08T{text}:00+08:00").timestamp())


def day(text: str) -> int:
    """Return "2022-08-08" as days since 1970-01-01."""
    return (datetime.fromisoformat(f"{text}T00:00:00+00:00") - datetime(1970, 1, 1, tzinfo=UTC)).days


def rule_of(reference: str, rule: str) -> Rule:
    """Return one rule of a shipped pack."""
    return next(found for found in load(reference).rules if found.id == rule)


def custom(levels: Mapping[str, str], trigger: str = "tick", **fields: str) -> Rule:
    """Return a rule with these conditions; ``fields`` are further TOML strings of it."""
    headline = "spike_24h" if trigger == "tick" else "change_week"
    lines = [
        'name = "mine"', 'version = "1"', 'title = { zh = "甲", en = "A" }', "[[rules]]",
        'id = "mine"', 'subject = ["county"]', f'trigger = "{trigger}"', 'title = { zh = "甲", en = "a" }',
        f'headline = "{headline}"',
        *(f'{name} = "{text}"' for name, text in fields.items()),
        "[rules.levels]", *(f'{level} = "{text}"' for level, text in levels.items()),
        f"[rules.words.{headline}]", 'zh = "甲"', 'en = "a"',
    ]  # fmt: skip
    return parse_pack("\n".join(lines).encode(), "mine.toml").rules[0]


def frame(columns: Mapping[str, Sequence[object]]) -> pl.DataFrame:
    """Return a typed frame: flags are Boolean, the rest Float64."""
    return pl.DataFrame(
        columns, schema={name: pl.Boolean if NAMES[name].kind == "flag" else pl.Float64 for name in columns}
    )


def judged(rule: Rule, **values: object) -> tuple[int, bool]:
    """Return (level, clear) of one row; indicators that are not given are undefined."""
    needed = dict.fromkeys((*rule.values, *rule.counts))
    row = evaluate(rule, frame({name: [value] for name, value in {**needed, **values}.items()})).row(0, named=True)
    return row["level"], row["clear"]


class Life:
    """One alert stepped through evaluations: 0..4 are levels, or UNDEFINED, CLEAR, NEARLY."""

    def __init__(self, rule: Rule, region: int = BAYI, good: str = "potato") -> None:
        self.rule, self.region, self.good = rule, region, good
        self.book = book_of(rule)

    def at(self, moment: str, level: int) -> list[str]:
        """Evaluate at "08:15" (tick) or on "2022-08-08" (date); return what happened in words."""
        return [told(each) for each in self.step(moment, level)]

    def step(self, moment: str, level: int, values: Mapping[str, float | None] | None = None) -> list[Transition]:
        """Evaluate and return the transitions."""
        date = None if ":" in moment else day(moment)
        at = minute(moment) if date is None else (date + 1) * 86_400 - 8 * 3600
        number = CLEAR if level == NEARLY else level
        return self.book.step(
            self.rule, self.region, self.good, "", at, number, level == CLEAR, values or {}, {"stores_24h": 4}, date
        )


def book_of(*rules: Rule) -> Book:
    """Return an empty book that knows ``rules`` only."""
    return Book(rulebook_of(*rules), CATALOGUE, SHANGHAI)


def rulebook_of(*rules: Rule) -> Rulebook:
    """Return a rulebook of one pack made of ``rules``."""
    pack = load("live")
    return Rulebook([type(pack)("test", pack.title, "1", "retail", rules)], CATALOGUE)


def told(transition: Transition) -> str:
    """Return "raised 0>3", or "raised 0>3 stale"."""
    mark = " stale" if transition.stale else ""
    return f"{transition.reason} {transition.level_before}>{transition.level}{mark}"
