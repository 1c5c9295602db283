"""Who sent a record and what about, as far as it can be read: also of one that does not decode."""

from __future__ import annotations

import re
from typing import Final

import msgspec

FIELDS: Final = ("event_id", "sender", "site", "region")

#: As long as a name may be in an event; a broken record can hold anything.
LONGEST: Final = 200
#: Where these fields are looked for in a record that is no JSON; senders write them first.
LOOKED_AT: Final = 64 * 1024

_PAIR: Final = re.compile(rb'"(event_id|sender|site|store|region)"\s*:\s*("(?:[^"\\]|\\.)*"|\d+)')


class Identity(msgspec.Struct, frozen=True):
    """What was found; empty where nothing was. ``site`` is the store of a receipt."""

    event_id: str = ""
    sender: str = ""
    site: str = ""
    region: str = ""


class _Glance(msgspec.Struct):
    event_id: str | int | None = None
    sender: str | int | None = None
    site: str | int | None = None
    store: str | int | None = None
    region: str | int | None = None


_decode: Final = msgspec.json.Decoder(_Glance).decode
_text: Final = msgspec.json.Decoder(str | int).decode


def identify(value: bytes) -> Identity:
    """Return who sent the record and what about; never raises, whatever the bytes."""
    try:
        found = _decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _searched(value[:LOOKED_AT])
    return Identity(*map(_plain, (found.event_id, found.sender, found.site or found.store, found.region)))


def _searched(value: bytes) -> Identity:
    found: dict[str, str] = {}
    for name, raw in _PAIR.findall(value):
        found.setdefault("site" if name == b"store" else name.decode(), _plain(_unquoted(raw)))
    return Identity(**found)


def _unquoted(raw: bytes) -> str | int:
    if raw.isascii() and b"\\" not in raw:  # nearly always, and three times as fast
        return raw.strip(b'"').decode()
    try:
        found: str | int = _text(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return raw.strip(b'"').decode(errors="replace")
    return found


def _plain(text: str | int | None) -> str:
    """Return what every engine stores: no lone surrogates, no endless names."""
    if text is None:
        return ""
    text = str(text)
    if len(text) <= LONGEST and text.isascii():
        return text
    return text[:LONGEST].encode(errors="replace").decode()
