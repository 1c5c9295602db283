"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from staplewatch.errors import CommandError
from staplewatch.words import say

Config = Annotated[
    Path | None, typer.Option("--config", help=say("TOML 配置文件", "TOML file with settings"), show_default=False)
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help=say("实例的数据目录（默认 ./data）", "data directory of the instance (default ./data)"),
        show_default=False,
    ),
]
Broker = Annotated[
    str | None,
    typer.Option("--broker", help=say("kafka://主机:端口[,…]", "kafka://host:port[,…]"), show_default=False),
]
Warehouse = Annotated[
    str | None,
    typer.Option(
        "--warehouse",
        help=say(
            "clickhouse://用户:口令@主机:端口/库 或 chdb:///目录",
            "clickhouse://user:password@host:port/db or chdb:///dir",
        ),
        show_default=False,
    ),
]
Operations = Annotated[
    str | None,
    typer.Option(
        "--operations",
        help=say(
            "账户库：postgresql://用户:口令@主机/库 或 sqlite:///文件（默认 数据目录/operations.db）",
            "accounts: postgresql://user:password@host/db or sqlite:///FILE (default DATA/operations.db)",
        ),
        show_default=False,
    ),
]
Catalogue = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        help=say("含 regions.csv 和 goods.csv 的目录", "directory with regions.csv and goods.csv"),
        show_default=False,
    ),
]
Map = Annotated[
    Path | None,
    typer.Option(
        "--map",
        help=say(
            "带审图号的县区 GeoJSON，代替大屏方格：顶层 review_number（或 审图号），要素属性 adcode、code 或 gb",
            "GeoJSON of the counties instead of the wall's tiles: review_number (审图号) at its top level, "
            "features with adcode, code or gb",
        ),
        show_default=False,
    ),
]
Format = Annotated[
    Literal["table", "json", "csv"], typer.Option("--format", help=say("输出格式", "form of the output"))
]
SummaryFormat = Annotated[
    Literal["table", "json"], typer.Option("--format", help=say("小结的格式", "form of the summary"))
]
By = Annotated[
    str | None,
    typer.Option("--by", help=say("以谁的名义（默认系统用户）", "in whose name (default the system's user)")),
]
Lang = Annotated[
    Literal["zh", "en"] | None,
    typer.Option("--lang", help=say("语言（默认取自 LANG）", "language (default from LANG)"), show_default=False),
]
Region = Annotated[
    str | None,
    typer.Option("--region", help=say("六位区划代码", "six-digit region code"), show_default=False),
]
Good = Annotated[
    str | None, typer.Option("--good", help=say("商品代码，如 potato", "good, for example potato"), show_default=False)
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help=say("最多行数", "rows at most"), show_default=False)]
Follow = Annotated[bool, typer.Option("--follow", "-f", help=say("持续显示新的变化", "go on with what is new"))]
Duration = Annotated[
    str | None,
    typer.Option(
        "--duration",
        help=say("运行多久后自行结束，如 60s、10m", "end by itself after 60s, 10m, 1h"),
        show_default=False,
    ),
]
GiveUpAfter = Annotated[
    str,
    typer.Option(
        "--give-up-after",
        help=say("代理中断时最多等多久", "how long to wait for a broker that went away: 90s, 15m"),
    ),
]
WaitForBroker = Annotated[
    bool, typer.Option("--wait", help=say("开始时代理不在也等待", "also wait for a broker that is away at the start"))
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"] | None,
    typer.Option("--log-level", help=say("日志级别", "least level that is logged"), show_default=False),
]
LogFormat = Annotated[
    Literal["auto", "human", "json"] | None,
    typer.Option("--log-format", help=say("日志格式", "form of the log"), show_default=False),
]

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)", re.ASCII)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str | None, option: str = "--duration") -> float | None:
    """Return a duration such as ``60s``, ``1.5m`` or ``90`` in seconds; None stays None."""
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        msg = say(
            f"{option}：{text!r} 不是时长，例如 60s、10m、1h", f"{option}: {text!r} is no duration, try 60s, 10m or 1h"
        )
        raise CommandError(msg)
    return float(found[1]) * _SECONDS[found[2]]


def patience(text: str) -> float:
    """Return ``--give-up-after`` in seconds."""
    if found := seconds(text, "--give-up-after"):
        return found
    raise CommandError(say("--give-up-after 必须大于 0", "--give-up-after must be above 0"))


def examples(*lines: str) -> str:
    """Return the end of a help text: examples, one per line."""
    return "\n\n".join([say("示例：", "Examples:"), *lines])
