"""Receipts in bulk: decoded record by record into columns, checked by numpy: half a microsecond a line.

Only what is right in every respect goes this way. Whatever is not (a bad line, a receipt in training, a
county of another partition) is left to ``decode.Decoder``, record by record and in its place in the
order, so there is one judge of what is wrong and why. ``tests/streams/test_receipts.py`` holds the two
ways equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import ReceiptStatus, SaleKind
from schemas.regions import Region
from streams import lines
from streams.chunk import Chunk
from streams.columns import Coded
from streams.fields import SEQUENCE_BITS, UNFIT, Fields, Flags, are_names, is_name
from streams.indicators.groups import Ints
from streams.knowntills import Columns, KnownTills
from streams.lines import Lines
from streams.options import Options

#: Receipts checked together: their fields stay in a cache of 1 MB, and numpy's calls cost 20 ns a line.
RUN: Final = 1000


class Receipts(NamedTuple):
    """Receipts that are right, shape (n,), in order: ``indices`` of the records they came in, ``counts`` of lines.

    ``first`` is the place of a receipt's first line in its record: 0 but where a record holds many. ``tills`` has
    pairs of store and workstation, numbered for good by whoever read the receipts.
    """

    indices: Sequence[int] | Ints
    counts: Sequence[int] | Ints
    first: Ints
    event_id: Sequence[str]
    sender: Coded
    store: Coded
    region: Coded
    prefecture: Coded
    workstation: Coded
    sequence: Ints
    day: Ints
    at: Ints
    tills: Coded
    lines: Lines

    def part(self, begin: int, end: int, bounds: Sequence[int] | Ints) -> Receipts:
        """Return receipts [begin, end); ``bounds`` are the first lines of all, and the end."""
        own: list[Any] = [each[begin:end] for each in self[:-1]]
        return Receipts._make([*own, self.lines.part(slice(bounds[begin], bounds[end]))])


@dataclass(slots=True)
class _Columns:
    """What decoded so far, one list per field: filled at ten nanoseconds a value."""

    indices: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    event_id: list[str] = field(default_factory=list)
    sender: list[str] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    region: list[str] = field(default_factory=list)
    workstation: list[str] = field(default_factory=list)
    date: list[str] = field(default_factory=list)
    sequence: list[int] = field(default_factory=list)
    time: list[str] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    good: list[str] = field(default_factory=list)
    quantity: list[float] = field(default_factory=list)
    unit: list[str] = field(default_factory=list)
    amount: list[float | None] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    unit_cost: list[float | None] = field(default_factory=list)


def parted(receipts: Receipts, right: Flags) -> Iterator[Receipts | range]:
    """Yield the receipts that are right, and in between which of them are not."""
    if right.all():
        yield receipts
        return
    bounds = np.r_[0, np.cumsum(receipts.counts)]
    edges = [0, *(np.flatnonzero(right[1:] != right[:-1]) + 1).tolist(), len(right)]
    for begin, end in pairwise(edges):
        yield receipts.part(begin, end, bounds) if right[begin] else range(begin, end)


def counties_of(catalogue: Catalogue, partition: int, partitions: int) -> dict[str, Region]:
    """Return the counties of one partition by their code as it stands in events."""
    return {
        str(code): each
        for code, each in catalogue.regions.items()
        if each.level == "county" and topics.partition_of(each.parent, partitions) == partition
    }


class Reader:
    """Reads the receipts of one partition that are JSON, one a record."""

    def __init__(self, catalogue: Catalogue, partition: int, partitions: int, fields: Fields, options: Options) -> None:
        self._fields, self._options = fields, options
        self._counties = counties_of(catalogue, partition, partitions)
        self._known = KnownTills()
        self._decode: Callable[[bytes], Any] | None = (
            msgspec.json.Decoder(_shape(self._counties, catalogue.goods)).decode if self._counties else None
        )

    def parts(self, chunk: Chunk, start: int, end: int) -> Iterator[Receipts | int]:
        """Yield records [start, end) in order: receipts that are right, or the index of one to look at."""
        index = start
        while index < end:
            stop = min(index + RUN, end)
            found = _Columns()
            index = self._run(chunk.values, index, stop, found)
            if found.indices:
                yield from self._judged(found)
            if index < stop:
                yield index
                index += 1

    def _run(self, values: Sequence[bytes | None], start: int, stop: int, to: _Columns) -> int:
        """Decode records [start, stop) until one has to be looked at; return its index, or ``stop``.

        The hot loop. Each record's objects are taken apart while they are in the processor's cache:
        decoding a whole fetch first and then gathering fields takes twice as long.
        """
        decode, most = self._decode, self._options.max_record_bytes
        indices, counts, event_id, sender, store = to.indices, to.counts, to.event_id, to.sender, to.store
        region, workstation, date, sequence, time = to.region, to.workstation, to.date, to.sequence, to.time
        number, good, quantity, unit = to.number, to.good, to.quantity, to.unit
        amount, kind, unit_cost = to.amount, to.kind, to.unit_cost
        if decode is None:
            return start
        for index in range(start, stop):
            value = values[index]
            if not value or len(value) > most:
                return index
            try:
                if not value.isascii():
                    value.decode()  # msgspec does not check UTF-8 in fields that it skips
                event = decode(value)
            except UNFIT:
                return index
            sold = event.lines
            if not sold or event.status != "normal":
                return index
            indices.append(index)
            counts.append(len(sold))
            event_id.append(event.event_id)
            sender.append(event.sender)
            store.append(event.store)
            region.append(event.region)
            workstation.append(event.workstation)
            date.append(event.business_date)
            sequence.append(event.sequence)
            time.append(event.time)
            for line in sold:
                number.append(line.line)
                good.append(line.good)
                quantity.append(line.quantity)
                unit.append(line.unit)
                amount.append(line.amount)
                kind.append(line.kind)
                unit_cost.append(line.unit_cost)
        return stop

    def _judged(self, found: _Columns) -> Iterator[Receipts | int]:
        """Yield runs of receipts that are right, and the indices of the others."""
        try:
            with np.errstate(all="ignore"):  # what overflows is not right, and told so by the decoder
                receipts, right = self._checked(found)
        except OverflowError:  # a number beyond 64 bits somewhere
            yield from found.indices
            return
        for part in parted(receipts, right):
            if isinstance(part, Receipts):
                yield part
            else:
                yield from found.indices[part.start : part.stop]

    def _checked(self, found: _Columns) -> tuple[Receipts, Flags]:
        """Return all receipts, and which of them pass every check that ``decode.Decoder`` makes."""
        starts = np.array([0, *accumulate(found.counts)][:-1], np.int64)
        at, day, right = self._times(found)
        right &= self._names(found)
        sequence = np.array(found.sequence, np.int64)
        right &= (sequence >= 0) & (sequence < 1 << SEQUENCE_BITS)
        own, fit = self._lines(found, starts)
        right &= np.logical_and.reduceat(fit, starts)
        tills = self._tills(found, right)
        made = Receipts(
            indices=found.indices,
            counts=found.counts,
            first=np.zeros(len(starts), np.int64),
            event_id=found.event_id,
            sender=tills.sender,
            store=tills.store,
            region=tills.region,
            prefecture=tills.prefecture,
            workstation=tills.workstation,
            sequence=sequence,
            day=day,
            at=at,
            tills=tills.names,
            lines=own,
        )
        return made, right

    def _tills(self, found: _Columns, right: Flags) -> Columns:
        """Return where receipts come from; of what is not right nothing that means anything."""
        self._known = self._known.renewed()
        columns = (found.sender, found.store, found.region, found.workstation)
        if right.all():
            return self._known.coded(self._known.numbers(*columns, self._counties))
        rows = np.flatnonzero(right)
        sender, store, region, workstation = ([column[row] for row in rows.tolist()] for column in columns)
        numbers = np.zeros(len(right), np.int64)
        numbers[rows] = self._known.numbers(sender, store, region, workstation, self._counties)
        return self._known.coded(numbers)

    def _times(self, found: _Columns) -> tuple[Ints, Ints, Flags]:
        """Return time and business day of each receipt, and whether both are possible."""
        at = self._fields.seconds(found.time)
        day = np.array(self._fields.days(found.date), np.int64)
        return at, day, self._fields.possible(at, day)

    def _names(self, found: _Columns) -> Flags:
        """Return which receipts have names that are neither empty nor too long nor wrong Unicode."""
        right = np.ones(len(found.indices), np.bool_)
        for names in (found.sender, found.store, found.workstation):
            unfit = {name for name in set(names) if not is_name(name)}
            if unfit:
                right &= np.array([name not in unfit for name in names], np.bool_)
        if not are_names(found.event_id):
            right &= np.array(list(map(is_name, found.event_id)), np.bool_)
        return right

    def _lines(self, found: _Columns, starts: Ints) -> tuple[Lines, Flags]:
        """Return the lines, and which of them are right."""
        size = len(found.number)
        scale = np.array(self._fields.scales(found.good, found.unit), np.float64)
        amount, priced = lines.given(found.amount)
        cost = None if found.unit_cost.count(None) == size else lines.given(found.unit_cost)
        sold = None
        if found.kind.count("sale") < size:
            sold = np.array([kind == "sale" for kind in found.kind], np.bool_)
        number, quantity = np.array(found.number, np.int64), np.array(found.quantity, np.float64)
        made = lines.Numbers(number, scale, quantity, amount, priced, cost, sold)
        return lines.checked(made, starts, found.good, found.kind)


def _shape(counties: Sequence[str] | dict[str, Any], goods: Any) -> type[msgspec.Struct]:
    """Return ``schemas.events.Receipt`` narrowed to known counties and goods: its texts need not be made anew.

    Not tracked by the garbage collector, as nothing in it can refer to itself.
    """
    known_good, known_county = (Literal.__getitem__(tuple(names)) for names in (goods, counties))
    line = msgspec.defstruct(
        "Line",
        [
            *(("line", int), ("good", known_good), ("quantity", float), ("unit", str), ("amount", float | None, None)),
            *(("kind", SaleKind, "sale"), ("regular_price", float | None, None), ("unit_cost", float | None, None)),
            ("promotion", bool, False),
        ],
        gc=False,
    )
    texts = ("event_id", "sender", "store", "workstation", "business_date", "time")
    return msgspec.defstruct(
        "Receipt",
        [
            *((name, str) for name in texts),
            *(("region", known_county), ("sequence", int), ("lines", list[line])),  # type: ignore[valid-type]
            *(("status", ReceiptStatus, "normal"), ("schema", int, 1)),
        ],
        gc=False,
    )
