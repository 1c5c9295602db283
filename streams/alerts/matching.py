"""Which alerts a matcher covers, and which partitions have to hear of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from schemas.events import Matcher


class Subject(Protocol):
    """What a matcher is held against: an alert as record or as row."""

    @property
    def pack(self) -> str: ...  # noqa: D102
    @property
    def rule(self) -> str: ...  # noqa: D102
    @property
    def region(self) -> str: ...  # noqa: D102
    @property
    def site(self) -> str | None: ...  # noqa: D102
    @property
    def good(self) -> str: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102


def covers(matcher: Matcher, subject: Subject) -> bool:
    """Return whether a matcher admits an alert."""
    pairs = (
        (matcher.goods, subject.good),
        (matcher.packs, subject.pack),
        (matcher.rules, subject.rule),
        (matcher.sites, subject.site or ""),
        (matcher.levels, subject.level),
    )
    if not all(not wanted or has in wanted for wanted, has in pairs):
        return False
    return not matcher.regions or any(within(subject.region, region) for region in matcher.regions)


def names_nothing(matcher: Matcher) -> bool:
    """Return whether every list is empty: such a matcher would cover all alerts there are."""
    return not any(getattr(matcher, name) for name in Matcher.__struct_fields__)


def within(region: str, above: str) -> bool:
    """Return whether a region is another one or lies in it: 540402 in 540400 and in 540000."""
    return region.startswith(_significant(above))


def prefectures(matcher: Matcher, known: Iterable[int]) -> set[int]:
    """Return those of the known prefectures whose alerts a matcher can cover; all where it names no region."""
    if not matcher.regions:
        return {*known}
    return {
        code
        for code in known
        for region in matcher.regions
        if within(f"{code:06d}", region) or within(region, f"{code:06d}")
    }


def places(regions: Iterable[int]) -> list[int]:
    """Return, of all regions of a catalogue, those by which alerts are placed on partitions; 0 is the nation."""
    return [0, *(code for code in regions if code % 100 == 0 and code)]


def _significant(code: str) -> str:
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code
