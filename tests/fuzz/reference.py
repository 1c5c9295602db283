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
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, get_args

from schemas import topics
from schemas.catalogue import Catalogue
from schemas.events import QuoteKind, ReceiptStatus, SaleKind, StockAction
from tests.fuzz.units import size_of

LARGEST_RECORD = 8 * 1024 * 1024
EARLIEST = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
AHEAD = 600
SHANGHAI = 8 * 3600
#: Four roundings of 2^-53 each: reading, the unit's factor, the product, the scale.
PRECISION = Fraction(1, 2**51)
LARGEST = 10**15
#: What Python itself reads; there is no use for more.
LONGEST_WHOLE = 4300

TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class Refused(Exception):
    """A record or line that is none; ``stage`` is where."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.stage = stage


class Whole(int):
    """A JSON number without point and exponent."""


@dataclass(frozen=True, slots=True)
class Real:
    """Any other JSON number, as it is written."""

    text: str


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, names given twice included."""


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


@dataclass(slots=True)
class Verdict:
    """What must come of a record: refused at one of ``stages``, dropped, or ``lines``."""

    stages: set[str] = field(default_factory=set)
    dropped: bool = False
    lines: list[Line] = field(default_factory=list)


# -- JSON


def parsed(value: bytes | None) -> Any:
    """Return the document: objects as ``Pairs``, numbers as ``Whole`` or ``Real``."""
    if not value:
        raise Refused("decode")
    if len(value) > LARGEST_RECORD:
        raise Refused("size")
    try:
        found = json.loads(
            value.decode("utf-8"),
            object_pairs_hook=Pairs,
            parse_int=_whole,
            parse_float=Real,
            parse_constant=_no_constant,
        )
        _check_texts(found)
    except (ValueError, RecursionError) as error:
        raise Refused("decode") from error
    return found


def _whole(text: str) -> Whole | Real:
    return Whole(text) if len(text.lstrip("-")) <= LONGEST_WHOLE else Real(text)


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _check_texts(found: Any) -> None:
    """Refuse lone surrogates, which UTF-8 cannot hold."""
    if isinstance(found, str):
        found.encode()
    elif isinstance(found, Pairs):
        for name, value in found:
            name.encode()
            _check_texts(value)
    elif isinstance(found, list):
        for value in found:
            _check_texts(value)


# -- shapes

Check = Callable[[Any], Any]


def text_(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("decode")
    return value


def whole_(value: Any) -> int:
    if not isinstance(value, Whole):
        raise Refused("decode")
    return int(value)


def real(value: Any) -> Fraction:
    """Return the number exactly; what a double holds as infinite is refused, what it holds as zero is zero."""
    if not isinstance(value, Whole | Real):
        raise Refused("decode")
    text = str(value) if isinstance(value, Whole) else value.text
    held = float(text)
    if not math.isfinite(held):
        raise Refused("decode")
    return Fraction(text) if held else Fraction(0)


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused("decode")
    return value


def optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def one_of(literal: Any) -> Check:
    allowed = get_args(literal)

    def check(value: Any) -> str:
        if text_(value) not in allowed:
            raise Refused("decode")
        return str(value)

    return check


def list_of(check: Check) -> Check:
    def every(value: Any) -> list[Any]:
        if not isinstance(value, list) or isinstance(value, Pairs):
            raise Refused("decode")
        return [check(each) for each in value]

    return every


def mapping_of(check: Check) -> Check:
    def every(value: Any) -> dict[str, Any]:
        if not isinstance(value, Pairs):
            raise Refused("decode")
        return {name: check(each) for name, each in value}

    return every


def shape(required: Mapping[str, Check], more: Mapping[str, tuple[Check, Any]]) -> Check:
    """Return the check of an object: fields that must be there, and others with what their absence means."""
    checks = {**required, **{name: check for name, (check, _) in more.items()}}

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, Pairs):
            raise Refused("decode")
        found = {name: default for name, (_, default) in more.items()}
        for name, each in value:
            if name in checks:
                found[name] = checks[name](each)
        if required.keys() - found.keys():
            raise Refused("decode")
        return found

    return check


