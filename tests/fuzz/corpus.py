"""Inputs for the fuzzing: every one is a function of (seed, number), so that a failing one can be made again."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas import topics
from tests.fuzz.tokens import (
    BYTES,
    DATES,
    GOOD_UNITS,
    GOODS,
    KEYS,
    NUMBERS,
    NUMERIC,
    OTHERS,
    REGIONS,
    TEXTS,
    TIMES,
    UNITS,
    WORDS,
)

TOPICS = (topics.SALES, topics.SALES, topics.STOCK, topics.QUOTES, topics.REGISTRY, topics.CLOCK)
HOURS = (
    "Mo-Su 08:00-22:00",
    "Mo-Fr 09:00-17:00; Sa off",
    "2026-02-17 off",
    "24/7",
    "周一 08:00-12:00",
    "",
    "Mo 8-9",
    "x",
)

#: Fields by what hostile values suit them best.
SUITED: dict[str, tuple[str, ...]] = {
    "time": TIMES,
    "business_date": DATES,
    "region": REGIONS,
    "unit": UNITS,
    "good": GOODS,
    "county": REGIONS,
    "hours": HOURS,
    **dict.fromkeys(("kind", "status", "action", "inputs", "prefectures"), WORDS),
}


class Raw(str):
    """A piece of JSON as it stands."""

    __slots__ = ()


class Twice(dict[str, Any]):
    """An object of which ``again`` is written too, at its end or its beginning."""

    again: tuple[str, Any]
    first = False


@dataclass(frozen=True, slots=True)
class Input:
    """One record to try: how it was made, for which topic."""

    number: int
    kind: str
    topic: str
    value: bytes


def text(value: Any) -> str:
    """Return JSON; ``Raw`` stays as it is."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        pairs = [f"{json.dumps(name)}:{text(each)}" for name, each in value.items()]
        if isinstance(value, Twice):
            pairs.insert(0 if value.first else len(pairs), f"{json.dumps(value.again[0])}:{text(value.again[1])}")
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# -- events


def event(random: Random, topic: str) -> dict[str, Any]:
    """Return an event that is right, or nearly: some values lie at or just beyond a limit."""
    if topic == topics.CLOCK:
        return _clock(random)
    if topic == topics.REGISTRY:
        return _change(random)
    found: dict[str, Any] = {
        "event_id": f"e-{random.randrange(10**6)}",
        "sender": random.choice(("shop", "商店")),
        "region": random.choice(REGIONS[:2]),
        "time": _time(random),
    }
    if topic == topics.SALES:
        found |= {"store": "s1", "workstation": "1", "sequence": random.randrange(2**53), "business_date": "2026-11-19"}
        found["lines"] = [_sale_line(random, number) for number in range(_few(random))]
    elif topic == topics.STOCK:
        found |= {"site": "s1", "action": random.choice(("OBSERVE", "ADD", "DELETE"))}
        found["lines"] = [_goods(random, "quantity") for _ in range(_few(random))]
    else:
        found["site"] = "s1"
        found["lines"] = [_goods(random, "price", "stock", "sales") for _ in range(_few(random))]
    _often(random, found, topic)
    return found


def _often(random: Random, found: dict[str, Any], topic: str) -> None:
    """Add some of the fields that may be absent."""
    more: dict[str, Any] = {"schema": random.choice((1, 2, 99)), "unknown": {"a": [1, "x", None]}}
    if topic == topics.SALES:
        more["status"] = random.choice(("normal", "training"))
    elif topic == topics.STOCK:
        more |= {"step": "receiving", "disposition": random.choice(("expired", "sellable_accessible"))}
        more["corrects"] = [f"e-{number}" for number in range(random.randrange(3))]
    else:
        more |= {"kind": "wholesale", "business_date": random.choice(("2026-11-19", None))}
        more[random.choice(("corrects", "confirms"))] = [f"e-{number}" for number in range(random.randrange(3))]
    found.update({name: value for name, value in more.items() if random.random() < 0.2})


