"""An alert explained: what was measured, against what, over which sites, since when, and how it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.events import LEVELS
from staplewatch import places
from staplewatch.words import say
from streams.alerts.names import NAMES, format_en, format_zh

Row = Mapping[str, Any]

REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "pending": ("条件成立，待确认", "the condition holds, waiting to see whether it lasts"),
    "not_held": ("未持续", "it did not last"),
    "raised": ("条件成立", "the condition held"),
    "escalated": ("达到更高级别", "a higher level was reached"),
    "lowered": ("回落到较低级别", "it fell to a lower level and stayed there"),
    "stale": ("数据中断，状态保持", "data stopped, the state is held"),
    "fresh": ("数据恢复", "data are back"),
    "cleared": ("已恢复正常", "back to normal"),
    "no_data": ("长时间缺数据", "no data for too long"),
    "rule_removed": ("规则已停用", "the rule is no longer in use"),
    "confirmed": ("已确认属实", "it was confirmed as right"),
    "corrected": ("数据更正", "the data were corrected"),
}


MARKS: Final = ("acknowledged", "silenced_until", "inhibited", "comments")


def explanation(transitions: Sequence[Row], zone: str, marked: Row = MappingProxyType({})) -> dict[str, Any]:
    """Return everything about one episode as plain data; ``transitions`` ascend and carry ``place`` and ``good_name``.

    ``marked`` is the alert's row with what people did about it and what covers it. Labels and texts are in the
    language spoken; numbers are as stored. ``measured`` has the moment of its highest level and, where that is another
    one, the newest.
    """
    newest = transitions[-1]
    highest = max(transitions, key=lambda row: LEVELS.index(row["level"]))  # of several, the first
    moments = [highest] if highest["seq"] == newest["seq"] else [highest, newest]
    names = ("id", "key", "pack", "pack_version", "rule", "kind", "region", "place", "site", "good", "good_name")
    return {
        **{name: newest[name] for name in names},
        "state": newest["state"],
        "level": newest["level"],
        "highest": highest["level"],
        "stale": newest["stale"],
        "since": _local(newest["since"], zone),
        "until": _local(newest["at"], zone) if newest["state"] == "resolved" else None,
        "text": say(newest["text_zh"], newest["text_en"]),
        "measured": [_moment(row, zone) for row in moments],
        "transitions": [_transition(row, zone) for row in transitions],
        "substitutes": list(newest.get("substitutes") or ()),
        **{name: marked[name] for name in MARKS if marked.get(name)},
    }


def _moment(row: Row, zone: str) -> dict[str, Any]:
    return {
        "at": _local(row["at"], zone),
        "level": row["level"],
        "values": [_measured(name, value, row["thresholds"]) for name, value in row["values"].items()],
        "evidence": [_measured(name, value, {}) for name, value in row["evidence"].items()],
    }


def _measured(name: str, value: float | None, thresholds: Mapping[str, Any]) -> dict[str, Any]:
    """Return one indicator with what each level of the rule holds it against."""
    held = {
        level: {"value": thresholds[f"{level}.{name}"], "text": _said(name, thresholds[f"{level}.{name}"])}
        for level in LEVELS
        if f"{level}.{name}" in thresholds
    }
    return {"name": name, "label": _label(name), "value": value, "text": _said(name, value), "thresholds": held}


def _label(name: str) -> str:
    try:
        return say(NAMES[name].zh, NAMES[name].en)
    except KeyError:  # a name of a later or an earlier version
        return name


def _said(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    try:
        return say(format_zh(name, value), format_en(name, value))
    except KeyError:
        return f"{value:g}"


def _transition(row: Row, zone: str) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "at": _local(row["at"], zone),
        "state": row["state"],
        "level_before": row["level_before"],
        "level": row["level"],
        "reason": row["reason"],
        "correction": row["correction"],
        "text": say(row["text_zh"], row["text_en"]),
    }


def _local(at: str, zone: str) -> str:
    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).isoformat()


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines in which an explanation is read."""
    yield found["text"]
    yield ""
    yield from (f"  {label}{say('：', ': ')}{value}" for label, value in _facts(found) if value)
    for moment in found["measured"]:
        yield ""
        level = places.level_name(moment["level"])
        yield say(f"{_clock(moment['at'])} 测得（{level}）：", f"measured at {_clock(moment['at'])} ({level}):")
        yield from (f"  {_value_line(each)}" for each in moment["values"])
        if moment["evidence"]:
            counted = say("，", ", ").join(f"{each['label']} {each['text']}" for each in moment["evidence"])
            yield say(f"  依据：{counted}", f"  over: {counted}")
    if found["substitutes"]:
        yield ""
        yield say("可补位（动态补位）：", "who can step in:")
        yield from (f"  {_substitute(each)}" for each in found["substitutes"])
    yield ""
    yield say("经过：", "how it went:")
    yield from (f"  {_step(each)}" for each in found["transitions"])


