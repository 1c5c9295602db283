"""Punctuation that waits until the stream has read what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas import topics
from schemas.events import Clock
from streams.absent import Absent
from streams.fields import checked, epoch_seconds, refuse
from streams.indicators.civil import DAY
from streams.options import Options
from streams.prefecture import Prefecture

#: What a snapshot can hold, and Kafka count.
OFFSETS: Final = range(2**63)
_CODE: Final = re.compile(r"[0-9]{6}")


class Clocks:
    """Clock records of one partition that have not taken effect for all their inputs."""

    def __init__(self, options: Options) -> None:
        self._waiting: list[tuple[Clock, int, set[str]]] = []
        self._decoder = msgspec.json.Decoder(Clock)
        self._options = options

    def read(self, value: bytes | None, wall: float) -> None:
        """Note a record; ``wall`` is the present, epoch seconds. Raises one of ``decode.UNREADABLE``."""
        self._waiting.append(self.parse(value, wall))

    def parse(self, value: bytes | None, wall: float) -> tuple[Clock, int, set[str]]:
        """Return a record, its moment (epoch seconds) and the topics that it speaks of. Raises as ``read`` does."""
        clock = self._decoder.decode(checked(value, self._options.max_record_bytes))
        at = self._moment(clock.time, int(wall))
        inputs = {topics.TIMED_NAMES.get(name, name) for name in clock.inputs} or set(topics.TIMED)
        unknown = inputs - set(topics.TIMED)
        if unknown:
            refuse("validate", f"unknown input {min(unknown)[:40]!r}: allowed are {', '.join(topics.TIMED_NAMES)}")
        if not all(_CODE.fullmatch(code) for code in clock.prefectures):
            refuse("validate", "prefectures must be codes such as 540100")
        if not all(offset in OFFSETS for offset in clock.offsets.values()):
            refuse("validate", "offsets must lie between 0 and 2^63")
        # Whatever version it claims to be of is not kept: no snapshot could hold a number of 4,000 digits.
        return msgspec.structs.replace(clock, schema=1), at, inputs

    def _moment(self, text: str, wall: int) -> int:
        """Return when; a clock may close the date of the latest event allowed, and nothing beyond."""
        at, options = epoch_seconds(text), self._options
        if not options.earliest <= at <= wall + options.ahead + DAY + options.close_after:
            refuse("validate", f"time {text[:40]} is before 2000 or closes dates to come: check the sender's clock")
        return at

    def apply(self, offsets: Mapping[str, int], places: Mapping[int, Prefecture | Absent]) -> None:
        """Let every record take effect for the inputs that were read far enough."""
        still: list[tuple[Clock, int, set[str]]] = []
        for clock, at, inputs in self._waiting:
            reached = {topic for topic in inputs if offsets.get(topic, 0) >= clock.offsets.get(topic, 0)}
            chosen = {int(code) for code in clock.prefectures}
            for code, place in places.items():
                if not chosen or code in chosen:
                    for topic in reached:
                        place.punctuate(topic, at)
            if reached != inputs:
                still.append((clock, at, inputs - reached))
        self._waiting = still

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [[msgspec.to_builtins(clock), at, sorted(inputs)] for clock, at, inputs in self._waiting]

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        self._waiting = [(msgspec.convert(clock, Clock), at, set(inputs)) for clock, at, inputs in data]
