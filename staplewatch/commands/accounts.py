"""Accounts of people, and tokens of screens without a keyboard."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from staplewatch.commands.options import Config, Data, Format, Lang, Operations, examples
from staplewatch.output import Column
from staplewatch.words import say

if TYPE_CHECKING:
    from serving.operations.audit import Actor
    from serving.operations.operations import Operations as Opened

Name = Annotated[str, typer.Argument(metavar="NAME", help=say("账户名", "name of the account"))]
Screen = Annotated[str, typer.Argument(metavar="NAME", help=say("大屏名称", "name of the screen"))]
RoleOption = Annotated[
    Literal["viewer", "duty", "analyst", "admin"],
    typer.Option("--role", help=say("viewer 查看，duty 值班，analyst 分析，admin 管理", "what the account may do")),
]
RoleArgument = Annotated[
    Literal["viewer", "duty", "analyst", "admin"],
    typer.Argument(metavar="ROLE", help=say("角色，同 accounts add --role", "as in accounts add --role")),
]
Stdin = Annotated[
    bool,
    typer.Option("--password-stdin", help=say("从标准输入读取口令", "read the password from standard input")),
]
Enable = Annotated[bool, typer.Option("--undo", help=say("重新启用", "open it again"))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    people = typer.Typer(help=say("账户与角色。", "Accounts and roles."), no_args_is_help=True)
    people.command(
        help=say("新建账户；口令不回显。", "Make an account; the password is not shown."),
        epilog=examples(
            "staplewatch accounts add tsering --role duty --data DIR",
            "pass show desk | staplewatch accounts add tsering --role duty --password-stdin --data DIR",
        ),
    )(add)
    people.command(
        "list",
        help=say("全部账户。", "All accounts."),
        epilog=examples("staplewatch accounts list --data DIR --format json"),
    )(list_accounts)
    people.command(
        help=say("更改口令，并结束该账户的全部会话。", "Change a password; all sessions of the account end."),
        epilog=examples("staplewatch accounts passwd tsering --data DIR"),
    )(passwd)
    people.command(
        help=say("停用账户，并结束其全部会话。", "Lock an account; all its sessions end."),
        epilog=examples(
            "staplewatch accounts disable tsering --data DIR", "staplewatch accounts disable tsering --undo"
        ),
    )(disable)
    people.command(
        help=say("更改角色，下一次请求起生效。", "Give another role; it counts from the next request on."),
        epilog=examples("staplewatch accounts role tsering admin --data DIR"),
    )(role)
    app.add_typer(people, name="accounts")
    screens = typer.Typer(help=say("大屏只读令牌。", "Read-only tokens of wall displays."), no_args_is_help=True)
    screens.command(
        "add",
        help=say("新建令牌；只显示这一次。", "Make a token; it is shown only now."),
        epilog=examples("staplewatch wall-tokens add hall-1 --data DIR"),
    )(add_token)
    screens.command(
        "list",
        help=say("全部令牌。", "All tokens."),
        epilog=examples("staplewatch wall-tokens list --data DIR --format json"),
    )(list_tokens)
    screens.command(
        help=say("吊销令牌，半分钟内生效。", "Refuse a token from now on; an open wall ends within half a minute."),
        epilog=examples("staplewatch wall-tokens revoke hall-1 --data DIR"),
    )(revoke)
    app.add_typer(screens, name="wall-tokens")


def add(
    name: Name,
    role: RoleOption = "duty",
    password_stdin: Stdin = False,
    data: Data = None,
    operations: Operations = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Make an account."""
    with _opened(config, data, operations) as (store, actor):
        made = store.accounts.add(name, role, _password(password_stdin), actor)
        _emit([_told(made)], format, account_columns(), say("账户", "Account"))


