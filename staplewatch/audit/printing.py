"""A report for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Literal

import msgspec

from staplewatch.audit.report import Report, Summary, Text
from staplewatch.audit.scope import Tell
from staplewatch.output import Column, emit
from staplewatch.words import say

CHECKS: Final[Mapping[str, Text]] = {
    "log": Text("日志与进度", "log and progress"),
    "records": Text("日志与原始行", "records"),
    "rows": Text("原始行", "raw rows"),
    "buckets": Text("5 分钟指标", "5-minute indicators"),
    "dates": Text("日期指标", "date indicators"),
    "snapshots": Text("快照", "snapshots"),
    "alerts": Text("预警", "alerts"),
    "rebuilt": Text("预警重算", "alerts rebuilt"),
    "letters": Text("死信", "dead letters"),
}
STATES: Final[Mapping[str, Text]] = {
    "agrees": Text("一致", "agrees"),
    "disagrees": Text("不一致", "DISAGREES"),
    "nothing": Text("无可核对", "nothing there"),
    "skipped": Text("未核对", "not checked"),
}


def show(report: Report, form: Literal["table", "json"]) -> None:
    """Write a report to stdout: one JSON object, or a row per check and then a row per disagreement."""
    if form == "json":
        sys.stdout.write(as_json(report).decode() + "\n")
        sys.stdout.flush()
        return
    emit([_summary_row(summary) for summary in report.summaries], "table", _summary_columns(), say("核对", "Audit"))
    if report.findings:
        rows = [msgspec.structs.asdict(finding) | {"meaning": said(finding.meaning)} for finding in report.findings]
        named = [row | {"check": said(CHECKS[row["check"]])} for row in rows]
        emit(named, "table", _finding_columns(), say("不一致之处", "Disagreements"))


def as_json(report: Report) -> bytes:
    """Return the report as JSON, with ``agrees`` beside its fields."""
    return msgspec.json.encode({"agrees": report.agrees, **msgspec.structs.asdict(report)})


def parsed(body: object) -> Report:
    """Return the report that an instance answered with."""
    return msgspec.convert(body, Report)


def said(text: Text) -> str:
    """Return a text in the language spoken."""
    return say(text.zh, text.en)


def waiting(pid: int) -> AbstractContextManager[object]:
    """Show on a terminal that an instance is at it."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=True).status(say(f"实例（进程 {pid}）正在核对", f"the instance (process {pid}) is auditing"))


@contextmanager
def bars() -> Iterator[Tell]:
    """Show a bar per long check on stderr."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        tasks: dict[str, Any] = {}

        def tell(check: str, done: int, total: int) -> None:
            if check not in tasks:
                tasks[check] = progress.add_task(said(CHECKS[check]))
            progress.update(tasks[check], completed=done, total=total)

        yield tell


def _summary_row(summary: Summary) -> dict[str, object]:
    compared = f"{summary.compared:,} {said(summary.unit)}"
    return {
        "check": said(CHECKS[summary.check]),
        "state": said(STATES[summary.state]),
        "compared": "" if summary.state == "skipped" else compared,
        "disagreements": summary.disagreements,
        "notes": "; ".join(map(said, summary.notes)),
    }


def _summary_columns() -> tuple[Column, ...]:
    return (
        Column("check", say("核对", "check")),
        Column("state", say("结果", "result")),
        Column("compared", say("比较了", "compared")),
        Column("disagreements", say("不一致", "disagree"), digits=0),
        Column("notes", say("说明", "notes"), fold=True),
    )


def _finding_columns() -> tuple[Column, ...]:
    return (
        Column("check", say("核对", "check")),
        Column("problem", say("问题", "problem")),
        Column("place", say("位置", "place"), fold=True),
        Column("expected", say("应为", "expected"), fold=True),
        Column("found", say("实为", "found"), fold=True),
        Column("count", say("数量", "count"), digits=0),
        Column("meaning", say("含义与处理", "what it means, what to do"), fold=True),
    )