def _time(random: Random) -> str:
    base = f"2026-11-{random.randrange(18, 20)}T{random.randrange(24):02}:{random.randrange(60):02}"
    ends = ("+08:00", "+08:00", "Z", ".250+08:00", "-03:30")
    return f"{base}:{random.randrange(60):02}{random.choice(ends)}"


def _few(random: Random) -> int:
    return random.choice((1, 1, 1, 2, 3))


def _amount(random: Random) -> float:
    return random.choice((round(random.uniform(0.01, 500), random.randrange(5)), random.randrange(1, 100)))


def _sale_line(random: Random, number: int) -> dict[str, Any]:
    line = {"line": number + 1, **_goods(random, "quantity", "amount", "unit_cost", "regular_price")}
    if random.random() < 0.2:
        line |= {"kind": random.choice(("sale", "return", "void")), "promotion": True}
    return line


def _goods(random: Random, first: str, *more: str) -> dict[str, Any]:
    good, units = random.choice(GOOD_UNITS)
    line = {"good": good, "unit": random.choice(units), first: _amount(random)}
    line.update({name: random.choice((_amount(random), None)) for name in more if random.random() < 0.5})
    return line


def _change(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "event_id": f"e-{random.randrange(10**6)}",
        "sender": "bureau",
        "prefecture": random.choice(("540400", "540400", "540400", "540100", "540402")),
        "time": _time(random),
    }
    contact = {"name": random.choice(("次仁", "")), "phone": "0894-1"}
    if random.random() < 0.6:
        site = {"code": "s1", "enterprise": "shop", "county": random.choice(REGIONS[:2]), "name_zh": "店"}
        found["site"] = {**site, "hours": random.choice(HOURS), "contact": contact}
    if random.random() < 0.6:
        prefectures = random.choice((["540400"], [], ["540400", "540500"], ["5404"]))
        shop = {"code": "shop", "name_zh": "商店", "prefectures": prefectures, "feed": "movements"}
        found["enterprise"] = {**shop, "contact": contact} if random.random() < 0.7 else shop
    return found


def _clock(random: Random) -> dict[str, Any]:
    found: dict[str, Any] = {"time": random.choice((_time(random), random.choice(TIMES))), "sender": "test"}
    more: dict[str, Any] = {
        "offsets": {
            random.choice(("pos.sales", "market.quotes", "x")): random.choice((0, 1, 2**40, 2**63 - 1, 2**63, -1))
        },
        "inputs": [random.choice(("sales", "stock", "quotes", "registry", "pos.sales", "clock"))],
        "prefectures": [random.choice(("540400", "540100", "54", "0540400", "５４０４００", "9" * 5000))],
        "schema": random.choice((1, 7)),
    }
    found.update({name: value for name, value in more.items() if random.random() < 0.3})
    return found


# -- hostile fields


