"""Rows as a table, as JSON and as CSV."""

from __future__ import annotations

import io
import json
from typing import Any

from staplewatch.output import Column, Format, emit, emit_lines

ROWS: list[dict[str, Any]] = [
    {"region": "540402", "good": "potato", "spike": 0.339, "levels": {"live": "orange"}, "intermittent": False},
    {"region": "540502", "good": "egg", "spike": None, "levels": {}, "intermittent": None},
]
COLUMNS = (Column("region", "Region"), Column("spike", "Change", percent=True))


def written(form: Format) -> str:
    out = io.StringIO()
    emit(ROWS, form, COLUMNS, "Rows", out)
    return out.getvalue()


def test_json_is_one_array_with_null_for_undefined() -> None:
    assert json.loads(written("json")) == ROWS
    assert written("json").count("\n") == 4


def test_no_rows_are_an_empty_array() -> None:
    out = io.StringIO()
    emit([], "json", COLUMNS, "Rows", out)
    assert json.loads(out.getvalue()) == []


def test_csv_has_every_field_and_leaves_undefined_empty() -> None:
    assert written("csv").splitlines() == [
        "region,good,spike,levels,intermittent",
        '540402,potato,0.339,"{""live"":""orange""}",false',
        "540502,egg,,{},",
    ]


def test_a_table_has_the_chosen_columns() -> None:
    table = written("table")
    assert "Region" in table
    assert "+33.9%" in table
    assert "potato" not in table


def test_what_goes_on_is_written_line_by_line() -> None:
    out = io.StringIO()
    emit_lines(ROWS, "json", COLUMNS, out)
    assert [json.loads(line) for line in out.getvalue().splitlines()] == ROWS
    out = io.StringIO()
    emit_lines(ROWS, "table", COLUMNS, out)
    assert out.getvalue() == "540402  +33.9%\n540502\n"
