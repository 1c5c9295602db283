"""Dead letters: rejected records page by page, counted by reason, and what became of their replays."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Protocol

import msgspec
import pyarrow as pa

from serving.rows import utc

#: Bytes of records in one page: a page is held in memory several times over.
PAGE_BYTES: Final = 8 * 1024 * 1024
PAGE_ROWS: Final = 1_000

Order = Literal["newest", "oldest"]
#: Epoch, topic, partition and offset of the rejected record, and the line in it (see ``DeadLetterRow``).
Place = tuple[str, str, int, int, int]


class Store(Protocol):
    """The part of a warehouse that is used."""

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run a named query."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Append rows."""


class ReplayRow(msgspec.Struct, kw_only=True):
    """One step of a replay: ``sent`` by the command, or ``read`` by the stream, which says the ``outcome``.

    ``outcome`` is counted, repeat, dropped or rejected; ``lines`` counted anew, ``repeats`` were known before.
    """

    attempt: int
    step: str
    at: str
    sent_epoch: str = ""
    sent_partition: int = 0
    sent_offset: int = 0
    outcome: str = ""
    lines: int = 0
    repeats: int = 0
    reason: str = ""


class DeadLetterRow(msgspec.Struct, kw_only=True):
    """A rejected record; ``value_base64`` holds its original bytes, ``at`` is when it was rejected.

    ``headers`` are the record's own, their values in base64 too. ``sender``, ``event_id``, ``site``
    and ``region`` are what could be read of it. ``size`` is in bytes. Of a batch of receipts each one that is
    wrong is a letter, as JSON: ``lines`` of the record from ``line`` on; both are 0 for a whole record.
    """

    topic: str
    partition: int
    offset: int
    stage: str
    reason: str
    value_base64: str
    error: str = ""
    key_base64: str | None = None
    headers: list[tuple[str, str]] = []
    epoch: str = ""
    at: str | None = None
    sender: str = ""
    event_id: str = ""
    site: str = ""
    region: str = ""
    size: int = 0
    line: int = 0
    lines: int = 0
    replays: list[ReplayRow] = []


class ReasonRow(msgspec.Struct, kw_only=True):
    """How many records were rejected for one reason, numbers in it taken for equal; ``example`` is one of them."""

    topic: str
    stage: str
    kind: str
    example: str
    letters: int
    replayed: int
    first: str
    last: str


class SentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that a run of the replay command sent, acknowledged by the broker."""

    epoch: str
    topic: str
    partition: int
    offset: int
    attempt: int
    sent_partition: int
    run: str
    line: int = 0


class OutcomeRow(msgspec.Struct, kw_only=True):
    """Records of one run by what became of them; empty ``outcome``: not read yet."""

    outcome: str
    records: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters; an empty or negative field means any. ``since`` and ``until`` are epoch seconds, both included."""

    topic: str = ""
    partition: int = -1
    offset: int = -1
    line: int = -1
    epoch: str = ""
    stage: str = ""
    sender: str = ""
    reason: str = ""
    since: int = 0
    until: int = 2**32 - 1
    replayed: int = -1


@dataclass(frozen=True, slots=True)
class Page:
    """Letters; ``next`` begins the page that follows, empty on the last."""

    rows: list[DeadLetterRow]
    next: str = ""


class BadPageError(ValueError):
    """A page that was not given out by an earlier answer."""


