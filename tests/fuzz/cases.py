"""Inputs that once went wrong, or that would: name → topic, bytes, and what must come of them.

Outcomes are ``accepted``, ``in part`` (some lines were refused), ``dropped`` or the stage of refusal.
A failing fuzz input is added here with its name.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

from schemas import topics
from tests.fuzz.corpus import Raw, encoded, text
from tests.fuzz.shapes import LARGEST_RECORD

Case = tuple[str, bytes, str]

LINE: dict[str, Any] = {"line": 1, "good": "potato", "quantity": 2, "unit": "kg", "amount": 7.5}
RECEIPT: dict[str, Any] = {
    "event_id": "e",
    "sender": "shop",
    "store": "s1",
    "region": "540402",
    "workstation": "1",
    "sequence": 7,
    "business_date": "2026-11-19",
    "time": "2026-11-19T12:00:00+08:00",
    "lines": [LINE],
}
STOCK: dict[str, Any] = {
    "event_id": "e",
    "sender": "shop",
    "site": "s1",
    "region": "540402",
    "time": "2026-11-19T12:00:00+08:00",
    "action": "OBSERVE",
    "lines": [{"good": "potato", "quantity": 2, "unit": "kg"}],
}
QUOTE: dict[str, Any] = {
    "event_id": "e",
    "sender": "shop",
    "site": "s1",
    "region": "540402",
    "time": "2026-11-19T12:00:00+08:00",
    "lines": [{"good": "potato", "unit": "kg", "price": 3.5}],
}
REGISTRY: dict[str, Any] = {
    "event_id": "e",
    "sender": "bureau",
    "prefecture": "540400",
    "time": "2026-11-19T12:00:00+08:00",
    "site": {"code": "s1", "enterprise": "shop", "county": "540402", "name_zh": "店"},
}
CLOCK: dict[str, Any] = {"time": "2026-11-19T12:00:00+08:00", "sender": "test"}


def sale(**fields: Any) -> bytes:
    return encoded(text({**RECEIPT, **fields}))


def line(**fields: Any) -> bytes:
    return sale(lines=[{**LINE, **fields}])


def stock(**fields: Any) -> bytes:
    return encoded(text({**STOCK, **fields}))


def counted(action: str, **fields: Any) -> bytes:
    return stock(action=action, lines=[{**STOCK["lines"][0], **fields}])


def quote(**fields: Any) -> bytes:
    return encoded(text({**QUOTE, "lines": [{**QUOTE["lines"][0], **fields}]}))


def clock(**fields: Any) -> bytes:
    return encoded(text({**CLOCK, **fields}))


def registered(**fields: Any) -> bytes:
    return encoded(text({**REGISTRY, "site": {**REGISTRY["site"], **fields}}))


def repeated(document: bytes, name: str, value: str) -> bytes:
    """Return the document with one more field at its end."""
    return document[:-1] + encoded(f',"{name}":{value}' + "}")


def many(count: int) -> bytes:
    return sale(lines=[{**LINE, "line": number} for number in range(count)])


def filled(size: int) -> bytes:
    """Return a receipt of exactly so many bytes."""
    plain = sale(pad="")
    return plain.replace(b'"pad":""', b'"pad":"' + b"x" * (size - len(plain)) + b'"')


#: What the fuzzing found, each a crash or a wrong acceptance before it was mended.
FOUND: dict[str, Case] = {
    "region of 5,000 digits": (topics.SALES, sale(region="9" * 5000), "validate"),
    "region with a leading zero": (topics.SALES, sale(region="0540402"), "validate"),
    "time cut off inside": (topics.SALES, sale(time="2026-11-18T100-03:30"), "validate"),
    "time with an offset of 99 minutes": (topics.SALES, sale(time="2026-11-19T12:00:00+08:99"), "validate"),
    "time with seconds in its offset": (topics.SALES, sale(time="2026-11-19T12:00:00+08:00:30"), "validate"),
    "time of a week date": (topics.SALES, sale(time="2026-W47-4T12:00:00+08:00"), "validate"),
    "time without separators": (topics.SALES, sale(time="20261119T120000+0800"), "validate"),
    "time with a letter between": (topics.SALES, sale(time="2026-11-19V12:00:00+08:00"), "validate"),
    "time with a decimal comma": (topics.SALES, sale(time="2026-11-19T12:00:07,5+08:00"), "validate"),
    "date without separators": (topics.SALES, sale(business_date="20261119"), "validate"),
    "date of a week": (topics.SALES, sale(business_date="2026-W47-4"), "validate"),
    "line number beyond its column": (topics.SALES, line(line=2**32), "validate"),
    "clock nested 100,000 deep": (topics.CLOCK, b'{"a":' * 100_000, "decode"),
    "clock with a prefecture of 5,000 digits": (topics.CLOCK, clock(prefectures=["9" * 5000]), "validate"),
    "clock with an offset that no snapshot holds": (topics.CLOCK, clock(offsets={"pos.sales": 2**63}), "validate"),
    "clock of version 2^64": (topics.CLOCK, clock(schema=2**64, offsets={"pos.sales": 2**62}), "accepted"),
    "clock of the year 9999": (topics.CLOCK, clock(time="9999-12-31T23:59:59Z"), "validate"),
    "clock beyond the dates that may close": (topics.CLOCK, clock(time="2026-11-21T14:10:01+08:00"), "validate"),
    "clock with invalid UTF-8 in a field nobody reads": (
        topics.CLOCK,
        repeated(clock(), "x", '"y"').replace(b'"y"', b'"\xff"'),
        "decode",
    ),
}

KNOWN: dict[str, Case] = {
    "receipt": (topics.SALES, sale(), "accepted"),
    "stock": (topics.STOCK, stock(), "accepted"),
    "quote": (topics.QUOTES, quote(), "accepted"),
    "clock": (topics.CLOCK, clock(), "accepted"),
    "clock that closes the date of the latest event": (
        topics.CLOCK,
        clock(time="2026-11-21T14:10:00+08:00"),
        "accepted",
    ),
    "empty": (topics.SALES, b"", "decode"),
    "blank": (topics.SALES, b" \n", "decode"),
    "null": (topics.SALES, b"null", "decode"),
    "two documents": (topics.SALES, sale() + sale(), "decode"),
    "trailing NUL": (topics.SALES, sale() + b"\x00", "decode"),
    "trailing newline": (topics.SALES, sale() + b"\n", "accepted"),
    "truncated": (topics.SALES, sale()[:-1], "decode"),
    "byte order mark": (topics.SALES, b"\xef\xbb\xbf" + sale(), "decode"),
    "UTF-16": (topics.SALES, sale().decode().encode("utf-16"), "decode"),
    "gzip": (topics.SALES, gzip.compress(sale(), mtime=0), "decode"),
    "JSON inside a JSON string": (topics.SALES, json.dumps(sale().decode()).encode(), "decode"),
    "list of receipts": (topics.SALES, b"[" + sale() + b"]", "decode"),
    "receipt on the topic of stock": (topics.STOCK, sale(), "decode"),
    "invalid UTF-8 in a skipped field": (
        topics.SALES,
        repeated(sale(), "x", '"y"').replace(b'"y"', b'"\xff"'),
        "decode",
    ),
    "lone surrogate": (topics.SALES, sale(sender=Raw('"\\ud800"')), "decode"),
    "lone surrogate in a skipped field": (topics.SALES, sale(x=Raw('"\\udc00"')), "decode"),
    "surrogate pair": (topics.SALES, sale(sender=Raw('"\\ud83d\\ude00"')), "accepted"),
    "NUL in a name": (topics.SALES, sale(sender="a\u0000b"), "accepted"),
    "escaped field name": (topics.SALES, sale().replace(b'"store"', b'"\\u0073tore"'), "accepted"),
    "nested 100,000 deep": (topics.SALES, b"[" * 100_000, "decode"),
    "nested 100,000 deep in a skipped field": (topics.SALES, sale(x=Raw("[" * 100_000 + "]" * 100_000)), "decode"),
    "nested 100 deep in a skipped field": (topics.SALES, sale(x=Raw("[" * 100 + "]" * 100)), "accepted"),
    "field twice, the last counts": (topics.SALES, repeated(sale(sequence=1), "sequence", "2"), "accepted"),
    "field twice, the first of another type": (topics.SALES, repeated(sale(sequence="1"), "sequence", "2"), "decode"),
    "unknown fields": (topics.SALES, sale(till={"name": [1, None]}, schema=1), "accepted"),
    "later version": (topics.SALES, sale(schema=99), "accepted"),
    "version null": (topics.SALES, sale(schema=None), "decode"),
    "NaN": (topics.SALES, line(amount=Raw("NaN")), "decode"),
    "infinite": (topics.SALES, line(amount=Raw("Infinity")), "decode"),
    "1e400": (topics.SALES, line(amount=Raw("1e400")), "decode"),
    "1e400 in a skipped field": (topics.SALES, sale(x=Raw("1e400")), "accepted"),
    "1e400 as a regular price, which nobody reads": (topics.SALES, line(regular_price=Raw("1e400")), "decode"),
    "400 digits": (topics.SALES, line(amount=Raw("9" * 400)), "decode"),
    "500 decimals": (topics.SALES, line(amount=Raw("0." + "3" * 500)), "accepted"),
    "5,000 decimals": (topics.SALES, line(amount=Raw("0." + "3" * 5000)), "accepted"),
    "negative zero amount": (topics.SALES, line(amount=Raw("-0.0")), "accepted"),
    "negative zero quantity": (topics.SALES, line(quantity=Raw("-0")), "validate"),
    "amount null": (topics.SALES, line(amount=None), "accepted"),
    "quantity null": (topics.SALES, line(quantity=None), "decode"),
    "kind null": (topics.SALES, line(kind=None), "decode"),
    "quantity that rounds to 0": (topics.SALES, line(quantity=0.0004), "validate"),
    "quantity that rounds to 0 in its unit": (topics.SALES, line(quantity=0.4, unit="g"), "validate"),
    "smallest quantity": (topics.SALES, line(quantity=0.001), "accepted"),
    "largest amount": (topics.SALES, line(amount=99_999_999_999), "accepted"),
    "amount beyond the largest": (topics.SALES, line(amount=100_000_000_000), "validate"),
    "quantity beyond int64": (topics.SALES, line(quantity=2**63), "validate"),
    "float as sequence": (topics.SALES, sale(sequence=1.0), "decode"),
    "text as quantity": (topics.SALES, line(quantity="2"), "decode"),
    "true as quantity": (topics.SALES, line(quantity=True), "decode"),
    "largest sequence": (topics.SALES, sale(sequence=2**53 - 1), "accepted"),
    "sequence too large": (topics.SALES, sale(sequence=2**53), "validate"),
    "sequence of 4,300 digits": (topics.SALES, sale(sequence=Raw("1" * 4300)), "validate"),
    "sequence of 4,301 digits": (topics.SALES, sale(sequence=Raw("1" * 4301)), "decode"),
    "negative sequence": (topics.SALES, sale(sequence=-1), "validate"),
    "largest line number": (topics.SALES, line(line=2**32 - 1), "accepted"),
    "line number given twice": (topics.SALES, sale(lines=[LINE, LINE]), "accepted"),
    "one line wrong": (topics.SALES, sale(lines=[LINE, {**LINE, "line": 2, "good": "sand"}]), "in part"),
    "no lines": (topics.SALES, sale(lines=[]), "validate"),
    "lines null": (topics.SALES, sale(lines=None), "decode"),
    "20,000 lines": (topics.SALES, many(20_000), "accepted"),
    "8 MiB": (topics.SALES, filled(LARGEST_RECORD), "accepted"),
    "8 MiB and a byte": (topics.SALES, filled(LARGEST_RECORD + 1), "size"),
    "training receipt, broken otherwise": (topics.SALES, sale(status="training", region="x", time="x"), "dropped"),
    "return": (topics.SALES, line(kind="return"), "accepted"),
    "leap second": (topics.SALES, sale(time="2026-11-19T23:59:60Z"), "validate"),
    "24:00": (topics.SALES, sale(time="2026-11-19T24:00:00+08:00"), "validate"),
    "offset of 23:59": (topics.SALES, sale(time="2026-11-19T12:00:00+23:59"), "accepted"),
    "offset of -23:59": (topics.SALES, sale(time="2026-11-18T12:00:00-23:59"), "accepted"),
    "offset of 24:00": (topics.SALES, sale(time="2026-11-19T12:00:00+24:00"), "validate"),
    "small letters in the time": (topics.SALES, sale(time="2026-11-19t04:00:00z"), "accepted"),
    "no offset": (topics.SALES, sale(time="2026-11-19T12:00:00"), "validate"),
    "full-width digits in the time": (topics.SALES, sale(time="２026-11-19T12:00:00Z"), "validate"),
    "before 2000": (topics.SALES, sale(time="1999-12-31T23:59:59Z", business_date="1999-12-31"), "validate"),
    "2000": (topics.SALES, sale(time="2000-01-01T00:00:00Z", business_date="2000-01-01"), "accepted"),
    "ten minutes ahead": (topics.SALES, sale(time="2026-11-20T12:10:00+08:00"), "accepted"),
    "ten minutes and a second ahead": (topics.SALES, sale(time="2026-11-20T12:10:01+08:00"), "validate"),
    "year 9999": (topics.SALES, sale(time="9999-12-31T23:59:59-23:59"), "validate"),
    "year 0": (topics.SALES, sale(time="0000-01-01T00:00:00Z"), "validate"),
    "30 February": (topics.SALES, sale(business_date="2026-02-30"), "validate"),
    "dated 60 days back": (topics.SALES, sale(business_date="2026-09-20"), "accepted"),
    "dated 61 days back": (topics.SALES, sale(business_date="2026-09-19"), "validate"),
    "dated tomorrow": (topics.SALES, sale(business_date="2026-11-20"), "accepted"),
    "dated the day after": (topics.SALES, sale(business_date="2026-11-21"), "validate"),
    "region of a prefecture": (topics.SALES, sale(region="540400"), "validate"),
    "region of another partition": (topics.SALES, sale(region="540102"), "partition"),
    "full-width region": (topics.SALES, sale(region="５４０４０２"), "validate"),
    "region as a number": (topics.SALES, sale(region=540402), "decode"),
    "name of 200 characters": (topics.SALES, sale(sender="长" * 200), "accepted"),
    "name of 201 characters": (topics.SALES, sale(sender="x" * 201), "validate"),
    "full-width unit": (topics.SALES, line(unit="ＫＧ"), "accepted"),
    "content in full-width digits": (topics.SALES, line(unit="袋（５ｋｇ）"), "accepted"),
    "unit of another dimension": (topics.SALES, line(unit="升"), "validate"),
    "container without content": (topics.SALES, line(unit="袋"), "validate"),
    "count of nothing": (topics.STOCK, counted("OBSERVE", quantity=0), "accepted"),
    "arrival of nothing": (topics.STOCK, counted("ADD", quantity=0), "validate"),
    "count below zero": (topics.STOCK, counted("OBSERVE", quantity=-1), "validate"),
    "corrects an empty name": (topics.STOCK, stock(corrects=[""]), "validate"),
    "corrects null": (topics.STOCK, stock(corrects=None), "decode"),
    "unknown action": (topics.STOCK, stock(action="observe"), "decode"),
    "confirms an empty name": (topics.QUOTES, encoded(text({**QUOTE, "confirms": [""]})), "validate"),
    "price null, stock 0": (topics.QUOTES, quote(price=None, stock=0), "accepted"),
    "neither price nor stock": (topics.QUOTES, quote(price=None), "validate"),
    "price 0": (topics.QUOTES, quote(price=0), "validate"),
    "price that rounds to 0": (topics.QUOTES, quote(price=0.01, unit="吨"), "validate"),
    "site without hours": (topics.REGISTRY, registered(), "accepted"),
    "site of another prefecture": (topics.REGISTRY, registered(county="540102"), "partition"),
    "site without a name": (topics.REGISTRY, registered(name_zh=""), "validate"),
    "hours that are none": (topics.REGISTRY, registered(hours="nine to five"), "validate"),
    "hours null": (topics.REGISTRY, registered(hours=None), "decode"),
    "change of nothing": (topics.REGISTRY, encoded(text({**REGISTRY, "site": None})), "validate"),
    "clock without offset": (topics.CLOCK, clock(time="2026-11-19T12:00:00"), "validate"),
    "clock for an unknown input": (topics.CLOCK, clock(inputs=["clock"]), "validate"),
    "clock for a full-width prefecture": (topics.CLOCK, clock(prefectures=["５４０４００"]), "validate"),
    "clock with a lone surrogate": (topics.CLOCK, clock(sender=Raw('"\\ud800"')), "decode"),
}
