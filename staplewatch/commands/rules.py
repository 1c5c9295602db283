"""Rules: what a pack says, whether a file is one, and what it would have done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from staplewatch.commands import ruling
from staplewatch.commands.options import Catalogue, Config, Data, Format, Good, Lang, Region, Warehouse, examples
from staplewatch.words import say


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        help=say(
            "用历史报价回测规则包：每个规则、地区、商品、日期的级别（生命周期之前）。",
            "What rule packs make of past quotes: the level per rule, region, good and date, before the life cycle.",
        ),
        epilog=examples(
            "staplewatch backtest --quotes quotes.csv --catalogue DIR --pack urumqi-2007 --kind wholesale --format csv",
            "staplewatch backtest --quotes quotes.csv --pack urumqi-2007 --pack urumqi-2007-steady --summary",
            "staplewatch backtest --quotes quotes.csv --pack urumqi-2007 --quarantine on --summary",
            "staplewatch backtest --data DIR --pack my-pack.toml --from 2022-08-01 --region 540400 --format json",
        ),
    )(backtest)
    rules = typer.Typer(help=say("规则包。", "Rule packs."), no_args_is_help=True)
    rules.command(
        "list", help=say("随产品提供的规则包。", "Packs that come with the product."),
        epilog=examples("staplewatch rules list --format json"),
    )(list_packs)  # fmt: skip
    rules.command(
        "show", help=say("显示规则包，可另存为自己的。", "Print a pack: save it under another name and change it."),
        epilog=examples("staplewatch rules show urumqi-2007 > my-pack.toml"),
    )(show)  # fmt: skip
    rules.command(
        "check",
        help=say(
            "检查规则包文件，指出行、列与原因。", "Check a pack: line and column of a mistake, and what to write."
        ),
        epilog=examples("staplewatch rules check my-pack.toml", "staplewatch rules check my-pack.toml --format json"),
    )(check)
    ruling.register(rules)
    app.add_typer(rules, name="rules")


def backtest(
    quotes: Annotated[
        Path | None,
        typer.Option(
            "--quotes",
            help=say(
                "报价表（CSV）；不给则取仓库中的报价", "canonical CSV of quotes; without it those of the warehouse"
            ),
            show_default=False,
        ),
    ] = None,
    pack: Annotated[
        list[str] | None,
        typer.Option(
            "--pack",
            help=say("规则包名或 TOML 文件；给两个则比较", "pack or TOML file; two of them are compared"),
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help=say("从此日期起显示", "show from this date on"), show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help=say("显示到此日期（含）", "show up to this date"), show_default=False)
    ] = None,
    region: Region = None,
    good: Good = None,
    kind: Annotated[
        Literal["retail", "wholesale"] | None,
        typer.Option("--kind", help=say("价格种类（默认按规则包）", "kind (default: the pack's)"), show_default=False),
    ] = None,
    coverage: Annotated[
        float, typer.Option("--coverage", help=say("只支持 1.0：收盘时评估", "1.0 only: evaluate at the close"))
    ] = 1.0,
    summary: Annotated[
        bool, typer.Option("--summary", help=say("预警小结而非逐日级别", "figures about alerts, not every date"))
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help=say("跳过有错的行", "leave bad rows out instead of refusing the file"))
    ] = False,
    quarantine: Annotated[
        Literal["on", "off"],
        typer.Option("--quarantine", help=say("隔离可疑报价", "leave out suspect quotes as the live stream does")),
    ] = "off",
    format: Format = "table",
    data: Data = None,
    warehouse: Warehouse = None,
    catalogue: Catalogue = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Evaluate packs on past quotes. The table is the summary; CSV and JSON have a row per subject and date."""
    from staplewatch import assembly, backtesting, selecting, settings  # noqa: PLC0415
    from streams.backtest import suspects  # noqa: PLC0415

    _check_source(quotes, data, warehouse, coverage)
    chosen = settings.load(config, data=data, warehouse=warehouse, catalogue=catalogue)
    selection = backtesting.Selection(selecting.day(since, "--from"), selecting.day(until, "--to"), region, good)
    wanted = backtesting.load_packs(pack or [], kind)
    known = assembly.load_catalogue(chosen.catalogue)
    history = backtesting.load_history(chosen, quotes, known, wanted[0].kind, skip_bad=skip_bad)
    if quarantine == "on":
        history = suspects.quarantined(history)
    judged = backtesting.judge(wanted, history, known, selection)
    if summary or format == "table":
        backtesting.write_summary(judged, history.goods, known, format)
    else:
        backtesting.write_rows(judged, history.goods, format)


