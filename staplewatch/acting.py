"""Acting on alerts from the command line: what was asked for is checked, then sent to every partition it concerns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from schemas import topics
from schemas.events import Action, Matcher
from serving import composing
from serving.composing import Composer
from staplewatch import people, sending, source
from staplewatch.errors import CommandError
from staplewatch.words import say
from streams.actions import LONGEST_LIST, LONGEST_NOTE
from streams.alerts import matching
from streams.fields import LONGEST_NAME

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue
    from staplewatch.settings import Settings

SENDER = "cli"


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert as it was read."""

    id: str
    key: str
    seq: int
    level: str


def on_alert(
    chosen: Settings,
    id: str,
    kind: Literal["acknowledge", "comment"],
    note: str,
    by: str | None,
    *,
    direct: bool,
    patience: float,
) -> dict[str, Any]:
    """Acknowledge an alert or comment on it; return the action as data. Raises ``CommandError``."""
    with source.opened(chosen, direct=direct) as answers:
        rows = answers.ask("alerts/transitions", {"id": id})
    if not rows:
        raise CommandError(no_alert(id))
    newest = rows[-1]
    if kind == "acknowledge" and newest["state"] != "firing":
        msg = say(
            f"预警 {id[:60]} 已不在触发状态，无需确认；可用 staplewatch alerts comment 留言",
            f"alert {id[:60]} is not firing, there is nothing to acknowledge: staplewatch alerts comment adds words",
        )
        raise CommandError(msg)
    seen = Seen(newest["id"], newest["key"], newest["seq"], newest["level"])
    action = _composer(by).on(seen, kind, _words(note, "--note" if kind == "acknowledge" else "TEXT"))
    return _sent(chosen, action, [int(newest["region"])], patience)


def silence(
    chosen: Settings, matcher: Matcher, until: datetime, why: str, by: str | None, *, patience: float
) -> dict[str, Any]:
    """Silence alerts; return the action as data. Raises ``CommandError``."""
    catalogue = sending.target(chosen, patience).load()
    _check(matcher, until, catalogue)
    action = _composer(by).silence(matcher, until, _words(why, "--why"))
    return _sent(chosen, action, composing.reach(matcher, catalogue), patience)


def unsilence(chosen: Settings, id: str, by: str | None, *, direct: bool, patience: float) -> dict[str, Any]:
    """End a silence; return the action as data. Raises ``CommandError``."""
    standing = next((row for row in silences(chosen, direct=direct) if row["silence"] == id), None)
    if standing is None:
        msg = say(
            f"没有生效的静默 {id[:60]}：staplewatch alerts silences 列出全部",
            f"no silence {id[:60]} stands: staplewatch alerts silences lists them",
        )
        raise CommandError(msg)
    matcher = msgspec.convert(standing["matcher"], Matcher)
    codes = composing.reach(matcher, sending.target(chosen, patience).load())
    return _sent(chosen, _composer(by).unsilence(id), codes, patience)


def silences(chosen: Settings, *, direct: bool) -> list[dict[str, Any]]:
    """Return the silences that stand, those that end first before the others."""
    with source.opened(chosen, direct=direct) as answers:
        return answers.ask("silences", {})


def no_alert(id: str) -> str:
    """Return what is said of an id that no alert has."""
    return say(
        f"没有编号为 {id[:60]} 的预警：用 staplewatch alerts --format json 查看编号",
        f"there is no alert {id[:60]}: staplewatch alerts --format json lists their ids",
    )


def _composer(by: str | None) -> Composer:
    name = (people.user() if by is None else by).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        msg = say(f"--by：须为 1 到 {LONGEST_NAME} 个字符", f"--by: give a name of 1 to {LONGEST_NAME} characters")
        raise CommandError(msg)
    return Composer(SENDER, name, time.time())


def _words(text: str, option: str) -> str:
    if len(text) > LONGEST_NOTE:
        msg = say(
            f"{option}：{len(text)} 个字符，最多 {LONGEST_NOTE} 个",
            f"{option}: {len(text)} characters, at most {LONGEST_NOTE}: make it shorter",
        )
        raise CommandError(msg)
    return text


def _check(matcher: Matcher, until: datetime, catalogue: Catalogue) -> None:
    if matching.names_nothing(matcher):
        msg = say(
            "静默什么？至少给出 --region、--good、--pack、--rule、--site、--level 之一",
            "silence what? give at least one of --region, --good, --pack, --rule, --site, --level",
        )
        raise CommandError(msg)
    if strange := composing.unknown(matcher, catalogue):
        named = ", ".join(strange)
        raise CommandError(say(f"目录中没有 {named}：请核对代码", f"not in the catalogue: {named}: check the codes"))
    if unfit := composing.unfit(matcher):
        named = ", ".join(f"--{name.removesuffix('s')}" for name in unfit)
        msg = say(
            f"{named}：最多 {LONGEST_LIST} 项，每项 1 到 {LONGEST_NAME} 个字符",
            f"{named}: at most {LONGEST_LIST} entries of 1 to {LONGEST_NAME} characters",
        )
        raise CommandError(msg)
    if not composing.may_last(until, time.time()):
        days = composing.LONGEST_SILENCE // 86_400
        msg = say(
            f"静默须在 {days} 天以内的未来时刻结束：用 --for 2h 或 --until 指明",
            f"a silence ends ahead of now and within {days} days: say --for 2h or --until",
        )
        raise CommandError(msg)


def _sent(chosen: Settings, action: Action, codes: Iterable[int], patience: float) -> dict[str, Any]:
    """Send an action, wait for the broker, and return it as the API would."""
    with sending.producer(sending.target(chosen, patience)) as producer:
        value = msgspec.json.encode(action)
        for partition in composing.partitions_of(codes, producer.partitions):
            producer.forward(topics.ACTIONS, partition, composing.key_of(action), value, [])
    told: dict[str, Any] = msgspec.to_builtins(action)
    return told


def ending(until: str | None, seconds: float | None) -> datetime:
    """Return when a silence ends; exactly one of the two is given. Raises ``CommandError``."""
    if (until is None) == (seconds is None):
        msg = say("--until 与 --for 须给出其一", "say when it ends: either --until or --for")
        raise CommandError(msg)
    if until is not None:
        return datetime.fromisoformat(until)
    return datetime.fromtimestamp(time.time() + (seconds or 0.0), UTC)


def covered(matcher: Mapping[str, Any]) -> str:
    """Return a matcher in one line: ``regions=540400 goods=potato,tea``."""
    return " ".join(f"{name}={','.join(listed)}" for name, listed in matcher.items() if listed)
