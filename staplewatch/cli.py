"""The command ``staplewatch``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from staplewatch import words
from staplewatch.commands import (
    accounts,
    acting,
    audit,
    check,
    data,
    indices,
    letters,
    quotes,
    registry,
    rules,
    run,
    score,
    send,
)
from staplewatch.errors import CommandError
from staplewatch.signals import leave
from staplewatch.words import say

app = typer.Typer(
    name="staplewatch",
    help=say(
        "生活必需品保供稳价监测：销售、库存、价格进，指标和预警出。",
        "Supply and prices of daily necessities: sales, stock and prices in, indicators and alerts out.",
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
run.register(app)
send.register(app)
acting.register(data.register(app))
rules.register(app)
letters.register(app)
registry.register(app)
quotes.register(app)
accounts.register(app)
check.register(app)
audit.register(app)
score.register(app)
indices.register(app)


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help=say("显示版本", "show the version"))] = False,
    lang: Annotated[str | None, typer.Option("--lang", help="zh | en", show_default=False)] = None,
) -> None:
    del lang  # read by staplewatch.words before the help texts are made
    if version:
        from importlib import metadata  # noqa: PLC0415

        typer.echo(f"staplewatch {metadata.version('staplewatch')}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command; an error is one line on stderr, with exit code 2 when the user can mend it."""
    arguments = sys.argv[1:] if arguments is None else arguments
    words.use(words.choose(arguments, words.environment()))
    leave(run_command(arguments))


def run_command(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    try:
        result = app(arguments, prog_name="staplewatch", standalone_mode=False)
    except CommandError as error:
        return _fail(str(error), error.code, error.details)
    except typer.Abort:
        return 130
    except BrokenPipeError:  # the reader of our output went away: | head
        sys.stderr.close()
        return 141
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _usage(error)
    return result if isinstance(result, int) else 0


def _usage(error: Exception) -> int:
    message = error.format_message()  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(message)
        return 0
    hint = say(f"（见 {context.command_path} --help）", f" (see {context.command_path} --help)") if context else ""
    return _fail(f"{message}{hint}", 2)


def _fail(message: str, code: int, details: Sequence[str] = ()) -> int:
    typer.echo(f"staplewatch: {' '.join(message.split())}", err=True)
    for line in details:
        typer.echo(f"  {line}", err=True)
    return code


if __name__ == "__main__":
    main()