def list_packs(format: Format = "table", lang: Lang = None) -> None:
    """List the packs."""
    from staplewatch import output  # noqa: PLC0415
    from staplewatch.output import Column  # noqa: PLC0415
    from streams.alerts import packs  # noqa: PLC0415

    columns = (
        Column("pack", say("规则包", "pack")),
        Column("title", say("名称", "title")),
        Column("rules", say("规则", "rules"), fold=True),
        Column("subjects", say("对象", "subjects"), fold=True),
        Column("version", say("版本", "version")),
    )
    output.emit([_facts(packs.load(name)) for name in packs.shipped()], format, columns, say("规则包", "Rule packs"))


def show(
    name: Annotated[str, typer.Argument(help=say("规则包名", "name of a pack"))],
    lang: Lang = None,
) -> None:
    """Print a pack as it is written."""
    from streams.alerts import packs  # noqa: PLC0415

    _loaded(name)
    typer.echo(packs.locate(name).read_text(encoding="utf-8"), nl=False)


def check(
    file: Annotated[str, typer.Argument(help=say("TOML 文件或规则包名", "TOML file, or name of a pack"))],
    format: Annotated[
        Literal["table", "json"], typer.Option("--format", help=say("输出格式", "form of the output"))
    ] = "table",
    lang: Lang = None,
) -> int:
    """Check a pack; exit code 2 when it is refused."""
    from staplewatch import output  # noqa: PLC0415
    from streams.alerts import packs  # noqa: PLC0415

    if format == "json":
        try:
            typer.echo(output.as_json({"ok": True, **_facts(packs.load(file))}))
        except packs.PackError as error:
            place = {"source": error.source, "line": error.line, "column": error.column}
            typer.echo(output.as_json({"ok": False, **place, "message": error.message}))
            return 2
        return 0
    found = _facts(_loaded(file))
    ok = say("规则包有效", "the pack is valid")
    typer.echo(f"{file}: {ok}: {found['pack']} {found['version']}: {found['rules']} ({found['subjects']})")
    return 0


def _loaded(name: str) -> Any:
    from staplewatch.errors import CommandError  # noqa: PLC0415
    from streams.alerts import packs  # noqa: PLC0415

    try:
        return packs.load(name)
    except packs.PackError as error:
        raise CommandError(str(error)) from error


def _facts(pack: Any) -> dict[str, Any]:
    subjects = dict.fromkeys(subject for rule in pack.rules for subject in rule.subjects)
    return {
        "pack": pack.name,
        "title": say(pack.title.zh, pack.title.en),
        "rules": ", ".join(rule.id for rule in pack.rules),
        "subjects": ", ".join(subjects),
        "kind": pack.kind,
        "version": pack.version,
    }


def _check_source(quotes: Path | None, data: Path | None, warehouse: str | None, coverage: float) -> None:
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if quotes is None and data is None and warehouse is None:
        msg = say(
            "请给 --quotes FILE，或用 --data / --warehouse 指明仓库",
            "give --quotes FILE, or a warehouse by --data or --warehouse",
        )
        raise CommandError(msg)
    if coverage != 1.0:
        msg = say(
            f"--coverage {coverage}：回测在每天收盘时评估，只支持 1.0；提前评估请用 up --event-time 回放",
            f"--coverage {coverage}: a backtest evaluates dates at their close, so only 1.0; "
            "replay with up --event-time to see early evaluations",
        )
        raise CommandError(msg)
