"""Bytes of the input topics to rows of the raw tables; what does not decode or validate to dead letters.

A record that is no event is rejected as a whole. A line that is wrong (unknown good, bad unit,
impossible number) is rejected alone: the record becomes a dead letter, its other lines count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np

from schemas import receipt_batch, topics
from schemas.catalogue import Catalogue
from schemas.events import QuoteReport, Receipt, StockReport
from schemas.fixed import AMOUNT, PRICE, QUANTITY, to_fixed
from schemas.letters import DeadLetter
from schemas.registry import RegistryChange, kind_of
from schemas.units import UnitError
from streams.batches import Odd
from streams.chunk import Chunk
from streams.entities import checked_entity
from streams.fields import (
    LINE_BITS,
    SEQUENCE_BITS,
    UNFIT,
    Fields,
    Rejected,
    checked,
    named,
    not_negative,
    positive,
    refuse,
    whole,
)
from streams.indicators.civil import Civil
from streams.indicators.groups import Ints
from streams.options import Options
from streams.receipts import Receipts
from streams.salerecords import Reader
from streams.salerows import SaleRows, by_line
from streams.seen import Noted, Seen

SALES_COLUMNS: Final = (
    *("offset", "line", "event_id", "sender", "site", "region", "prefecture", "good", "workstation"),
    *("business_date", "sequence", "line_number", "kind", "at", "quantity", "amount", "priced", "unit_cost", "repeat"),
)
STOCK_COLUMNS: Final = (
    *("offset", "line", "event_id", "sender", "site", "region", "prefecture", "good"),
    *("at", "action", "step", "disposition", "quantity", "corrects", "repeat"),
)
QUOTES_COLUMNS: Final = (
    *("offset", "line", "event_id", "sender", "site", "region", "prefecture", "good"),
    *("kind", "business_date", "at", "price", "sales", "stock", "corrects", "confirms", "repeat"),
)
REGISTRY_COLUMNS: Final = (
    *("offset", "line", "event_id", "sender", "prefecture", "kind", "code", "at", "entity"),
)  # fmt: skip
TABLES: Final = {
    topics.SALES: "sales", topics.STOCK: "stock", topics.QUOTES: "quotes", topics.REGISTRY: "registry"
}  # fmt: skip
TOPICS: Final = {table: topic for topic, table in TABLES.items()}
COLUMNS: Final = {
    "sales": SALES_COLUMNS, "stock": STOCK_COLUMNS, "quotes": QUOTES_COLUMNS, "registry": REGISTRY_COLUMNS
}  # fmt: skip

#: What keeps a record from being read.
UNREADABLE: Final = (Rejected, *UNFIT)

#: By name: lists, or what ``streams.columns`` and numpy offer in their place.
Columns = dict[str, Any]


@dataclass(slots=True)
class Decoded:
    """Rows of one raw table (columns of equal length) and the records that were rejected."""

    table: str
    columns: Columns
    dead: list[DeadLetter] = field(default_factory=list)
    events: int = 0
    dropped: int = 0
    repeats: int = 0
    #: Events that corrections named: those that had come, and those that had not.
    corrected: int = 0
    corrects_unknown: int = 0


class Decoder:
    """Decodes the records of one partition."""

    def __init__(
        self, catalogue: Catalogue, partition: int, partitions: int, civil: Civil, options: Options, seen: Seen
    ) -> None:
        self._civil, self._options, self._seen = civil, options, seen
        self._fields = Fields(catalogue, partition, partitions, civil, options)
        self._bulk = Reader(catalogue, partition, partitions, self._fields, civil, options)
        self._readers: dict[str, tuple[Any, Callable[[Any, int, Decoded], str]]] = {
            topics.SALES: (msgspec.json.Decoder(Receipt), self._receipt),
            topics.STOCK: (msgspec.json.Decoder(StockReport), self._stock),
            topics.QUOTES: (msgspec.json.Decoder(QuoteReport), self._quotes),
            topics.REGISTRY: (msgspec.json.Decoder(RegistryChange), self._registry),
        }

    def ahead(self, chunk: Chunk) -> None:
        """Begin with a chunk before its turn: what can be done beside the interpreter."""
        if chunk.topic == topics.SALES:
            self._bulk.ahead(chunk)

    def decode(self, chunk: Chunk, wall: float, start: int = 0) -> Decoded:
        """Return the rows of ``chunk`` from its record ``start`` on; ``wall`` is the present, epoch seconds."""
        self._fields.now = int(wall)
        table = TABLES[chunk.topic]
        result = Decoded(table, {name: [] for name in COLUMNS[table]})
        if chunk.topic == topics.SALES:
            self._receipts(chunk, start, result)
        else:
            for index in range(start, len(chunk.offsets)):
                self._one(chunk, index, result)
        return result

    def _one(self, chunk: Chunk, index: int, result: Decoded) -> None:
        """Read one record with every check, and say what is wrong with it."""
        reader, take = self._readers[chunk.topic]
        try:
            value = checked(chunk.values[index], self._options.max_record_bytes)
            problem = take(reader.decode(value), chunk.offsets[index], result)
            if problem:
                refuse("validate", problem)
        except UNREADABLE as error:
            result.dead.append(letter(chunk, index, error))

    # -- receipts that are right, many at once

    def _receipts(self, chunk: Chunk, start: int, result: Decoded) -> None:
        rows = SaleRows(SALES_COLUMNS)
        for part in self._bulk.parts(chunk, start):
            if isinstance(part, Receipts):
                rows.take(result.columns)
                rows.add(part, _offsets(chunk, part.indices), self._repeats(part, result))
            elif isinstance(part, int):
                self._one(chunk, part, result)
            elif isinstance(part, Odd):
                self._odd(chunk, part, result)
            else:
                result.dead.append(letter(chunk, part.record, part.error))
        rows.take(result.columns)
        result.columns = rows.joined()

    def _repeats(self, part: Receipts, result: Decoded) -> Ints:
        repeats = by_line(part.counts, *self._noted(part))
        result.events += len(part.indices)
        result.repeats += int(repeats.sum())
        return repeats

    def _noted(self, part: Receipts) -> Noted:
        """Note receipts; return which were seen before."""
        return self._seen.in_turn(part.day, part.tills, part.sequence, np.asarray(part.counts), part.lines.number)

    def _odd(self, chunk: Chunk, odd: Odd, result: Decoded) -> None:
        """Read one receipt of a batch with every check."""
        try:
            event = self._readers[topics.SALES][0].decode(odd.value)
            problem = self._receipt(event, chunk.offsets[odd.record], result, odd.line)
            if problem:
                refuse("validate", problem)
        except UNREADABLE as error:
            result.dead.append(cut_out(letter(chunk, odd.record, error), odd))

    # -- one event

    def _receipt(self, event: Receipt, offset: int, result: Decoded, first: int = 0) -> str:
        if event.status != "normal":
            result.dropped += 1
            return ""
        at = self._fields.time(event.time)
        prefecture, region = self._fields.region(event.region)
        day = self._fields.date(event.business_date, at)
        named(store=event.store, workstation=event.workstation, sender=event.sender, event_id=event.event_id)
        whole("sequence", event.sequence, SEQUENCE_BITS)
        lines, problems = [], []
        for line in event.lines:
            try:
                lines.append(self._sale_line(line))
            except (Rejected, UnitError, ValueError) as error:
                problems.append(f"line {line.line}: {_reason(error)}")
        numbers = [each[0] for each in lines]
        till = (event.store, event.workstation)
        repeats = self._seen.receipt(day, till, event.sequence, numbers, whole=not problems)
        rows = result.columns
        for index, ((number, good, kind, quantity, amount, cost), repeat) in enumerate(
            zip(lines, repeats, strict=True), first
        ):
            for column, value in zip(
                rows.values(),
                (
                    *(offset, index, event.event_id, event.sender, event.store, region, prefecture, good),
                    *(event.workstation, day, event.sequence, number, kind, at, quantity, amount or 0),
                    *(int(amount is not None), cost, int(repeat)),
                ),
                strict=True,
            ):
                column.append(value)
        return self._counted(result, repeats, problems, len(event.lines))

    def _sale_line(self, line: Any) -> tuple[int, str, str, int, int | None, int | None]:
        whole("line", line.line, LINE_BITS)
        scale = self._fields.factor(line.good, line.unit)
        quantity = positive("quantity", to_fixed(line.quantity * scale, QUANTITY))
        amount = None if line.amount is None else not_negative("amount", to_fixed(line.amount, AMOUNT))
        cost = None if line.unit_cost is None else to_fixed(line.unit_cost / scale, PRICE)
        if line.kind != "sale":
            quantity, amount = -quantity, None if amount is None else -amount
        return line.line, line.good, line.kind, quantity, amount, cost

    def _stock(self, event: StockReport, offset: int, result: Decoded) -> str:
        at = self._fields.time(event.time)
        prefecture, region = self._fields.region(event.region)
        named(
            site=event.site,
            sender=event.sender,
            event_id=event.event_id,
            step=event.step,
            disposition=event.disposition,
        )
        named(**{f"corrects {number}": text for number, text in enumerate(event.corrects)})
        lines, problems = [], []
        for index, line in enumerate(event.lines):
            try:
                scale = self._fields.factor(line.good, line.unit)
                amount = to_fixed(line.quantity * scale, QUANTITY)
                check = not_negative if event.action == "OBSERVE" else positive
                lines.append((index, line.good, check("quantity", amount)))
            except (Rejected, UnitError, ValueError) as error:
                problems.append(f"line {index}: {_reason(error)}")
        day = self._civil.day(at)
        numbers = [each[0] for each in lines]
        repeats = self._seen.event("stock", day, event.sender, event.event_id, numbers, whole=not problems)
        if not all(repeats):
            known = [self._seen.knows(event.sender, name) for name in event.corrects]
            result.corrected += sum(known)
            result.corrects_unknown += len(known) - sum(known)
        rows = result.columns
        for (index, good, quantity), repeat in zip(lines, repeats, strict=True):
            for column, value in zip(
                rows.values(),
                (
                    *(offset, index, event.event_id, event.sender, event.site, region, prefecture, good, at),
                    *(event.action, event.step, event.disposition, quantity, event.corrects, int(repeat)),
                ),
                strict=True,
            ):
                column.append(value)
        return self._counted(result, repeats, problems, len(event.lines))

    def _quotes(self, event: QuoteReport, offset: int, result: Decoded) -> str:
        at = self._fields.time(event.time)
        prefecture, region = self._fields.region(event.region)
        named(site=event.site, sender=event.sender, event_id=event.event_id)
        named(**{f"corrects {number}": text for number, text in enumerate(event.corrects)})
        named(**{f"confirms {number}": text for number, text in enumerate(event.confirms)})
        day = self._civil.day(at) if event.business_date is None else self._fields.date(event.business_date, at)
        lines, problems = [], []
        for index, line in enumerate(event.lines):
            try:
                lines.append((index, *self._quote_line(line)))
            except (Rejected, UnitError, ValueError) as error:
                problems.append(f"line {index}: {_reason(error)}")
        numbers = [each[0] for each in lines]
        repeats = self._seen.event("quotes", day, event.sender, event.event_id, numbers, whole=not problems)
        rows = result.columns
        for (index, good, price, sales, stock), repeat in zip(lines, repeats, strict=True):
            for column, value in zip(
                rows.values(),
                (
                    *(offset, index, event.event_id, event.sender, event.site, region, prefecture, good),
                    *(event.kind, day, at, price, sales, stock, event.corrects, event.confirms, int(repeat)),
                ),
                strict=True,
            ):
                column.append(value)
        return self._counted(result, repeats, problems, len(event.lines))

    def _quote_line(self, line: Any) -> tuple[str, int | None, int | None, int | None]:
        scale = self._fields.factor(line.good, line.unit)
        if line.price is None and line.stock is None:
            refuse("validate", "neither price nor stock: give at least one")
        price = None if line.price is None else positive("price", to_fixed(line.price / scale, PRICE))
        sales = None if line.sales is None else to_fixed(line.sales * scale, QUANTITY)
        stock = None if line.stock is None else not_negative("stock", to_fixed(line.stock * scale, QUANTITY))
        return line.good, price, sales, stock

    def _registry(self, event: RegistryChange, offset: int, result: Decoded) -> str:
        at, prefecture = self._fields.time(event.time), self._fields.prefecture(event.prefecture)
        named(sender=event.sender, event_id=event.event_id)
        if not event.entities:
            refuse("validate", "neither enterprise nor site: give one")
        for entity in event.entities:
            checked_entity(entity, prefecture, self._fields)
        rows = result.columns
        for line, entity in enumerate(event.entities):
            text = msgspec.json.encode(entity).decode()
            own = (offset, line, event.event_id, event.sender, prefecture, kind_of(entity), entity.code, at, text)
            for column, value in zip(rows.values(), own, strict=True):
                column.append(value)
        result.events += 1
        return ""

    @staticmethod
    def _counted(result: Decoded, repeats: list[bool], problems: list[str], lines: int) -> str:
        result.events += 1
        result.repeats += sum(repeats)
        return "no lines: send at least one" if not lines else "; ".join(problems[:5])


def _offsets(chunk: Chunk, indices: Sequence[int] | Ints) -> Sequence[int] | Ints:
    if isinstance(indices, np.ndarray) and isinstance(chunk.offsets, range):  # none is missing: nearly always
        return chunk.offsets.start + indices
    return [chunk.offsets[index] for index in indices]


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, Rejected) else str(error)


def letter(chunk: Chunk, index: int, error: Exception) -> DeadLetter:
    """Return the dead letter of record ``index`` of ``chunk``; what is null, in a header too, becomes empty."""
    stage = error.stage if isinstance(error, Rejected) else "decode"
    return DeadLetter(
        topic=chunk.topic,
        partition=chunk.partition,
        offset=chunk.offsets[index],
        stage=stage,
        reason=_reason(error)[:1000],
        error=type(error).__name__,
        value=chunk.values[index] or b"",
        key=chunk.keys[index],
        headers=tuple((name, bytes(value or b"")) for name, value in chunk.headers[index]),
        timestamp=chunk.timestamps[index],
    )


def cut_out(whole_record: DeadLetter, odd: Odd) -> DeadLetter:
    """Return the dead letter of one receipt of a batch: that receipt as JSON, and where in the record it stood."""
    headers = tuple(pair for pair in whole_record.headers if pair[0].lower() != receipt_batch.HEADER)
    return msgspec.structs.replace(whole_record, value=odd.value, headers=headers, line=odd.line, lines=odd.lines)