def list_accounts(
    data: Data = None,
    operations: Operations = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show accounts."""
    with _opened(config, data, operations) as (store, _):
        _emit(map(_told, store.accounts.list()), format, account_columns(), say("账户", "Accounts"))


def passwd(
    name: Name,
    password_stdin: Stdin = False,
    data: Data = None,
    operations: Operations = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Change a password."""
    with _opened(config, data, operations) as (store, actor):
        store.accounts.get(name)
        store.accounts.change_password(name, _password(password_stdin), actor)
    typer.echo(say(f"{name} 的口令已更改", f"the password of {name} is changed"), err=True)


def disable(
    name: Name,
    undo: Enable = False,
    data: Data = None,
    operations: Operations = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Lock an account."""
    with _opened(config, data, operations) as (store, actor):
        store.accounts.disable(name, not undo, actor)
    typer.echo(
        say(f"{name} 已启用", f"{name} is open again") if undo else say(f"{name} 已停用", f"{name} is disabled"),
        err=True,
    )


def role(
    name: Name,
    role: RoleArgument,
    data: Data = None,
    operations: Operations = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Give another role."""
    with _opened(config, data, operations) as (store, actor):
        store.accounts.change_role(name, role, actor)
    typer.echo(say(f"{name} 的角色现为 {role}", f"{name} is now {role}"), err=True)


def add_token(
    name: Screen,
    data: Data = None,
    operations: Operations = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Make a wall token."""
    with _opened(config, data, operations) as (store, actor):
        token = store.wall_tokens.add(name, actor)
        row = {"name": name, "token": token, "address": f"/wall?token={token}"}
        columns = (Column("name", say("大屏", "screen")), Column("address", say("打开", "open"), fold=True))
        _emit([row], format, columns, say("大屏令牌（只显示这一次）", "Wall token (shown only now)"))


def list_tokens(
    data: Data = None,
    operations: Operations = None,
    format: Format = "table",
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Show wall tokens."""
    with _opened(config, data, operations) as (store, _):
        columns = (
            Column("name", say("大屏", "screen")),
            Column("created", say("创建", "created")),
            Column("used", say("最近使用", "last used")),
            Column("revoked", say("吊销", "revoked")),
        )
        _emit(map(_told, store.wall_tokens.list()), format, columns, say("大屏令牌", "Wall tokens"))


def revoke(
    name: Screen, data: Data = None, operations: Operations = None, config: Config = None, lang: Lang = None
) -> None:
    """Revoke a wall token."""
    with _opened(config, data, operations) as (store, actor):
        store.wall_tokens.revoke(name, actor)
    typer.echo(say(f"{name} 的令牌已吊销", f"the token of {name} is revoked"), err=True)


def account_columns() -> tuple[Column, ...]:
    """Return the columns of the accounts' table."""
    return (
        Column("name", say("账户", "account")),
        Column("role", say("角色", "role")),
        Column("created", say("创建", "created")),
        Column("disabled", say("停用", "disabled")),
    )


@contextmanager
def _opened(config: Path | None, data: Path | None, operations: str | None) -> Iterator[tuple[Opened, Actor]]:
    from serving.operations.audit import Actor  # noqa: PLC0415
    from serving.operations.errors import OperationsError  # noqa: PLC0415
    from staplewatch import operating, people, settings  # noqa: PLC0415
    from staplewatch.errors import CommandError  # noqa: PLC0415

    opened = operating.open_operations(settings.load(config, data=data, operations=operations))
    try:
        yield opened, Actor(people.user(), "cli")
    except OperationsError as error:
        raise CommandError(say(error.zh, error.en)) from error
    finally:
        opened.store.close()


def _password(from_stdin: bool) -> str:
    """Return a password that was typed twice, or the first line of standard input."""
    from staplewatch.errors import CommandError  # noqa: PLC0415

    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass(say("口令：", "password: "))
    if getpass.getpass(say("再输一次：", "again: ")) != typed:
        msg = say("两次输入不同：请重试", "the two are not the same: try again")
        raise CommandError(msg)
    return typed


def _told(found: Any) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415

    row: Mapping[str, Any] = msgspec.structs.asdict(found)
    times = {name: _time(row[name]) for name in ("created", "disabled", "revoked", "used") if name in row}
    return {**{name: value for name, value in row.items() if name != "id"}, **times}


def _time(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _emit(rows: Any, format: Literal["table", "json", "csv"], columns: tuple[Column, ...], title: str) -> None:
    from staplewatch import output  # noqa: PLC0415

    output.emit(list(rows), format, columns, title)
