"""An enterprise's own item codes to goods of the catalogue: a CSV sheet ``sender,item,good[,unit]``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from producers.replay.recording import ReplayError
from schemas.catalogue import Catalogue
from schemas.sheet import Problems, Row, read
from schemas.units import UnitError, factor

COLUMNS: Final = ("sender", "item", "good")
#: A sender that stands for all: codes that enterprises share, such as bar codes.
ANYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Item:
    """What an item is: a good, and the unit that its quantities are in where the record's own is of no use."""

    good: str
    unit: str = ""


class ItemMapping:
    """Looks items up by (sender, code), or else by code alone where the sheet says ``*``."""

    def __init__(self, items: Mapping[tuple[str, str], Item]) -> None:
        self._items = items

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def apply(self, value: bytes) -> tuple[bytes, int]:
        """Return the record with the goods of its lines replaced, and how many lines that were.

        Everything else in it stays as it is. A record that is no event comes back untouched.
        """
        try:
            event = msgspec.json.decode(value)
            lines = event["lines"]
            changed = sum(self._change(line, str(event.get("sender", ""))) for line in lines)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError, KeyError, AttributeError):
            return value, 0
        return (msgspec.json.encode(event), changed) if changed else (value, 0)

    def _change(self, line: dict[str, Any], sender: str) -> bool:
        code = str(line.get("good", ""))
        item = self._items.get((sender, code)) or self._items.get((ANYBODY, code))
        if item is None:
            return False
        line["good"] = item.good
        if item.unit:
            line["unit"] = item.unit
        return True


def load(path: Path, catalogue: Catalogue) -> ItemMapping:
    """Return the mapping of the sheet at ``path``; raises ``ReplayError`` naming every wrong row and column."""
    problems = Problems()
    items: dict[tuple[str, str], Item] = {}
    for row in read(path, COLUMNS, problems):
        key, item = (row.needed("sender"), row.needed("item")), Item(row.needed("good"), row["unit"])
        if key in items:
            row.wrong(
                "item", f"{key[1]!r} of {key[0]!r} occurs before: keep one of the rows", f"{key[1]!r} 重复：请保留一行"
            )
        _check(row, item, catalogue)
        items[key] = item
    if problems.kept:
        more = [f"… and {problems.omitted} more / 另有 {problems.omitted} 处"] if problems.omitted else []
        heading = f"{path.name} was not taken: correct these rows / 对照表有误，未采用"
        raise ReplayError("\n".join([heading, *map(str, problems.kept), *more]))
    return ItemMapping(items)


def _check(row: Row, item: Item, catalogue: Catalogue) -> None:
    known = catalogue.goods.get(item.good)
    if known is None:
        if item.good:
            near = difflib.get_close_matches(item.good, catalogue.goods, n=1)
            hint, zh = (f": did you mean {near[0]!r}?", f"：是否应为 {near[0]!r}？") if near else ("", "")
            row.wrong("good", f"{item.good!r} is not in the catalogue{hint}", f"目录中没有 {item.good!r}{zh}")
        return
    if item.unit:
        try:
            factor(item.unit, known.unit)
        except UnitError as error:
            english, _, chinese = str(error).partition(" / ")
            row.wrong("unit", english, chinese)
