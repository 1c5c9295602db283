"""Records that hold a batch of receipts in Arrow (``schemas.receipt_batch``): to columns without parsing.

Only what is right in every respect goes this way, as in ``streams.receipts``. A receipt that is not is written
out as the JSON that its sender could have sent instead, and judged like that: one judge of what is wrong and
why, and a dead letter that people can read and tools can mend and send again. A record that cannot be read as
receipts at all is refused whole, with its own bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, get_args

import numpy as np
import pyarrow as pa

from schemas.catalogue import Catalogue
from schemas.events import SaleKind
from streams import ipc, lines
from streams.columns import Coded
from streams.fields import SEQUENCE_BITS, Fields, Flags, Rejected, are_names, is_name, refuse
from streams.frombatch import Batch, opened, real, texts, whole
from streams.indicators.civil import Civil
from streams.indicators.groups import Floats, Ints
from streams.knowntills import Columns, KnownTills, distinct
from streams.options import Options
from streams.receipts import Receipts, counties_of, parted

#: JSON of receipts that are wrong may take so many times what a record may.
MOST_WRITTEN: Final = 4
#: Pairs of a good and a unit that are counted instead of sorted: as many as lines that come with them.
MOST_PAIRS: Final = 50_000
_KINDS: Final = list(get_args(SaleKind))


class Odd(NamedTuple):
    """A receipt to be looked at, as JSON: lines [line, line + lines) of the chunk's ``record``."""

    record: int
    value: bytes
    line: int
    lines: int


class Unread(NamedTuple):
    """A record of which no receipt can be read, and why."""

    record: int
    error: Rejected


