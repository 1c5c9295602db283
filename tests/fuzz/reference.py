"""What a record means, decided slowly from ``schemas/events.py`` and the rules: the oracle of the fuzzing.

Standard library only: its JSON parser, exact fractions, its calendar. A record is *refused* as a whole, or it is
*rows* and perhaps refused lines. The contract where the documents leave room:

- JSON as RFC 8259 and I-JSON have it: UTF-8, no byte order mark, no lone surrogates, no NaN. Of a name given
  twice the last counts, and every one must have the right type.
- A JSON number is a double. One that a double cannot hold is refused. A whole number has neither point nor exponent.
- Times are RFC 3339; a leap second has no place in epoch seconds and is refused.
- A number within a double's precision of a half may be rounded to either side.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from schemas import opening, topics
from schemas.catalogue import Catalogue
from tests.fuzz.shapes import SHAPES, Elsewhere, Invalid, Refused, parsed
from tests.fuzz.units import size_of

EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
AHEAD = 600
SHANGHAI = 8 * 3600
#: Four roundings of 2^-53 each: reading, the unit's factor, the product, the scale.
PRECISION = Fraction(1, 2**51)
LARGEST = 10**15

TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


@dataclass(slots=True)
class Near:
    """A fixed-point number: what rounding may make of it."""

    values: range

    def __contains__(self, value: object) -> bool:
        """Return whether ``value`` is a right result."""
        return isinstance(value, int) and value in self.values


@dataclass(slots=True)
class Line:
    """One line: its ``row`` by column, and whether it may be taken, and may be refused."""

    row: dict[str, Any] = field(default_factory=dict)
    taken: bool = True
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Punctuation:
    """What a clock record says: nothing before ``at`` in ``inputs``, once they were read up to ``offsets``."""

    at: int
    inputs: set[str]
    offsets: dict[str, int]
    prefectures: set[str]


@dataclass(slots=True)
class Verdict:
    """What must come of a record: refused at one of ``stages``, dropped, or ``lines``."""

    stages: set[str] = field(default_factory=set)
    dropped: bool = False
    lines: list[Line] = field(default_factory=list)


# -- meaning


def second(text: str) -> int:
    """Return the epoch second in which an RFC 3339 time lies."""
    match = TIME.fullmatch(text)
    if match is None:
        raise Invalid
    year, month, day, hour, minute, sec = map(int, match.groups()[:6])
    east = int(match[8] or 0) * 3600 + int(match[9] or 0) * 60
    if int(match[8] or 0) > 23 or int(match[9] or 0) > 59:
        raise Invalid
    try:
        civil = datetime(year, month, day, hour, minute, sec, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except ValueError as error:
        raise Invalid from error
    return civil // timedelta(seconds=1) + (east if match[7] == "-" else -east)


def day_of(text: str) -> int:
    match = DATE.fullmatch(text)
    if match is None:
        raise Invalid
    try:
        return (date(*map(int, match.groups())) - date(1970, 1, 1)).days
    except ValueError as error:
        raise Invalid from error


def fixed(number: Fraction, scale: int) -> Near:
    """Return what ``number * scale`` may be rounded to."""
    exact = number * scale
    slack = abs(exact) * PRECISION
    return Near(range(round(exact - slack), round(exact + slack) + 1))


class Reference:
    """The meaning of records of one partition; ``now`` is the present, epoch seconds."""

    def __init__(self, catalogue: Catalogue, partition: int, partitions: int, now: int) -> None:
        self._counties = {str(code): region for code, region in catalogue.regions.items() if region.level == "county"}
        self._prefectures = {str(code): code for code in catalogue.prefectures}
        self._bases = {code: good.unit for code, good in catalogue.goods.items()}
        self._partition, self._partitions, self._now = partition, partitions, now

    def read(self, topic: str, value: bytes | None) -> Verdict:
        """Return what must come of one record of an input topic."""
        try:
            event = SHAPES[topic](parsed(value))
        except Refused as refused:
            return Verdict({refused.stage})
        if topic == topics.REGISTRY:
            return self._registry(event)
        if event.get("status", "normal") != "normal":
            return Verdict(dropped=True)
        head, stages = self._head(topic, event)
        if stages:
            return Verdict(stages)
        reader = {topics.SALES: self._sale, topics.STOCK: self._stock, topics.QUOTES: self._quote}[topic]
        lines = [reader(event, line) for line in event["lines"]]
        for index, line in enumerate(lines):
            line.row = {**head, "line": index, **line.row}
        return Verdict({"validate"} if not lines else set(), lines=lines)

    def clock(self, value: bytes | None) -> Punctuation:
        """Return what one record of topic ``clock`` says; raises ``Refused``."""
        event = SHAPES[topics.CLOCK](parsed(value))
        at = second(event["time"])
        # The date of the latest event that is allowed closes two hours after its midnight.
        if not EARLIEST <= at <= self._now + AHEAD + 86400 + 7200:
            raise Invalid
        names = {"sales": topics.SALES, "stock": topics.STOCK, "quotes": topics.QUOTES, "registry": topics.REGISTRY}
        inputs = {names.get(name, name) for name in event["inputs"]} or set(names.values())
        known = inputs <= set(names.values())
        codes = all(re.fullmatch("[0-9]{6}", code) for code in event["prefectures"])
        if not known or not codes or not all(0 <= offset < 2**63 for offset in event["offsets"].values()):
            raise Invalid
        return Punctuation(at, inputs, event["offsets"], set(event["prefectures"]))

    # -- versions of enterprises and sites, refused as a whole

    def _registry(self, event: dict[str, Any]) -> Verdict:
        given = [(kind, event[kind]) for kind in ("enterprise", "site") if event[kind] is not None]
        stages = self._stages(event, given)
        if stages:
            return Verdict(stages)
        shared = {name: event[name] for name in ("event_id", "sender")}
        shared |= {"prefecture": int(event["prefecture"]), "at": second(event["time"])}
        rows = [
            {**shared, "line": number, "kind": kind, "code": entity["code"], "entity": Document(entity)}
            for number, (kind, entity) in enumerate(given)
        ]
        return Verdict(lines=[Line(row) for row in rows])

    def _stages(self, event: dict[str, Any], given: list[tuple[str, dict[str, Any]]]) -> set[str]:
        """Return the stages at which a change can be refused."""
        stages = set() if given else {"validate"}
        try:
            self._when(topics.STOCK, event)
        except Refused as refused:
            stages.add(refused.stage)
        stages |= self._elsewhere(event["prefecture"], self._prefectures)
        for name in (event["event_id"], event["sender"]):
            stages |= _unnamed(name)
        for kind, entity in given:
            stages |= self._of_entity(kind, entity, event["prefecture"])
        return stages

    def _of_entity(self, kind: str, entity: dict[str, Any], prefecture: str) -> set[str]:
        stages = _unnamed(entity["code"]) | _unnamed(entity["name_zh"])
        for text in (entity["name_en"], *entity["contact"].values()):
            stages |= _unnamed(text or "x")
        if kind == "enterprise":
            codes = entity["prefectures"]
            right = len(codes) <= 200 and all(re.fullmatch("[0-9]{6}", code) for code in codes)
            return stages | (set() if right else {"validate"})
        stages |= _unnamed(entity["enterprise"]) | self._elsewhere(
            entity["county"], {code: region.parent for code, region in self._counties.items()}
        )
        county = self._counties.get(entity["county"])
        if (county is not None and str(county.parent) != prefecture) or not _opens(entity["hours"]):
            stages.add("validate")
        return stages

    def _elsewhere(self, code: str, prefectures: Mapping[str, int]) -> set[str]:
        if code not in prefectures:
            return {"validate"}
        right = topics.partition_of(prefectures[code], self._partitions) == self._partition
        return set() if right else {"partition"}

    # -- the record

    def _head(self, topic: str, event: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """Return the columns that all lines share, and the stages at which the record can be refused."""
        stages: set[str] = set()
        head: dict[str, Any] = {}
        for part in (self._when, self._where, self._names):
            try:
                head |= part(topic, event)
            except Refused as refused:
                stages.add(refused.stage)
        return head, stages

    def _when(self, topic: str, event: dict[str, Any]) -> dict[str, Any]:
        at = second(event["time"])
        if not EARLIEST <= at <= self._now + AHEAD:
            raise Invalid
        today = (at + SHANGHAI) // 86400
        dated = event.get("business_date")
        day = today if dated is None else day_of(dated)
        if not -60 <= day - today <= 1:
            raise Invalid
        return {"at": at} if topic == topics.STOCK else {"at": at, "business_date": day}

    def _where(self, topic: str, event: dict[str, Any]) -> dict[str, Any]:
        county = self._counties.get(event["region"])
        if county is None:
            raise Invalid
        if topics.partition_of(county.parent, self._partitions) != self._partition:
            raise Elsewhere
        return {"region": county.code, "prefecture": county.parent}

    def _names(self, topic: str, event: dict[str, Any]) -> dict[str, Any]:
        names = ["event_id", "sender", "store" if topic == topics.SALES else "site"]
        names += {topics.SALES: ["workstation"], topics.STOCK: ["step", "disposition"]}.get(topic, [])
        others = [*event.get("corrects", []), *event.get("confirms", [])]
        if not all(1 <= len(text) <= 200 for text in [*(event[name] for name in names), *others]):
            raise Invalid
        if topic == topics.SALES and not 0 <= event["sequence"] < 2**53:
            raise Invalid
        kept = {"sequence", "action", "corrects", "confirms"} | ({"kind"} if topic == topics.QUOTES else set())
        head = {name: event[name] for name in [*names, *kept] if name in event}
        head["site"] = head.pop("store", head.get("site"))
        return head

    # -- lines

    def _size(self, line: Mapping[str, Any]) -> Fraction | None:
        base = self._bases.get(line["good"])
        return size_of(line["unit"], base) if base else None

    def _sale(self, event: dict[str, Any], line: dict[str, Any]) -> Line:
        size = self._size(line)
        if size is None or not 0 <= line["line"] < 2**32:
            return Line(taken=False, refused=True)
        sign = 1 if line["kind"] == "sale" else -1
        found = Line({"good": line["good"], "kind": line["kind"], "line_number": line["line"]})
        found.row["priced"] = int(line["amount"] is not None)
        _put(found, "quantity", line["quantity"] * size, 1000, 1, sign)
        _put(found, "amount", line["amount"] or Fraction(0), 10_000, 0, sign)
        if line["unit_cost"] is None:
            found.row["unit_cost"] = None
        else:
            _put(found, "unit_cost", line["unit_cost"] / size, 10_000, -LARGEST)
        return found

    def _stock(self, event: dict[str, Any], line: dict[str, Any]) -> Line:
        size = self._size(line)
        if size is None:
            return Line(taken=False, refused=True)
        found = Line({"good": line["good"]})
        _put(found, "quantity", line["quantity"] * size, 1000, int(event["action"] != "OBSERVE"))
        return found

    def _quote(self, event: dict[str, Any], line: dict[str, Any]) -> Line:
        size = self._size(line)
        if size is None or (line["price"] is None and line["stock"] is None):
            return Line(taken=False, refused=True)
        found = Line({"good": line["good"], "price": None, "sales": None, "stock": None})
        for name, per, scale, least in (
            ("price", 1 / size, 10_000, 1),
            ("sales", size, 1000, -LARGEST),
            ("stock", size, 1000, 0),
        ):
            if line[name] is not None:
                _put(found, name, line[name] * per, scale, least)
        return found


def _unnamed(text: str) -> set[str]:
    return set() if 1 <= len(text) <= 200 else {"validate"}


def _opens(text: str) -> bool:
    """Return whether opening hours can be read; ``tests/schemas/test_opening.py`` says what they mean."""
    try:
        return not text or bool(opening.parse(text))
    except opening.OpeningError:
        return False


class Document:
    """JSON that must say the same as a plain value; what is absent there has its default here."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        """Return whether ``other`` is such JSON."""
        found = json.loads(other) if isinstance(other, str) else None
        return isinstance(found, dict) and _filled(found, self.value) == self.value

    __hash__ = None  # type: ignore[assignment]


def _filled(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"name_en": "", "hours": "", "feed": None, "name": "", "phone": "", "contact": {}}
    filled: dict[str, Any] = {name: found[name] if name in found else defaults.get(name) for name in wanted}
    if "contact" in filled:
        filled["contact"] = {"name": "", "phone": "", **filled["contact"]}
    return filled if found.keys() <= wanted.keys() else found


def _put(line: Line, name: str, number: Fraction, scale: int, least: int, sign: int = 1) -> None:
    """Note a number of a line, and whether it lies within its limits, surely or perhaps."""
    near = fixed(number, scale)
    allowed = [value for value in (near.values[0], near.values[-1]) if least <= value and abs(value) < LARGEST]
    line.refused = line.refused or len(allowed) < 2
    line.taken = line.taken and bool(allowed)
    values = near.values
    line.row[name] = Near(values if sign == 1 else range(-values[-1], -values[0] + 1))
