"""JSON Schemas of everything on the wire: ``python -m schemas.export [--check | --overwrite]``.

One committed file per topic and version, ``schemas/json/TOPIC.vN.json``. Files of older versions
stay for ever: tests hold them readable by the current structs and the other way round.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import events, letters, registry, ruling, topics
from schemas.compatibility import breaks_fully, without_annotations

DIRECTORY: Final = Path(__file__).parent / "json"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Wire:
    """What a topic carries. Raise ``version`` with every change of the struct after a release."""

    topic: str
    struct: type[msgspec.Struct]
    version: int = 1

    @property
    def filename(self) -> str:
        """``pos.sales.v1.json``."""
        return f"{self.topic}.v{self.version}.json"


#: One entry per topic of ``topics.ALL``; supply.shipments and supply.orders get theirs here together
#: with their structs. The value of a dead letter is the rejected record itself: its schema describes
#: it with its headers, bytes as base64.
WIRE: Final = (
    Wire(topics.SALES, events.Receipt),
    Wire(topics.STOCK, events.StockReport),
    Wire(topics.QUOTES, events.QuoteReport, version=2),
    Wire(topics.REGISTRY, registry.RegistryChange),
    Wire(topics.CLOCK, events.Clock),
    Wire(topics.EXTENTS, events.Extent),
    Wire(topics.ACTIONS, events.Action),
    Wire(topics.RULES, ruling.RulesChange),
    Wire(topics.INDICATORS, events.Indicator),
    Wire(topics.ALERTS, events.Alert),
    Wire(topics.DEAD_LETTERS, letters.DeadLetter),
)


def schema_of(wire: Wire) -> dict[str, Any]:
    """Return the JSON Schema of what ``wire`` carries now."""
    schema: dict[str, Any] = json.loads(json.dumps(msgspec.json.schema(wire.struct)))
    _tidy(schema)
    return {"$schema": DIALECT, "$id": f"urn:staplewatch:{wire.topic}:v{wire.version}", **schema}


def text_of(schema: dict[str, Any]) -> str:
    """Return ``schema`` as it stands in its file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def committed(topic: str, directory: Path = DIRECTORY) -> dict[int, dict[str, Any]]:
    """Return the schemas of every committed version of ``topic``, by version."""
    pattern = re.compile(rf"{re.escape(topic)}\.v([1-9][0-9]*)\.json")
    found = ((pattern.fullmatch(path.name), path) for path in directory.iterdir())
    return {
        int(match[1]): json.loads(path.read_text(encoding="utf-8")) for match, path in sorted(found, key=str) if match
    }


def problems(wire: Wire, directory: Path = DIRECTORY) -> list[str]:
    """Return what is wrong with the committed files of ``wire``, each with what to do; empty if nothing."""
    current, versions = schema_of(wire), committed(wire.topic, directory)
    found = [
        f"{wire.topic} v{version}: {reason}: keep the field as it was and add a new one instead"
        for version, older in versions.items()
        for reason in breaks_fully(current, older)
    ]
    if max(versions, default=0) > wire.version:
        found.append(f"{wire.topic}: version {max(versions)} is committed: raise the version in schemas/export.py")
    path = directory / wire.filename
    if not path.exists() or path.read_text(encoding="utf-8") != text_of(current):
        found.append(f"{wire.filename} is not what the struct says: run python -m schemas.export")
    return found


def write(wire: Wire, directory: Path = DIRECTORY, *, overwrite: bool = False) -> str | None:
    """Write the file of the current version; return why not if that would rewrite history.

    A committed version is only rewritten when its wording alone changed, or with ``overwrite``
    (while it was never released).
    """
    current, path = schema_of(wire), directory / wire.filename
    older = committed(wire.topic, directory).get(wire.version)
    if older is not None and not overwrite and without_annotations(older) != without_annotations(current):
        return (
            f"{wire.filename} differs from the struct: raise the version of {wire.topic} in schemas/export.py,"
            " or use --overwrite if this version was never released"
        )
    path.write_text(text_of(current), encoding="utf-8")
    return None


def main(arguments: Sequence[str], directory: Path = DIRECTORY) -> int:
    """Write the files, or verify them with ``--check``; return the exit code."""
    if unknown := set(arguments) - {"--check", "--overwrite"}:
        sys.stderr.write(f"unknown {', '.join(sorted(unknown))}: use --check, --overwrite or nothing\n")
        return 2
    if "--check" not in arguments:
        refused = [write(wire, directory, overwrite="--overwrite" in arguments) for wire in WIRE]
        if reasons := [reason for reason in refused if reason]:
            sys.stderr.write("\n".join(reasons) + "\n")
            return 1
    wrong = [problem for wire in WIRE for problem in problems(wire, directory)]
    sys.stderr.write("".join(f"{problem}\n" for problem in wrong))
    return 1 if wrong else 0


def _tidy(schema: object) -> None:
    """Take the source's indentation out of descriptions."""
    if isinstance(schema, dict):
        if isinstance(schema.get("description"), str):
            schema["description"] = inspect.cleandoc(schema["description"])
        for value in schema.values():
            _tidy(value)
    elif isinstance(schema, list):
        for value in schema:
            _tidy(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