def _facts(found: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    site = found["site"]
    stale = say("，数据中断", ", no data at present") if found["stale"] and not found["until"] else ""
    acknowledged, inhibited = found.get("acknowledged"), found.get("inhibited")
    return [
        (say("预警", "alert"), f"{found['id']} ({found['key']})"),
        (say("对象", "subject"), " ".join(filter(None, (found["place"], site, found["good_name"])))),
        (say("规则", "rule"), f"{found['rule']} ({found['pack']} {found['pack_version']}, {found['kind']})"),
        (say("状态", "state"), f"{places.state_name(found['state'])}{stale}"),
        (say("级别", "level"), places.level_name(found["level"])),
        (say("最高级别", "highest level"), places.level_name(found["highest"])),
        (say("起于", "since"), _clock(found["since"])),
        (say("止于", "until"), _clock(found["until"]) if found["until"] else None),
        (say("已确认", "acknowledged"), f"{acknowledged['by']}, {acknowledged['at']}" if acknowledged else None),
        (say("静默至", "silenced until"), found.get("silenced_until")),
        (say("已由上级预警通知", "told by the alert above"), inhibited and inhibited["key"]),
    ]


def _value_line(each: Mapping[str, Any]) -> str:
    held = say("，", ", ").join(
        f"{places.level_name(level)} {threshold['text']}" for level, threshold in each["thresholds"].items()
    )
    against = say(f"（界限：{held}）", f" (against {held})") if held else ""
    return f"{each['label']}{say('：', ': ')}{each['text']}{against}"


def _substitute(each: Mapping[str, Any]) -> str:
    """Return one line: where, what it can give, what it would keep, whom to call."""
    contact = each.get("contact") or {}
    keeps = each.get("keeps")
    kept = say(f"，自留可销 {keeps:.1f} 天", f", keeps {keeps:.1f} days of cover") if keeps is not None else ""
    partner = say("，协作地区，按最近盘点", ", partner region, as last counted") if each.get("partner") else ""
    called = " ".join(filter(None, (contact.get("name"), contact.get("phone"))))
    who = say(f"；联系 {called}", f"; call {called}") if called else ""
    owner = f" ({each['enterprise']})" if each.get("enterprise") else ""
    where = f"{each['site']}{owner}, {each['place']}"
    return say(
        f"{where}：{each['good_name']} 可调 {each['gives']:g}{kept}{partner}{who}",
        f"{where}: {each['good_name']}, can give {each['gives']:g}{kept}{partner}{who}",
    )


def _step(each: Mapping[str, Any]) -> str:
    before, after = places.level_name(each["level_before"]), places.level_name(each["level"])
    reason = say(*REASONS.get(each["reason"], (each["reason"], each["reason"])))
    moved = f"{before} → {after}" if before != after else after
    correction = say("（更正）", " (correction)") if each["correction"] else ""
    return f"{_clock(each['at'])}  {places.state_name(each['state'])}, {moved}{say('：', ': ')}{reason}{correction}"


def _clock(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M}"
