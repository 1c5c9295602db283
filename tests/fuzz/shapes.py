"""The shape of events, read slowly: JSON as RFC 8259 has it, fields and types as ``schemas/events.py`` lists them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

from schemas import topics
from schemas.events import QuoteKind, ReceiptStatus, SaleKind, StockAction
from schemas.registry import FeedKind

LARGEST_RECORD = 8 * 1024 * 1024
#: What Python itself reads; there is no use for more.
LONGEST_WHOLE = 4300


class Refused(Exception):
    """A record or line that is none; ``stage`` is where."""

    stage = ""


class Unreadable(Refused):
    """No event."""

    stage = "decode"


class Oversized(Refused):
    """Too many bytes."""

    stage = "size"


class Invalid(Refused):
    """An event that cannot be."""

    stage = "validate"


class Elsewhere(Refused):
    """An event of another partition."""

    stage = "partition"


class Whole(int):
    """A JSON number without point and exponent."""


@dataclass(frozen=True, slots=True)
class Real:
    """Any other JSON number, as it is written."""

    text: str


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it stands, names given twice included."""


# -- JSON


def parsed(value: bytes | None) -> Any:
    """Return the document: objects as ``Pairs``, numbers as ``Whole`` or ``Real``."""
    if not value:
        raise Unreadable
    if len(value) > LARGEST_RECORD:
        raise Oversized
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
        raise Unreadable from error
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
        raise Unreadable
    return value


def whole_(value: Any) -> int:
    if not isinstance(value, Whole):
        raise Unreadable
    return int(value)


def real(value: Any) -> Fraction:
    """Return the number exactly; what a double holds as infinite is refused, what it holds as zero is zero."""
    if not isinstance(value, Whole | Real):
        raise Unreadable
    text = str(value) if isinstance(value, Whole) else value.text
    held = float(text)
    if not math.isfinite(held):
        raise Unreadable
    return Fraction(Decimal(text)) if held else Fraction(0)


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable
    return value


def optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def one_of(literal: Any) -> Check:
    allowed = get_args(literal)

    def check(value: Any) -> str:
        if text_(value) not in allowed:
            raise Unreadable
        return str(value)

    return check


def list_of(check: Check) -> Check:
    def every(value: Any) -> list[Any]:
        if not isinstance(value, list) or isinstance(value, Pairs):
            raise Unreadable
        return [check(each) for each in value]

    return every


def mapping_of(check: Check) -> Check:
    def every(value: Any) -> dict[str, Any]:
        if not isinstance(value, Pairs):
            raise Unreadable
        return {name: check(each) for name, each in value}

    return every


def shape(required: Mapping[str, Check], more: Mapping[str, tuple[Check, Any]]) -> Check:
    """Return the check of an object: fields that must be there, and others with what their absence means."""
    checks = {**required, **{name: check for name, (check, _) in more.items()}}

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, Pairs):
            raise Unreadable
        found = {name: default for name, (_, default) in more.items()}
        for name, each in value:
            if name in checks:
                found[name] = checks[name](each)
        if required.keys() - found.keys():
            raise Unreadable
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
CONTACT = shape({}, {"name": (text_, ""), "phone": (text_, "")})
NOBODY = {"name": "", "phone": ""}
ENTERPRISE = shape(
    {"code": text_, "name_zh": text_, "prefectures": list_of(text_)},
    {"name_en": (text_, ""), "contact": (CONTACT, NOBODY), "feed": (optional(one_of(FeedKind)), None)},
)
SITE = shape(
    dict.fromkeys(("code", "enterprise", "county", "name_zh"), text_),
    {"name_en": (text_, ""), "hours": (text_, ""), "contact": (CONTACT, NOBODY)},
)
SHAPES = {
    topics.SALES: shape(
        {
            **dict.fromkeys(("event_id", "sender", "store", "region", "workstation", "business_date", "time"), text_),
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
        {
            "kind": (one_of(QuoteKind), "retail"),
            "business_date": (optional(text_), None),
            **dict.fromkeys(("corrects", "confirms"), (list_of(text_), [])),
            "schema": (whole_, 1),
        },
    ),
    topics.REGISTRY: shape(
        dict.fromkeys(("event_id", "sender", "prefecture", "time"), text_),
        {"enterprise": (optional(ENTERPRISE), None), "site": (optional(SITE), None), "schema": (whole_, 1)},
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
