"""Whether a reader of one JSON Schema can read what a writer of another one writes.

Covers what ``msgspec.json.schema`` produces. Readers ignore unknown fields and senders leave
defaults out, so an optional field may come or go, but a default may never change. A keyword
that this module does not know must be equal on both sides: better a false alarm than a break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Schema = Mapping[str, Any]

#: Says nothing about which documents are valid.
ANNOTATIONS: Final = frozenset({"$schema", "$id", "$comment", "$defs", "title", "description", "examples", "default"})
_UNDERSTOOD: Final = frozenset(
    {
        *ANNOTATIONS,
        *("$ref", "anyOf", "type", "enum", "const"),
        *("properties", "required", "additionalProperties", "items", "prefixItems"),
        *("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
        *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
    }
)
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def breaks(reader: Schema, writer: Schema) -> list[str]:
    """Return why ``reader`` cannot read everything that ``writer`` allows; empty if it can."""
    return _Comparison(reader.get("$defs", {}), writer.get("$defs", {})).compare(reader, writer, "")


def breaks_fully(newer: Schema, older: Schema) -> list[str]:
    """Return what makes two versions incompatible in either direction (Confluent's FULL)."""
    backward = [f"the newer cannot read the older: {reason}" for reason in breaks(newer, older)]
    forward = [f"the older cannot read the newer: {reason}" for reason in breaks(older, newer)]
    return backward + forward


def without_annotations(schema: object, *, named: bool = False) -> object:
    """Return ``schema`` without titles and descriptions: what is left decides compatibility.

    ``named`` tells that the keys are names of fields or definitions, not keywords.
    """
    if isinstance(schema, Mapping):
        return {
            key: without_annotations(value, named=not named and key in ("properties", "$defs"))
            for key, value in schema.items()
            if named or key in ("$defs", "default") or key not in ANNOTATIONS
        }
    if isinstance(schema, list):
        return [without_annotations(item) for item in schema]
    return schema


@dataclass
class _Comparison:
    reader_defs: Schema
    writer_defs: Schema
    #: Pairs of definitions being compared now: a recursive struct must not recurse for ever.
    open_pairs: set[tuple[str, str]] = field(default_factory=set)

    def compare(self, reader: Schema | bool, writer: Schema | bool, path: str) -> list[str]:
        """Each alternative that the writer may write must suit one of the reader's."""
        if reader is True or writer is False:
            return []
        if reader is False:
            return [f"{path or 'the document'}: the reader takes nothing here"]
        writer = {} if writer is True else writer
        pair = (str(reader.get("$ref", "")), str(writer.get("$ref", "")))
        if not all(pair):
            return self._each(reader, writer, path)
        if pair in self.open_pairs:
            return []
        self.open_pairs.add(pair)
        reasons = self._each(reader, writer, path)
        self.open_pairs.remove(pair)
        return reasons

    def _each(self, reader: Schema, writer: Schema, path: str) -> list[str]:
        reader_alternatives = _alternatives(reader, self.reader_defs)
        reasons: list[str] = []
        for written in _alternatives(writer, self.writer_defs):
            attempts = [self._simple(read, written, path) for read in reader_alternatives]
            closest = min(attempts, key=len)
            reasons += closest
        return reasons

    def _simple(self, reader: Schema, writer: Schema, path: str) -> list[str]:
        here = path or "the document"
        reasons = _values(reader, writer, here) or [
            *_bounds(reader, writer, here),
            *_unknown_keywords(reader, writer, here),
        ]
        if reasons:
            return reasons
        if writer.get("type") == "object":
            return self._object(reader, writer, path)
        return self._array(reader, writer, path) if writer.get("type") == "array" else []

    def _object(self, reader: Schema, writer: Schema, path: str) -> list[str]:
        always = set(writer.get("required", ()))
        reasons = [
            f"{_field(path, name)}: the reader requires it, the writer may leave it out"
            for name in reader.get("required", ())
            if name not in always
        ]
        known, written = reader.get("properties", {}), writer.get("properties", {})
        others = reader.get("additionalProperties", True)
        for name, value in written.items():
            place = _field(path, name)
            reasons += self.compare(known.get(name, others), value, place)
            if name in known:
                reasons += _defaults(known[name], value, place)
        return reasons + self._map(reader, writer, path)

    def _map(self, reader: Schema, writer: Schema, path: str) -> list[str]:
        """Compare keys without a name of their own. A struct without such keys writes none."""
        if "additionalProperties" not in writer:
            return [] if "properties" in writer else self._any_keys(reader, path)
        rest = writer["additionalProperties"]
        reasons = self.compare(reader.get("additionalProperties", True), rest, f"{path}{{}}")
        for name, value in reader.get("properties", {}).items():
            if name not in writer.get("properties", {}):
                reasons += self.compare(value, rest, _field(path, name))
        return reasons

    def _any_keys(self, reader: Schema, path: str) -> list[str]:
        narrow = reader.get("properties") or reader.get("additionalProperties", True) is not True
        return [f"{path or 'the document'}: any keys can be written and the reader takes less"] if narrow else []

    def _array(self, reader: Schema, writer: Schema, path: str) -> list[str]:
        read, written = reader.get("prefixItems", []), writer.get("prefixItems", [])
        reasons: list[str] = []
        for index in range(max(len(read), len(written))):
            place = f"{path}[{index}]"
            reasons += self.compare(_item(reader, index), _item(writer, index), place)
        if "maxItems" in writer and writer["maxItems"] <= max(len(read), len(written)):
            return reasons
        return reasons + self.compare(reader.get("items", True), writer.get("items", True), f"{path}[]")


def _alternatives(schema: Schema, defs: Schema) -> list[Schema]:
    while "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return [simple for option in schema["anyOf"] for simple in _alternatives(option, defs)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": name} for name in schema["type"]]
    return [schema]


