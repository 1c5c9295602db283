"""Alerts in words, Chinese and English, and as records for the topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, tzinfo
from typing import Final

from schemas.catalogue import Catalogue
from schemas.events import LEVELS, Alert, AsOf
from streams.alerts import explain
from streams.alerts.names import NAMES, format_en, format_zh
from streams.alerts.rules import Rule, Text
from streams.alerts.transition import Transition
from streams.indicators.civil import Civil

_ZH: Final = ("无", "蓝色", "黄色", "橙色", "红色")

#: What stands in the brackets after the level, by reason; ``{before}`` is the level before.
_MARKS: Final[Mapping[str, Text]] = {
    "pending": Text("，待确认", ", pending"),
    "raised": Text("", ""),
    "escalated": Text("，由{before}升级", ", up from {before}"),
    "lowered": Text("，由{before}降级", ", down from {before}"),
    "stale": Text("，数据中断", ", no data at present"),
    "fresh": Text("，数据恢复", ", data are back"),
    "corrected": Text("，数据更正，由{before}降级", ", down from {before} after a correction"),
}
_ENDINGS: Final[Mapping[str, Text]] = {
    "not_held": Text("未持续，不再预警", "did not last, withdrawn"),
    "cleared": Text("已解除（原{before}）", "resolved (was {before})"),
    "confirmed": Text("已确认属实（原{before}）", "confirmed as right (was {before})"),
    "corrected": Text("数据已更正，撤回（原{before}）", "withdrawn, the data were corrected (was {before})"),
    "rule_removed": Text("已撤销（原{before}）：规则已停用", "withdrawn (was {before}): the rule is no longer in use"),
    "no_data": Text("已解除（原{before}）：{dates} 天缺数据", "resolved (was {before}): {dates} days without data"),
}


def to_alert(
    transition: Transition, rule: Rule, catalogue: Catalogue, as_of: AsOf, processed_at: int, tz: tzinfo
) -> Alert:
    """Return the record of ``transition``. ``processed_at`` is epoch seconds."""
    text = describe(transition, rule, catalogue)
    return Alert(
        id=transition.id,
        key=transition.key,
        seq=transition.seq,
        pack=rule.pack,
        pack_version=rule.pack_version,
        rule=rule.id,
        level=LEVELS[transition.level],
        level_before=LEVELS[transition.level_before],
        state=transition.state,
        region=f"{transition.region:06d}",
        good=transition.good,
        since=_since(transition, rule, tz),
        at=_rfc3339(transition.at, tz),
        processed_at=_rfc3339(processed_at, tz),
        reason=transition.reason,
        values=transition.values,
        thresholds=transition.thresholds,
        evidence=transition.evidence,
        text_zh=text.zh,
        text_en=text.en,
        as_of=as_of,
        site=transition.site,
        kind=rule.kind,
        stale=transition.stale,
        correction=transition.reason == "corrected" and rule.trigger != "quote",
    )


def describe(transition: Transition, rule: Rule, catalogue: Catalogue) -> Text:
    """Return the sentence: 林芝市巴宜区 土豆 24 小时均价 上涨 34 %（橙色）."""
    said = _ended(transition, rule) if transition.state == "resolved" else _standing(transition, rule)
    subject = _subject(transition, rule, catalogue)
    return Text(f"{subject.zh} {said.zh}", f"{subject.en}: {said.en}")


def _subject(transition: Transition, rule: Rule, catalogue: Catalogue) -> Text:
    if rule.on_enterprises or not transition.good:
        return Text(
            f"{catalogue.place_zh(transition.region)} {transition.site}",
            f"{transition.site}, {catalogue.place_en(transition.region)}",
        )
    good = catalogue.goods[transition.good]
    wholesale = rule.kind == "wholesale"
    place_zh = catalogue.place_zh(transition.region)
    place_en = f"in {catalogue.place_en(transition.region)}" if transition.region else "nationwide"
    if transition.site:
        place_zh = f"{place_zh} {transition.site}"
        place_en = f"at {transition.site}, {place_en.removeprefix('in ')}"
    return Text(
        f"{place_zh} {good.name_zh}{'（批发）' if wholesale else ''}",
        f"{good.name_en}{' (wholesale)' if wholesale else ''} {place_en}",
    )


def _standing(transition: Transition, rule: Rule) -> Text:
    mark = _MARKS[transition.reason]
    zh, en = _ZH[transition.level_before], LEVELS[transition.level_before]
    measured = _measured(transition, rule)
    return Text(
        f"{measured.zh}（{_ZH[transition.level]}{mark.zh.format(before=zh)}）",
        f"{measured.en} ({LEVELS[transition.level]}{mark.en.format(before=en)})",
    )


def _measured(transition: Transition, rule: Rule) -> Text:
    """Say what decided; where nothing does (data missing, or kept up by hysteresis) name the headline."""
    reasons = explain.decided(rule, transition.level, transition.values)
    if not reasons:
        now = _now(transition, rule)
        return Text(rule.title.zh + now.zh, rule.title.en + now.en)
    return Text(
        "、".join(_filled(rule.phrases[name].zh, name, held, transition, format_zh) for name, held in reasons),
        ", ".join(_filled(rule.phrases[name].en, name, held, transition, format_en) for name, held in reasons),
    )


def _filled(
    phrase: str, name: str, held: float | None, transition: Transition, write: Callable[[str, float], str]
) -> str:
    known = {**transition.evidence, **transition.values}
    shown = {field: write(field, value) for field, value in known.items()}
    shown["threshold"] = write(name, held) if held is not None else "–"
    return phrase.format_map(_Shown(shown))


class _Shown(dict[str, str]):
    """Values by name; one that is undefined reads as a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def _ended(transition: Transition, rule: Rule) -> Text:
    ending = _ENDINGS[transition.reason]
    now = _now(transition, rule)
    before = transition.level_before
    dates = rule.stale_after
    return Text(
        rule.title.zh + ending.zh.format(before=_ZH[before], dates=dates) + now.zh,
        f"{rule.title.en} {ending.en.format(before=LEVELS[before], dates=dates)}{now.en}",
    )


def _now(transition: Transition, rule: Rule) -> Text:
    value = transition.values.get(rule.headline)
    if value is None:
        return Text("", "")
    name = NAMES[rule.headline]
    return Text(f"，{name.zh} {format_zh(rule.headline, value)}", f", {name.en}: {format_en(rule.headline, value)}")


def _since(transition: Transition, rule: Rule, tz: tzinfo) -> str:
    if rule.trigger != "date":
        return _rfc3339(transition.start, tz)
    day = Civil.date(transition.start)
    return datetime.combine(day, time.min, tzinfo=tz).isoformat()


def _rfc3339(at: int, tz: tzinfo) -> str:
    return datetime.fromtimestamp(at, tz).isoformat()
