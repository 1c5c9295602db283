"""The stream's alerts of pack ``feed`` against a recomputation in plain Python, with hours of the registry's."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from producers.replay.recording import Timed
from schemas import catalogue, registry, topics
from schemas.events import QuoteLine, QuoteReport, Receipt, SaleLine
from streams.options import Options
from tests.independent.engine import Core
from tests.independent.feeds import DAY, HOUR, OFFSET, Episode, episodes

CATALOGUE = catalogue.load()
PREFECTURE, COUNTY = 540400, 540402
#: Midnight of Monday, 5 October 2026.
START = 1_791_129_600
DAYS = 12
USUAL = range(8, 22)
#: Enterprise -> opening hours in the registry; the others have none there.
HOURS = {"early": "Mo-Su 06:00-12:00", "sundays-off": "Mo-Sa 08:00-22:00; Su off; 2026-10-14 off"}


def opened(enterprise: str, day: int) -> Sequence[int]:
    """Return the open hours of a date; 1970-01-01 was a Thursday, 2026-10-14 is day 20740."""
    if enterprise == "early":
        return range(6, 12)
    if enterprise == "sundays-off" and ((day + 3) % 7 == 6 or day == 20_740):
        return ()
    return USUAL


def heard(seed: int) -> list[tuple[str, int]]:
    """Return when each enterprise sends: some often, some once a day, each with silences of its own."""
    chance = random.Random(seed)
    found = []
    for name, every in (("busy", 240), ("hourly", 3600), ("early", 1800), ("sundays-off", 2700), ("daily", DAY)):
        at = START + 9 * HOUR + chance.randrange(600)
        while at < START + DAYS * DAY:
            hour = (at + OFFSET) % DAY // HOUR
            if name == "daily" or hour in opened(name, (at + OFFSET) // DAY):
                found.append((name, at))
            at += max(1, int(every * chance.uniform(0.7, 1.3)))
            if chance.random() < every / (3 * DAY):  # about every third date
                at += chance.randrange(1, 9) * HOUR
    return sorted(found, key=lambda each: each[1])


def event(number: int, sender: str, at: int) -> Timed:
    """Return a quote of every fifth event, else a receipt."""
    day = f"2026-10-{5 + (at - START) // DAY:02d}"
    hour, minute, second = (at + OFFSET) % DAY // HOUR, at % HOUR // 60, at % 60
    time = f"{day}T{hour:02d}:{minute:02d}:{second:02d}+08:00"
    if number % 5 == 0:
        quote = QuoteReport(f"q{number}", sender, f"{sender}-1", str(COUNTY), time, [QuoteLine("potato", "kg", 4.0)])
        return Timed(at, topics.QUOTES, PREFECTURE, quote, 1)
    line = SaleLine(1, "potato", 1.0, "kg", 4.0)
    receipt = Receipt(f"r{number}", sender, f"{sender}-1", str(COUNTY), "1", day, number, time, [line])
    return Timed(at, topics.SALES, PREFECTURE, receipt, 1)


def registered() -> list[Timed]:
    """Return the registry as it is sent before anything else."""
    sites = [registry.Site(f"{name}-1", name, str(COUNTY), name, hours=hours) for name, hours in HOURS.items()]
    time = "2026-10-05T00:00:00+08:00"
    changes = [registry.change(site, PREFECTURE, time=time, sender="test") for site in sites]
    return [Timed(START, topics.REGISTRY, PREFECTURE, change, 1) for change in changes]


@pytest.mark.parametrize("seed", [1, 2])
def test_every_silence_equals_the_recomputation(seed: int) -> None:
    events = heard(seed)
    core = Core(CATALOGUE, Options(inputs=(topics.SALES, topics.QUOTES, topics.REGISTRY)), seed=seed, packs=["feed"])
    until = f"2026-10-{5 + DAYS:02d}T02:00:00+08:00"
    inputs = ["sales", "quotes", "registry"]
    core.play(
        [*registered(), *(event(number, *each) for number, each in enumerate(events))], until=until, inputs=inputs
    )
    expected = episodes(events, START + DAYS * DAY + 2 * HOUR, opened)
    found: dict[str, Episode] = {}
    for row in core.tables["alert_transitions"]:
        assert (row["rule"], row["region"], row["good"]) == ("feed", PREFECTURE, "")
        if row["reason"] == "raised":
            found[row["id"]] = Episode(row["site"], row["at"])
        elif row["reason"] == "cleared":
            found[row["id"]].resolved = row["at"]
    assert sorted(found.values(), key=lambda each: (each.raised, each.enterprise)) == expected
    assert {each.enterprise for each in expected} >= {"busy", "early", "sundays-off"}