def _values(reader: Schema, writer: Schema, place: str) -> list[str]:
    """Compare type, enum and const."""
    allowed, written = _listed(reader), _listed(writer)
    if allowed is not None:
        if written is None:
            return [f"{place}: any value can be written and the reader takes only {allowed}"]
        new = [value for value in written if value not in allowed]
        return [f"{place}: the reader does not know {value!r}" for value in new]
    wanted = reader.get("type")
    types = {_type_of(value) for value in written} if written is not None else {writer.get("type")}
    fits = wanted is None or all(name == wanted or (wanted, name) == ("number", "integer") for name in types)
    return [] if fits else [f"{place}: {_names(types)} can be written and the reader takes {wanted}"]


def _listed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _type_of(value: object) -> str:
    names: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return names.get(type(value), "object")


def _names(types: set[Any]) -> str:
    return " or ".join(sorted(str(name or "anything") for name in types))


def _bounds(reader: Schema, writer: Schema, place: str) -> list[str]:
    return [*_beyond(reader, writer, place, _LOWER, min), *_beyond(reader, writer, place, _UPPER, max)]


def _beyond(
    reader: Schema, writer: Schema, place: str, keywords: tuple[str, ...], widest: Callable[..., Any]
) -> list[str]:
    return [
        f"{place}: the reader's {keyword} is {reader[keyword]}, the writer's {writer.get(keyword, 'none')}"
        for keyword in keywords
        if keyword in reader and (keyword not in writer or widest(reader[keyword], writer[keyword]) != reader[keyword])
    ]


def _unknown_keywords(reader: Schema, writer: Schema, place: str) -> list[str]:
    return [
        f"{place}: {keyword} differs"
        for keyword in sorted({*reader, *writer} - _UNDERSTOOD)
        if reader.get(keyword) != writer.get(keyword)
    ]


def _defaults(reader: Schema, writer: Schema, place: str) -> list[str]:
    if "default" not in reader or "default" not in writer or reader["default"] == writer["default"]:
        return []
    return [f"{place}: the default is {reader['default']!r} for the reader and {writer['default']!r} for the writer"]


def _item(schema: Schema, index: int) -> Schema | bool:
    """Return the schema of one position; msgspec readers ignore trailing elements they do not know."""
    prefix = schema.get("prefixItems", [])
    found: Schema | bool = prefix[index] if index < len(prefix) else schema.get("items", True)
    return found


def _field(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
