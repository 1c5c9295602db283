"""Records of topic alert.actions: read, refused with a reason, and as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from schemas.events import Action, Matcher
from streams.actions import ActionReader, action_rows, stored_actions
from streams.fields import Rejected
from streams.options import Options
from tests.streams import records
from tests.streams.alerts.actions import NOW, action, silence

READER = ActionReader(0, 4, Options())


def read(found: Action | Mapping[str, Any] | bytes) -> Action:
    return READER.read(found if isinstance(found, bytes) else msgspec.json.encode(found), NOW + 3600)


def test_times_are_whole_seconds_of_utc_so_that_table_and_topic_agree() -> None:
    found = read(silence(time="2022-08-08T10:01:00.750+08:00", until="2022-08-08T12:00:00.2+08:00"))
    assert (found.time, found.until) == ("2022-08-08T02:01:00Z", "2022-08-08T04:00:00Z")


@pytest.mark.parametrize("each", [action(), action("comment", 2), silence(3), action("unsilence", 4, silence="s3")])
def test_a_row_gives_back_the_action(each: Action) -> None:
    taken = read(each)
    rows = action_rows([taken])
    table = records.stored({**rows, "at": [datetime.fromtimestamp(at, UTC) for at in rows["at"]]})
    assert stored_actions(table) == [taken]


@pytest.mark.parametrize(
    ("wrong", "stage", "reason"),
    [
        (b"", "decode", "empty"),
        (action(event_id=""), "validate", "event_id"),
        (action(by="x" * 201), "validate", "by has 201"),
        (action(note="x" * 2001), "validate", "note has 2001"),
        (action(seq=2**32), "validate", "seq"),
        (action(time="yesterday"), "validate", "RFC 3339"),
        (action(time="2022-08-08T11:30:00+08:00"), "validate", "sender's clock"),
        (action(alert=""), "validate", "alert"),
        (action(key="live|potato"), "validate", "rule|region|good"),
        (action(key="live|540102|potato"), "partition", "belongs to partition 1"),
        (silence(silence=""), "validate", "silence"),
        (silence(matcher=None), "validate", "names nothing"),
        (silence(matcher=Matcher()), "validate", "names nothing"),
        (silence(matcher=Matcher(regions=["Nyingchi"])), "validate", "codes such as 540400"),
        (silence(matcher=Matcher(goods=["potato", ""])), "validate", "matcher.goods[1]"),
        (silence(matcher=Matcher(goods=["g"] * 1001)), "validate", "1001 entries"),
        (silence(until=None), "validate", "needs until"),
        (silence(until="2022-08-08T12:00:00"), "validate", "no offset"),
        (silence(until="2200-01-01T00:00:00Z"), "validate", "until"),
        (action("unsilence", silence=""), "validate", "silence"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(wrong: Any, stage: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason.replace("[", r"\[").replace("|", r"\|")) as error:
        read(wrong)
    assert error.value.stage == stage
