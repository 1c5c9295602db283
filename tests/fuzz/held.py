"""Holds the decoder against the reference, and says exactly what to try again where they differ."""

from __future__ import annotations

import base64
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from schemas import topics
from schemas.letters import DeadLetter
from streams.chunk import Chunk
from streams.columns import listed
from streams.decode import Decoded, Decoder
from streams.indicators.civil import Civil
from streams.options import Options
from streams.seen import Seen
from tests.fuzz.corpus import Input
from tests.fuzz.reference import Line, Near, Reference, Verdict
from tests.streams.records import CATALOGUE, PARTITIONS, PREFECTURE, WALL

#: The default catalogue counts nothing by the piece.
EGG = replace(CATALOGUE.goods["eggs"], unit="piece")
GOODS = replace(CATALOGUE, goods=MappingProxyType({**CATALOGUE.goods, "egg": EGG}))
PARTITION = topics.partition_of(PREFECTURE, PARTITIONS)
REFERENCE = Reference(GOODS, PARTITION, PARTITIONS, int(WALL))
CIVIL = Civil("Asia/Shanghai")
NOTHING_SEEN = Seen().dump()
#: What the columns of the raw tables hold (``schemas/clickhouse/001_raw.sql``); beyond it no insert would ever work.
STORED = {
    **dict.fromkeys(("line", "line_number", "region", "prefecture", "at"), range(2**32)),
    **dict.fromkeys(("sequence", "quantity", "amount", "unit_cost", "price", "sales", "stock"), range(-(2**63), 2**63)),
    **dict.fromkeys(("priced", "repeat"), range(2**8)),
    "business_date": range(2**16),
}


