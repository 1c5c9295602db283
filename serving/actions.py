"""What people do about alerts: acknowledge, comment, silence; everything goes through topic ``alert.actions``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.exceptions import (
    ClientException,
    HTTPException,
    NotFoundException,
    ServiceUnavailableException,
)
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from schemas.catalogue import Catalogue
from schemas.events import Action, Matcher
from serving import composing, rows
from serving.access import NEEDS, Access, Who
from serving.acting import Acting, NotSent
from serving.answers import Answers, rank
from serving.composing import Composer
from serving.rows import ActionRow, AlertRow
from streams.actions import LONGEST_LIST, LONGEST_NOTE
from streams.alerts import matching
from streams.fields import LONGEST_NAME

AnyRequest = Request[Any, Any, Any]

MOST_AT_ONCE: Final = 5000
SENDER: Final = "desk"

Note = Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)]


class Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    """Words to go with it; ``seq`` is the transition that was seen: if it rose since, nothing is done."""

    note: Note = ""
    seq: int | None = None


class Seen(msgspec.Struct, forbid_unknown_fields=True):
    """An episode and its transition that was seen."""

    id: str
    seq: int | None = None


class AcknowledgeMany(msgspec.Struct, forbid_unknown_fields=True):
    """Several episodes, with the same words."""

    alerts: Annotated[list[Seen], msgspec.Meta(min_length=1, max_length=MOST_AT_ONCE)]
    note: Note = ""


class Refusal(msgspec.Struct):
    """Why one of several was not acknowledged."""

    id: str
    reason: str


class AcknowledgedMany(msgspec.Struct):
    """What was done, and what was not."""

    acknowledged: list[ActionRow]
    refused: list[Refusal]


class Say(msgspec.Struct, forbid_unknown_fields=True):
    """A comment."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NOTE)]


class Silencing(msgspec.Struct, forbid_unknown_fields=True):
    """Which alerts (at least one list of ``matcher`` is not empty), until when (with offset), and why."""

    matcher: Matcher
    until: datetime
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NOTE)]


class AlertDetail(msgspec.Struct):
    """An episode with its course: transitions and actions, oldest first; ``complete``: the warehouse took part."""

    alert: AlertRow
    transitions: list[AlertRow]
    actions: list[ActionRow]
    complete: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """What acting needs."""

    acting: Acting
    catalogue: Catalogue
    clock: Callable[[], float] = time.time

    def composer(self, who: Who) -> Composer:
        """Return what makes actions of somebody, now."""
        return Composer(SENDER, who.actor.name, self.clock())


@get("/api/alerts/{alert_id:str}", summary="One episode: evidence, transitions, actions", opt={NEEDS: "read"})
async def get_alert(answers: NamedDependency[Answers], alert_id: FromPath[str]) -> AlertDetail:
    """Return how an alert came to be what it is, and what was done about it."""
    alert = await _found(answers, alert_id)
    course, complete = await answers.course(alert_id)
    done = answers.ledger.of(alert_id)
    return AlertDetail(alert, course or [alert], [rows.from_action(each) for each in done], complete)


@post("/api/alerts/{alert_id:str}/acknowledge", summary="Acknowledge an alert", opt={NEEDS: "act"})
async def acknowledge(
    request: AnyRequest,
    answers: NamedDependency[Answers],
    access: NamedDependency[Access],
    desk: NamedDependency[Desk],
    alert_id: FromPath[str],
    data: JSONBody[Acknowledge],
) -> ActionRow:
    """Put one's name to an open alert; every screen shows it within a second. A higher level takes it away."""
    alert = await _found(answers, alert_id)
    if reason := _unseen(alert, data.seq):
        raise HTTPException(reason, status_code=409)
    action = desk.composer(request.user).on(alert, "acknowledge", data.note)
    await _do(desk, access, request.user, [(action, [int(alert.region)])])
    return rows.from_action(action)


@post("/api/alerts/acknowledge", summary="Acknowledge several alerts", status_code=HTTP_200_OK, opt={NEEDS: "act"})
async def acknowledge_many(
    request: AnyRequest,
    answers: NamedDependency[Answers],
    access: NamedDependency[Access],
    desk: NamedDependency[Desk],
    data: JSONBody[AcknowledgeMany],
) -> AcknowledgedMany:
    """Acknowledge what can be, and say of the others why not."""
    refused, actions, composer = [], [], desk.composer(request.user)
    for seen in {each.id: each for each in data.alerts}.values():
        alert = await answers.alert(seen.id)
        reason = _unseen(alert, seen.seq) if alert is not None else _unknown(seen.id)
        if alert is None or reason:
            refused.append(Refusal(seen.id, reason))
        else:
            actions.append((composer.on(alert, "acknowledge", data.note), [int(alert.region)]))
    await _do(desk, access, request.user, actions)
    return AcknowledgedMany([rows.from_action(action) for action, _ in actions], refused)


