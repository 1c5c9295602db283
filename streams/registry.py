"""The registry as one prefecture knows it: newest versions of enterprises and sites, and those that wait their turn.

A version takes effect at the grid point that its event time belongs to, or at the next one if it comes
late; dates that have closed stay as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from schemas import opening
from schemas.opening import Week
from schemas.registry import STRUCTS, Contact, Enterprise, EntityKind, FeedKind, Site
from streams.indicators.groups import Ints
from streams.queues import Events, Queue

_Entity = Enterprise | Site
#: Thousands of sites share a few texts.
_parsed = functools.lru_cache(1_024)(opening.parse)
_DECODERS = {kind: msgspec.json.Decoder(struct) for kind, struct in STRUCTS.items()}


class Version(NamedTuple):
    """A version that has taken effect, and the one before it."""

    entity: _Entity
    before: _Entity | None


class Registry:
    """Entities of ``prefecture`` by kind and code."""

    def __init__(self, prefecture: int) -> None:
        self._prefecture = f"{prefecture:06d}"
        self.queue = Queue()
        #: Versions in the queue, by the number that stands for them there.
        self._waiting: dict[int, tuple[EntityKind, str]] = {}
        self._numbers = 0
        self._known: dict[EntityKind, dict[str, tuple[int, _Entity]]] = {kind: {} for kind in STRUCTS}
        #: Codes of sites by enterprise; a dict for its order, which no hash decides.
        self._sites: dict[str, dict[str, None]] = {}

    # -- versions in

    def push(self, at: Ints, kinds: Sequence[EntityKind], entities: Sequence[str]) -> None:
        """Let versions wait: shapes (n,), ``at`` epoch seconds, ``entities`` their JSON."""
        numbers = range(self._numbers, self._numbers + len(at))
        self._numbers = numbers.stop
        self._waiting.update(zip(numbers, zip(kinds, entities, strict=True), strict=True))
        self.queue.push(Events.of({"at": at, "change": np.array(numbers, np.int64)}))

    def advance(self, limit: int) -> list[Version]:
        """Let what came before ``limit`` (epoch seconds) take effect; return what has changed."""
        due = self.queue.pop(limit)
        if due is None:
            return []
        found = zip(due["at"].tolist(), map(self._waiting.pop, due["change"].tolist()), strict=True)
        taken = [self._take(at, kind, text) for at, (kind, text) in found]
        return [each for each in taken if each is not None]

    def _take(self, at: int, kind: EntityKind, text: str) -> Version | None:
        entity: _Entity = _DECODERS[kind].decode(text)
        known_at, known = self._known[kind].get(entity.code, (at, None))
        if at < known_at:
            return None
        self._known[kind][entity.code] = at, entity
        if isinstance(known, Site):
            self._sites[known.enterprise].pop(known.code)
        if isinstance(entity, Site):
            self._sites.setdefault(entity.enterprise, {})[entity.code] = None
        return Version(entity, known) if known != entity else None

    # -- readings

    def enterprise(self, code: str) -> Enterprise | None:
        """Return an enterprise that is registered here; one that has left is none."""
        found = self._known["enterprise"].get(code)
        here = found is not None and isinstance(found[1], Enterprise) and self._prefecture in found[1].prefectures
        return found[1] if here else None  # type: ignore[index,return-value]

    def site(self, code: str) -> Site | None:
        """Return a registered site."""
        found = self._known["site"].get(code)
        return found[1] if found is not None and isinstance(found[1], Site) else None

    def sites(self) -> Iterator[Site]:
        """Yield every registered site."""
        for _, entity in self._known["site"].values():
            if isinstance(entity, Site):
                yield entity

    def enterprises(self) -> Iterator[Enterprise]:
        """Yield every enterprise that was ever registered here, also those that have left."""
        for _, entity in self._known["enterprise"].values():
            if isinstance(entity, Enterprise):
                yield entity

    def left(self, code: str) -> bool:
        """Return whether an enterprise was registered here and has left."""
        return code in self._known["enterprise"] and self.enterprise(code) is None

    def contact(self, code: str) -> Contact:
        """Return whom to call about a site, its enterprise's contact if it has none of its own, or an enterprise."""
        site = self.site(code)
        if site is not None and site.contact != Contact():
            return site.contact
        enterprise = self.enterprise(site.enterprise if site is not None else code)
        return enterprise.contact if enterprise is not None else Contact()

    def feed(self, enterprise: str) -> FeedKind | None:
        """Return how an enterprise reports its stock; None where the registry does not say."""
        found = self.enterprise(enterprise)
        return None if found is None else found.feed

    def week(self, enterprise: str, usual: Week) -> Week | None:
        """Return when any registered site of an enterprise is open, one without hours as usual; None without a site."""
        sites = [self.site(code) for code in self._sites.get(enterprise, ())]
        weeks = {week_of(site) or usual: None for site in sites if site is not None}
        return opening.union([*weeks]) if weeks else None

    def sites_of(self, enterprise: str) -> tuple[str, ...]:
        """Return the codes of an enterprise's registered sites."""
        return tuple(self._sites.get(enterprise, ()))

    def enterprise_of(self, site: str) -> str:
        """Return the enterprise of a site; empty where the registry does not say."""
        found = self.site(site)
        return "" if found is None else found.enterprise

    # -- snapshot

    def dump(self) -> dict[str, Any]:
        """Return plain data for a snapshot."""
        return {
            "queue": self.queue.dump(),
            "waiting": [[number, kind, text] for number, (kind, text) in self._waiting.items()],
            "numbers": self._numbers,
            "known": [
                [kind, at, msgspec.json.encode(entity).decode()]
                for kind, known in self._known.items()
                for at, entity in known.values()
            ],
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.queue.load(data["queue"])
        self._waiting = {number: (kind, text) for number, kind, text in data["waiting"]}
        self._numbers = data["numbers"]
        for kind, at, text in data["known"]:
            self._take(at, kind, text)


class Registries:
    """The registries of one partition's prefectures, also of those that have not sent anything yet."""

    def __init__(self) -> None:
        self._of: dict[int, Registry] = {}

    def of(self, prefecture: int) -> Registry:
        """Return the registry of a prefecture, an empty one if nothing is known."""
        found = self._of.get(prefecture)
        if found is None:
            found = self._of[prefecture] = Registry(prefecture)
        return found

    def owner(self, region: str, site: str) -> str:
        """Return the enterprise of a site in a county or prefecture; empty where the registry does not say."""
        found = self._of.get(int(region) // 100 * 100)
        return "" if found is None else found.enterprise_of(site)

    def push(self, rows: Mapping[str, Sequence[Any]]) -> None:
        """Let rows of table ``registry`` wait their turn in the registries of their prefectures."""
        for code in set(rows["prefecture"]):
            chosen = [row for row, each in enumerate(rows["prefecture"]) if each == code]
            at, kinds, entities = ([rows[name][row] for row in chosen] for name in ("at", "kind", "entity"))
            self.of(code).push(np.array(at, np.int64), kinds, entities)

    def dump(self) -> list[Any]:
        """Return plain data for a snapshot."""
        return [[code, registry.dump()] for code, registry in self._of.items()]

    def load(self, data: list[Any]) -> None:
        """Take over what ``dump`` returned."""
        for code, saved in data:
            self.of(code).load(saved)


def week_of(site: Site) -> Week | None:
    """Return a site's opening hours; None where the registry has none."""
    return _parsed(site.hours) if site.hours else None