class Reader:
    """Reads the batches of one partition."""

    def __init__(
        self, catalogue: Catalogue, partition: int, partitions: int, fields: Fields, civil: Civil, options: Options
    ) -> None:
        self._fields, self._civil, self._options = fields, civil, options
        self._counties = counties_of(catalogue, partition, partitions)
        self._goods = list(catalogue.goods)
        self._number = {good: number for number, good in enumerate(self._goods)}
        self._known = KnownTills()

    def parts(self, index: int, value: bytes | None) -> list[Receipts | Odd | Unread]:
        """Return what record ``index`` holds, in order."""
        found: list[Receipts | Odd | Unread] = []
        first = 0
        try:
            for batch in self._batches(value):
                found += self._judged(batch, index, first)
                first += int(batch.places[-1])
            self._check(found)
        except Rejected as error:
            return [Unread(index, error)]
        return found

    def _batches(self, value: bytes | None) -> Iterator[Batch]:
        """Yield the batches of a record; raises ``Rejected``."""
        if not value:
            refuse("decode", "the record is empty: send at least one receipt")
        if len(value) > self._options.max_record_bytes:
            refuse("size", f"{len(value):,} bytes, at most {self._options.max_record_bytes:,}: send fewer receipts")
        receipts = places = 0
        for found in ipc.batches(value):
            if found.num_rows:
                batch = opened(found)
                receipts, places = receipts + len(batch), places + int(batch.places[-1])
                if places > self._options.max_record_lines:
                    refuse("size", f"more than {self._options.max_record_lines:,} lines: send fewer per record")
                yield batch
        if not receipts:
            refuse("decode", "no receipts in the record: send at least one")

    def _check(self, found: Sequence[Receipts | Odd | Unread]) -> None:
        """Refuse a record of which so much is wrong that its dead letters would not fit into the broker."""
        written = [len(each.value) for each in found if isinstance(each, Odd)]
        most = self._options.max_record_bytes
        if written and (max(written) > most or sum(written) > MOST_WRITTEN * most):
            refuse("size", f"its wrong receipts take {sum(written):,} bytes as JSON: send fewer lines per record")

    def _judged(self, batch: Batch, index: int, first: int) -> Iterator[Receipts | Odd]:
        with np.errstate(all="ignore"):  # what overflows is not right, and told so by the judge
            receipts, right = self._checked(batch, index, first)
        for part in parted(receipts, right):
            if isinstance(part, Receipts):
                yield part
            else:
                for row in part:
                    begin, end = batch.places[row : row + 2].tolist()
                    yield Odd(index, batch.json(row, self._civil.zone), first + begin, end - begin)

    def _checked(self, batch: Batch, index: int, first: int) -> tuple[Receipts, Flags]:
        """Return all receipts, and which of them pass every check that ``decode.Decoder`` makes."""
        own, right = self._lines(batch)
        at, day, possible = self._times(batch)
        right &= possible & texts(batch.head, "status", len(batch), "normal").map("normal".__eq__, np.bool_)
        names = [texts(batch.head, name, len(batch)) for name in ("sender", "store", "workstation")]
        for each in names:
            right &= each.map(_is_name, np.bool_)
        event_id, named = _event_ids(batch.head["event_id"])
        sequence, numbered = whole(batch.head["sequence"])
        right &= named & numbered & (sequence >= 0) & (sequence < 1 << SEQUENCE_BITS)
        region = texts(batch.head, "region", len(batch))
        right &= region.map(self._counties.__contains__, np.bool_)
        sender, store, workstation = names
        tills = self._tills((sender, store, region, workstation), np.flatnonzero(right))
        receipts = Receipts(
            indices=np.full(len(batch), index),
            counts=np.diff(batch.bounds),
            first=first + batch.places[:-1],
            event_id=event_id,
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
        return receipts, right

    def _tills(self, columns: tuple[Coded, Coded, Coded, Coded], rows: Ints) -> Columns:
        """Return where receipts come from; of what is not right, not among ``rows``, nothing that means anything."""
        self._known = self._known.renewed()
        first, inverse = distinct(columns, rows)
        sender, store, region, workstation = (each.take(first) for each in columns)
        numbers = np.zeros(len(columns[0]), np.int64)
        numbers[rows] = self._known.numbers(sender, store, region, workstation, self._counties)[inverse]
        return self._known.coded(numbers)

    def _times(self, batch: Batch) -> tuple[Ints, Ints, Flags]:
        """Return time and business day of each receipt, and whether both are possible."""
        ticks, timed = whole(batch.head["time"])
        day, dated = whole(batch.head["business_date"])
        at = ticks // batch.per_second
        return at, day, self._fields.possible(at, day) & timed & dated

    def _lines(self, batch: Batch) -> tuple[lines.Lines, Flags]:
        """Return the lines, and of which receipts all are right; one without lines is not."""
        columns, counts = batch.lines, np.diff(batch.bounds)
        number, numbered = whole(columns["line"])
        quantity, measured = real(columns, "quantity", batch.size)
        cost = real(columns, "unit_cost", batch.size)
        good = texts(columns, "good", batch.size)
        kind = texts(columns, "kind", batch.size, "sale")
        sold = kind.map("sale".__eq__, np.bool_)
        made = lines.Numbers(
            number,
            self._scales(good, texts(columns, "unit", batch.size)),
            quantity,
            *real(columns, "amount", batch.size),
            cost if cost[1].any() else None,
            None if sold.all() else sold,
        )
        # In words that are known everywhere: a batch's own may be strange in lines that are not right.
        goods = Coded(self._goods, good.map(lambda word: self._number.get(word, 0), np.int64))
        kinds = Coded(_KINDS, kind.map(lambda word: _KINDS.index(word) if word in _KINDS else 0, np.int64))
        found, fit = lines.checked(made, batch.bounds[:-1][counts > 0], goods, kinds)
        fit &= numbered & measured & kind.map(_KINDS.__contains__, np.bool_)
        right = counts > 0
        right[np.repeat(np.arange(len(counts)), counts)[~fit]] = False
        return found, right

    def _scales(self, good: Coded, unit: Coded) -> Floats:
        """Return how many base units one unit of each line is, 0 where there is none: looked up once per pair."""
        many = len(unit.words)
        codes = good.codes * many + unit.codes
        if len(good.words) * many > MOST_PAIRS:
            pairs, codes = np.unique(codes, return_inverse=True)
        else:  # sorting would take 20 ns a line
            pairs = np.flatnonzero(np.bincount(codes, minlength=1))
            codes = np.searchsorted(pairs, codes)
        goods = [good.words[pair // many] or "" for pair in pairs.tolist()]
        units = [unit.words[pair % many] or "" for pair in pairs.tolist()]
        return np.array(self._fields.scales(goods, units), np.float64)[codes]


def _event_ids(column: pa.Array) -> tuple[list[str], Flags]:
    """Return the names of events, and which of them are names."""
    names: list[str] = column.to_pylist()
    if not column.null_count and are_names(names):
        return names, np.ones(len(names), np.bool_)
    return names, np.array(list(map(_is_name, names)), np.bool_)


def _is_name(text: str | None) -> bool:
    return text is not None and is_name(text)
