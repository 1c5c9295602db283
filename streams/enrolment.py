"""What a version of an enterprise or site changes in its prefecture: who is open when, what comes off the stock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.registry import Enterprise, Site
from streams.indicators.groups import Ints
from streams.market import Market
from streams.registry import Registry, Version, week_of
from streams.senders import Senders


class Enrolment:
    """Lets a registry take effect on ``markets`` and ``senders``."""

    def __init__(self, registry: Registry, markets: Iterable[Market], senders: Senders) -> None:
        self._registry, self._markets, self._senders = registry, tuple(markets), senders

    def advance(self, limit: int) -> Iterator[tuple[Market, Ints]]:
        """Let versions from before ``limit`` (epoch seconds) take effect; yield the pairs that have other hours now."""
        for version in self._registry.advance(limit):
            yield from self._take(version)

    def _take(self, version: Version) -> Iterator[tuple[Market, Ints]]:
        entity, before = version
        if isinstance(entity, Enterprise):
            self._senders.note_feed(entity.code, self._registry.feed(entity.code))
            return
        for site in (entity, before):
            if isinstance(site, Site):
                self._open_enterprise(site.enterprise)
        week = week_of(entity)
        for market in self._markets:
            if market.hours.set(entity.code, week):
                yield market, market.pairs.of_names({entity.code})

    def _open_enterprise(self, code: str) -> None:
        """Let an enterprise be open when any of its sites is."""
        hours = self._senders.hours
        hours.set(code, self._registry.week(code, hours.weeks[0]))

    def restore(self) -> None:
        """Let everything that has taken effect before do so again, after a snapshot was taken over."""
        for site in self._registry.sites():
            for market in self._markets:
                market.hours.set(site.code, week_of(site))
        for code in dict.fromkeys(site.enterprise for site in self._registry.sites()):
            self._open_enterprise(code)
        for enterprise in self._registry.enterprises():
            self._senders.note_feed(enterprise.code, self._registry.feed(enterprise.code))
