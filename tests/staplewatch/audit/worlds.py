"""A small deployment without servers: what an engine made of some records, as a warehouse would answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from schemas import topics
from staplewatch.audit.report import Finding, Tally, Text
from staplewatch.audit.scope import Scope, Subject
from streams.chunk import Chunk
from streams.indicators.civil import Civil
from streams.options import Options
from streams.rebuild import Epoch
from tests.streams import records

EPOCH = Epoch("one", 1)
PARTITION = topics.partition_of(records.PREFECTURE, records.PARTITIONS)
Rows = list[dict[str, Any]]
Answer = Callable[[Mapping[str, Any]], Rows]


def tally() -> Tally:
    return Tally("check", Text("个", "things"))


def problems(found: Tally) -> list[tuple[str, str, str, str]]:
    return [(each.problem, each.place, each.expected, each.found) for each in found.findings]


def first(found: Tally) -> Finding:
    return found.findings[0]


@dataclass
class Answers:
    """A warehouse that answers named queries from rows; ``columns`` says what columns their answers have."""

    answers: dict[str, Answer] = field(default_factory=dict)
    columns: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    address: str = "memory"

    def query(self, name: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        rows, columns = self.answers[name](dict(parameters or {})), self.columns[name]
        return pl.DataFrame([[row[each] for each in columns] for row in rows], dict(columns), orient="row").to_arrow()


def scope(
    answers: Answers, *, reached: Mapping[tuple[str, int], int] | None = None, options: Options | None = None
) -> Scope:
    chosen = options or Options(event_time=True, inputs=(topics.SALES,))
    subject = Subject(
        answers,  # type: ignore[arg-type] # checks only ask
        records.CATALOGUE,
        chosen,
        lambda partition, epoch, ordinal: records.engine(chosen, epoch=epoch, ordinal=ordinal),
        records.PARTITIONS,
        EPOCH,
    )
    return Scope(subject, reached or {}, {EPOCH.id: EPOCH.ordinal}, Civil(chosen.timezone), records.WALL)


def rows_of(columns: Mapping[str, Sequence[Any]]) -> Rows:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


class Log:
    """Chunks of one place, read as ``LogReader`` reads them."""

    def __init__(self, *chunks: Chunk) -> None:
        self.chunks = chunks

    def read(self, place: tuple[str, int], begin: int, end: int) -> Iterator[Chunk]:
        for chunk in self.chunks:
            if (chunk.topic, chunk.partition) == place and begin <= chunk.offsets[0] and chunk.next_offset <= end:
                yield chunk

    def topic(self, name: str, partitions: int) -> Iterator[Chunk]:
        return (chunk for chunk in self.chunks if chunk.topic == name)


def frame(schema: Mapping[str, Any], *rows: Sequence[Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), dict(schema), orient="row")
