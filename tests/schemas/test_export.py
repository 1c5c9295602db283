"""Committed JSON Schemas: equal to the structs, and every older version stays readable (FULL_TRANSITIVE)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from schemas import topics
from schemas.export import DIRECTORY, WIRE, Wire, committed, main, problems, schema_of, text_of

EXAMPLES = Path(__file__).parent / "examples"
DOCUMENTS = sorted(EXAMPLES.glob("v*/*.json"))
BY_TOPIC = {wire.topic: wire for wire in WIRE}


def _topic(example: Path) -> str:
    return example.name.removesuffix(".json").rsplit(".", 1)[0]


def _id(example: Path) -> str:
    return f"{example.parent.name}/{example.stem}"


def test_every_topic_has_a_schema() -> None:
    assert tuple(BY_TOPIC) == topics.ALL


@pytest.mark.parametrize("wire", WIRE, ids=lambda wire: wire.topic)
def test_committed_files_are_what_the_structs_say(wire: Wire) -> None:
    assert problems(wire) == []
    Draft202012Validator.check_schema(schema_of(wire))


@pytest.mark.parametrize("wire", [wire for wire in WIRE if wire.topic != topics.DEAD_LETTERS], ids=lambda w: w.topic)
def test_an_absent_schema_version_means_1_for_ever(wire: Wire) -> None:
    (field,) = (field for field in msgspec.structs.fields(wire.struct) if field.name == "schema")
    assert field.default == 1


def test_every_file_belongs_to_a_topic() -> None:
    known = {f"{wire.topic}.v{version}.json" for wire in WIRE for version in committed(wire.topic)}
    assert {path.name for path in DIRECTORY.iterdir()} == known


def test_every_version_has_a_minimal_and_a_full_example() -> None:
    wanted = {
        f"v{version}/{wire.topic}.{extent}.json"
        for wire in WIRE
        for version in committed(wire.topic)
        for extent in ("minimal", "full")
    }
    assert wanted <= {path.relative_to(EXAMPLES).as_posix() for path in DOCUMENTS}


@pytest.mark.parametrize("example", DOCUMENTS, ids=_id)
def test_examples_of_all_versions_are_read_by_the_current_structs(example: Path) -> None:
    content = example.read_bytes()
    wire = BY_TOPIC[_topic(example)]
    event = msgspec.json.decode(content, type=wire.struct)
    written = json.loads(msgspec.json.encode(event))
    assert {key: written.get(key, value) for key, value in json.loads(content).items()} == json.loads(content)
    for schema in committed(wire.topic).values():
        assert Draft202012Validator(schema).is_valid(json.loads(content))
        assert Draft202012Validator(schema).is_valid(written)


@pytest.mark.parametrize("example", [path for path in DOCUMENTS if ".full." in path.name], ids=_id)
def test_a_full_example_has_every_field_of_its_version(example: Path) -> None:
    version = int(example.parent.name[1:])
    schema = committed(_topic(example))[version]
    _assert_every_field(json.loads(example.read_text(encoding="utf-8")), schema, schema["$defs"])


def _assert_every_field(value: Any, schema: dict[str, Any], defs: dict[str, Any]) -> None:
    if "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[1]]
    for name, inner in schema.get("properties", {}).items():
        assert name in value
        _assert_every_field(value[name], inner, defs)
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        assert value
        _assert_every_field(value[0], schema["items"], defs)


@pytest.mark.parametrize("example", DOCUMENTS, ids=_id)
def test_unknown_fields_of_a_newer_sender_are_ignored(example: Path) -> None:
    document = json.loads(example.read_text(encoding="utf-8"))
    msgspec.json.decode(json.dumps({**document, "added_later": [1]}), type=BY_TOPIC[_topic(example)].struct)


class Old(msgspec.Struct, omit_defaults=True):
    """A struct before its change."""

    name: str


class Compatible(msgspec.Struct, omit_defaults=True):
    """With an optional field more."""

    name: str
    colour: str = ""


class Breaking(msgspec.Struct, omit_defaults=True):
    """The optional field came back with another type."""

    name: str
    colour: int = 0


def test_every_older_version_is_held_not_just_the_last(tmp_path: Path) -> None:
    for wire in (Wire("paint", Compatible), Wire("paint", Old, 2)):
        (tmp_path / wire.filename).write_text(text_of(schema_of(wire)), encoding="utf-8")
    assert problems(Wire("paint", Old, 2), tmp_path) == []
    third = Wire("paint", Breaking, 3)
    (tmp_path / third.filename).write_text(text_of(schema_of(third)), encoding="utf-8")
    found = problems(third, tmp_path)
    assert found
    assert all(reason.startswith("paint v1: ") for reason in found)


def test_a_committed_version_newer_than_the_table_is_told(tmp_path: Path) -> None:
    wire = Wire("paint", Old, 2)
    (tmp_path / wire.filename).write_text(text_of(schema_of(wire)), encoding="utf-8")
    assert "version 2 is committed" in " ".join(problems(Wire("paint", Old), tmp_path))


def test_main_writes_and_checks(tmp_path: Path) -> None:
    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert {path.name for path in tmp_path.iterdir()} == {wire.filename for wire in WIRE}
    assert main(["--chekc"], tmp_path) == 2


def test_history_is_not_rewritten_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 0
    path = tmp_path / "clock.v1.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["$defs"]["Clock"]["properties"]["zone"] = {"type": "string", "default": ""}
    path.write_text(text_of(schema), encoding="utf-8")
    assert main([], tmp_path) == 1
    assert "raise the version of clock" in capsys.readouterr().err
    assert main(["--overwrite"], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


def test_new_wording_is_written_without_a_new_version(tmp_path: Path) -> None:
    assert main([], tmp_path) == 0
    path = tmp_path / "clock.v1.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Punctuation", "Beat"), encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "schemas.export", "--check"], check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
