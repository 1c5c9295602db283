"""Who is watched: enterprises and their sites, as new versions of them travel on ``registry.changes``.

A change carries one entity whole, never a difference, so a version may be sent again and a lost one
matters no longer than the next takes to come. The JSON of an entity is also what table ``registry`` holds.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

EntityKind = Literal["enterprise", "site"]
FeedKind = Literal["snapshots", "movements"]

#: Kinds in the order in which they are listed. Later: vehicle passes, reserve contracts.
KINDS: Final[tuple[EntityKind, ...]] = ("enterprise", "site")


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom the bureau calls; all of it may be empty."""

    name: str = ""
    phone: str = ""


class Enterprise(msgspec.Struct, frozen=True, omit_defaults=True):
    """A supplier or retailer. ``code`` is the ``sender`` of its events.

    ``feed``: whether it sends stock as ``snapshots``, from which its later sales must be taken off, or as
    ``movements``, sales included; absent: what the deployment takes for granted. ``prefectures`` are the codes of
    those it serves: one that it no longer names, it has left.
    """

    code: str
    name_zh: str
    prefectures: list[str]
    name_en: str = ""
    contact: Contact = Contact()
    feed: FeedKind | None = None


class Site(msgspec.Struct, frozen=True, omit_defaults=True):
    """A store or supply point of an enterprise; ``code`` is the ``store`` or ``site`` of its events.

    ``county`` is a county's code; ``hours`` as ``schemas.opening`` reads them, empty: the deployment's usual ones.
    """

    code: str
    enterprise: str
    county: str
    name_zh: str
    name_en: str = ""
    hours: str = ""
    contact: Contact = Contact()


class RegistryChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entity's new version (``registry.changes``), for one prefecture; a site may come with its enterprise.

    An entity of several prefectures is sent once for each, also to one that it leaves with this version. It holds from
    ``time`` on; of two versions the one of the later time holds, of one time the one read last.
    """

    event_id: str
    sender: str
    prefecture: str
    time: str
    enterprise: Enterprise | None = None
    site: Site | None = None
    schema: int = 1  # absent on the wire means 1

    @property
    def entities(self) -> list[Enterprise | Site]:
        """Return what has changed; what an event speaks of must be at least one."""
        return [each for each in (self.enterprise, self.site) if each is not None]


STRUCTS: Final[dict[EntityKind, type[Enterprise] | type[Site]]] = {"enterprise": Enterprise, "site": Site}


def kind_of(entity: Enterprise | Site) -> EntityKind:
    """Return the kind of an entity."""
    return "enterprise" if isinstance(entity, Enterprise) else "site"


def prefectures_of(entity: Enterprise | Site) -> list[int]:
    """Return the codes of the prefectures that an entity belongs to."""
    if isinstance(entity, Enterprise):
        return sorted({int(code) for code in entity.prefectures})
    return [int(entity.county) // 100 * 100]


def change(entity: Enterprise | Site, prefecture: int, *, time: str, sender: str) -> RegistryChange:
    """Return the change that tells ``prefecture`` of a version that holds from ``time`` (RFC 3339) on."""
    kind = kind_of(entity)
    return RegistryChange(
        event_id=f"registry/{kind}/{entity.code}/{prefecture}/{time}",
        sender=sender,
        prefecture=f"{prefecture:06d}",
        time=time,
        enterprise=entity if isinstance(entity, Enterprise) else None,
        site=entity if isinstance(entity, Site) else None,
    )