def _places(found: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    pairs = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [each for key, value in pairs for each in [(found, key), *_places(value)]]


def _hostile(random: Random, name: object) -> Any:
    suited = SUITED.get(str(name))
    if suited and random.random() < 0.6:
        return random.choice(suited)
    return Raw(random.choice(random.choice((NUMBERS, TEXTS, OTHERS))))


def _fields(random: Random, found: dict[str, Any]) -> None:
    for _ in range(random.choice((1, 1, 2))):
        container, key = random.choice(_places(found))
        container[key] = _hostile(random, key)


def _numbers(random: Random, found: dict[str, Any]) -> None:
    """Replace one number of a line, or of the record."""
    places = [(container, key) for container, key in _places(found) if key in NUMERIC]
    container, key = random.choice(places or _places(found))
    container[key] = Raw(random.choice(NUMBERS))


def _absent(random: Random, found: dict[str, Any]) -> None:
    container, key = random.choice(_places(found))
    if isinstance(container, dict):
        del container[key]
    else:
        container.clear()


def _renamed(random: Random, found: dict[str, Any]) -> None:
    places = [(container, key) for container, key in _places(found) if isinstance(container, dict)]
    container, key = random.choice(places)
    container[random.choice(KEYS)] = container.pop(key)


def document(random: Random, topic: str, change: Callable[[Random, dict[str, Any]], None]) -> bytes:
    """Return an event with something in it changed."""
    found = event(random, topic)
    change(random, found)
    return encoded(text(found))


def encoded(document: str) -> bytes:
    return document.encode("utf-8", "surrogatepass")


def twice(random: Random, topic: str) -> bytes:
    """Return an event in which a name is given twice."""
    found = Twice(event(random, topic))
    name = random.choice(list(found))
    found.again = (name, random.choice((found[name], _hostile(random, name))))
    found.first = random.random() < 0.5
    return encoded(text(found))


# -- hostile bytes


def flipped(random: Random, value: bytes) -> bytes:
    changed = bytearray(value)
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _span(random: Random, value: bytes) -> tuple[int, int]:
    start = random.randrange(len(value))
    return start, min(len(value), start + random.choice((1, 1, 2, 5, 40)))


def deleted(random: Random, value: bytes) -> bytes:
    start, end = _span(random, value)
    return value[:start] + value[end:]


def doubled(random: Random, value: bytes) -> bytes:
    start, end = _span(random, value)
    return value[:end] + value[start:]


def inserted(random: Random, value: bytes) -> bytes:
    """Put a token in, or in place of something."""
    start, end = _span(random, value)
    tokens = (*BYTES, *(encoded(each) for each in random.choice((NUMBERS, TEXTS, OTHERS, UNITS))))
    return value[:start] + random.choice(tokens) + value[random.choice((start, end)) :]


def cut(random: Random, value: bytes) -> bytes:
    return value[: random.randrange(len(value))]


def joined(random: Random, value: bytes, other: bytes) -> bytes:
    return value + random.choice((b"", b"\n", b" ", b",")) + other


def spliced(random: Random, value: bytes, other: bytes) -> bytes:
    """Return the beginning of one event and the end of another."""
    return value[: random.randrange(len(value))] + other[random.randrange(len(other)) :]


def other_form(random: Random, value: bytes) -> bytes:
    """Return the event compressed, in another encoding, or noise."""
    forms: Sequence[Callable[[], bytes]] = (
        lambda: gzip.compress(value, mtime=0),
        lambda: zlib.compress(value),
        lambda: b"\xef\xbb\xbf" + value,
        lambda: value.decode("utf-8", "replace").encode("utf-16"),
        lambda: value.decode("utf-8", "replace").encode("gb18030"),
        lambda: b"[" + value + b"]",
        lambda: json.dumps(value.decode("utf-8", "replace")).encode(),
        lambda: random.randbytes(random.randrange(60)),
        lambda: b" \t\r\n" + value + b"\n",
    )
    return random.choice(forms)()


DOCUMENTS: dict[str, Callable[[Random, str], bytes]] = {
    "valid": lambda random, topic: encoded(text(event(random, topic))),
    "field": lambda random, topic: document(random, topic, _fields),
    "number": lambda random, topic: document(random, topic, _numbers),
    "absent": lambda random, topic: document(random, topic, _absent),
    "renamed": lambda random, topic: document(random, topic, _renamed),
    "twice": twice,
}
MUTATIONS: dict[str, Callable[[Random, bytes], bytes]] = {
    "bits": flipped,
    "deleted": deleted,
    "doubled": doubled,
    "token": inserted,
    "cut": cut,
    "form": other_form,
}
PAIRS: dict[str, Callable[[Random, bytes, bytes], bytes]] = {"joined": joined, "spliced": spliced}
KINDS = (*DOCUMENTS, *DOCUMENTS, "field", "number", "number", *MUTATIONS, "token", *PAIRS)


def make(seed: int, number: int) -> Input:
    """Return input ``number`` of a run."""
    random = Random(seed * 1_000_000_007 + number)
    topic, kind = random.choice(TOPICS), random.choice(KINDS)
    if kind in DOCUMENTS:
        return Input(number, kind, topic, DOCUMENTS[kind](random, topic))
    value = encoded(text(event(random, topic)))
    if kind in PAIRS:
        return Input(
            number, kind, topic, PAIRS[kind](random, value, encoded(text(event(random, random.choice(TOPICS)))))
        )
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        value = MUTATIONS[kind](random, value) if value else value
    return Input(number, kind, topic, value)
