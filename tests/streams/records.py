"""Events as chunks of a partition, for tests of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa

from schemas import catalogue, topics
from schemas.events import Alert, Clock, QuoteLine, QuoteReport, Receipt, SaleLine, StockLine, StockReport
from streams.alerts import packs
from streams.alerts.rulebook import Rulebook
from streams.chunk import Chunk
from streams.decode import TOPICS
from streams.derived import POSITION_BITS
from streams.engine import Engine
from streams.options import Options
from streams.rows import alert_rows

ZONE = ZoneInfo("Asia/Shanghai")
CATALOGUE = catalogue.load()
PACKS = ("live", "cover", "urumqi-2007", "urumqi-2007:wholesale")
RULEBOOK = Rulebook([packs.load(name) for name in PACKS], CATALOGUE)
PARTITIONS = 4
PREFECTURE = 540400
BAYI, GONGBU = 540402, 540421
WALL = datetime(2026, 11, 20, 12, tzinfo=ZONE).timestamp()


def moment(text: str) -> int:
    """Return epoch seconds of local ``MM-DD hh:mm`` in 2026."""
    return int(datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).timestamp())


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, ZONE).isoformat()


def engine(
    options: Options | None = None, *, ordinal: int = 1, epoch: str = "one", rulebook: Rulebook = RULEBOOK
) -> Engine:
    """Return an empty engine of the partition that holds Nyingchi."""
    partition = topics.partition_of(PREFECTURE, PARTITIONS)
    chosen = options or Options(event_time=True, inputs=(topics.SALES,))
    return Engine(partition, PARTITIONS, CATALOGUE, rulebook, chosen, epoch, ordinal)


def receipt(
    at: int,
    sequence: int,
    *lines: tuple[str, float, float | None],
    store: str = "s1",
    region: int = BAYI,
    kind: str = "sale",
) -> Receipt:
    """Return a receipt of (good, quantity in kg, amount) lines."""
    day = datetime.fromtimestamp(at, ZONE).date().isoformat()
    sold = [
        msgspec.convert(
            {"line": number, "good": good, "quantity": quantity, "unit": "kg", "amount": amount, "kind": kind}, SaleLine
        )
        for number, (good, quantity, amount) in enumerate(lines, start=1)
    ]
    return Receipt(f"{store}-{day}-{sequence}", "shop", store, str(region), "1", day, sequence, iso(at), sold)


def stock(
    at: int, good: str, quantity: float, *, action: str = "OBSERVE", site: str = "s1", region: int = BAYI
) -> StockReport:
    line = StockLine(good, quantity, "kg")
    fields = {"event_id": f"{site}-{at}-{action}-{good}", "sender": "shop", "site": site, "region": str(region)}
    return msgspec.convert(
        {**fields, "time": iso(at), "action": action, "lines": [msgspec.to_builtins(line)]}, StockReport
    )


def quote(
    at: int,
    *lines: tuple[str, float | None, float | None],
    site: str = "s1",
    region: int = BAYI,
    kind: str = "retail",
    number: int = 0,
) -> QuoteReport:
    """Return a report of (good, price per kg, stock in kg) lines."""
    quoted = [QuoteLine(good, "kg", price, stock=left) for good, price, left in lines]
    report = QuoteReport(f"{site}-{at}-{number}-{kind}", "shop", site, str(region), iso(at), quoted)
    return msgspec.structs.replace(report, kind="wholesale") if kind == "wholesale" else report


def chunk(topic: str, events: Sequence[msgspec.Struct | bytes | None], first: int = 0) -> Chunk:
    """Return the events as records from offset ``first`` on."""
    size = len(events)
    values = [each if each is None or isinstance(each, bytes) else msgspec.json.encode(each) for each in events]
    partition = topics.partition_of(PREFECTURE, PARTITIONS)
    offsets = range(first, first + size)
    return Chunk(topic, partition, offsets, values, [b"540400"] * size, [()] * size, [0] * size, first + size)


def clock(at: int, **offsets: int) -> Chunk:
    """Return punctuation for all inputs; ``offsets`` by input name."""
    named = {topics.TIMED_NAMES[name]: offset for name, offset in offsets.items()}
    return chunk(topics.CLOCK, [Clock(iso(at), "test", offsets=named)])


#: Columns whose type does not follow from values that may all be missing or empty.
_TYPES = {
    "corrects": pa.list_(pa.string()),
    "confirms": pa.list_(pa.string()),
    **{name: pa.int64() for name in ("unit_cost", "price", "sales", "stock")},
}


def stored(columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    """Return rows that an engine produced as a warehouse returns them, but for the types of times and dates."""
    return pa.table({name: pa.array(values, _TYPES.get(name)) for name, values in columns.items()})


def stored_alerts(chunks: Sequence[tuple[Sequence[Alert], int]]) -> pa.Table:
    """Return what the query ``episodes_newest`` would: of (transitions, position) in the order of their storing."""
    found: dict[str, dict[str, Any]] = {}
    for alerts, position in chunks:
        columns = alert_rows(alerts, 1 << POSITION_BITS | position)
        rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
        found |= {row["id"]: row for row in rows}
    times = ((name, pa.timestamp("s", "UTC")) for name in ("since", "at"))
    table = pa.Table.from_pylist(list(found.values()))
    for name, kind in times if found else ():
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    return table


def replay(
    engine: Engine, tables: Mapping[str, Mapping[str, Sequence[Any]]], dead: Mapping[str, Sequence[Any]] | None = None
) -> None:
    """Take in the raw rows of several tables at once; ``dead`` are rows of dead letters."""
    letters = list(zip(*(dead[name] for name in ("topic", "offset", "line", "lines")), strict=True)) if dead else []
    for table, columns in tables.items():
        mine = [place for topic, *place in letters if topic == TOPICS[table]]
        rejected = np.array(mine, np.int64).reshape(-1, 3)
        names = ("offset", "line", "lines")
        events = engine.prepare(table, stored(columns), pa.table(list(map(pa.array, rejected.T)), names))
        if len(events):
            engine.replay(events, 0, len(events))
    engine.settle(WALL)
