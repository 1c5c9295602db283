"""``registry load``: a sheet's entities to the prefectures that they concern, those that have not changed left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from producers import registry_sheet
from producers.registry_sheet import Entity, Loaded, Sheet
from schemas import topics
from schemas.catalogue import Catalogue
from schemas.registry import Contact, Enterprise, RegistryChange, Site, change, prefectures_of
from staplewatch.errors import CommandError
from staplewatch.words import say

Row = Mapping[str, Any]


class Outlet(Protocol):
    """A producer."""

    def send(self, topic: str, prefecture: int, event: RegistryChange) -> None:
        """Hand over one event."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the warehouse knows: entities by kind and code."""

    entities: Mapping[tuple[type, str], Entity]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Known:
        """Return what rows of ``/api/registry`` say."""
        found = (entity_of(row) for row in rows)
        return cls({(type(each), each.code): each for each in found})

    def before(self, entity: Entity) -> Entity | None:
        """Return the version before."""
        return self.entities.get((type(entity), entity.code))


def entity_of(row: Row) -> Entity:
    """Return the entity that a row of ``/api/registry`` tells of."""
    contact = Contact(row["contact_name"], row["contact_phone"])
    if row["kind"] == "site":
        names = (row["code"], row["enterprise"], row["county"], row["name_zh"], row["name_en"], row["hours"] or "")
        return Site(*names, contact)
    return Enterprise(row["code"], row["name_zh"], list(row["prefectures"]), row["name_en"], contact, row["feed"])


def read(path: Path, sheet: Sheet | None, catalogue: Catalogue, *, skip_bad: bool) -> Loaded:
    """Return what a sheet says. Raises ``CommandError``: unless ``skip_bad``, with every row that is wrong."""
    chosen = sheet or registry_sheet.sheet_of(path)
    if chosen is None and path.is_file():
        msg = say(
            f"{path}：表头看不出是企业还是网点：请加 --kind enterprises 或 --kind sites",
            f"{path}: its headings do not tell enterprises from sites: add --kind enterprises or --kind sites",
        )
        raise CommandError(msg)
    found = registry_sheet.load(path, chosen or "enterprises", catalogue)
    if found.wrong and not (skip_bad and found.entities):
        raise CommandError(_refusal(path, found))
    return found


def effective(since: str | None, now: datetime) -> str:
    """Return from when changes hold (RFC 3339): ``since``, else ``now``. Raises ``CommandError`` if that lies ahead."""
    if since is None:
        return now.isoformat(timespec="seconds")
    if datetime.fromisoformat(since) > now:
        msg = say(
            f"--from：{since} 尚未到来，数据流会拒收：请届时再读入",
            f"--from: {since} lies ahead, the stream would refuse it: load the sheet then",
        )
        raise CommandError(msg)
    return since


def _refusal(path: Path, found: Loaded) -> str:
    more = [say(f"另有 {found.omitted} 处", f"and {found.omitted} more")] if found.omitted else []
    lines = [f"{each.place}: {say(each.chinese, each.english)}" for each in found.problems]
    first = say(
        f"{path}：{found.wrong} 处有误，未发送任何内容：请更正，或加 --skip-bad 跳过这些行",
        f"{path}: {found.wrong} wrong, nothing was sent: mend them, or add --skip-bad to leave those rows out",
    )
    return "\n".join([first, *lines, *more])


def changes(entities: Iterable[Entity], known: Known, *, time: str, sender: str) -> list[tuple[int, RegistryChange]]:
    """Return what must be sent, and to which prefecture; also to those that an entity leaves."""
    found: list[tuple[int, RegistryChange]] = []
    for entity in entities:
        before = known.before(entity)
        if before == entity:
            continue
        concerned = {*prefectures_of(entity), *(prefectures_of(before) if before is not None else ())}
        found += [(code, change(entity, code, time=time, sender=sender)) for code in sorted(concerned)]
    return found


def send(outlet: Outlet, wanted: Iterable[tuple[int, RegistryChange]]) -> None:
    """Send changes to their prefectures."""
    for prefecture, each in wanted:
        outlet.send(topics.REGISTRY, prefecture, each)
