"""Actions as the desk and the command line write them, and what keeps one from being made. Pure: no I/O, no clock."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

import msgspec

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import Action, Matcher
from streams.actions import LONGEST_LIST
from streams.alerts import matching
from streams.fields import is_name

#: A silence that outlives those who made it hides what they no longer know of.
LONGEST_SILENCE: Final = 31 * 86_400


class Seen(Protocol):
    """An alert as it was seen."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102


class Composer:
    """Makes actions of one sender (``desk``, ``cli``) by one person at one moment, epoch seconds."""

    def __init__(self, sender: str, by: str, now: float) -> None:
        self._common: dict[str, Any] = {"sender": sender, "by": by, "time": _utc(datetime.fromtimestamp(now, UTC))}

    def on(self, alert: Seen, kind: Literal["acknowledge", "comment"], note: str) -> Action:
        """Return an acknowledgement of an alert as it was seen, or a comment on it."""
        seen = {"alert": alert.id, "key": alert.key, "seq": alert.seq, "level": alert.level}
        return self._action(kind, note, **seen)

    def silence(self, matcher: Matcher, until: datetime, why: str) -> Action:
        """Return a new silence; ``until`` has an offset and is cut to whole seconds."""
        return self._action(
            "silence", why, silence=uuid.uuid4().hex, matcher=matcher, until=_utc(until.replace(microsecond=0))
        )

    def unsilence(self, silence: str) -> Action:
        """Return what ends a silence."""
        return self._action("unsilence", "", silence=silence)

    def _action(self, kind: Any, note: str, **more: Any) -> Action:
        return msgspec.convert(
            {**self._common, "event_id": uuid.uuid4().hex, "kind": kind, "note": note.strip(), **more}, Action
        )


def unknown(matcher: Matcher, catalogue: Catalogue) -> list[str]:
    """Return the regions and goods of a matcher that the catalogue does not have."""
    regions = [code for code in matcher.regions if not topics.is_code(code) or int(code) not in catalogue.regions]
    return regions + [code for code in matcher.goods if code not in catalogue.goods]


def unfit(matcher: Matcher) -> list[str]:
    """Return the lists of a matcher that the stream would refuse: too many entries, or one empty or too long."""
    return [
        name
        for name in Matcher.__struct_fields__
        if len(getattr(matcher, name)) > LONGEST_LIST or not all(map(is_name, getattr(matcher, name)))
    ]


def may_last(until: datetime, now: float) -> bool:
    """Return whether a silence may end at ``until``: a time with offset, ahead, within ``LONGEST_SILENCE``."""
    return until.tzinfo is not None and 0 < until.timestamp() - now <= LONGEST_SILENCE


def reach(matcher: Matcher, catalogue: Catalogue) -> set[int]:
    """Return the prefectures, provinces and the nation (0) whose partitions must hear of a silence."""
    return matching.prefectures(matcher, matching.places(catalogue.regions))


def partitions_of(codes: Iterable[int], partitions: int) -> list[int]:
    """Return the partitions of prefectures or counties, each once, ascending."""
    return sorted({topics.partition_of(code, partitions) for code in codes})


def key_of(action: Action) -> bytes:
    """Return a record's key: its entity first, and every action its own, so that compaction drops none."""
    entity = action.key or f"silence|{action.silence}"
    return f"{entity}|{action.event_id}".encode()


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
