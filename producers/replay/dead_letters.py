"""Sending rejected records again: the original bytes, to the partition where they belong."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from producers.replay.item_mapping import ItemMapping
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import Action
from schemas.identity import identify
from schemas.letters import REPLAY_ATTEMPT, REPLAY_OF, Replay, replay_headers, replay_of

#: Room that a broker's limit of 16 MiB must leave for key, headers and the batch around a record.
ENVELOPE_BYTES: Final = 4096


class UnreadableError(Exception):
    """A letter that cannot be sent again; says why."""


class Outlet(Protocol):
    """Where records go: ``producers.client.Producer``."""

    @property
    def partitions(self) -> int:
        """Return how many partitions the topics have."""

    def forward(
        self, topic: str, partition: int, key: bytes | None, value: bytes, headers: Iterable[tuple[str, bytes]]
    ) -> None:
        """Hand over a record as it is."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A record that can be sent. ``mapped`` counts the lines whose item code was replaced."""

    replay: Replay
    partition: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    mapped: int = 0

    def send(self, outlet: Outlet) -> None:
        """Hand it over."""
        outlet.forward(self.replay.topic, self.partition, self.key, self.value, self.headers)


def attempts(row: Mapping[str, Any]) -> int:
    """Return how often a letter (a row of the API) was sent again."""
    return max((each["attempt"] for each in row["replays"]), default=0)


def ready(row: Mapping[str, Any], catalogue: Catalogue, partitions: int, mapping: ItemMapping | None = None) -> Ready:
    """Return a letter (a row of the API) as the record to send; raises ``UnreadableError``.

    A record whose region can be read goes to its partition under its prefecture's key, an action to its alert's,
    any other to where it came from.
    """
    if row["topic"] not in (*topics.CONSUMED, topics.ACTIONS):
        msg = f"the stream does not read topic {row['topic']} / 流处理不读此主题"
        raise UnreadableError(msg)
    value, headers, key = _bytes_of(row)
    mapped = 0
    if mapping is not None:
        value, mapped = mapping.apply(value)
    earlier = replay_of(headers)
    replay = Replay(
        row["epoch"], row["topic"], row["partition"], row["offset"],
        max(attempts(row), earlier.attempt if earlier else 0) + 1,
        row["line"],
    )  # fmt: skip
    own = tuple(pair for pair in headers if pair[0] not in {REPLAY_OF, REPLAY_ATTEMPT})
    partition = row["partition"] % partitions
    if replay.topic == topics.ACTIONS:
        partition = _of_action(value, partition, partitions)
    else:
        partition, key = _destination(value, partition, key, catalogue, partitions)
    return Ready(replay, partition, key, value, (*own, *replay_headers(replay)), mapped)


def _bytes_of(row: Mapping[str, Any]) -> tuple[bytes, list[tuple[str, bytes]], bytes | None]:
    try:
        value = base64.b64decode(row["value_base64"], validate=True)
        headers = [(name, base64.b64decode(text, validate=True)) for name, text in row["headers"]]
        key = base64.b64decode(row["key_base64"] or "", validate=True) or None
    except (binascii.Error, ValueError) as error:
        msg = f"its stored bytes are damaged: {error} / 存储的字节已损坏"
        raise UnreadableError(msg) from error
    if len(value) > topics.MAX_MESSAGE_BYTES - ENVELOPE_BYTES:
        msg = f"{len(value):,} bytes are more than the broker takes / 超过代理上限"
        raise UnreadableError(msg)
    return value, headers, key


def _destination(
    value: bytes, partition: int, key: bytes | None, catalogue: Catalogue, partitions: int
) -> tuple[int, bytes | None]:
    text = identify(value).region
    region = catalogue.regions.get(int(text)) if text.isascii() and text.isdigit() else None
    if region is None or region.level != "county":
        return partition, key
    return topics.partition_of(region.parent, partitions), str(region.parent).encode()


def _of_action(value: bytes, partition: int, partitions: int) -> int:
    """Return the partition of an action: that of its alert; a silence stays on the one that it came from."""
    try:
        region = topics.region_of_alert(msgspec.json.decode(value, type=Action).key)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return partition
    return partition if region is None else topics.partition_of(region, partitions)
