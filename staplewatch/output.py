"""Rows to stdout as a table, as one JSON array or as CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TextIO

import msgspec

Format = Literal["table", "json", "csv"]
Row = Mapping[str, Any]

#: Width of a table that is not on a terminal: nothing should be cut in a file.
FILE_WIDTH: Final = 240


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field it shows, its heading, and how a value is written."""

    field: str
    heading: str
    digits: int | None = None
    percent: bool = False
    fold: bool = False

    def text(self, row: Row) -> str:
        """Return the cell; undefined is empty, never 0."""
        value = row.get(self.field)
        if value is None:
            return ""
        if self.percent:
            return f"{value:+.1%}"
        if self.digits is not None:
            return f"{value:,.{self.digits}f}"
        return str(value)


def emit(rows: Sequence[Row], form: Format, columns: Sequence[Column], title: str, out: TextIO | None = None) -> None:
    """Write all rows. JSON is one array with a row per line; CSV has every field of the first row."""
    stream = out or sys.stdout
    if form == "json":
        stream.write("[" + ",".join("\n" + as_json(row) for row in rows) + "\n]\n" if rows else "[]\n")
    elif form == "csv":
        write_csv(rows, stream)
    else:
        _table(rows, columns, title, stream)
    stream.flush()


def emit_lines(rows: Iterable[Row], form: Format, columns: Sequence[Column], out: TextIO | None = None) -> None:
    """Write rows of something that goes on: JSON lines, CSV without a heading, or plain text."""
    stream = out or sys.stdout
    for row in rows:
        if form == "json":
            stream.write(as_json(row) + "\n")
        elif form == "csv":
            write_csv([row], stream, heading=False)
        else:
            stream.write("  ".join(filter(None, (column.text(row) for column in columns))) + "\n")
    stream.flush()


def as_json(row: Row) -> str:
    """Return a row as one line of JSON."""
    return msgspec.json.encode(row).decode()


def write_csv(rows: Sequence[Row], stream: TextIO, *, heading: bool = True) -> None:
    """Write CSV; nested values become JSON, undefined becomes empty."""
    if not rows:
        return
    writer = csv.writer(stream, lineterminator="\n")
    fields = list(rows[0])
    if heading:
        writer.writerow(fields)
    writer.writerows([_cell(row.get(name)) for name in fields] for row in rows)


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else value


def _table(rows: Sequence[Row], columns: Sequence[Column], title: str, stream: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=stream, width=None if stream.isatty() else FILE_WIDTH)
    table = Table(title=title, title_justify="left")
    for column in columns:
        right = column.digits is not None or column.percent
        table.add_column(column.heading, justify="right" if right else "left", overflow="fold", no_wrap=not column.fold)
    for row in rows:
        table.add_row(*(Text(column.text(row)) for column in columns))
    console.print(table)