@post("/api/alerts/{alert_id:str}/comment", summary="Comment on an alert", opt={NEEDS: "act"})
async def comment(
    request: AnyRequest,
    answers: NamedDependency[Answers],
    access: NamedDependency[Access],
    desk: NamedDependency[Desk],
    alert_id: FromPath[str],
    data: JSONBody[Say],
) -> ActionRow:
    """Add words to an episode, open or resolved."""
    alert = await _found(answers, alert_id)
    action = desk.composer(request.user).on(alert, "comment", data.note)
    await _do(desk, access, request.user, [(action, [int(alert.region)])])
    return rows.from_action(action)


@get("/api/silences", summary="Silences that stand", opt={NEEDS: "read"})
async def get_silences(answers: NamedDependency[Answers]) -> list[ActionRow]:
    """Return the silences that are neither over nor lifted, those that end first before the others."""
    return await answers.silences()


@post("/api/silences", summary="Silence alerts", status_code=HTTP_201_CREATED, opt={NEEDS: "act"})
async def silence(
    request: AnyRequest,
    access: NamedDependency[Access],
    desk: NamedDependency[Desk],
    data: JSONBody[Silencing],
) -> ActionRow:
    """Keep alerts from being sent to people until a moment; they are shown and recorded as ever."""
    _check(data, desk)
    action = desk.composer(request.user).silence(data.matcher, data.until, data.why)
    await _do(desk, access, request.user, [(action, composing.reach(data.matcher, desk.catalogue))])
    return rows.from_action(action)


@delete("/api/silences/{silence_id:str}", summary="Lift a silence", status_code=HTTP_200_OK, opt={NEEDS: "act"})
async def lift(
    request: AnyRequest,
    answers: NamedDependency[Answers],
    access: NamedDependency[Access],
    desk: NamedDependency[Desk],
    silence_id: FromPath[str],
) -> ActionRow:
    """End a silence before its time."""
    standing = next((each for each in await answers.silences() if each.silence == silence_id), None)
    if standing is None or standing.matcher is None:
        msg = f"no silence {silence_id} stands / 没有生效的静默 {silence_id}"
        raise NotFoundException(msg)
    action = desk.composer(request.user).unsilence(silence_id)
    await _do(desk, access, request.user, [(action, composing.reach(standing.matcher, desk.catalogue))])
    return rows.from_action(action)


HANDLERS: Final = (get_alert, acknowledge, acknowledge_many, comment, get_silences, silence, lift)


async def _found(answers: Answers, episode: str) -> AlertRow:
    alert = await answers.alert(episode)
    if alert is None:
        raise NotFoundException(_unknown(episode))
    return alert


def _unknown(episode: str) -> str:
    return f"there is no alert {episode} / 没有预警 {episode}"


def _unseen(alert: AlertRow, seq: int | None) -> str:
    """Return why an alert cannot be acknowledged as it was seen, empty when it can."""
    if alert.state != "firing":
        return "this alert is not open any more / 预警已不在触发状态"
    if seq is not None and seq < alert.seq and rank(alert.level) > rank(alert.level_before):
        return "this alert has risen since: look again, then acknowledge / 预警已升级：请查看后再确认"
    return ""


def _check(data: Silencing, desk: Desk) -> None:
    problems = []
    if matching.names_nothing(data.matcher):
        least = "name at least one region, good, pack, rule, site or level / 至少指定一项"
        problems.append({"key": "matcher", "message": least})
    if strange := composing.unknown(data.matcher, desk.catalogue):
        problems.append({"key": "matcher", "message": f"not in the catalogue / 目录中没有: {', '.join(strange)}"})
    if unfit := composing.unfit(data.matcher):
        limits = f"at most {LONGEST_LIST} entries of 1 to {LONGEST_NAME} characters / 条目过多、为空或过长"
        problems.append({"key": "matcher", "message": f"{', '.join(unfit)}: {limits}"})
    if not composing.may_last(data.until, desk.clock()):
        limit = composing.LONGEST_SILENCE // 86_400
        ahead = f"a time with offset, ahead, within {limit} days / 须为带时区的未来时刻，{limit} 天以内"
        problems.append({"key": "until", "message": ahead})
    if problems:
        msg = "the silence cannot be made / 无法设置静默"
        raise ClientException(msg, extra=problems)


async def _do(desk: Desk, access: Access, who: Who, actions: Iterable[tuple[Action, Iterable[int]]]) -> None:
    """Send actions, then write them into the audit log: what is there has happened."""
    actions = [(action, [*codes]) for action, codes in actions]
    if not actions:
        return
    try:
        await desk.acting.send(actions)
    except NotSent as error:
        raise ServiceUnavailableException(str(error)) from error
    if access.operations is not None:
        await access.operations.note_all(
            who.actor, [(_what(action), action.alert or action.silence, _details(action)) for action, _ in actions]
        )


def _what(action: Action) -> str:
    return f"silence.{'add' if action.kind == 'silence' else 'lift'}" if action.silence else f"alert.{action.kind}"


def _details(action: Action) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(action)
    return {name: told[name] for name in ("note", "key", "seq", "level", "matcher", "until") if name in told}