class Letters:
    """Dead letters of a warehouse; ``executor`` runs its blocking calls."""

    def __init__(self, warehouse: Store, executor: Executor | None = None, *, now: Callable[[], float] = time.time):
        self._warehouse = warehouse
        self._executor = executor
        self._now = now

    async def page(self, wanted: LetterFilter, limit: int = PAGE_ROWS, page: str = "", order: Order = "newest") -> Page:
        """Return at most ``limit`` letters and ``PAGE_BYTES`` (but at least one), from where ``page`` says."""
        direction = 1 if order == "oldest" else -1
        most = min(limit, PAGE_ROWS)
        asked = {**asdict(wanted), "direction": direction, "limit": most + 1, **_after(page)}
        keys = (await self._ask("dead_letters_keys", asked)).to_pylist()
        chosen = _within(keys[:most], PAGE_BYTES)
        if not chosen:
            return Page([])
        rows = await self._whole([_place(key) for key in chosen])
        return Page(rows, _cursor(chosen[-1], direction) if len(chosen) < len(keys) else "")

    async def summary(self, wanted: LetterFilter, limit: int = PAGE_ROWS) -> list[ReasonRow]:
        """Return counts by topic, stage and reason, most first."""
        table = await self._ask("dead_letters_summary", {**asdict(wanted), "limit": limit})
        return [ReasonRow(**{**row, "first": utc(row["first"]), "last": utc(row["last"])}) for row in table.to_pylist()]

    async def outcomes(self, run: str) -> list[OutcomeRow]:
        """Return what became of the records that a run sent."""
        table = await self._ask("dead_letter_run", {"run": run})
        return [OutcomeRow(**row) for row in table.to_pylist()]

    async def record(self, sent: Sequence[SentRow]) -> None:
        """Store that these letters were sent."""
        columns: dict[str, list[object]] = {
            name: [getattr(row, name) for row in sent] for name in SentRow.__struct_fields__
        }
        columns |= {"step": ["sent"] * len(sent), "at": [int(self._now())] * len(sent)}
        await self._run(self._warehouse.insert, "dead_letter_replays", columns)

    async def _whole(self, places: list[Place]) -> list[DeadLetterRow]:
        keys = [_text(place) for place in places]
        asked = {
            "keys": keys,
            "epochs": sorted({place[0] for place in places}),
            "topics": sorted({place[1] for place in places}),
            "first": min(place[3] for place in places),
            "last": max(place[3] for place in places),
        }
        values = await self._ask("dead_letters_values", asked)
        replays = await self._replays(keys)
        found = {_place(row): _letter(row, replays) for row in values.to_pylist()}
        return [found[place] for place in places if place in found]

    async def _replays(self, keys: list[str]) -> dict[Place, list[ReplayRow]]:
        replays: dict[Place, list[ReplayRow]] = defaultdict(list)
        for row in (await self._ask("dead_letter_replays", {"keys": keys})).to_pylist():
            own = {name: row[name] for name in ReplayRow.__struct_fields__}
            replays[_place(row)].append(ReplayRow(**{**own, "at": utc(row["at"])}))
        return replays

    async def _ask(self, name: str, parameters: Mapping[str, object]) -> pa.Table:
        return await self._run(self._warehouse.query, name, parameters)

    async def _run(self, call: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *arguments)


def _within(keys: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return the first keys whose records take at most ``most`` bytes together; at least one."""
    total = 0
    for number, key in enumerate(keys):
        total += key["size"]
        if number and total > most:
            return keys[:number]
    return keys


def _place(row: Mapping[str, Any]) -> Place:
    return row["epoch"], row["topic"], row["partition"], row["offset"], row["line"]


def _text(place: Iterable[object]) -> str:
    return "/".join(map(str, place))


def _letter(row: dict[str, Any], replays: Mapping[Place, list[ReplayRow]]) -> DeadLetterRow:
    headers = msgspec.json.decode(row["headers"] or "[]")
    pairs = list(headers.items()) if isinstance(headers, dict) else [(name, value) for name, value in headers]
    return DeadLetterRow(**{**row, "headers": pairs, "at": utc(row["at"]), "replays": replays.get(_place(row), [])})


def _cursor(key: Mapping[str, Any], direction: int) -> str:
    own = (direction * key["offset"], direction * key["line"])
    place = [key["turn"], key["epoch"], key["topic"], key["partition"], *own]
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _after(page: str) -> dict[str, object]:
    """Return the parameters of where a page begins; raises ``BadPageError``."""
    if not page:
        return {}
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(page), type=tuple[int, str, str, int, int, int])
    except (ValueError, msgspec.MsgspecError) as error:
        msg = "page was not given out by an earlier answer"
        raise BadPageError(msg) from error
    names = ("after_turn", "after_epoch", "after_topic", "after_partition", "after_offset", "after_line")
    return {"after": 1, **dict(zip(names, place, strict=True))}
