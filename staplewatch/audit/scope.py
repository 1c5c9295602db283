"""What is audited, and the little that every check needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from schemas import topics
from staplewatch.audit.report import Text
from streams.indicators.civil import Civil
from streams.rebuild import TABLES

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue
    from streams.options import Options
    from streams.ports import EngineFactory
    from streams.positions import Place
    from streams.rebuild import Epoch
    from warehouse.protocol import Warehouse

#: Told of (check, done, of how many) while a long check is made.
Tell = Callable[[str, int, int], None]
#: Orders lines over brokers: ordinal of the epoch, then offset. 1.1e12 records per partition.
ORDER_BITS: Final = 40
TABLE_OF: Final = {topic: table for table, topic in TABLES.items()}


def silence(check: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A deployment: where it keeps things and how its workers are set up.

    ``options``, ``catalogue`` and what ``new_engine`` makes must be the workers' own.
    """

    warehouse: Warehouse
    catalogue: Catalogue
    options: Options
    new_engine: EngineFactory
    partitions: int
    epoch: Epoch


@dataclass(frozen=True, slots=True)
class Scope:
    """A subject as of one moment: ``reached`` is the current epoch's progress when the audit began.

    ``ordinals`` has every epoch, ``present`` is that moment (epoch s), ``unread`` says why there
    is no log to read, if there is none.
    """

    subject: Subject
    reached: Mapping[Place, int]
    ordinals: Mapping[str, int]
    civil: Civil
    present: float
    unread: Text | None = None
    tell: Tell = field(default=silence)

    @property
    def places(self) -> Sequence[Place]:
        """Return every place that workers read."""
        return [(topic, number) for topic in topics.CONSUMED for number in range(self.subject.partitions)]

    def query(self, name: str, **parameters: object) -> pl.DataFrame:
        """Run a named query; times come as epoch seconds, dates as day numbers."""
        return frame(self.subject.warehouse.query(name, parameters))

    def ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add ``order``, the order of the stream over all epochs, and ``unread``: at or beyond the progress."""
        ordinal = pl.col("epoch").replace_strict(dict(self.ordinals), default=0, return_dtype=pl.Int64)
        reached = [
            {"epoch": self.subject.epoch.id, "topic": topic, "partition": partition, "reached": offset}
            for (topic, partition), offset in self.reached.items()
        ]
        schema = {"epoch": pl.String, "topic": pl.String, "partition": pl.Int64, "reached": pl.Int64}
        known = pl.DataFrame(reached, schema)
        current = pl.col("epoch") == self.subject.epoch.id
        return (
            rows.with_columns(pl.col("partition", "offset").cast(pl.Int64))
            .join(known, on=["epoch", "topic", "partition"], how="left", maintain_order="left")
            .with_columns(
                order=ordinal * 2**ORDER_BITS + pl.col("offset"),
                unread=current & (pl.col("offset") >= pl.col("reached").fill_null(0)),
            )
            .drop("reached")
        )


def frame(table: pa.Table) -> pl.DataFrame:
    """Return a query's answer with times as epoch seconds, dates as day numbers and whole numbers as Int64."""
    columns = [_plain(column) for column in table.columns]
    found = pl.from_arrow(pa.table(columns, names=table.column_names))
    assert isinstance(found, pl.DataFrame)
    return found.with_columns(pl.col(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int32).cast(pl.Int64))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32())
    return column
