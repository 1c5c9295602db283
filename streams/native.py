"""Plain receipts in bulk, by the decoder in Rust (``native/``) where it is installed: 0.15 µs a line, without the GIL.

The module also unpacks record batches (``unpacker``).

It takes a record only if that is plain and right in every respect: no escapes in texts, numbers without sign and
exponent, units that ``schemas.units`` knows by name, no field twice. It judges nothing: of any other record it says
nothing, and that goes to ``receipts.Reader``, in its place in the order. ``tests/streams/test_native.py`` holds the
two equal.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol, get_args

import msgspec
import numpy as np

from schemas import units
from schemas.catalogue import Catalogue
from schemas.events import SaleKind
from schemas.regions import Region
from streams import receipts
from streams.chunk import Chunk
from streams.columns import Coded, Repeated
from streams.fetch import Unpack
from streams.fields import UNFIT, Fields, Flags, Rejected, checked
from streams.indicators.groups import Ints
from streams.knowntills import Columns, KnownTills
from streams.lines import Lines
from streams.receipts import Receipts

MODULE: Final = "staplewatch_native"
#: Of what the module takes and returns (``native/src/python.rs``).
VERSION: Final = 3
#: Records read together: their columns take 2 MB for receipts of five lines.
RUN: Final = 4000
#: So many records of a run that are not plain, or one in so many, may be looked at twice to leave the others together.
FEW: Final = 8
SHARE: Final = 100
_KINDS: Final = list(get_args(SaleKind))


class Missing(Exception):
    """The decoder in Rust is not installed, or another version than this one works with."""


class Table(Protocol):
    """Tills by number. Where there are too many the decoder begins another table."""

    number: int

    def since(self, first: int) -> list[list[str]]:
        """Return the tills from number ``first`` on, each as sender, store, region, workstation."""


class Found(Protocol):
    """What the decoder returns: bytes of int64, ``priced`` and ``costed`` of bool, see ``native/src/python.rs``.

    ``till`` has numbers of ``table``.
    """

    table: Table
    event_id: list[str]
    indices: bytes
    counts: bytes
    till: bytes
    day: bytes
    sequence: bytes
    at: bytes
    number: bytes
    good: bytes
    kind: bytes
    quantity: bytes
    amount: bytes
    priced: bytes
    cost: bytes
    costed: bytes


class Decoder(Protocol):
    """The decoder of one partition."""

    def decode(self, values: Sequence[bytes | None], most: int) -> Found:
        """Read records of at most ``most`` bytes; those that are not plain are left out."""

    def begin(self, values: Sequence[bytes | None], most: int) -> Pending:
        """Begin to do so in a thread that needs no interpreter."""


class Pending(Protocol):
    """What is being read."""

    def take(self) -> Found:
        """Wait for it and return it, once."""


class Begun(NamedTuple):
    """The runs of a chunk that a reader has begun with, by the place of their first record."""

    reader: Reader
    runs: dict[int, Pending]


def available() -> bool:
    """Return whether the decoder in Rust is installed and works with this version."""
    try:
        load()
    except Missing:
        return False
    return True


def load() -> Any:
    """Return the module; raises ``Missing``."""
    try:
        module = importlib.import_module(MODULE)
    except ImportError as error:
        raise Missing(str(error)) from error
    if module.VERSION != VERSION:
        msg = f"{MODULE} is version {module.VERSION}, wanted is {VERSION}"
        raise Missing(msg)
    return module


def unpacker() -> Unpack:
    """Return what unpacks record batches; raises ``Missing``."""
    return load().unpack  # type: ignore[no-any-return]


def decoder(catalogue: Catalogue, counties: Mapping[str, Region]) -> Decoder:
    """Return a decoder for these counties; raises ``Missing``."""
    module = load()
    goods = [(code, good.unit) for code, good in catalogue.goods.items()]
    known = [(base, unit, size) for base in units.BASES for unit, size in units.written(base).items()]
    return module.Decoder(list(counties), goods, known)  # type: ignore[no-any-return]


class _Place(msgspec.Struct, gc=False):
    """What of a receipt decides whether any of its lines can count."""

    region: str
    status: str = "normal"


class Reader:
    """Reads the receipts of one partition that are JSON, one a record; leaves to ``reference`` what is not plain."""

    def __init__(
        self,
        catalogue: Catalogue,
        counties: Mapping[str, Region],
        fields: Fields,
        reference: receipts.Reader,
        most_bytes: int,
    ) -> None:
        self._fields, self._reference, self._most = fields, reference, most_bytes
        self._counties, self._goods = counties, list(catalogue.goods)
        self._decoder = decoder(catalogue, counties)
        #: Number of the table, and what is known of it.
        self._table, self._tills = 0, KnownTills()
        self._place = msgspec.json.Decoder(_Place).decode

    def parts(self, chunk: Chunk, start: int, end: int) -> Iterator[Receipts | int]:
        """Yield records [start, end) in order: receipts that are right, or the index of one to look at."""
        for begin in range(start, end, RUN):
            yield from self._run(chunk, begin, min(begin + RUN, end))

    def begin(self, chunk: Chunk) -> Begun:
        """Begin with a chunk before its turn: a thread that needs no interpreter decodes it while that is busy."""
        values = chunk.values
        begins = range(0, len(chunk), RUN)
        return Begun(self, {each: self._decoder.begin(values[each : each + RUN], self._most) for each in begins})

    def _found(self, chunk: Chunk, begin: int, stop: int) -> Found:
        """Return what records [begin, stop) hold, begun before or read now."""
        begun = chunk.begun
        if isinstance(begun, Begun) and begun.reader is self and stop == min(begin + RUN, len(chunk)):
            pending = begun.runs.pop(begin, None)
            if pending is not None:
                return pending.take()
        return self._decoder.decode(chunk.values[begin:stop], self._most)

    def _tills_of(self, found: Found) -> Columns:
        """Return where receipts come from."""
        if found.table.number != self._table:
            self._table, self._tills = found.table.number, KnownTills()
        for sender, store, region, workstation in found.table.since(len(self._tills)):
            self._tills.add(sender, store, self._counties[region], workstation)
        return self._tills.coded(_ints(found.till))

    def _run(self, chunk: Chunk, begin: int, stop: int) -> Iterator[Receipts | int]:
        found = self._found(chunk, begin, stop)
        places = _ints(found.indices)
        plain = np.zeros(stop - begin, np.bool_)
        if len(places):
            own, possible = self._receipts(found, begin)
            plain[places[possible]] = True
            bounds = np.r_[0, np.cumsum(own.counts)]
            odd = np.flatnonzero(~plain).tolist()
            if possible.all() and len(odd) <= max(FEW, len(plain) // SHARE) and self._leave_no_rows(chunk, begin, odd):
                yield own
                yield from (begin + index for index in odd)
                return
        edges = [0, *(np.flatnonzero(plain[1:] != plain[:-1]) + 1).tolist(), len(plain)]
        for first, last in pairwise(edges):
            if plain[first]:
                begins, ends = np.searchsorted(places, [first, last]).tolist()
                yield own.part(begins, ends, bounds)
            else:
                yield from self._reference.parts(chunk, begin + first, begin + last)

    def _leave_no_rows(self, chunk: Chunk, begin: int, odd: list[int]) -> bool:
        """Return whether none of some records can bring a line that counts.

        Such records need not be judged in their place: what lies around them is noted together, at a third of the time.
        """
        return not any(self._may_count(chunk.values[begin + index]) for index in odd)

    def _may_count(self, value: bytes | None) -> bool:
        try:
            place = self._place(checked(value, self._most))
        except (Rejected, *UNFIT):
            return False
        return place.status == "normal" and place.region in self._counties

    def _receipts(self, found: Found, begin: int) -> tuple[Receipts, Flags]:
        """Return all receipts, and of which time and business day are possible: that depends on the time zone."""
        at, day = _ints(found.at), _ints(found.day)
        known = self._tills_of(found)
        own = Receipts(
            indices=begin + _ints(found.indices),
            counts=_ints(found.counts),
            first=np.zeros(len(at), np.int64),
            event_id=found.event_id,
            sender=known.sender,
            store=known.store,
            region=known.region,
            prefecture=known.prefecture,
            workstation=known.workstation,
            tills=known.names,
            sequence=_ints(found.sequence),
            day=day,
            at=at,
            lines=self._lines(found),
        )
        return own, self._fields.possible(at, day)

    def _lines(self, found: Found) -> Lines:
        return Lines(
            number=_ints(found.number),
            good=Coded(self._goods, _ints(found.good)),
            kind=Coded(_KINDS, _ints(found.kind)),
            quantity=_ints(found.quantity),
            amount=_ints(found.amount),
            priced=np.frombuffer(found.priced, np.bool_),
            cost=_costs(_ints(found.cost), np.frombuffer(found.costed, np.bool_)),
        )


def _costs(costs: Ints, known: Flags) -> Sequence[int | None]:
    if not known.any():
        return Repeated.of(None, len(costs))
    return [cost if there else None for cost, there in zip(costs.tolist(), known.tolist(), strict=True)]


def _ints(column: bytes) -> Ints:
    return np.frombuffer(column, np.int64)
