"""Records of topic alert.actions: read, refused with a reason, and as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import Action, Matcher
from streams.actions import ActionReader, action_rows, stored_actions
from streams.decode import UNREADABLE
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
        (action(key=""), "validate", "rule|region|good"),
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


def test_fields_that_a_kind_does_not_have_are_not_kept() -> None:
    found = read(silence(alert="one", key="x" * 9999, seq=2**40, level="red"))
    assert (found.alert, found.key, found.seq, found.level) == ("", "", 0, "none")
    assert read(action("unsilence", silence="s1", matcher=Matcher(goods=["tea"]), until="never")).matcher is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\udc00"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FULL = msgspec.to_builtins(silence(alert="one", key="live-24h|540402|potato", seq=1, level="red"))
KINDS = st.sampled_from(["acknowledge", "comment", "silence", "unsilence"])


@settings(max_examples=400, deadline=None)
@given(KINDS, st.dictionaries(st.sampled_from(sorted(FULL)), JSON, max_size=3))
def test_any_json_in_any_field_is_refused_or_can_be_stored(kind: str, changes: dict[str, Any]) -> None:
    value = json.dumps({**FULL, "kind": kind, **changes}).encode()
    try:
        found = read(value)
    except UNREADABLE:
        return
    rows = action_rows([found])
    assert "".join(str(column[0]) for column in rows.values()).encode()
    assert all(0 <= rows[name][0] < 2**32 for name in ("seq", "at", "until"))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_action_are_refused(value: bytes) -> None:
    with pytest.raises(UNREADABLE):
        read(value)
