"""The registry over HTTP: who is watched, when they are open, whom to call."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pyarrow as pa
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from schemas.registry import STRUCTS, EntityKind, FeedKind, Site
from serving import rows
from serving.access import NEEDS
from serving.answers import Answers

Kind = Annotated[EntityKind | None, QueryParameter(description="enterprise or site")]
Code = Annotated[str | None, QueryParameter(description="code of an enterprise or site")]
Prefecture = Annotated[str | None, QueryParameter(pattern=r"^\d{6}$", description="a prefecture's code")]


class RegistryRow(msgspec.Struct):
    """Newest version of an enterprise or site; ``at`` is from when it holds (UTC). Null is "has no such thing"."""

    kind: EntityKind
    code: str
    name_zh: str
    name_en: str
    enterprise: str | None
    county: str | None
    hours: str | None
    feed: FeedKind | None
    prefectures: list[str]
    contact_name: str
    contact_phone: str
    at: str


@get("/api/registry", summary="Enterprises and sites, with contacts", opt={NEEDS: "read"})
async def get_registry(
    answers: NamedDependency[Answers], kind: Kind = None, code: Code = None, prefecture: Prefecture = None
) -> list[RegistryRow]:
    """Return one row per enterprise and site."""
    return await registry(answers, kind or "", code or "", prefecture or "")


async def registry(answers: Answers, kind: str = "", code: str = "", prefecture: str = "") -> list[RegistryRow]:
    """Return the newest versions by kind and code; what is empty means any. Raises ``WarehouseUnavailable``."""
    stored = await answers.ask("registry_newest", {"kind": kind, "code": code, "prefecture": int(prefecture or 0)})
    return newest(stored)


def newest(stored: pa.Table) -> list[RegistryRow]:
    """Return one row per entity from what each prefecture was told of it: the newest."""
    found: dict[tuple[str, str], RegistryRow] = {}
    for each in sorted(stored.to_pylist(), key=lambda each: (each["kind"], each["code"], each["at"])):
        found[each["kind"], each["code"]] = _row(each["kind"], each["entity"], rows.utc(each["at"]))
    return list(found.values())


def _row(kind: EntityKind, text: str, at: str) -> RegistryRow:
    entity = msgspec.json.decode(text, type=STRUCTS[kind])
    contact = entity.contact
    row: dict[str, object] = {"kind": kind, "at": at, "contact_name": contact.name, "contact_phone": contact.phone}
    row |= {"enterprise": None, "county": None, "hours": None, "feed": None}
    row |= {name: value for name, value in msgspec.structs.asdict(entity).items() if name != "contact"}
    if isinstance(entity, Site):
        row |= {"hours": entity.hours or None, "prefectures": [f"{entity.county[:4]}00"]}
    return msgspec.convert(row, RegistryRow)
