"""Records of topic ``alert.actions``: read with every check, and as rows of table ``alert_actions``.

Every partition that an action concerns writes the same row, and so does whoever reads the record again: the table
keeps one of them per (time, event id).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pyarrow as pa

from schemas import topics
from schemas.events import Action, Matcher
from streams.alerts.matching import names_nothing
from streams.fields import checked, epoch_seconds, named, refuse, whole
from streams.options import Options

TABLE: Final = "alert_actions"
LONGEST_NOTE: Final = 2_000
#: Entries of each list of a matcher: more than a province has counties.
LONGEST_LIST: Final = 1_000
#: What a rebuild and a serving process look back on; a silence lasts a month at most.
MEMORY_SECONDS: Final = 45 * 86_400
#: ``seq`` and ``until`` (a DateTime, until 2106) are kept in 32 bits.
BITS: Final = 32
#: What an action has beside who, when and why; ``until`` is a silence's alone.
_EPISODE: Final = ("alert", "key", "seq", "level")
_OF_KIND: Final = {
    "acknowledge": _EPISODE,
    "comment": _EPISODE,
    "silence": ("silence", "matcher"),
    "unsilence": ("silence",),
}


class ActionReader:
    """Reads the actions of one partition."""

    def __init__(self, partition: int, partitions: int, options: Options) -> None:
        self._partition, self._partitions, self._options = partition, partitions, options
        self._decoder = msgspec.json.Decoder(Action)

    def read(self, value: bytes | None, wall: float) -> Action:
        """Return the action of a record, its times in whole seconds of UTC as the table has them.

        ``wall`` is the present, epoch seconds. Raises one of ``decode.UNREADABLE``.
        """
        action = self._decoder.decode(checked(value, self._options.max_record_bytes))
        named(event_id=action.event_id, sender=action.sender, by=action.by)
        _words(note=action.note)
        own = _OF_KIND[action.kind]
        if own is _EPISODE:
            self._check_episode(action)
        else:
            named(silence=action.silence)
        until = _until(action) if action.kind == "silence" else None
        kept: dict[str, Any] = {name: getattr(action, name) for name in own}
        # Not kept are fields that its kind does not have, nor the version it claims to be of: anything may be in them.
        return Action(
            event_id=action.event_id,
            sender=action.sender,
            kind=action.kind,
            by=action.by,
            time=_rfc3339(self._time(action.time, int(wall))),
            note=action.note,
            until=until,
            **kept,
        )

    def is_ours(self, action: Action) -> bool:
        """Return whether an action concerns this partition; silences do everywhere, whatever their matcher."""
        if action.kind not in {"acknowledge", "comment"}:
            return True
        region = topics.region_of_alert(action.key)
        return region is not None and topics.partition_of(region, self._partitions) == self._partition

    def _time(self, text: str, wall: int) -> int:
        at, ahead = epoch_seconds(text), self._options.ahead
        if not self._options.earliest <= at <= wall + ahead:
            refuse("validate", f"time {text[:40]} is before 2000 or over {ahead} s ahead: check the sender's clock")
        return at

    def _check_episode(self, action: Action) -> None:
        """Check that an action on one alert is on the alert's partition."""
        named(alert=action.alert)
        _words(key=action.key)
        whole("seq", action.seq, BITS)
        region = topics.region_of_alert(action.key)
        if region is None:
            refuse("validate", f"key {action.key[:60]!r} names no region: it must be rule|region|good")
        right = topics.partition_of(region, self._partitions)
        if right != self._partition:
            refuse("partition", f"alert {action.key[:60]} belongs to partition {right}, not {self._partition}")


def _until(silence: Action) -> str:
    """Return the end of a silence, after every check of it."""
    matcher = silence.matcher
    if matcher is None or names_nothing(matcher):
        refuse("validate", "the matcher names nothing: give at least one region, good, pack, rule, site or level")
    for name in Matcher.__struct_fields__:
        listed = getattr(matcher, name)
        if len(listed) > LONGEST_LIST:
            refuse("validate", f"matcher.{name} has {len(listed)} entries, allowed are {LONGEST_LIST}")
        named(**{f"matcher.{name}[{number}]": text for number, text in enumerate(listed)})
    if not all(map(topics.is_code, matcher.regions)):
        refuse("validate", "matcher.regions must be codes such as 540400")
    if silence.until is None:
        refuse("validate", "a silence needs until: write 2026-01-31T08:00:00+08:00")
    at = epoch_seconds(silence.until)
    whole("until", at, BITS)
    return _rfc3339(at)


def _words(**texts: str) -> None:
    """Refuse words that are too long or no UTF-8; they may be empty."""
    for name, text in texts.items():
        if len(text) > LONGEST_NOTE:
            refuse("validate", f"{name} has {len(text)} characters, allowed are {LONGEST_NOTE}")
        try:
            text.encode()
        except UnicodeEncodeError:
            refuse("decode", f"{name} has a lone surrogate: send UTF-8")


def action_rows(actions: Sequence[Action]) -> dict[str, list[Any]]:
    """Return actions as columns of table ``alert_actions``."""
    rows: dict[str, list[Any]] = {
        name: [getattr(each, name) for each in actions]
        for name in ("event_id", "sender", "kind", "note", "alert", "key", "seq", "level", "silence")
    }
    rows["author"] = [each.by for each in actions]
    rows["at"] = [_seconds(each.time) for each in actions]
    rows["until"] = [_seconds(each.until) if each.until else 0 for each in actions]
    rows["matcher"] = [msgspec.json.encode(each.matcher).decode() if each.matcher else "" for each in actions]
    return rows


def stored_actions(table: pa.Table) -> list[Action]:
    """Return the actions of query ``alert_actions``; their times are whole seconds."""
    return [_stored(row) for row in table.to_pylist()]


def _stored(row: Mapping[str, Any]) -> Action:
    until = _rfc3339(row["until"])
    return Action(
        **{name: row[name] for name in ("event_id", "sender", "kind", "note", "alert", "key", "seq", "silence")},
        by=row["author"],
        time=_rfc3339(row["at"]),
        level=row["level"] or "none",
        matcher=msgspec.json.decode(row["matcher"], type=Matcher) if row["matcher"] else None,
        until=until if datetime.fromisoformat(until).timestamp() else None,
    )


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text.upper()).timestamp() // 1)


def _rfc3339(time: datetime | int) -> str:
    if isinstance(time, int):
        time = datetime.fromtimestamp(time, UTC)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")
