"""A backtest from the command line: quotes in, levels or their summary out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import polars as pl

from schemas.catalogue import Catalogue
from schemas.events import LEVELS, QuoteKind
from staplewatch import output, selecting
from staplewatch.errors import CommandError
from staplewatch.output import Column
from staplewatch.settings import Settings
from staplewatch.words import say
from streams.alerts import packs
from streams.alerts.packs import Pack, PackError
from streams.alerts.rules import Rule
from streams.backtest.comparison import compare_episodes, compare_levels
from streams.backtest.episodes import Episode, episodes, summary
from streams.backtest.levels import SHOWN, Evaluator, UnsupportedError
from streams.backtest.quotes import History
from streams.indicators.civil import Civil

Form = Literal["table", "json", "csv"]

COLUMNS: Final = ("rule", "region", "good", "date", "level", *SHOWN)
#: Rows turned into text at once: some 6 MB.
_SLICE: Final = 100_000
_NAMES: Final = {-1: "undefined", **dict(enumerate(LEVELS))}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are shown; None: all. Indicators always see every quote."""

    since: date | None = None
    until: date | None = None
    region: str | None = None
    good: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule and its levels: ``Evaluator.levels``, those selected."""

    pack: Pack
    rule: Rule
    levels: pl.DataFrame


def load_packs(references: Sequence[str], kind: QuoteKind | None) -> list[Pack]:
    """Return the packs, all of one kind; ``kind`` overrides theirs. Raises ``CommandError``."""
    if not references:
        shipped = ", ".join(packs.shipped())
        raise CommandError(
            say(f"请用 --pack 指定规则包：{shipped}", f"name a pack by --pack: {shipped}, or a TOML file")
        )
    try:
        found = [packs.load(f"{reference}:{kind}" if kind else reference) for reference in references]
    except PackError as error:
        msg = f"--pack: {error}"
        raise CommandError(msg) from error
    if len({pack.kind for pack in found}) > 1:
        raise CommandError(
            say(
                "规则包的价格种类不同：用 --kind 指定一种",
                "the packs read different kinds of quotes: choose one by --kind",
            )
        )
    ids = sorted(rule.id for pack in found for rule in pack.rules)
    for one, next_one in pairwise(ids):
        if one == next_one:
            msg = say(
                f"两个规则包都有规则 {one}：请在副本中改 id", f"two packs have a rule {one}: change the id in the copy"
            )
            raise CommandError(msg)
    return found


def judge(chosen: Sequence[Pack], history: History, catalogue: Catalogue, selection: Selection) -> list[Judged]:
    """Return the levels of every rule, in the order of the packs. Raises ``CommandError``."""
    rules = [(rule, pack) for pack in chosen for rule in pack.rules]
    wanted = _wanted(selection, history, catalogue)
    try:
        evaluator = Evaluator(history, catalogue, [rule for rule, _ in rules])
    except UnsupportedError as error:
        raise CommandError(_unsupported(error)) from error
    return [Judged(pack, rule, evaluator.levels(rule).filter(wanted)) for rule, pack in rules]


def write_rows(judged: Sequence[Judged], goods: Sequence[str], form: Form, out: TextIO | None = None) -> None:
    """Write one row per rule, subject and date, in this order."""
    stream, judged = out or sys.stdout, sorted(judged, key=lambda each: each.rule.id)
    if form == "csv":
        stream.write(",".join(COLUMNS) + "\n")
        for rows in _slices(judged, goods):
            stream.write(rows.select(COLUMNS).write_csv(include_header=False))
    else:
        separator = "[\n"
        for rows in _slices(judged, goods):
            stream.write(separator + rows.write_ndjson().rstrip("\n").replace("\n", ",\n"))
            separator = ",\n"
        stream.write("\n]\n" if separator != "[\n" else "[]\n")
    stream.flush()


def write_summary(
    judged: Sequence[Judged], goods: Sequence[str], catalogue: Catalogue, form: Form, out: TextIO | None = None
) -> None:
    """Write figures per rule, and where two packs were named how their first rules compare."""
    found = [episodes(each.pack, each.rule, each.levels, goods, catalogue) for each in judged]
    rows = [{"rule": each.rule.id, **summary(each.levels, own)} for each, own in zip(judged, found, strict=True)]
    compared = _compared(judged, found)
    if form == "json":
        (out or sys.stdout).write(output.as_json({"rules": rows, "comparison": compared}) + "\n")
        return
    output.emit(rows, form, _summary_columns(), say("回测", "Backtest"), out)
    if form == "table" and compared:
        told = [{"name": name, "value": _short(value)} for name, value in compared.items()]
        columns = (Column("name", say("项目", "what")), Column("value", say("值", "value")))
        output.emit(told, form, columns, say("两个规则的比较", "The two rules compared"), out)


def _short(value: object) -> str:
    return "–" if value is None else str(value)


def _compared(judged: Sequence[Judged], found: Sequence[list[Episode]]) -> dict[str, Any] | None:
    if len(judged) != 2:
        return None
    first, second = judged
    names = {"first": first.rule.id, "second": second.rule.id}
    return {**names, **compare_levels(first.levels, second.levels), **compare_episodes(*found)}


def _slices(judged: Sequence[Judged], goods: Sequence[str]) -> Iterator[pl.DataFrame]:
    for each in judged:
        for rows in each.levels.iter_slices(_SLICE):
            yield _readable(rows, each.rule, goods)


def _readable(rows: pl.DataFrame, rule: Rule, goods: Sequence[str]) -> pl.DataFrame:
    """Return codes, dates and level names, and what else the rule read as ``values``."""
    others = [name for name in dict.fromkeys([*rule.values, *rule.counts]) if name not in SHOWN]
    return rows.select(
        pl.lit(rule.id).alias("rule"),
        pl.col("region").cast(pl.String).str.zfill(6),
        pl.col("good_index").replace_strict(dict(enumerate(goods)), return_dtype=pl.String).alias("good"),
        pl.col("day").cast(pl.Int32).cast(pl.Date).alias("date"),
        pl.col("level").replace_strict(_NAMES, return_dtype=pl.String),
        *SHOWN,
        pl.struct(others).alias("values") if others else pl.lit(None).alias("values"),
    )


def _wanted(selection: Selection, history: History, catalogue: Catalogue) -> pl.Expr:
    wanted = pl.lit(True)
    if selection.since is not None:
        wanted &= pl.col("day") >= Civil.number(selection.since)
    if selection.until is not None:
        wanted &= pl.col("day") <= Civil.number(selection.until)
    if selection.region is not None:
        wanted &= selecting.inside(selecting.region(selection.region, catalogue))
    if selection.good is not None:
        wanted &= pl.col("good_index") == history.goods.index(selecting.good(selection.good, catalogue))
    return wanted


def _unsupported(error: UnsupportedError) -> str:
    needs = ", ".join(error.missing) or error.rule.trigger
    return say(
        f"规则 {error.rule.id} 需要 {needs}，报价中没有：回测只支持按日期评估报价的规则",
        f"rule {error.rule.id} needs {needs}, which quotes do not give: a backtest takes date rules on quotes",
    )


def _summary_columns() -> Sequence[Column]:
    return (
        Column("rule", say("规则", "rule")),
        Column("subjects", say("对象", "subjects"), digits=0),
        Column("dates", say("天数", "dates"), digits=0),
        Column("undefined", say("未定义", "undefined"), digits=0),
        *(Column(level, say(*_LEVEL_WORDS[level]), digits=0) for level in LEVELS),
        Column("episodes", say("预警次数", "episodes"), digits=0),
        Column("alerts_per_day", say("日均预警", "alerts/day"), digits=2),
        Column("busiest_day", say("单日最多", "busiest day"), digits=0),
        Column("median_duration", say("中位持续天数", "median dates"), digits=1),
        Column("open_at_end", say("未结束", "open"), digits=0),
        Column("flapping", say("反复", "flapping"), digits=0),
    )


_LEVEL_WORDS: Final = {
    "none": ("无", "none"),
    "blue": ("蓝", "blue"),
    "yellow": ("黄", "yellow"),
    "orange": ("橙", "orange"),
    "red": ("红", "red"),
}


def load_history(
    settings: Settings, quotes: Path | None, catalogue: Catalogue, kind: QuoteKind, *, skip_bad: bool
) -> History:
    """Return the quotes of the file, or of the warehouse of the settings."""
    from staplewatch import history, source  # noqa: PLC0415

    if quotes is None:
        with source.stored(settings) as store:
            return history.from_warehouse(store, catalogue, kind)
    found, skipped = history.from_sheet(quotes, catalogue, kind, skip_bad=skip_bad)
    if skipped:
        text = say(f"已跳过 {skipped} 行错误", f"{skipped} bad row(s) left out")
        sys.stderr.write(f"staplewatch: {quotes.name}: {text}\n")
    return found
