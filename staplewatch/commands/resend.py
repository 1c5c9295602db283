"""Dead letters sent again, as they were, to where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from staplewatch.commands.options import (
    Broker,
    Catalogue,
    Config,
    Data,
    GiveUpAfter,
    Lang,
    SummaryFormat,
    WaitForBroker,
    Warehouse,
    examples,
    patience,
    seconds,
)
from staplewatch.words import say


def register(replay: typer.Typer) -> None:
    """Add the command to those that replay."""
    replay.command(
        "dead-letters",
        help=say(
            "把被拒记录的原始字节重发到应去的分区（已重发过的跳过）。",
            "Send rejected records again, as they were, to the partition where they belong; each once.",
        ),
        epilog=examples(
            "staplewatch replay dead-letters --data DIR --where \"stage = 'partition'\"",
            "staplewatch replay dead-letters --data DIR --mapping items.csv --dry-run",
            "staplewatch replay dead-letters --data DIR --where \"sender = 'shop-7' and reason like '%catalogue%'\"",
        ),
    )(replay_letters)


def replay_letters(
    data: Data = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            help=say(
                "SQL 条件，可用列：topic partition offset epoch stage reason error sender event_id site region "
                "size at attempts replayed",
                "SQL condition over topic partition offset epoch stage reason error sender event_id site region "
                "size at attempts replayed",
            ),
            show_default=False,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            help=say(
                "商品对照表 CSV：sender,item,good[,unit]（sender 为 * 即所有发送方）",
                "CSV sender,item,good[,unit]: enterprises' item codes to goods (sender * is anybody)",
            ),
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help=say("不发送，只说明会发什么、哪些会再被拒", "send nothing, say what would be rejected again and why"),
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help=say("最多重发条数", "records at most"), show_default=False)
    ] = None,
    again: Annotated[bool, typer.Option("--again", help=say("已重发过的也重发", "also those sent before"))] = False,
    settle: Annotated[
        str, typer.Option("--settle", help=say("最多等多久看结果", "how long to wait for what becomes of them"))
    ] = "15s",
    rate: Annotated[
        str | None,
        typer.Option("--rate", help=say("每秒条数，如 5000、5k", "records per second, 5000 or 5k"), show_default=False),
    ] = None,
    give_up_after: GiveUpAfter = "15m",
    wait: WaitForBroker = False,
    format: SummaryFormat = "table",
    broker: Broker = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Send rejected records again."""
    from staplewatch import resending, sending, settings, source  # noqa: PLC0415

    named = {"data": data, "broker": broker, "warehouse": warehouse, "catalogue": catalogue}
    chosen = settings.load(config, **named)
    place = sending.target(chosen, patience(give_up_after), wait=wait)
    known = place.load()
    request = resending.Request(where, mapping, limit, again, seconds(settle, "--settle") or 0.0)
    resending.condition(where, place.zone)  # before anything is opened
    watch, bar = sending.Stopwatch(), sending.reporter(say("条", "records"))
    with (
        source.opened(chosen, direct=warehouse is not None) as answers,
        sending.producer(place, rate) as producer,
    ):
        chooser = resending.Chooser(request, known, producer.partitions, place.zone)
        if dry_run:
            summary, trial = _rehearsed(answers, chooser, bar, chosen, place, known)
        else:
            summary, trial = resending.resend(answers, producer, chooser, bar, settle=request.settle), {}
    facts = summary.facts() | {"seconds": round(watch.seconds, 1)}
    _tell_replay(facts, trial, format)
    for line in resending.unreadable_lines(summary):
        typer.echo(f"  {line}", err=True)


def _rehearsed(answers: Any, chooser: Any, bar: Any, chosen: Any, place: Any, known: Any) -> tuple[Any, dict[str, Any]]:
    from dataclasses import replace  # noqa: PLC0415

    from staplewatch import assembly, rehearsal, resending  # noqa: PLC0415

    options = replace(assembly.engine_options(chosen), timezone=place.zone)
    trial = resending.Rehearsal(rehearsal.decoding(known, options, chooser.partitions))
    return resending.rehearse(answers, chooser, trial, bar), trial.facts()


def _tell_replay(facts: dict[str, Any], trial: dict[str, Any], form: str) -> None:
    from staplewatch import letters, sending  # noqa: PLC0415

    if not trial:
        if form == "table":
            facts["became"] = {letters.outcome(name): count for name, count in facts["became"].items()}
        sending.tell("replay dead-letters", facts, form)
        return
    facts = {name: value for name, value in facts.items() if name not in {"sent", "became"}} | {
        "would_send": facts["sent"], **trial
    }  # fmt: skip
    reasons = facts["reasons"]
    if form == "json":
        sending.tell("replay dead-letters --dry-run", facts, form)
        return
    del facts["reasons"]
    sending.tell("replay dead-letters --dry-run", facts, form)
    for each in reasons:
        typer.echo(f"  {each['records']:>8,}  {each['topic']}  {each['stage']}  {each['reason']}")
