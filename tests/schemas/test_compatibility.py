"""What two versions of a schema may differ in."""

from __future__ import annotations

import copy
from typing import Any, Literal

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from schemas.compatibility import breaks, breaks_fully, without_annotations


class Part(msgspec.Struct):
    """A nested part."""

    code: str
    weight: float = 1.0


class Before(msgspec.Struct, omit_defaults=True):
    """The version to compare with."""

    id: str
    count: int
    kind: Literal["a", "b"] = "a"
    parts: list[Part] = []
    values: dict[str, float] = {}
    note: str | None = None
    pair: tuple[int, str] = (0, "")


def _schema(fields: list[Any], **options: Any) -> dict[str, Any]:
    return msgspec.json.schema(msgspec.defstruct("Before", fields, **options))


def _changed(name: str, kind: Any, default: Any = msgspec.NODEFAULT) -> dict[str, Any]:
    """Return the schema of ``Before`` with one field replaced, added (or dropped: ``kind`` None)."""
    fields: dict[str, tuple[Any, ...]] = {}
    for field in msgspec.structs.fields(Before):
        value = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        fields[field.name] = (field.name, field.type, value)
    if kind is None:
        del fields[name]
    else:
        fields[name] = (name, kind, default)
    required = [field for field in fields.values() if field[2] is msgspec.NODEFAULT]
    optional = [field for field in fields.values() if field[2] is not msgspec.NODEFAULT]
    return _schema([field[:2] for field in required] + optional)


BEFORE = msgspec.json.schema(Before)


def test_a_version_is_compatible_with_itself() -> None:
    assert breaks_fully(BEFORE, BEFORE) == []


@pytest.mark.parametrize(
    "after",
    [
        _changed("colour", str, "red"),
        _changed("colour", str | None, None),
        _changed("shape", list[Part], []),
        _changed("note", None),
        _changed("values", None),
    ],
    ids=["new optional", "new nullable", "new list", "dropped nullable", "dropped map"],
)
def test_an_optional_field_may_come_and_go(after: dict[str, Any]) -> None:
    assert breaks_fully(after, BEFORE) == []


class Heavier(msgspec.Struct):
    """``Part`` with one more required field."""

    code: str
    grams: int
    weight: float = 1.0


BACKWARD, FORWARD = "the newer cannot read the older", "the older cannot read the newer"


@pytest.mark.parametrize(
    ("after", "directions", "reason"),
    [
        (_changed("colour", str), {BACKWARD}, "colour: the reader requires it"),
        (_changed("count", None), {FORWARD}, "count: the reader requires it"),
        (_changed("count", int, 0), {FORWARD}, "count: the reader requires it"),
        (_changed("note", str | None), {BACKWARD}, "note: the reader requires it"),
        (_changed("count", float), {FORWARD}, "count: number can be written and the reader takes integer"),
        (_changed("count", str), {BACKWARD, FORWARD}, "count: integer can be written and the reader takes string"),
        (_changed("id", str | None), {FORWARD}, "id: null can be written and the reader takes string"),
        (_changed("note", str, ""), {BACKWARD, FORWARD}, "note: null can be written and the reader takes string"),
        (_changed("kind", Literal["a", "b", "c"], "a"), {FORWARD}, "kind: the reader does not know 'c'"),
        (_changed("kind", Literal["a"], "a"), {BACKWARD}, "kind: the reader does not know 'b'"),
        (_changed("kind", str, "a"), {FORWARD}, "kind: any value can be written"),
        (_changed("kind", Literal["a", "b"], "b"), {BACKWARD, FORWARD}, "kind: the default is"),
        (_changed("parts", list[Heavier], []), {BACKWARD}, "parts[].grams: the reader requires it"),
        (_changed("parts", list[str], []), {BACKWARD, FORWARD}, "parts[]: object can be written"),
        (_changed("values", dict[str, int], {}), {BACKWARD}, "values{}: number can be written"),
        (_changed("values", dict[str, float | None], {}), {FORWARD}, "values{}: null can be written"),
        (_changed("values", Part), {BACKWARD, FORWARD}, "values"),
        (_changed("pair", tuple[int, int], (0, 0)), {BACKWARD, FORWARD}, "pair[1]: string can be written"),
        (_changed("pair", tuple[int, str, int], (0, "", 0)), {BACKWARD, FORWARD}, "pair: the reader's m"),
        (_changed("id", msgspec.Raw), {FORWARD}, "id: anything can be written"),
        (_changed("id", bytes), {BACKWARD, FORWARD}, "id: contentEncoding differs"),
    ],
)
def test_a_break_is_found_in_its_direction(after: dict[str, Any], directions: set[str], reason: str) -> None:
    found = breaks_fully(after, BEFORE)
    assert {line.split(":")[0] for line in found} == directions
    assert any(reason in line for line in found)


