"""Which firing alerts cover others, so that one cause is not sent to people many times. See RULES.

An alert that covers others has a *scope*, and those that it covers look for it there:

========================================  ==========================  =====================================
what covers, while it fires               scope                       what is covered
========================================  ==========================  =====================================
an alert of a prefecture or a province    (its significant digits,    alerts of its counties, not of single
                                          good)                       sites, of the same good
an alert on an enterprise (``feed``)      (its prefecture, its code)  ``suspected-out`` of its sites: that
                                                                      nothing sells says nothing then
========================================  ==========================  =====================================

A covering alert has the same level or a higher one; rule and pack do not matter but for the last line. Whose a site
is, the registry says.

A prefecture and its counties are on one partition, so the stream gives the mark. Provinces are on partition 0
and their counties elsewhere (``across_partitions``): whoever follows all partitions (the live view of serving, the
notifier) keeps an ``Inhibition`` of those alone, and puts its answer where a record has no mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from schemas.events import LEVELS, Alert, Inhibited
from streams.alerts.matching import Subject

Scope: TypeAlias = tuple[str, str]
#: (region of the site, its code) -> code of its enterprise, empty where that is not known.
Owner: TypeAlias = Callable[[str, str], str]

_RANKS: Final[Mapping[str, int]] = {level: rank for rank, level in enumerate(LEVELS)}
_COUNTY_DIGITS, _PREFECTURE_DIGITS, _PROVINCE_DIGITS = 6, 4, 2
#: Rules that conclude something from the silence of a site's tills.
_FROM_SALES_ALONE: Final = ("suspected-out",)


def nobody(region: str, site: str) -> str:
    """Return that nobody is known to own a site."""
    del region, site
    return ""


def covering(alert: Subject) -> Scope | None:
    """Return what an alert covers while it fires, None where it covers nothing."""
    digits = _digits(alert.region)
    if alert.site and not alert.good:
        return _prefecture(alert.region), alert.site
    if alert.site or digits not in (_PREFECTURE_DIGITS, _PROVINCE_DIGITS):
        return None
    return alert.region[:digits], alert.good


def covered(alert: Subject, owner: Owner = nobody) -> tuple[Scope, ...]:
    """Return the scopes in which an alert may be covered."""
    if alert.site and alert.rule in _FROM_SALES_ALONE:
        enterprise = owner(alert.region, alert.site)
        return ((_prefecture(alert.region), enterprise),) if enterprise else ()
    if alert.site or _digits(alert.region) != _COUNTY_DIGITS:
        return ()
    return tuple((alert.region[:digits], alert.good) for digits in (_PREFECTURE_DIGITS, _PROVINCE_DIGITS))


def across_partitions(alert: Alert) -> bool:
    """Return whether what an alert covers is on other partitions than the alert."""
    return covering(alert) is not None and _digits(alert.region) == _PROVINCE_DIGITS


class Inhibition:
    """The firing alerts that cover others, by scope; ``owner`` says whose a site is."""

    def __init__(self, owner: Owner = nobody) -> None:
        self._owner = owner
        self._sources: dict[Scope, dict[str, Alert]] = {}

    def note(self, alert: Alert) -> Scope | None:
        """Take in the newest record of an alert; return the scope in which marks may have changed, None if none."""
        scope = covering(alert)
        if scope is None:
            return None
        sources = self._sources.setdefault(scope, {})
        before = sources.pop(alert.key, None)
        if alert.state == "firing":
            sources[alert.key] = alert
        if not sources:
            del self._sources[scope]
        return scope if _says(before) != _says(sources.get(alert.key)) else None

    def of(self, alert: Subject) -> Inhibited | None:
        """Return the highest alert that covers this one, of several the first by key; what is resolved none does."""
        if _rank(alert) == 0:
            return None
        sources = [each for scope in covered(alert, self._owner) for each in self._sources.get(scope, {}).values()]
        found = [each for each in sources if _rank(each) >= _rank(alert)]
        highest = min(found, key=lambda each: (-_rank(each), each.key), default=None)
        return Inhibited(highest.id, highest.key, highest.level) if highest else None


def _says(source: Alert | None) -> tuple[str, str] | None:
    return (source.id, source.level) if source is not None else None


def _rank(alert: Subject) -> int:
    return _RANKS[alert.level]


def _prefecture(region: str) -> str:
    """Return a prefecture's code in a form that no scope of goods has."""
    return f"enterprise of {region[:_PREFECTURE_DIGITS]}00"


def _digits(region: str) -> int:
    """Return how many digits of a region's code mean something: 6 of a county, 0 of the nation."""
    if region == "000000":
        return 0
    if region.endswith("0000"):
        return _PROVINCE_DIGITS
    return _PREFECTURE_DIGITS if region.endswith("00") else _COUNTY_DIGITS
