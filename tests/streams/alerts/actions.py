"""Actions and alert records, for tests of what people do about alerts."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.events import Action, Alert, AsOf, Matcher

NOW = 1_659_924_000.0  # 2022-08-08T10:00+08:00


def action(kind: Any = "acknowledge", number: int = 1, **changes: Any) -> Action:
    """Return an action on episode ``one``, as seen at its transition 1, orange."""
    plain = Action(
        event_id=f"{kind}-{number}", sender="desk", kind=kind, by="次仁", time=f"2022-08-08T10:{number:02}:00+08:00",
        note="已联系", alert="one", key="live-24h|540402|potato", seq=1, level="orange",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def silence(number: int = 1, **changes: Any) -> Action:
    """Return silence ``s<number>``, of Nyingchi until noon."""
    matcher = changes.pop("matcher", Matcher(regions=["540400"]))
    plain = action("silence", number, silence=f"s{number}", matcher=matcher, until="2022-08-08T12:00:00+08:00")
    return msgspec.structs.replace(plain, **{"alert": "", "key": "", "seq": 0, "level": "none", **changes})


def alert(**changes: Any) -> Alert:
    """Return a firing orange alert of Bayi's potatoes."""
    plain = Alert(
        id="one", key="live-24h|540402|potato", seq=1, pack="live", pack_version="1", rule="live-24h",
        level="orange", level_before="yellow", state="firing", region="540402", good="potato",
        since="2022-08-08T09:00:00+08:00", at="2022-08-08T09:35:00+08:00", processed_at="2022-08-08T09:35:01+08:00",
        reason="escalated", values={"spike_24h": 0.62}, thresholds={"orange.spike_24h": 0.5}, evidence={},
        text_zh="林芝市巴宜区 土豆 上涨 62 %", text_en="potatoes up 62 %", as_of=AsOf(1, 5, 1_659_922_501),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)