@pytest.mark.parametrize(
    ("reader", "writer", "readable"),
    [
        ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}, True),
        ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 0}, False),
        ({"type": "integer", "minimum": 0}, {"type": "integer"}, False),
        ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 8}, True),
        ({"type": "string", "maxLength": 8}, {"type": "string", "maxLength": 9}, False),
        ({"type": "string"}, {"type": "string", "pattern": "^x"}, False),
        ({"type": ["string", "null"]}, {"type": "string"}, True),
        ({"type": "string"}, {"type": ["string", "null"]}, False),
        ({"type": "string"}, {"const": "x"}, True),
        ({"type": "string"}, {"enum": ["x", 1]}, False),
        ({"type": "number"}, {"enum": [1, 2.5]}, True),
        ({"const": "x"}, {"const": "y"}, False),
        ({}, {"type": "string"}, True),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array"}, False),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"type": "object"}, False),
        ({"type": "array", "items": False}, {"type": "array", "items": {"type": "string"}}, False),
    ],
)
def test_keywords(reader: dict[str, Any], writer: dict[str, Any], readable: bool) -> None:
    assert (breaks(reader, writer) == []) is readable


class Tree(msgspec.Struct):
    """A struct that holds itself."""

    name: str
    branches: list[Tree] = []


def test_a_struct_that_holds_itself() -> None:
    before = msgspec.json.schema(Tree)
    assert breaks_fully(before, before) == []
    after = copy.deepcopy(before)
    after["$defs"]["Tree"]["properties"]["name"] = {"type": "integer"}
    assert breaks(after, before) == ["name: string can be written and the reader takes integer"]


def test_a_break_does_not_hide_behind_a_union() -> None:
    kinds = {"Old": {"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "required": ["x"]}}
    reader = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"$ref": "#/$defs/Old"}, {"type": "object"}]}, "b": {"$ref": "#/$defs/Old"}},
        "$defs": {**kinds, "X": {"type": "integer"}},
    }
    writer = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/Old"}, "b": {"$ref": "#/$defs/Old"}},
        "$defs": {**kinds, "X": {"type": "string"}},
    }
    assert breaks(reader, writer) == ["b.x: string can be written and the reader takes integer"]


def test_documents_agree_with_the_verdict() -> None:
    wider = _changed("kind", Literal["a", "b", "c"], "a")
    document = {"id": "1", "count": 1, "kind": "c"}
    assert Draft202012Validator(wider).is_valid(document)
    assert not Draft202012Validator(BEFORE).is_valid(document)
    assert breaks(BEFORE, wider)
    assert not breaks(wider, BEFORE)


def test_wording_is_no_part_of_the_structure() -> None:
    reworded = {**BEFORE, "$defs": {**BEFORE["$defs"], "Before": {**BEFORE["$defs"]["Before"], "description": "new"}}}
    assert without_annotations(reworded) == without_annotations(BEFORE)
    assert without_annotations(_changed("kind", Literal["a", "b"], "b")) != without_annotations(BEFORE)


def test_a_field_called_title_is_structure() -> None:
    assert without_annotations(_changed("title", str, "")) != without_annotations(BEFORE)
