"""Rule packs: TOML files whose conditions are SQL. A bureau copies one and changes numbers."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as field_of
from pathlib import Path
from string import Formatter
from typing import Any, Final, Literal, NoReturn, TypeVar

import msgspec

from schemas.events import LEVELS, QuoteKind
from streams.alerts.conditions import Condition, ConditionError, parse
from streams.alerts.names import Scope, Trigger, provided, suggestion
from streams.alerts.positions import Position, nearest, positions
from streams.alerts.rules import Rule, Subject, Text

DIRECTORY: Final = Path(__file__).parent / "packs"
#: The pack that tells of quotes that are held back.
SUSPECT: Final = "suspect"

#: ``for`` and ``clear_for`` where a rule does not say: a quote is decided on in the moment in which it comes.
_HOLD: Final[Mapping[Trigger, str]] = {"tick": "15 min", "date": "0 dates", "quote": "0 s"}
_CLEAR_HOLD: Final[Mapping[Trigger, str]] = {"tick": "30 min", "date": "1 date", "quote": "0 s"}

_T = TypeVar("_T")


class PackError(ValueError):
    """A pack that was refused. ``line`` and ``column`` count from 1 in its file; 0 where they are not known."""

    def __init__(self, source: str, message: str, line: int = 0, column: int = 0) -> None:
        self.source, self.message, self.line, self.column = source, message, line, column
        place = f"{source}:{line}:{column}" if line else source
        super().__init__(f"{place}: the rule pack was refused / 规则包被拒绝: {message}")


@dataclass(frozen=True)
class Pack:
    """Rules that are chosen together. ``version`` is the declared one and a hash of the content.

    ``content`` is the file as it was read, ``below`` those of packs that are named as ``county_rule``, by that name.
    """

    name: str
    title: Text
    version: str
    kind: QuoteKind
    rules: tuple[Rule, ...]
    content: bytes = b""
    below: Mapping[str, bytes] = field_of(default_factory=dict)


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: str
    en: str


class _PackTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    version: str
    title: _Words
    rules: list[dict[str, Any]]
    kind: QuoteKind = "retail"


class _RuleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"hold": "for"}):
    id: str
    subject: list[Subject]
    trigger: Trigger
    title: _Words
    levels: dict[Literal["blue", "yellow", "orange", "red"], str]
    headline: str
    words: dict[str, _Words]
    evidence: str | None = None
    hold: str | None = None
    clear_for: str | None = None
    stale_after: str = "7 dates"
    shows: list[str] = []
    flags: dict[str, str] = {}
    county_rule: str | None = None
    substitutes: bool = False


def load(reference: str) -> Pack:
    """Return the pack that ``reference`` names: ``NAME`` or ``FILE.toml``, with ``:wholesale`` after it if so wanted.

    Raises ``PackError`` with the place of the first mistake, also when there is no such pack.
    """
    name, kind = _split(reference)
    path = locate(name)
    try:
        content = path.read_bytes()
    except OSError as error:
        hint = suggestion(name, shipped()) or f"; packs: {', '.join(shipped())}, or a path ending in .toml"
        msg = f'cannot read the pack "{name}" ({error.strerror}){hint}'
        raise PackError(reference, msg) from None
    return parse_pack(content, path.name, kind, path.parent)


def shipped() -> tuple[str, ...]:
    """Return the names of the packs that come with the product."""
    return tuple(sorted(found.stem for found in DIRECTORY.glob("*.toml")))


def locate(name: str, directory: Path | None = None) -> Path:
    """Return the file of a pack: ``NAME`` is one that is shipped, ``FILE.toml`` a path (from ``directory``)."""
    return (directory or Path()) / name if name.endswith(".toml") else DIRECTORY / f"{name}.toml"


def parse_pack(
    content: bytes,
    source: str,
    kind: QuoteKind | None = None,
    directory: Path | None = None,
    below: Mapping[str, bytes] | None = None,
) -> Pack:
    """Return the pack in ``content``; ``source`` is its name in errors, ``kind`` overrides its own.

    ``directory`` is where a ``county_rule`` that is a file is looked for, unless ``below`` has what is in it; with
    ``below`` no file is read. Raises ``PackError``.
    """
    return _Reader(content, source, directory, below).pack(kind)


def _split(reference: str) -> tuple[str, QuoteKind | None]:
    name, _, kind = reference.rpartition(":")
    if name and kind == "retail":
        return name, "retail"
    if name and kind == "wholesale":
        return name, "wholesale"
    return reference, None


class _Reader:
    """One pack file while it is read: knows where everything stands."""

    def __init__(
        self,
        content: bytes,
        source: str,
        directory: Path | None,
        below: Mapping[str, bytes] | None = None,
        *,
        nested: bool = False,
    ) -> None:
        self._source, self._directory, self._nested = source, directory, nested
        self._content, self._given = content, below
        #: What was read of the packs that are named as ``county_rule``.
        self._below: dict[str, bytes] = {}
        self._hash = hashlib.sha256(content).hexdigest()[:8]
        try:
            text = content.decode()
            self._data = tomllib.loads(text)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            found = re.search(r"line (\d+), column (\d+)", str(error))
            place = (int(found[1]), int(found[2])) if found else (0, 0)
            msg = f"not valid TOML: {error}"
            raise PackError(source, msg, *place) from None
        self._places = positions(text)

    def pack(self, kind: QuoteKind | None) -> Pack:
        table = self._convert(self._data, _PackTable, "")
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", table.name):
            self._fail("name", f'"{table.name}": a pack\'s name has lower-case letters, digits and hyphens')
        version = f"{table.version}+{self._hash}"
        rules = tuple(
            self._rule(f"rules[{index}]", raw, table.name, version, kind or table.kind)
            for index, raw in enumerate(table.rules)
        )
        self._distinct(rules)
        return Pack(
            table.name, _text(table.title), version, kind or table.kind, rules, self._content, dict(self._below)
        )

    def _distinct(self, rules: tuple[Rule, ...]) -> None:
        if not rules:
            self._fail("rules", "a pack has at least one rule: add a table [[rules]]")
        seen: set[str] = set()
        for index, rule in enumerate(rules):
            if rule.id in seen:
                self._fail(f"rules[{index}].id", f'a second rule is called "{rule.id}": alert keys would collide')
            seen.add(rule.id)

    def _rule(self, path: str, raw: dict[str, Any], pack: str, version: str, kind: QuoteKind) -> Rule:
        table = self._convert(raw, _RuleTable, path)
        self._check_identity(path, table)
        self._check_scope(path, table, kind)
        flags = {
            name: self._condition(f"{path}.flags.{name}", text, provided("date")) for name, text in table.flags.items()
        }
        known = provided(table.trigger, _scopes(table), flags)
        levels = self._levels(path, table, known)
        evidence = None
        if table.evidence is not None:
            evidence = self._condition(f"{path}.evidence", table.evidence, known)
        tick = table.trigger != "date"
        rule = Rule(
            id=table.id,
            pack=pack,
            pack_version=version,
            kind=kind,
            subjects=tuple(table.subject),
            trigger=table.trigger,
            title=_text(table.title),
            levels=levels,
            evidence=evidence,
            hold=self._duration(f"{path}.for", table.hold or _HOLD[table.trigger], tick),
            clear_hold=self._duration(f"{path}.clear_for", table.clear_for or _CLEAR_HOLD[table.trigger], tick),
            stale_after=self._duration(f"{path}.stale_after", table.stale_after, tick=False),
            headline=table.headline,
            phrases={name: _text(words) for name, words in table.words.items()},
            shows=tuple(table.shows),
            flags=flags,
            county_rule=self._county_rule(path, table, kind),
            substitutes=table.substitutes,
        )
        self._check_names(path, table, known)
        self._check_phrases(path, rule)
        return rule

    def _check_identity(self, path: str, table: _RuleTable) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", table.id):
            self._fail(f"{path}.id", f'"{table.id}": a rule\'s id has lower-case letters, digits and hyphens')
        if not table.subject:
            known = "county, prefecture, province, nation, site or enterprise"
            self._fail(f"{path}.subject", f"name at least one subject: {known}")
        if table.trigger == "quote" and table.subject != ["site"]:
            self._fail(f"{path}.subject", 'a rule on quotes that are held back has subject = ["site"]')
        for alone in ("site", "enterprise"):
            if alone in table.subject and len(table.subject) > 1:
                self._fail(f"{path}.subject", f"a rule on {alone}s has no other subject: write a rule of its own")

    def _check_scope(self, path: str, table: _RuleTable, kind: QuoteKind) -> None:
        """Refuse flags but on the counties of a prefecture, and what is per date on ticks."""
        if table.flags and (table.trigger != "date" or table.subject != ["prefecture"]):
            self._fail(f"{path}.flags", 'flags need trigger = "date" and subject = ["prefecture"]')
        for name in table.flags:
            if not re.fullmatch(r"[a-z][a-z0-9]*", name):
                self._fail(f"{path}.flags.{name}", f'"{name}": a flag has lower-case letters and digits, as in iv')
        if table.county_rule is not None and table.trigger != "date":
            self._fail(f"{path}.county_rule", 'county_rule needs trigger = "date"')
        if table.substitutes and (table.trigger != "tick" or kind != "retail"):
            self._fail(f"{path}.substitutes", 'substitutes need trigger = "tick" in a pack of kind "retail"')
        if "nation" in table.subject and table.county_rule is None:
            self._fail(f"{path}.subject", 'a rule on the nation needs a county_rule, for example "urumqi-2007"')

    def _county_rule(self, path: str, table: _RuleTable, kind: QuoteKind) -> Rule | None:
        """Return the one rule on counties of the pack that is named."""
        if table.county_rule is None:
            return None
        where = f"{path}.county_rule"
        if self._nested:
            self._fail(where, "counts counties itself: a county_rule names a pack whose rule looks at them")
        file = locate(table.county_rule, self._directory)
        try:
            content = self._read_below(table.county_rule, file)
        except (OSError, KeyError):
            hint = suggestion(table.county_rule, shipped()) or f"; packs: {', '.join(shipped())}"
            self._fail(where, f'there is no pack "{table.county_rule}"{hint}')
        try:
            rules = _Reader(content, file.name, file.parent, nested=True).pack(kind).rules
        except PackError as error:
            self._fail(where, str(error))
        found = [rule for rule in rules if rule.trigger == "date" and "county" in rule.subjects]
        if len(found) != 1:
            self._fail(where, f'"{table.county_rule}" has {len(found)} date rules on counties: exactly one is needed')
        return found[0]

    def _read_below(self, name: str, file: Path) -> bytes:
        content = file.read_bytes() if self._given is None else self._given[name]
        self._below[name] = content
        return content

    def _levels(self, path: str, table: _RuleTable, known: tuple[str, ...]) -> Mapping[int, Condition]:
        if not table.levels:
            self._fail(f"{path}.levels", "a rule has at least one level: blue, yellow, orange or red")
        ascending = sorted(table.levels.items(), key=lambda item: LEVELS.index(item[0]))
        return {
            LEVELS.index(level): self._condition(f"{path}.levels.{level}", text, known) for level, text in ascending
        }

    def _condition(self, path: str, text: str, known: tuple[str, ...]) -> Condition:
        try:
            return parse(text, known)
        except ConditionError as error:
            place = self._places.get(path)
            if place is not None and error.line == 1:
                place = Position(place.line, place.column + error.column - 1)
            self._fail(path, f"column {error.column} of the condition: {error.message}", place)

    def _duration(self, path: str, text: str, tick: bool) -> int:
        units = {"s": 1, "min": 60, "h": 3600} if tick else {"date": 1, "dates": 1}
        found = re.fullmatch(r"(\d{1,6})\s*([a-z]+)", text.strip())
        if found and found[2] in units:
            return int(found[1]) * units[found[2]]
        return self._fail(path, f'"{text}" is not a duration: write a whole number and {" or ".join(units)}')

    def _check_names(self, path: str, table: _RuleTable, known: tuple[str, ...]) -> None:
        used = [("headline", table.headline), *(("shows", name) for name in table.shows)]
        used += [("words", name) for name in table.words]
        for field, name in used:
            if name not in known:
                hint = suggestion(name, known)
                self._fail(f"{path}.{field}", f'{field}: no {table.trigger} rule has an indicator "{name}"{hint}')

    def _check_phrases(self, path: str, rule: Rule) -> None:
        if rule.headline not in rule.phrases:
            self._fail(
                f"{path}.words", f"words for the headline {rule.headline} are missing: add words.{rule.headline}"
            )
        allowed = {*rule.values, *rule.counts, "threshold"}
        for name, phrase in rule.phrases.items():
            for language, text in (("zh", phrase.zh), ("en", phrase.en)):
                self._check_fields(f"{path}.words.{name}.{language}", text, allowed)

    def _check_fields(self, path: str, text: str, allowed: Iterable[str]) -> None:
        try:
            fields = [
                (name, form, conversion) for _, name, form, conversion in Formatter().parse(text) if name is not None
            ]
        except ValueError as error:
            self._fail(path, f"{error}: write {{name}}, and {{{{ for a brace")
        for name, form, conversion in fields:
            if name not in allowed or form or conversion:
                hint = suggestion(name, allowed) or f"; known: {', '.join(sorted(allowed))}"
                self._fail(path, f'"{{{name}}}" cannot be shown here{hint}')

    def _convert(self, data: object, type_: type[_T], path: str) -> _T:
        try:
            return msgspec.convert(data, type_)
        except msgspec.ValidationError as error:
            what, inner = _located(str(error))
            outer = ".".join(part for part in (path, inner) if part)
            culprit = re.search(r"unknown field `(.+)`|value '(.+)'", what)
            named = f"{outer}.{culprit[1] or culprit[2]}".removeprefix(".") if culprit else outer
            hint = "" if inner else _hint(what, type_)
            self._fail(outer, what + hint, self._places.get(named))

    def _fail(self, path: str, message: str, place: Position | None = None) -> NoReturn:
        line, column = place or nearest(self._places, path) or (0, 0)
        raise PackError(self._source, f"{path}: {message}" if path else message, line, column)


def _scopes(table: _RuleTable) -> tuple[Scope, ...]:
    """Return which names beyond those of the trigger the rule may use; on sites, which alone."""
    if table.subject in (["site"], ["enterprise"]):
        return ("site",) if table.subject == ["site"] else ("enterprise",)
    extent: tuple[Scope, ...] = ("extent",) if table.county_rule is not None else ()
    return ("prefecture", *extent) if table.subject == ["prefecture"] else extent


def _located(message: str) -> tuple[str, str]:
    """Split msgspec's "what - at `$.a[1].b`" into what and ``a.b``."""
    found = re.fullmatch(r"(.*?) - at (?:`key` in )?`\$\.?(.*)`", message)
    return (found[1], re.sub(r"\[[^]]*\]", "", found[2])) if found else (message, "")


def _hint(message: str, type_: type[Any]) -> str:
    unknown = re.search(r"unknown field `(.+)`", message)
    if unknown is None:
        return ""
    known = [field.encode_name for field in msgspec.structs.fields(type_)]
    return suggestion(unknown[1], known) or f"; fields: {', '.join(known)}"


def _text(words: _Words) -> Text:
    return Text(words.zh, words.en)
