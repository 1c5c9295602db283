"""What is scored: ground truth, transitions of a file, an instance or a warehouse, and a pack's rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from producers.simulate import Truth
from staplewatch.errors import CommandError
from staplewatch.scoring.truth import Transition, epoch
from staplewatch.words import say
from streams.alerts import packs
from streams.alerts.rules import Rule

if TYPE_CHECKING:
    from staplewatch.settings import Settings

#: What ``silence.measures`` returns.
MEASURED: Final = (
    "no_sale_p",
    "sales_expected",
    "sales_day",
    "profile_dates",
    "quiet_hours",
    "site_quiet_hours",
)

Kind = TypeVar("Kind", bound=msgspec.Struct)


def truths(path: Path) -> list[Truth]:
    """Return the ground truth that ``staplewatch simulate --truth`` wrote. Raises ``CommandError``."""
    found = [_decoded(line, Truth, path, number) for number, line in _lines(path)]
    if not any(truth.kind == "run" for truth in found):
        msg = say(
            f"{path.name} 没有 kind 为 run 的行：请给 staplewatch simulate --truth 写出的完整文件",
            f"{path.name} has no line of kind run: name a whole file that staplewatch simulate --truth wrote",
        )
        raise CommandError(msg)
    for number, truth in enumerate(found, start=1):
        moments = [truth.since, truth.until, *(at for one in truth.expects for at in (one.after, one.before))]
        _check_moments(moments, path, number)
    return found


def transitions(path: Path) -> list[Transition]:
    """Return the transitions of a JSON array, or of JSON lines as on topic ``alerts``. Raises ``CommandError``."""
    text = _text(path)
    rows = _array(text, path) if text.lstrip()[:1] == b"[" else list(_lines(path))
    found = [_decoded(row, Transition, path, number) for number, row in rows]
    for (number, _), one in zip(rows, found, strict=True):
        _check_moments([one.at], path, number)
    return found


def sales_rule(reference: str) -> Rule:
    """Return the rule of a pack (name or TOML file) that reads nothing but sales. Raises ``CommandError``."""
    try:
        pack = packs.load(reference)
    except packs.PackError as error:
        msg = f"--pack: {error}"
        raise CommandError(msg) from error
    for rule in pack.rules:
        if set(rule.measured) <= set(MEASURED):
            return rule
    names = ", ".join(MEASURED)
    msg = say(
        f"--pack {reference}：没有只用销售指标（{names}）的规则",
        f"--pack {reference}: no rule of it reads only what sales tell: {names}",
    )
    raise CommandError(msg)


def stored(settings: Settings, *, direct: bool) -> list[Transition]:
    """Return every transition that the instance or the warehouse knows. Raises ``CommandError``."""
    from staplewatch import source  # noqa: PLC0415

    with source.opened(settings, direct=direct) as answers:
        return msgspec.convert(answers.ask("alerts/transitions", {}), list[Transition])


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise CommandError(say(f"无法读取 {path}：{why}", f"{path} cannot be read: {why}")) from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(_text(path).splitlines(), start=1) if line.strip())


def _array(text: bytes, path: Path) -> list[tuple[int, bytes]]:
    try:
        return [(number, bytes(row)) for number, row in enumerate(msgspec.json.decode(text, type=list[msgspec.Raw]), 1)]
    except msgspec.DecodeError as error:
        raise CommandError(say(f"{path.name} 不是 JSON：{error}", f"{path.name} is not JSON: {error}")) from error


def _decoded(text: bytes, kind: type[Kind], path: Path, number: int) -> Kind:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandError(_bad(path, number, str(error))) from error


def _check_moments(moments: list[str], path: Path, number: int) -> None:
    for moment in moments:
        try:
            epoch(moment)
        except ValueError as error:
            raise CommandError(_bad(path, number, f"{moment!r} is no RFC 3339 time")) from error


def _bad(path: Path, number: int, why: str) -> str:
    return say(
        f"{path.name} 第 {number} 条：{why}；请给 simulate --truth 或 alerts --transitions --format json 的输出",
        f"{path.name}, record {number}: {why}; name what simulate --truth or alerts --transitions --format json wrote",
    )
