"""Reading a CSV sheet so that every problem can be shown with file, row, column and what to do."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

#: Shown at most: a wrong delimiter breaks every row, and the first few say it all.
MOST_PROBLEMS: Final = 20

#: A catalogue of a whole country (3,000 counties) is below 1 MiB; above this the wrong file was named.
LARGEST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a catalogue. ``row`` is the 1-based line in the file, 0 for the whole file."""

    file: str
    row: int
    column: str
    english: str
    chinese: str

    @property
    def place(self) -> str:
        """``goods.csv:12 unit``, ``goods.csv:12`` or ``goods.csv``."""
        row = f":{self.row}" if self.row else ""
        return f"{self.file}{row} {self.column}".rstrip()

    def __str__(self) -> str:
        return f"{self.place}: {self.english} / {self.chinese}"


@dataclass(slots=True)
class Problems:
    """Collects problems; keeps the first ``MOST_PROBLEMS`` and counts the rest."""

    kept: list[Problem] = field(default_factory=list)
    omitted: int = 0

    def add(self, problem: Problem) -> None:
        """Keep or count one problem."""
        if len(self.kept) < MOST_PROBLEMS:
            self.kept.append(problem)
        else:
            self.omitted += 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet: stripped cells by column, and a way to complain about one of them."""

    file: str
    line: int
    cells: dict[str, str]
    problems: Problems

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def wrong(self, column: str, english: str, chinese: str) -> None:
        """Record that the cell of ``column`` is wrong."""
        self.problems.add(Problem(self.file, self.line, column, english, chinese))

    def needed(self, column: str) -> str:
        """Return the cell; an empty one is a problem."""
        if not self[column]:
            self.wrong(column, "is empty: fill it in", "为空：请填写")
        return self[column]


def read(
    path: Path,
    columns: Sequence[str],
    problems: Problems,
    optional: Collection[str] = (),
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> list[Row]:
    """Return the rows of the sheet at ``path``; what is wrong with the file goes to ``problems``.

    A column that is ``optional`` may be left out: its cells are empty then. ``aliases`` are other
    headings of columns.
    """
    text = _text(path, problems)
    if text is None:
        return []
    try:
        records = list(_records(text))
    except csv.Error as error:
        problems.add(
            Problem(
                path.name,
                0,
                "",
                f"is not a CSV file ({error}): save it as CSV UTF-8",
                "不是有效的 CSV：请另存为 CSV UTF-8",
            )
        )
        return []
    if records:
        line, header = records[0]
        records[0] = line, [aliases.get(name, name) for name in header]
    return _rows(path.name, records, columns, optional, problems)


def heading(path: Path) -> list[str]:
    """Return the headings of the sheet at ``path``; none where it cannot be read."""
    text = _text(path, Problems())
    try:
        return next(_records(text or ""), (0, []))[1]
    except csv.Error:
        return []


def _text(path: Path, problems: Problems) -> str | None:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            problems.add(
                Problem(path.name, 0, "", "is larger than 64 MiB: is it the right file?", "超过 64 MiB：文件是否选错？")
            )
            return None
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        problems.add(
            Problem(
                path.name,
                0,
                "",
                f"cannot be read from {path.parent} ({why}): put it there",
                f"无法从 {path.parent} 读取：请放入该文件",
            )
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(
            Problem(
                path.name,
                line,
                "",
                "is not UTF-8 (GBK?): save it as CSV UTF-8",
                "不是 UTF-8（可能是 GBK）：请另存为 CSV UTF-8",
            )
        )
        return None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the record starts, stripped cells); blank records are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    for cells in reader:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield start, stripped
        start = reader.line_num + 1


def _rows(
    file: str,
    records: list[tuple[int, list[str]]],
    columns: Sequence[str],
    optional: Collection[str],
    problems: Problems,
) -> list[Row]:
    line, header = records[0] if records else (1, [])
    before = len(problems.kept) + problems.omitted
    for column in columns:
        if header.count(column) > 1 or (column not in header and column not in optional):
            what, zh = ("is missing", "缺少该列") if column not in header else ("occurs twice", "该列重复")
            names = ",".join(columns)
            problems.add(
                Problem(file, line, column, f"column {what}: the first line must be {names}", f"{zh}：首行应为 {names}")
            )
    if len(problems.kept) + problems.omitted > before:
        return []
    rows = []
    for number, cells in records[1:]:
        if len(cells) > len(header):
            problems.add(
                Problem(
                    file,
                    number,
                    "",
                    f"has {len(cells)} cells, the header {len(header)}: quote a comma",
                    "列数多于表头：含逗号的内容请加引号",
                )
            )
            continue
        rows.append(Row(file, number, dict(zip(header, cells, strict=False)), problems))
    if not rows and len(problems.kept) + problems.omitted == before:
        problems.add(Problem(file, line, "", "has no rows: add at least one", "没有数据行：请至少添加一行"))
    return rows