@dataclass(slots=True)
class Tally:
    """What came of the inputs, by how they were made."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, kind: str, outcome: str) -> None:
        """Count one input."""
        self.counts[kind, outcome] += 1

    def __str__(self) -> str:
        """Return a table: one line per kind, one column per outcome."""
        kinds = sorted({kind for kind, _ in self.counts})
        outcomes = sorted({outcome for _, outcome in self.counts})
        head = f"{'':10}" + "".join(f"{name:>12}" for name in ("inputs", *outcomes))
        lines = [head]
        for kind in [*kinds, ""]:
            found = [sum(n for (k, o), n in self.counts.items() if kind in {k, ""} and o == name) for name in outcomes]
            lines.append(f"{kind or 'all':10}" + "".join(f"{n:12,}" for n in (sum(found), *found)))
        return "\n".join(lines)


def decoder() -> tuple[Decoder, Seen]:
    """Return a decoder, and what it remembers of events before."""
    seen = Seen()
    return Decoder(GOODS, PARTITION, PARTITIONS, CIVIL, Options(), seen), seen


def chunk(topic: str, values: Sequence[bytes | None]) -> Chunk:
    """Return records with keys, headers and timestamps as hostile as they may be absent."""
    size = len(values)
    keys = [None if index % 3 else b"\xff\x00" for index in range(size)]
    headers = [[("h", b"\xfe"), ("h", None)] if index % 5 == 0 else () for index in range(size)]
    return Chunk(topic, PARTITION, range(size), values, keys, headers, [0] * size, size)


class Held:
    """Decodes inputs of one topic in chunks, and collects what came of each."""

    def __init__(self) -> None:
        self.decoder, self.seen = decoder()

    def check(self, inputs: Sequence[Input], tally: Tally) -> list[str]:
        """Return what is wrong with any of ``inputs``, all of one topic."""
        topic, values = inputs[0].topic, [each.value for each in inputs]
        try:
            decoded = self.decode(topic, values)
        except BaseException as error:
            if len(inputs) == 1:
                return [told(inputs[0], f"crash: {error!r}")]
            middle = len(inputs) // 2
            return [*self.check(inputs[:middle], tally), *self.check(inputs[middle:], tally)]
        return compared(inputs, decoded, tally)

    def decode(
        self, topic: str, values: Sequence[bytes | None], headers: Sequence[tuple[str, bytes | None]] | None = None
    ) -> Decoded:
        """Return what the decoder makes of records that it sees one after another, knowing of none before.

        ``headers`` are those of each record; without them they are hostile.
        """
        self.seen.load(NOTHING_SEEN)
        found = chunk(topic, values)
        return self.decoder.decode(replace(found, headers=[headers] * len(values)) if headers else found, WALL)


def compared(inputs: Sequence[Input], decoded: Decoded, tally: Tally) -> list[str]:
    """Return the differences between a chunk and the reference."""
    rows = by_offset(decoded)
    known: set[tuple[object, ...]] = set()
    dead = {letter.offset: letter for letter in decoded.dead}
    wrong = []
    dropped = 0
    for offset, tried in enumerate(inputs):
        try:
            verdict = REFERENCE.read(tried.topic, tried.value)
        except Exception as error:
            wrong.append(told(tried, f"the reference itself: {error!r}"))
            continue
        dropped += verdict.dropped
        letter = dead.get(offset)
        tally.note(tried.kind, outcome(letter, rows.get(offset)))
        mine = once(rows.get(offset, []), known)
        problem = difference(verdict, mine, letter) or kept(letter, tried)
        if problem:
            wrong.append(told(tried, problem))
    if dropped != decoded.dropped:
        wrong.append(f"{dropped} receipts to drop, dropped {decoded.dropped}")
    return wrong


def outcome(letter: DeadLetter | None, rows: list[dict[str, Any]] | None) -> str:
    if letter is None:
        return "accepted" if rows else "dropped"
    return "in part" if rows else letter.stage


def by_offset(decoded: Decoded) -> dict[int, list[dict[str, Any]]]:
    """Return the rows of each record."""
    found: dict[int, list[dict[str, Any]]] = {}
    names = list(decoded.columns)
    for values in zip(*map(listed, decoded.columns.values()), strict=True):
        row = dict(zip(names, values, strict=True))
        found.setdefault(row["offset"], []).append(row)
    return found


def once(rows: list[dict[str, Any]], known: set[tuple[object, ...]]) -> list[dict[str, Any]]:
    """Return the rows; those of an event that an earlier record of the chunk had too are not asked for repeats."""
    names = (
        ("site", "workstation", "sequence", "business_date")
        if rows and "sequence" in rows[0]
        else ("sender", "event_id")
    )
    keys = {tuple(row[name] for name in names) for row in rows}
    if keys & known:
        rows = [{**row, "repeat": None} for row in rows]
    known |= keys
    return rows


def difference(verdict: Verdict, rows: list[dict[str, Any]], letter: DeadLetter | None) -> str:
    """Return what the decoder should have done instead, empty where it is right."""
    if verdict.dropped:
        return f"to be dropped, became {rows} {letter}" if rows or letter else ""
    if verdict.stages:
        if letter is None or letter.stage not in verdict.stages or rows:
            return f"to be refused at {verdict.stages}, became {rows} {letter}"
        return ""
    return lines(verdict.lines, rows, letter)


def lines(expected: Iterable[Line], rows: list[dict[str, Any]], letter: DeadLetter | None) -> str:
    left, refused = deque(rows), 0
    numbers: set[object] = set()
    taken = 0
    for line in expected:
        # A receipt's rows are numbered without its refused lines.
        wanted = {**line.row, "line": taken if "line_number" in line.row else line.row.get("line")}
        problem = unlike(wanted, left[0], numbers) if left and line.taken else "no row for it"
        if not problem:
            numbers.add(wanted.get("line_number"))
            left.popleft()
            taken += 1
        elif line.refused:
            refused += 1
        else:
            return f"a line must be taken: {wanted}, {problem}; got {rows} {letter}"
    if left:
        return f"rows that no line calls for: {list(left)}"
    if bool(refused) != (letter is not None and letter.stage == "validate"):
        return f"{refused} lines refused, yet the letter is {letter}"
    return ""


def unlike(wanted: dict[str, Any], row: dict[str, Any], numbers: set[object]) -> str:
    """Return in which column a row is not what is wanted, or is more than its table can hold."""
    for name, value in wanted.items():
        if row[name] not in value if isinstance(value, Near) else row[name] != value:
            return f"{name} is {row[name]!r}"
    if extra := row.keys() - wanted.keys() - {"offset", "repeat"}:
        return f"nobody said what {extra} must be"
    if row.get("repeat") not in {None, int(wanted.get("line_number") in numbers and "line_number" in wanted)}:
        return f"repeat is {row.get('repeat')}"
    for name, value in row.items():
        if name in STORED and value is not None and value not in STORED[name]:
            return f"{name} {value} does not fit its column"
        if isinstance(value, str):
            value.encode()
    return ""


def kept(letter: DeadLetter | None, tried: Input) -> str:
    """Return what a dead letter lacks."""
    if letter is None:
        return ""
    whole = letter.value == tried.value and letter.topic == tried.topic and letter.partition == PARTITION
    return "" if whole and letter.reason and letter.error else f"an incomplete dead letter: {letter}"


def told(tried: Input, problem: str) -> str:
    """Return a failure with everything that is needed to try it again."""
    value = tried.value if len(tried.value) <= 2000 else tried.value[:2000] + b"..."
    return (
        f"input {tried.number} ({tried.kind}, {tried.topic}): {problem[:3000]}\n"
        f"  bytes:  {value!r}\n  base64: {base64.b64encode(value).decode()}"
    )
