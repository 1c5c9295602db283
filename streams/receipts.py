"""Receipts in bulk: decoded record by record into columns, checked by numpy: half a microsecond a line.

Only what is right in every respect goes this way. Whatever is not (a bad line, a receipt in training, a
county of another partition) is left to ``decode.Decoder``, record by record and in its place in the
order, so there is one judge of what is wrong and why. ``tests/streams/test_receipts.py`` holds the two
ways equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import ReceiptStatus, SaleKind
from schemas.fixed import AMOUNT, LARGEST, PRICE, QUANTITY
from streams.chunk import Chunk
from streams.fields import DATE_AHEAD, DATE_BACK, LINE_BITS, SEQUENCE_BITS, UNFIT, Fields, are_names, is_name
from streams.indicators.civil import DAY, Civil
from streams.indicators.groups import Floats, Ints
from streams.options import Options

Flags = NDArray[np.bool_]


#: Receipts checked together: their fields stay in a cache of 1 MB, and numpy's calls cost 20 ns a line.
RUN: Final = 1000


class Lines(NamedTuple):
    """Lines of receipts, shape (lines,): fixed-point and signed; ``cost`` per base unit, None where unknown."""

    number: Ints
    good: list[str]
    kind: list[str]
    quantity: Ints
    amount: Ints
    priced: Flags
    cost: list[int | None]

    def part(self, own: slice) -> Lines:
        """Return some of them."""
        return Lines(*(each[own] for each in self))  # type: ignore[arg-type]


class Receipts(NamedTuple):
    """Receipts that are right, shape (n,), neighbours in the chunk from ``indices`` [0]; ``counts`` are their lines."""

    indices: list[int]
    counts: list[int]
    event_id: list[str]
    sender: list[str]
    store: list[str]
    region: list[int]
    prefecture: list[int]
    workstation: list[str]
    sequence: list[int]
    day: list[int]
    at: list[int]
    lines: Lines

    def part(self, begin: int, end: int, bounds: Sequence[int]) -> Receipts:
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


class Reader:
    """Reads the receipts of one partition."""

    def __init__(
        self, catalogue: Catalogue, partition: int, partitions: int, fields: Fields, civil: Civil, options: Options
    ) -> None:
        self._fields, self._civil, self._options = fields, civil, options
        self._counties = {
            str(code): each
            for code, each in catalogue.regions.items()
            if each.level == "county" and topics.partition_of(each.parent, partitions) == partition
        }
        self._decode: Callable[[bytes], Any] | None = (
            msgspec.json.Decoder(_shape(self._counties, catalogue.goods)).decode if self._counties else None
        )

    def parts(self, chunk: Chunk, start: int) -> Iterator[Receipts | int]:
        """Yield the records from ``start`` on, in order: receipts that are right, or the index of one to look at."""
        index, end = start, len(chunk.values)
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
            lines = event.lines
            if not lines or event.status != "normal":
                return index
            indices.append(index)
            counts.append(len(lines))
            event_id.append(event.event_id)
            sender.append(event.sender)
            store.append(event.store)
            region.append(event.region)
            workstation.append(event.workstation)
            date.append(event.business_date)
            sequence.append(event.sequence)
            time.append(event.time)
            for line in lines:
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
        if right.all():
            yield receipts
            return
        bounds = [0, *accumulate(found.counts)]
        edges = [0, *(np.flatnonzero(right[1:] != right[:-1]) + 1).tolist(), len(right)]
        for begin, end in pairwise(edges):
            if right[begin]:
                yield receipts.part(begin, end, bounds)
            else:
                yield from found.indices[begin:end]

    def _checked(self, found: _Columns) -> tuple[Receipts, Flags]:
        """Return all receipts, and which of them pass every check that ``decode.Decoder`` makes."""
        starts = np.array([0, *accumulate(found.counts)][:-1], np.int64)
        counties = [self._counties[code] for code in found.region]
        at, day, right = self._times(found)
        right &= self._names(found)
        sequence = np.array(found.sequence, np.int64)
        right &= (sequence >= 0) & (sequence < 1 << SEQUENCE_BITS)
        lines, fit = self._lines(found, starts)
        right &= np.logical_and.reduceat(fit, starts)
        region, prefecture = [each.code for each in counties], [each.parent for each in counties]
        names = (found.event_id, found.sender, found.store)
        known: tuple[Any, ...] = (*names, region, prefecture, found.workstation, found.sequence)
        made = Receipts._make([found.indices, found.counts, *known, day.tolist(), at.tolist(), lines])
        return made, right

    def _times(self, found: _Columns) -> tuple[Ints, Ints, Flags]:
        """Return time and business day of each receipt, and whether both are possible."""
        at = self._fields.seconds(found.time)
        day = np.array(self._fields.days(found.date), np.int64)
        options = self._options
        right = (at >= options.earliest) & (at <= self._fields.now + options.ahead)
        apart = day - self._civil.locals(np.where(right, at, 0)) // DAY
        return at, day, right & (apart >= -DATE_BACK) & (apart <= DATE_AHEAD)

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
        number = np.array(found.number, np.int64)
        fit = (number >= 0) & (number < 1 << LINE_BITS)
        # Lines that do not ascend may be the same one twice: for that they have to be looked at one by one.
        ascending = np.ones(len(number), np.bool_)
        ascending[1:] = number[1:] > number[:-1]
        ascending[starts] = True
        scale = np.array(self._fields.scales(found.good, found.unit), np.float64)
        fit &= ascending & (scale > 0)
        quantity, whole = _fixed(np.array(found.quantity, np.float64) * scale, QUANTITY)
        fit &= whole & (quantity > 0)
        amount, priced, whole = _amounts(found.amount)
        fit &= whole & (amount >= 0)
        cost: list[int | None] = [None] * len(number)
        if found.unit_cost.count(None) < len(number):
            cost, whole = _costs(found.unit_cost, scale)
            fit &= whole
        if found.kind.count("sale") < len(found.kind):
            sign = np.array([1 if kind == "sale" else -1 for kind in found.kind], np.int64)
            quantity, amount = quantity * sign, amount * sign
        return Lines(number, found.good, found.kind, quantity, amount, priced, cost), fit


def _amounts(amounts: list[float | None]) -> tuple[Ints, Flags, Flags]:
    """Return amounts, whether there is one, and whether it can be kept; a line without one is right."""
    priced = np.ones(len(amounts), np.bool_)
    if None in amounts:
        priced = np.array([amount is not None for amount in amounts], np.bool_)
        amounts = [amount or 0.0 for amount in amounts]
    fixed, fit = _fixed(np.array(amounts, np.float64), AMOUNT)
    return fixed, priced, fit


def _costs(costs: list[float | None], scale: Floats) -> tuple[list[int | None], Flags]:
    """Return costs per base unit, None where there is none, and whether each can be kept."""
    given = np.array([math.nan if cost is None else cost for cost in costs], np.float64)
    absent = np.array([cost is None for cost in costs], np.bool_)
    fixed, fit = _fixed(given / scale, PRICE)
    values = zip(fixed.tolist(), absent.tolist(), strict=True)
    return [None if missing else value for value, missing in values], fit | absent


def _fixed(values: Floats, scale: int) -> tuple[Ints, Flags]:
    """Return what ``schemas.fixed.to_fixed`` returns, and where it would not raise."""
    scaled = values * scale
    fit = np.abs(scaled) < LARGEST  # false for NaN and the infinities
    return np.rint(np.where(fit, scaled, 0.0)).astype(np.int64), fit


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