SALE_LINE = shape(
    {"line": whole_, "good": text_, "quantity": real, "unit": text_},
    {
        "amount": (optional(real), None),
        "kind": (one_of(SaleKind), "sale"),
        "regular_price": (optional(real), None),
        "unit_cost": (optional(real), None),
        "promotion": (truth, False),
    },
)
STOCK_LINE = shape({"good": text_, "quantity": real, "unit": text_}, {})
QUOTE_LINE = shape(
    {"good": text_, "unit": text_}, {name: (optional(real), None) for name in ("price", "sales", "stock")}
)
SHAPES = {
    topics.SALES: shape(
        {
            **dict.fromkeys(
                ("event_id", "sender", "store", "region", "workstation", "business_date", "time"), text_
            ),
            "sequence": whole_,
            "lines": list_of(SALE_LINE),
        },
        {"status": (one_of(ReceiptStatus), "normal"), "schema": (whole_, 1)},
    ),
    topics.STOCK: shape(
        {
            **dict.fromkeys(("event_id", "sender", "site", "region", "time"), text_),
            "action": one_of(StockAction),
            "lines": list_of(STOCK_LINE),
        },
        {
            "step": (text_, "cycle_counting"),
            "disposition": (text_, "sellable_accessible"),
            "corrects": (list_of(text_), []),
            "schema": (whole_, 1),
        },
    ),
    topics.QUOTES: shape(
        {
            **dict.fromkeys(("event_id", "sender", "site", "region", "time"), text_),
            "lines": list_of(QUOTE_LINE),
        },
        {"kind": (one_of(QuoteKind), "retail"), "business_date": (optional(text_), None), "schema": (whole_, 1)},
    ),
    topics.CLOCK: shape(
        {"time": text_, "sender": text_},
        {
            "offsets": (mapping_of(whole_), {}),
            "inputs": (list_of(text_), []),
            "prefectures": (list_of(text_), []),
            "schema": (whole_, 1),
        },
    ),
}

# -- meaning


def second(text: str) -> int:
    """Return the epoch second in which an RFC 3339 time lies."""
    match = TIME.fullmatch(text)
    if match is None:
        raise Refused("validate")
    year, month, day, hour, minute, sec = map(int, match.groups()[:6])
    east = int(match[8] or 0) * 3600 + int(match[9] or 0) * 60
    if int(match[8] or 0) > 23 or int(match[9] or 0) > 59:
        raise Refused("validate")
    try:
        civil = datetime(year, month, day, hour, minute, sec, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except ValueError as error:
        raise Refused("validate") from error
    return civil // timedelta(seconds=1) + (east if match[7] == "-" else -east)


def day_of(text: str) -> int:
    match = DATE.fullmatch(text)
    if match is None:
        raise Refused("validate")
    try:
        return (date(*map(int, match.groups())) - date(1970, 1, 1)).days
    except ValueError as error:
        raise Refused("validate") from error


def fixed(number: Fraction, scale: int) -> Near:
    """Return what ``number * scale`` may be rounded to."""
    exact = number * scale
    slack = abs(exact) * PRECISION
    return Near(range(round(exact - slack), round(exact + slack) + 1))


class Reference:
    """The meaning of records of one partition; ``now`` is the present, epoch seconds."""

    def __init__(self, catalogue: Catalogue, partition: int, partitions: int, now: int) -> None:
        self._counties = {str(code): region for code, region in catalogue.regions.items() if region.level == "county"}
        self._bases = {code: good.unit for code, good in catalogue.goods.items()}
        self._partition, self._partitions, self._now = partition, partitions, now

    def read(self, topic: str, value: bytes | None) -> Verdict:
        """Return what must come of one record of an input topic."""
        try:
            event = SHAPES[topic](parsed(value))
        except Refused as refused:
            return Verdict({refused.stage})
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
            raise Refused("validate")
        today = (at + SHANGHAI) // 86400
        dated = event.get("business_date")
        day = today if dated is None else day_of(dated)
        if not -60 <= day - today <= 1:
            raise Refused("validate")
        return {"at": at} if topic == topics.STOCK else {"at": at, "business_date": day}

    def _where(self, topic: str, event: dict[str, Any]) -> dict[str, Any]:
        county = self._counties.get(event["region"])
        if county is None:
            raise Refused("validate")
        if topics.partition_of(county.parent, self._partitions) != self._partition:
            raise Refused("partition")
        return {"region": county.code, "prefecture": county.parent}

    def _names(self, topic: str, event: dict[str, Any]) -> dict[str, Any]:
        names = ["event_id", "sender", "store" if topic == topics.SALES else "site"]
        names += {topics.SALES: ["workstation"], topics.STOCK: ["step", "disposition"]}.get(topic, [])
        if not all(1 <= len(text) <= 200 for text in [*(event[name] for name in names), *event.get("corrects", [])]):
            raise Refused("validate")
        if topic == topics.SALES and not 0 <= event["sequence"] < 2**53:
            raise Refused("validate")
        kept = {"sequence", "action", "corrects"} | ({"kind"} if topic == topics.QUOTES else set())
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
        for name, exact, scale, least in (
            ("price", lambda given: given / size, 10_000, 1),
            ("sales", lambda given: given * size, 1000, -LARGEST),
            ("stock", lambda given: given * size, 1000, 0),
        ):
            if line[name] is not None:
                _put(found, name, exact(line[name]), scale, least)
        return found


def _put(line: Line, name: str, number: Fraction, scale: int, least: int, sign: int = 1) -> None:
    """Note a number of a line, and whether it lies within its limits, surely or perhaps."""
    near = fixed(number, scale)
    allowed = [value for value in (near.values[0], near.values[-1]) if least <= value and abs(value) < LARGEST]
    line.refused = line.refused or len(allowed) < 2
    line.taken = line.taken and bool(allowed)
    values = near.values
    line.row[name] = Near(values if sign == 1 else range(-values[-1], -values[0] + 1))
